#include "pipeline/task.h"

#include <algorithm>
#include <numeric>

#include "base/check.h"

namespace bikeflow {

std::string_view closed_by_word(ClosedBy cause) {
  switch (cause) {
    case ClosedBy::kData:
      return "data";
    case ClosedBy::kIdle:
      return "idle";
    case ClosedBy::kEnd:
      return "end";
  }
  return "";
}

bool is_valid(const TaskSettings& settings) {
  const WindowRule& rule = settings.windows;
  const auto within = [](Seconds t, Seconds most) { return t >= 1 && t <= most; };
  return rule.hour_phase >= 0 && rule.hour_phase < kHour && within(rule.length, kHour) &&
         kHour % rule.length == 0 && within(rule.slide, rule.length) &&
         rule.length % rule.slide == 0 && within(settings.delay, kMostDelay) &&
         within(settings.max_gap, kMostDelay);
}

Task::Task(const TaskSettings& settings)
    : settings_(settings),
      watermark_(settings.delay),
      order_(settings.delay, settings.max_gap),
      panes_(settings.windows, settings.max_gap) {
  CHECK(is_valid(settings));
}

void Task::add_station(std::string_view name) {
  CHECK(names_.intern(name) == order_.size());
  order_.add_station();
  panes_.add_station();
}

void Task::update_limit(Seconds now) {
  now_ = now;
  plain_until_ = now + kFutureTolerance;
  if (settings_.is_recorded) {
    plain_until_ =
        has_started() ? std::min(plain_until_, watermark_.latest() + kTimeJump) : Watermark::kNone;
  }
}

void Task::observe(const Batch& batch, std::string_view source, Seconds now) {
  update_limit(now);
  // Stations are added as they are first mentioned: how many are known must not depend on where
  // batches are cut (see hold()).
  auto new_station = batch.new_stations.begin();
  std::uint32_t known = names_.size();
  for (std::size_t i = 0; i < batch.records.size(); ++i) {
    const Record& record = batch.records[i];
    if (!batch.arrived.empty() && batch.arrived[i].clock != now_) {
      update_limit(batch.arrived[i].clock);
    }
    for (; record.station >= known; ++known) {
      CHECK(new_station != batch.new_stations.end());
      add_station(*new_station++);
    }
    const Position position = batch.position(record);
    read_to_ = {position.partition, position.offset + 1};
    if (record.observed_at <= plain_until_) [[likely]] {
      accept(record.station, record.observed_at, record.counts, position, source);
      continue;
    }
    HeldRecord held{record.station,
                    record.observed_at,
                    record.counts,
                    position,
                    batch.arrived.empty() ? now_ : batch.arrived[i].received_at,
                    std::string(source),
                    raw_record(batch, record, names_.at(record.station))};
    if (record.observed_at > now_ + kFutureTolerance) {
      ++counters_.refused;
      refused_.push_back(
          {held.source,
           position,
           held.received_at,
           {Reason::kFuture,
            fmt::format("{} is more than {} ahead of {}", format_utc(record.observed_at),
                        format_duration(kFutureTolerance), format_utc(now_)),
            std::nullopt},
           std::move(held.raw)});
    } else {
      hold(std::move(held));
    }
  }
  while (new_station != batch.new_stations.end()) add_station(*new_station++);
  counters_.records += static_cast<std::int64_t>(batch.records.size());
}

void Task::accept(StationIndex station, Seconds at, Counts counts, Position position,
                  std::string_view source) {
  if (watermark_.is_late(at)) {
    ++counters_.late;
    late_.push_back({std::string(names_.at(station)), at, counts, watermark_.value(),
                     std::string(source), position});
    return;
  }
  ++counters_.accepted;
  if (at > watermark_.latest()) {
    const bool is_first = !has_started();
    watermark_.accept(at);
    if (is_first) panes_.start_at(watermark_.value());
    update_limit(now_);
    if (watermark_.value() >= panes_.end()) advance(ClosedBy::kData);
  }
  const Arrival arrival = order_.insert(station, at, counts, watermark_.value(),
                                        [&](const Step& step) { apply(station, step); });
  if (arrival != Arrival::kNew) [[unlikely]] {
    ++(arrival == Arrival::kDuplicate ? counters_.duplicates : counters_.conflicts);
  }
  if (!held_.empty() && at + settings_.delay >= held_.earliest()) [[unlikely]] {
    release(held_.confirmed_by(station, at, settings_.delay));
  }
}

void Task::hold(HeldRecord record) {
  const bool one_is_enough = !has_started() || names_.size() == 1;
  release(held_.add(std::move(record), one_is_enough));
  for (const HeldRecord& oldest : held_.take_overflow()) refuse(oldest);
}

void Task::release(const std::vector<HeldRecord>& records) {
  for (const HeldRecord& r : records) accept(r.station, r.at, r.counts, r.position, r.source);
}

void Task::refuse(const HeldRecord& r) {
  ++counters_.refused;
  refused_.push_back(
      {r.source,
       r.position,
       r.received_at,
       {Reason::kTimeJump,
        fmt::format("{} is more than {} ahead of the records around it, and no other "
                    "station was seen there",
                    format_utc(r.at), format_duration(kTimeJump)),
        std::nullopt},
       r.raw});
}

void Task::advance(ClosedBy cause) {
  while (watermark_.value() >= panes_.end()) {
    close_pane(cause);
    if (watermark_.value() >= panes_.end()) skip_empty_panes();
  }
}

void Task::drain(StationIndex station, Seconds limit) {
  order_.drain(station, limit, [&](const Step& step) { apply(station, step); });
}

void Task::catch_up() {
  if (!has_started()) return;
  for (StationIndex i = 0; i < order_.size(); ++i) drain(i, watermark_.value());
}

void Task::close_pane(ClosedBy cause) {
  const Seconds end = panes_.end();
  for (StationIndex i = 0; i < order_.size(); ++i) {
    drain(i, end);
    if (order_.applied_at(i) != Order::kNever) {
      panes_.finish(i, order_.applied_at(i), order_.applied(i));
    }
  }
  const Window window = panes_.close(station_rows_);
  if (station_rows_.empty()) return;

  if (by_name_.size() != names_.size()) {
    by_name_.resize(names_.size());
    std::iota(by_name_.begin(), by_name_.end(), 0);
    std::sort(by_name_.begin(), by_name_.end(),
              [&](StationIndex a, StationIndex b) { return names_.at(a) < names_.at(b); });
  }
  std::vector<StationRow*> row_of(names_.size(), nullptr);
  for (StationRow& row : station_rows_) row_of[row.station] = &row;
  ClosedWindow closed{window, {}, cause, window_from_, read_to_};
  closed.rows.reserve(station_rows_.size());
  for (const StationIndex station : by_name_) {
    if (row_of[station] == nullptr) continue;
    closed.rows.push_back(std::move(row_of[station]->row));
    HourlyRow& row = closed.rows.back();
    row.station_id = names_.at(station);
    counters_.rentals += row.total_rental;
    counters_.returns += row.total_return;
  }
  window_from_ = read_to_;
  ++counters_.windows;
  counters_.rows += static_cast<std::int64_t>(closed.rows.size());
  closed_.push_back(std::move(closed));
}

// After an outage of days there may be thousands of panes without anything in them.
void Task::skip_empty_panes() {
  if (panes_.holds_closed()) return;
  Seconds next = watermark_.value();
  for (StationIndex i = 0; i < order_.size(); ++i) {
    const Seconds waiting = order_.earliest_waiting(i);
    if (waiting != Order::kNever) next = std::min(next, waiting);
    const Seconds applied = order_.applied_at(i);
    if (applied != Order::kNever && applied + settings_.max_gap > panes_.start()) return;
  }
  if (next >= panes_.end()) panes_.skip_to(next);
}

void Task::close_up_to(Seconds t, ClosedBy cause) {
  watermark_.move_to(t);  // of a partition without any observation too: what follows may be late
  if (has_started()) advance(cause);
}

void Task::end_input(Seconds now, bool close_windows) {
  now_ = now;
  const bool had_started = has_started();
  for (const HeldRecord& r : held_.take_all()) {
    // Where nothing was ever accepted there is nothing that the earliest record jumps ahead of.
    if (!had_started && (!has_started() || r.at <= watermark_.latest() + kTimeJump)) {
      accept(r.station, r.at, r.counts, r.position, r.source);
    } else {
      refuse(r);
    }
  }
  if (!close_windows || !has_started()) return;
  const WindowRule& rule = settings_.windows;
  close_up_to(rule.pane_start(watermark_.latest()) + rule.length, ClosedBy::kEnd);
}

std::vector<ClosedWindow> Task::take_closed() { return std::exchange(closed_, {}); }
std::vector<LateRow> Task::take_late() { return std::exchange(late_, {}); }
std::vector<DeadLetter> Task::take_refused() { return std::exchange(refused_, {}); }

std::size_t Task::memory_bytes() const {
  return names_.memory_bytes() + order_.memory_bytes() + panes_.memory_bytes() +
         by_name_.capacity() * sizeof(StationIndex) + station_rows_.capacity() * sizeof(StationRow);
}

// Format: the counters (varint each, in the order of their declaration); the names; latest and
// watermark (i64); read_to and window_from (zigzag pairs); the held records; the order; and the
// panes, where an observation was accepted.
void Task::save(Writer& out) const {
  CHECK(waiting_to_be_taken() == 0);
  for (const std::int64_t n :
       {counters_.records, counters_.accepted, counters_.duplicates, counters_.conflicts,
        counters_.late, counters_.refused, counters_.windows, counters_.rows, counters_.rentals,
        counters_.returns}) {
    out.varint(static_cast<std::uint64_t>(n));
  }
  out.varint(names_.size());
  for (std::uint32_t i = 0; i < names_.size(); ++i) out.string(names_.at(i));
  out.i64(watermark_.latest());
  out.i64(watermark_.value());
  for (const Position& p : {read_to_, window_from_}) {
    out.zigzag(p.partition);
    out.zigzag(p.offset);
  }
  held_.save(out);
  order_.save(out);
  if (has_started()) panes_.save(out);
}

Result<Task> Task::load(const TaskSettings& settings, Reader& in) {
  Task task(settings);
  const auto broken = [](std::string_view what) {
    return fail(
        "the saved state is damaged ({}): it was not written by this program, or changed since",
        what);
  };
  TaskCounters& c = task.counters_;
  for (std::int64_t* n : {&c.records, &c.accepted, &c.duplicates, &c.conflicts, &c.late, &c.refused,
                          &c.windows, &c.rows, &c.rentals, &c.returns}) {
    *n = static_cast<std::int64_t>(in.varint() & INT64_MAX);
  }
  task.loaded_counters_ = c;
  const std::uint64_t stations = in.varint();
  for (std::uint64_t i = 0; i < stations && in.ok(); ++i) {
    const std::string_view name = in.string();
    if (name.empty() || name.size() > kMaxStationIdBytes || task.names_.intern(name) != i) {
      return broken("stations");
    }
  }
  const Seconds latest = in.i64();
  const Seconds watermark = in.i64();
  for (Position* p : {&task.read_to_, &task.window_from_}) {
    p->partition = static_cast<std::int32_t>(in.zigzag());
    p->offset = in.zigzag();
  }
  if (!in.ok()) return broken("header");
  if (latest != Watermark::kNone &&
      (stations == 0 || latest < kEarliestTime || latest > kLatestTime ||
       watermark < latest - settings.delay || watermark > kLatestTime)) {
    return broken("watermark");
  }
  task.watermark_.restore(latest, watermark);
  if (!task.held_.load(in, stations)) return broken("held records");
  if (!task.order_.load(in, stations)) return broken("stations' order");
  for (StationIndex i = 0; i < stations; ++i) {
    const Seconds waiting = task.order_.earliest_waiting(i);
    if (task.order_.newest_at(i) > latest || (waiting != Order::kNever && !task.has_started())) {
      return broken("stations' order");
    }
  }
  if (task.has_started()) {
    if (!task.panes_.load(in, stations) || task.panes_.end() <= watermark ||
        task.panes_.start() > watermark) {
      return broken("windows");
    }
  } else {
    for (std::uint64_t i = 0; i < stations; ++i) task.panes_.add_station();
  }
  return task;
}

}  // namespace bikeflow
