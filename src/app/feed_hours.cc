#include "app/feed_hours.h"

#include <fmt/core.h>

#include "app/times.h"
#include "io/state_dir.h"
#include "lake/paths.h"
#include "pipeline/job.h"

namespace bikeflow {
namespace {

constexpr std::size_t kNamedFeeds = 3;

}  // namespace

std::string beside(Seconds time, Seconds other, const Zone& zone) {
  const Civil a = zone.civil(time), b = zone.civil(other);
  const bool is_same_day = a.year == b.year && a.month == b.month && a.day == b.day;
  return is_same_day ? local_time_of_day(time, zone) : local_time(time, zone);
}

std::string FeedHours::Feed::wait(Seconds needs) const {
  return fmt::format("watermark {}, needs {}", beside(watermark, needs, zone),
                     beside(needs, watermark, zone));
}

std::string FeedHours::Feed::next_wait() const {
  return fmt::format("hour {} open: {}", local_time(next.start, zone), wait(next.end));
}

Result<FeedHours> FeedHours::read(Store& store) {
  FeedHours read;
  const std::string states = fmt::format("{}/state", kInternalFolder);
  const auto files = store.list(states, Store::Scope::kAll);
  if (!files) return std::unexpected(files.error());
  for (const StoredFile& file : *files) {
    // <job>/CURRENT: without Kafka.
    const std::string folder(folder_of(file.path));
    if (name_of(file.path) != "CURRENT" || folder_of(folder) != states) continue;
    const auto current = StateDir::peek(store, folder);
    if (!current || !*current) continue;
    const auto job = Job::restore((*current)->bytes);
    if (!job || !job->feed()) continue;
    for (const auto& partition : job->partitions()) {
      const Task& task = partition->task();
      if (!task.has_started()) continue;
      read.feeds_.emplace(
          partition->settings().source,
          Feed{partition->settings().zone, task.watermark().value(), task.next_window()});
    }
  }
  return read;
}

const FeedHours::Feed* FeedHours::find(std::string_view source) const {
  const auto found = feeds_.find(source);
  return found == feeds_.end() ? nullptr : &found->second;
}

std::string FeedHours::all_waits() const {
  std::string text;
  std::size_t named = 0;
  for (const auto& [system, feed] : feeds_) {
    if (named++ == kNamedFeeds) break;
    text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", system, feed.next_wait());
  }
  if (feeds_.size() > kNamedFeeds)
    text += fmt::format("; and {} more", feeds_.size() - kNamedFeeds);
  return text;
}

}  // namespace bikeflow
