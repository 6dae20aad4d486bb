#include "pipeline/feed_task.h"

#include <algorithm>
#include <cstdlib>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "feed/round_letters.h"
#include "pipeline/live_of.h"
#include "pipeline/settings_difference.h"

namespace bikeflow {
namespace {

constexpr std::size_t kMostWaiting = 10'000;  // late rows and dead letters
// Of the dead letters' records: what waits is written with each poll.
constexpr std::size_t kMostWaitingBytes = std::size_t{1} << 20;
constexpr Seconds kMostDrift = kMinute;  // of the wall clock, while the feed is silent
constexpr int kLeastPolls = 3;           // that say the same before it is believed

Seconds passed(const Now& since, const Now& now) {
  return (now.monotonic_ms - since.monotonic_ms) / 1000;
}

}  // namespace

Result<FeedTask> FeedTask::open(FeedTaskSettings settings, std::optional<Job> restored) {
  settings.task.windows.hour_phase = settings.zone.hour_phase();
  CHECK(is_valid(settings.task));
  if (!restored) {
    Job job({settings.system, settings.system, settings.lake_id, settings.lake});
    job.add(settings.system, settings.zone, settings.task);
    job.feed() = FeedPosition{};
    return FeedTask(std::move(settings), std::move(job));
  }
  if (!restored->feed() || restored->find(settings.system) == nullptr) {
    // First of all: what follows tells how to remove it.
    return fail("{}: what is kept under this name is no live feed's; give the feed another id",
                settings.system);
  }
  const auto zone_of = [&](std::string_view system) {
    return system == settings.system ? &settings.zone : nullptr;
  };
  if (const auto other = settings_difference(*restored, settings.lake, settings.task, zone_of)) {
    return fail(
        "{}: {} is {} in what is already written, and {} in the configuration: rows would not fit "
        "together. Use {}, or another lake, or begin anew with bikeflow state discard --job {}",
        settings.system, other->name, other->kept, other->asked, other->kept, settings.system);
  }
  return FeedTask(std::move(settings), *std::move(restored));
}

FeedTask::FeedTask(FeedTaskSettings settings, Job job)
    : settings_(std::move(settings)),
      job_(std::move(job)),
      partition_(job_.find(settings_.system)) {
  if (settings_.has_live_view) live_ = live_stations_of(partition_->task());
}

void FeedTask::observe(const Round& round, const Now& now) {
  if (round.stations.empty()) {
    add_dead_letters(letters_of_refused(round, settings_.system, now.wall));
    nothing_new(now);
    return;
  }
  Task& task = partition_->task();
  std::int64_t& next_offset = job_.feed()->next_offset;
  Batch batch;
  batch.first = {0, next_offset};
  batch.records.reserve(round.stations.size());
  std::uint32_t known = task.names().size();
  std::vector<const SeenStation*> too_many;
  for (const SeenStation& station : round.stations) {
    StationIndex index = task.names().find(station.id);
    if (index == Names::kNone && known >= settings_.most_stations) {
      too_many.push_back(&station);
      continue;
    }
    if (index == Names::kNone) {
      index = known++;
      batch.new_stations.push_back(station.id);
    }
    batch.records.push_back({.observed_at = round.observed_at,
                             .counts = station.counts,
                             .station = index,
                             .offset = static_cast<std::uint32_t>(batch.records.size())});
  }
  next_offset += std::ssize(batch.records);
  task.observe(batch, settings_.system, now.wall);
  if (live_) tell_live(round, batch, now);
  refuse_new(too_many, round.observed_at, now);
  add_dead_letters(letters_of_refused(round, settings_.system, now.wall));
  heard(now);
  silent_since_.reset();
  take_files();
}

void FeedTask::tell_live(const Round& round, const Batch& batch, const Now& now) {
  live_->observe(batch, now.wall);
  for (const SeenStation& station : round.stations) {
    const StationIndex index = task().names().find(station.id);
    if (index == Names::kNone) continue;  // one too many
    live_->describe(index, {station.name, station.place, station.is_renting, station.is_returning});
  }
}

void FeedTask::refuse_new(const std::vector<const SeenStation*>& stations, Seconds observed_at,
                          const Now& now) {
  if (stations.empty()) return;
  const Refusal why{Reason::kTooManyStations,
                    fmt::format("the system has {} stations, as many as it may: does the feed give "
                                "its stations other ids all the time?",
                                settings_.most_stations),
                    std::nullopt};
  std::vector<DeadLetter> letters;
  for (const SeenStation* station : stations) {
    letters.push_back(
        letter_of(*station, observed_at, why, settings_.system, settings_.zone, now.wall));
  }
  add_dead_letters(std::move(letters));
}

void FeedTask::reject(const Round& round, const Refusal& why, const Now& now) {
  add_dead_letters(letters_of_rejected(round, why, settings_.system, settings_.zone, now.wall));
  heard(now);
  silent_since_.reset();
}

void FeedTask::add_dead_letters(std::vector<DeadLetter> letters) {
  for (DeadLetter& letter : letters) letter.position = {0, job_.feed()->next_offset++};
  job_.add_dead_letters(std::move(letters));
}

void FeedTask::take_files() {
  for (FileRequest& request : partition_->take_files()) {
    Result<std::string> bytes = encode_hourly(request.rows, request.metadata);
    CHECK(bytes.has_value());  // of rows that we made, in memory
    job_.add_due({std::move(request.path), *std::move(bytes)});
  }
}

Waiting FeedTask::waiting() const {
  const bool must = must_publish_ || !job_.due().empty() || job_.waiting() >= kMostWaiting ||
                    job_.waiting_bytes() >= kMostWaitingBytes;
  return must ? Waiting::kPublish : Waiting::kKeep;
}

void FeedTask::close_windows(const Now& now) {
  partition_->task().end_input(now.wall, true);
  take_files();
}

// As Owner::close_idle(): the watermark moves to the end of the last window that the clock has
// passed by the delay, and no further.
void FeedTask::nothing_new(const Now& now) {
  if (!is_idle(now)) return;
  Task& task = partition_->task();
  const TaskSettings& s = task.settings();
  const Seconds end = s.windows.pane_start(now.wall - s.delay);
  if (end <= task.watermark().value()) return;
  task.close_up_to(end, ClosedBy::kIdle);
  take_files();
}

bool FeedTask::is_idle(const Now& now) {
  // Much longer than before without an answer was an outage, and the time is counted anew; and a
  // clock that someone has just set is not believed at once.
  const bool was_out = !heard_ || passed(*heard_, now) > std::max(kMinute, least_polls());
  heard(now);
  const auto was_wall_set = [&] {
    return std::abs(now.wall - silent_since_->wall - passed(*silent_since_, now)) > kMostDrift;
  };
  if (!silent_since_ || was_out || was_wall_set()) silent_since_ = now;
  return passed(*silent_since_, now) >= idle_after();
}

// A feed may ask to be polled more seldom than it is set.
Seconds FeedTask::least_polls() const {
  return kLeastPolls * std::max(settings_.poll_every, interval_s_);
}

// How long it has to say that there is nothing newer.
Seconds FeedTask::idle_after() const { return std::max(settings_.idle_close, least_polls()); }

bool FeedTask::is_overdue(Seconds wall) const {
  if (!task().has_started()) return false;
  return wall >= task().next_window().end + task().settings().delay + idle_after();
}

void FeedTask::heard(const Now& now) {
  if (heard_) interval_s_ = passed(*heard_, now);
  heard_ = now;
}

}  // namespace bikeflow
