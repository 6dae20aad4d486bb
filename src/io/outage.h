// Something outside that fails for a while, and what is to be said of that: when it begins, again
// while it lasts or something changes, and when it is over. These are few lines, however often it
// is tried, and however often it comes and goes.
//
// Threads: any.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "pipeline/owner.h"

namespace bikeflow {

class Outage {
 public:
  static constexpr std::int64_t kSayAgainMs = 60'000;
  // What is said of a change, and of another one that comes so soon, has lasted for so long.
  static constexpr std::int64_t kSettledMs = 10'000;

  // "the store cannot be used", "the store can be used again".
  Outage(std::string begins, std::string ends)
      : begins_(std::move(begins)), ends_(std::move(ends)) {}

  void failed(std::string_view why, const Now& now);
  void worked(const Now& now);

  struct News {
    bool is_over = false;
    std::string text;
  };
  // What is to be said now: nothing, nearly always. `meanwhile`: what waits, and what does not.
  std::optional<News> take_news(std::string_view meanwhile, const Now& now);

  // Empty unless it lasts.
  [[nodiscard]] std::string why() const;
  [[nodiscard]] bool is_on() const { return !why().empty(); }

 private:
  [[nodiscard]] bool is_due(std::string_view meanwhile, const Now& now) const;

  const std::string begins_, ends_;
  mutable std::mutex mutex_;
  std::string why_;                      // the last one; empty while all is well
  Now since_;                            // of why_
  bool is_told_ = false;                 // that it has begun
  std::string told_;                     // what was said to go on meanwhile
  std::optional<Now> over_;              // since when, until it is said
  std::optional<std::int64_t> told_ms_;  // the last time, of any outage
};

}  // namespace bikeflow
