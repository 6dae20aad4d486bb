// How far one partition of a topic has closed its windows and published them.
//
//   _bikeflow/closed/<topic>/<partition>.json
//   {"format":1,"partitions":4,
//    "systems":{"seoul":{"first":1723383000,"closed_to":1723390200,"marked_to":1723386600}}}
//
// Times are the ends of windows, in Unix seconds. An hour of a system is complete once every
// partition has closed it; whoever finds that writes its _SUCCESS.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace bikeflow {

struct ClosedHours {
  struct Span {
    Seconds first = 0;      // the first window that the partition closed ends then
    Seconds closed_to = 0;  // every window that ends by then is closed and published
    Seconds marked_to = 0;  // this partition has looked for complete hours up to there; 0: never
    friend bool operator==(const Span&, const Span&) = default;
  };
  std::int32_t partitions = 0;  // of the topic, as this partition's owner knew it
  std::map<std::string, Span> systems;

  friend bool operator==(const ClosedHours&, const ClosedHours&) = default;
};

std::string closed_hours_path(std::string_view topic, std::int32_t partition);

std::string to_json(const ClosedHours& hours);
Result<ClosedHours> parse_closed_hours(std::string_view json);

}  // namespace bikeflow
