// What bikeflow check finds, a line for each thing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <fmt/core.h>

#include "app/config.h"
#include "app/shell.h"

namespace bikeflow {

enum class Verdict : std::uint8_t { kOk, kFailed, kUnchecked };

class Checklist {
 public:
  explicit Checklist(Shell& shell) : shell_(shell) {}

  void add(Verdict verdict, std::string_view thing, std::string_view found) {
    line(verdict, fmt::format("{} {}", pad_right(thing, 13), found));
  }

  // Of one thing of many: what it is stands in the text.
  void line(Verdict verdict, std::string_view text) {
    failed_ |= verdict == Verdict::kFailed;
    unchecked_ |= verdict == Verdict::kUnchecked;
    const std::string word = verdict == Verdict::kOk       ? "ok"
                             : verdict == Verdict::kFailed ? "FAILED"
                                                           : "not checked";
    const Colour colour = verdict == Verdict::kOk       ? Colour::kGreen
                          : verdict == Verdict::kFailed ? Colour::kRed
                                                        : Colour::kYellow;
    shell_.out.print("{} {}\n", coloured(shell_.out_terminal, colour, pad_right(word, 11)), text);
  }

  [[nodiscard]] ExitStatus status() const {
    return failed_ ? ExitStatus::kFailed : unchecked_ ? ExitStatus::kUnverified : ExitStatus::kDone;
  }

 private:
  Shell& shell_;
  bool failed_ = false;
  bool unchecked_ = false;
};

// The cluster, the topic, and of a pipeline whether it can read it, and what the group has
// committed. Requires: there is a topic.
void check_kafka(const Config& config, Checklist& list);

// Of [redis]: whether it can be written.
void check_redis(const Config& config, Checklist& list);

}  // namespace bikeflow
