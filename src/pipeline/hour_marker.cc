#include "pipeline/hour_marker.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace bikeflow {
namespace {

// Windows that a clock change maps to one local hour share a directory: the next of them starts no
// later than this after the one before.
constexpr Seconds kDirectoryReach = 2 * kHour;

// More hours than these, after an outage or in an old topic, are looked for by the month.
constexpr std::size_t kMostSingleHours = 48;

}  // namespace

HourMarker::HourMarker(std::string topic, std::int32_t partition,
                       const std::vector<LogSystem>& systems, LakeRule lake, WindowRule windows)
    : topic_(std::move(topic)),
      partition_(partition),
      systems_(systems),
      lake_(lake),
      windows_(windows) {}

// What was closed before is told then, or told again of a topic that has more: the others wait for
// that word.
void HourMarker::set_partitions(std::int32_t partitions) {
  if (std::exchange(partitions_, partitions) == partitions || closed_.empty()) return;
  is_news_ = true;
  if (step_ == Step::kIdle) start();
}

void HourMarker::closed(const ClosedBySystem& closed) {
  if (knows_own_ && closed == closed_) return;
  closed_ = closed;
  is_news_ = true;
  if (step_ == Step::kIdle) start();
}

std::vector<RequestWhat> HourMarker::take_wanted() { return std::exchange(wanted_, {}); }

void HourMarker::start() {
  if (!is_news_ || partitions_ == 0 || closed_.empty()) return;
  if (!knows_own_) {
    step_ = Step::kGetOwn;
    wanted_.emplace_back(GetFile{closed_hours_path(topic_, partition_)});
    return;
  }
  put_own();
}

void HourMarker::put_own() {
  is_news_ = false;
  own_.partitions = partitions_;
  for (const auto& [system, closed] : closed_) {
    const auto [span, is_new] = own_.systems.try_emplace(system);
    if (is_new) span->second.first = closed.first;
    span->second.closed_to = std::max(span->second.closed_to, closed.to);
  }
  step_ = Step::kPutOwn;
  wanted_.emplace_back(PutFile{closed_hours_path(topic_, partition_), to_json(own_)});
}

void HourMarker::outcome(std::uint64_t number, const Outcome& outcome) {
  CHECK(waiting_.erase(number) == 1);
  switch (step_) {
    case Step::kIdle:
      break;
    case Step::kGetOwn:
    case Step::kGetOthers:
      return take(std::get<Got>(outcome));
    case Step::kPutOwn:
      step_ = Step::kGetOthers;
      all_ = {own_};
      is_any_missing_ = false;
      for (std::int32_t p = 0; p < partitions_; ++p) {
        if (p != partition_) wanted_.emplace_back(GetFile{closed_hours_path(topic_, p)});
      }
      if (wanted_.empty()) find_complete();
      return;
    case Step::kListHours:
      return take(std::get<Listed>(outcome));
    case Step::kPutMarkers:
      return put_next();
  }
}

void HourMarker::take(const Got& got) {
  std::optional<ClosedHours> hours;
  if (got.bytes) {
    // A file that cannot be read is as good as none: it only keeps hours from being called
    // complete.
    if (auto parsed = parse_closed_hours(*got.bytes)) hours = *std::move(parsed);
  }
  if (step_ == Step::kGetOwn) {
    knows_own_ = true;
    own_ = hours.value_or(ClosedHours{});
    return put_own();
  }
  is_any_missing_ |= !hours || hours->partitions > partitions_;
  if (hours) all_.push_back(*std::move(hours));
  if (waiting_.empty() && wanted_.empty()) find_complete();
}

void HourMarker::find_complete() {
  complete_.clear();
  if (!is_any_missing_) {
    for (const LogSystem& system : systems_) find_complete_of(system);
  }
  plan_lists();
  list_next();
}

// In both layouts a month holds days, and a day hours.
void HourMarker::plan_lists() {
  std::set<std::string_view> folders;
  for (const std::string& folder : complete_) {
    folders.insert(complete_.size() > kMostSingleHours ? folder_of(folder_of(folder)) : folder);
  }
  lists_.assign(folders.rbegin(), folders.rend());  // taken from the end
}

void HourMarker::find_complete_of(const LogSystem& system) {
  Seconds first = INT64_MAX;
  Seconds to = INT64_MAX;
  for (const ClosedHours& each : all_) {
    const auto span = each.systems.find(system.name);
    if (span == each.systems.end()) return;
    first = std::min(first, span->second.first);
    to = std::min(to, span->second.closed_to);
  }
  const auto folder = [&](Seconds end) {
    const std::string path =
        hourly_path(lake_, system.zone, system.name, topic_, 0, {end - windows_.length, end});
    return std::string(folder_of(path));
  };
  std::set<std::string> to_come;
  for (Seconds after = windows_.slide; after <= windows_.slide + kDirectoryReach;
       after += windows_.slide) {
    to_come.insert(folder(to + after));
  }
  Seconds& marked_to = own_.systems[system.name].marked_to;
  const Seconds from = marked_to != 0 ? marked_to : first - windows_.slide;
  for (Seconds end = from + windows_.slide; end <= to; end += windows_.slide) {
    std::string each = folder(end);
    if (to_come.contains(each)) break;
    marked_to = end;
    complete_.insert(std::move(each));
  }
}

void HourMarker::list_next() {
  if (lists_.empty()) return put_next();
  step_ = Step::kListHours;
  wanted_.emplace_back(ListFiles{lists_.back()});
}

// An hour without any file has no folder, and needs no marker.
void HourMarker::take(const Listed& listed) {
  lists_.pop_back();
  std::set<std::string_view> with_rows, marked;
  for (const std::string& path : listed.paths) {
    if (path.ends_with(".parquet")) with_rows.insert(folder_of(path));
    if (name_of(path) == kSuccessName) marked.insert(folder_of(path));
  }
  for (const std::string_view folder : with_rows) {
    if (!complete_.contains(folder) || marked.contains(folder)) continue;
    markers_.push_back(std::string(folder) + "/" + std::string(kSuccessName));
  }
  list_next();
}

void HourMarker::put_next() {
  if (markers_.empty()) {
    step_ = Step::kIdle;
    return start();
  }
  step_ = Step::kPutMarkers;
  wanted_.emplace_back(PutFile{std::move(markers_.back()), ""});
  markers_.pop_back();
}

}  // namespace bikeflow
