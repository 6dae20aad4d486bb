// Feeds of one run that cannot be stored for a while: when each is tried again, and what is to be
// said of that. These are few lines, however many feeds it is and however often they are tried:
// each feed is said once, and so is that it is over.
//
// Threads: none; one owner.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/now.h"

namespace bikeflow {

class StorageTroubles {
 public:
  static constexpr std::int64_t kFirstRetryMs = 10'000;
  static constexpr std::int64_t kLastRetryMs = 300'000;  // reached by doubling
  static constexpr std::int64_t kSettledMs = 20'000;
  // When the disk is full all of them fail: so many are named.
  static constexpr std::size_t kMostNamed = 10;

  enum class Step : std::uint8_t { kOpen, kCommit };

  // Feed `number` could not be opened or committed, and nothing of it is in memory any more.
  void failed(std::size_t number, const std::string& system, Step step, std::string why,
              const Now& now);
  // It is open again. The trouble is over when it has committed polls for kSettledMs.
  void opened(std::size_t number, const Now& now);
  void committed(std::size_t number, const Now& now);

  // Those that are to be opened again now.
  [[nodiscard]] std::vector<std::size_t> due(const Now& now) const;
  [[nodiscard]] bool is_troubled(std::size_t number) const { return troubles_.contains(number); }

  struct News {
    bool is_over = false;
    std::string text;
  };
  // What is to be said now, each once.
  std::vector<News> take_news() { return std::exchange(news_, {}); }

  // "oslo: no space left for ...", of those that are not open.
  [[nodiscard]] std::vector<std::string> failing() const;
  // "2 feeds are not stored: bergen, oslo", for a line of the log now and then; empty where all
  // are.
  [[nodiscard]] std::string line() const;

 private:
  struct Trouble {
    std::string system, why;
    std::int64_t since_ms = 0, due_ms = 0, retry_ms = 0, opened_ms = 0;
    bool is_open = false;  // again
    bool is_named = false;
    std::array<bool, 2> was_said{};  // by Step: what is found when it is opened may help more
  };

  std::map<std::size_t, Trouble> troubles_;  // by number
  std::size_t named_ = 0;                    // since all feeds were well
  bool has_unnamed_ = false;                 // since then, too
  std::vector<News> news_;
};

}  // namespace bikeflow
