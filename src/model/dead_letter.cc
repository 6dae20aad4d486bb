#include "model/dead_letter.h"

#include <array>

namespace bikeflow {
namespace {

constexpr std::array<std::string_view, kReasonCount> kWords = {
    "not_utf8",           "not_json",           "too_large",        "too_deep",  "bad_csv",
    "missing_station",    "bad_station",        "missing_bikes",    "bad_bikes", "missing_time",
    "bad_time",           "no_such_local_time", "future",           "time_jump", "round_too_small",
    "round_fell_to_zero", "round_of_strangers", "too_many_stations"};

}  // namespace

std::string_view reason_word(Reason reason) { return kWords.at(static_cast<std::size_t>(reason)); }

std::optional<Reason> reason_from_word(std::string_view word) {
  for (std::size_t i = 0; i < kWords.size(); ++i) {
    if (kWords[i] == word) return static_cast<Reason>(i);
  }
  return std::nullopt;
}

}  // namespace bikeflow
