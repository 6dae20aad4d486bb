#include "api/waits.h"

#include <algorithm>

#include <fmt/format.h>

#include "api/live_json.h"
#include "base/json_text.h"
#include "live/open_hour.h"

namespace bikeflow {
namespace {

constexpr std::size_t kMostNamed = 3;  // partitions in the text

std::string text_of(const WaitingPart& part, Seconds end, const Zone& zone, Seconds now,
                    bool is_one_of_several) {
  std::string text;
  if (is_one_of_several) text = fmt::format("partition {} ", part.partition);
  if (!part.progress.stopped.empty())
    return fmt::format("{}has stopped: {}", text, part.progress.stopped);
  if (part.progress.watermark == 0) return text + "nothing read yet";
  text += wait_words(part.progress.watermark, end, zone, now);
  if (part.progress.lag) text += fmt::format(", lag {}", *part.progress.lag);
  return text;
}

std::string text_of(const Wait& wait, const Zone& zone, Seconds now, bool is_one_of_several) {
  std::string text = hour_words(wait.start, wait.end, zone, now) + " open: ";
  for (std::size_t i = 0; i < std::min(kMostNamed, wait.parts.size()); ++i) {
    if (i > 0) text += "; ";
    text += text_of(wait.parts[i], wait.end, zone, now, is_one_of_several);
  }
  if (wait.parts.size() > kMostNamed) {
    text += fmt::format("; and {} more", wait.parts.size() - kMostNamed);
  }
  return text;
}

}  // namespace

std::vector<Wait> waits_of(const std::map<std::int32_t, LiveProgress>& progress, Seconds slide,
                           const Zone& zone, Seconds now) {
  const bool is_one_of_several = progress.size() > 1;
  Seconds first = INT64_MAX, last = INT64_MIN, length = 0;
  for (const auto& [partition, part] : progress) {
    if (part.window_end == 0) continue;
    length = part.window_end - part.window_start;
    first = std::min(first, part.window_start);
    // The last window that the newest data fall into.
    last = std::max(
        {last, part.window_start, part.watermark - (part.watermark - part.window_start) % slide});
  }
  std::vector<Wait> waits;
  if (length == 0) return waits;
  for (Seconds start = first; start <= last && waits.size() < kMostWaits; start += slide) {
    Wait wait{.start = start, .end = start + length, .parts = {}, .text = {}};
    for (const auto& [partition, part] : progress) {
      if (part.window_end != 0 && part.window_start > start) continue;
      wait.parts.push_back({partition, part});
    }
    std::ranges::stable_sort(wait.parts, {}, [](const WaitingPart& part) {
      return part.progress.stopped.empty() ? part.progress.watermark : INT64_MIN;
    });
    if (wait.parts.empty()) continue;
    wait.text = text_of(wait, zone, now, is_one_of_several);
    waits.push_back(std::move(wait));
  }
  return waits;
}

std::string wait_json(const Wait& wait) {
  std::string parts;
  for (const auto& [partition, progress] : wait.parts) {
    parts +=
        fmt::format(R"({}{{"partition":{},"watermark":{},"lag":{},"stopped":{}}})",
                    parts.empty() ? "" : ",", partition, json_time(progress.watermark),
                    progress.lag ? fmt::format("{}", *progress.lag) : "null",
                    progress.stopped.empty() ? std::string("null") : json_string(progress.stopped));
  }
  return fmt::format(R"({{"hour":{},"needs":{},"parts":[{}],"why":{}}})", json_time(wait.start),
                     json_time(wait.end), parts, json_string(wait.text));
}

}  // namespace bikeflow
