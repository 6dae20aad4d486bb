#include "pipeline/held.h"

#include <algorithm>
#include <limits>

#include "pipeline/task.h"

namespace bikeflow {

template <class Wanted>
std::vector<HeldRecord> Held::take(Wanted&& wanted) {
  std::vector<HeldRecord> taken;
  std::vector<HeldRecord> kept;
  for (HeldRecord& record : records_) {
    (wanted(record) ? taken : kept).push_back(std::move(record));
  }
  records_ = std::move(kept);
  earliest_ = std::numeric_limits<Seconds>::max();
  for (const HeldRecord& record : records_) earliest_ = std::min(earliest_, record.at);
  std::stable_sort(taken.begin(), taken.end(),
                   [](const HeldRecord& a, const HeldRecord& b) { return a.at < b.at; });
  return taken;
}

std::vector<HeldRecord> Held::add(HeldRecord record, bool one_is_enough) {
  Seconds confirmed = std::numeric_limits<Seconds>::min();
  for (const HeldRecord& other : records_) {
    const bool is_near = std::abs(other.at - record.at) <= kTimeJump;
    const bool another =
        other.station != record.station || (one_is_enough && other.at != record.at);
    if (is_near && another) confirmed = std::max({confirmed, other.at, record.at});
  }
  earliest_ = records_.empty() ? record.at : std::min(earliest_, record.at);
  records_.push_back(std::move(record));
  if (confirmed == std::numeric_limits<Seconds>::min()) return {};
  return take([&](const HeldRecord& r) { return r.at <= confirmed + kTimeJump; });
}

std::vector<HeldRecord> Held::confirmed_by(StationIndex station, Seconds at, Seconds delay) {
  return take([&](const HeldRecord& r) { return r.station != station && r.at <= at + delay; });
}

std::vector<HeldRecord> Held::take_overflow() {
  if (records_.size() <= kMostHeld) return {};
  const HeldRecord* kept = &records_[records_.size() - kMostHeld];
  return take([&](const HeldRecord& r) { return &r < kept; });
}

std::vector<HeldRecord> Held::take_all() {
  return take([](const HeldRecord&) { return true; });
}

// Format: the number of records and, for each, its fields in the order of their declaration.
void Held::save(Writer& out) const {
  out.varint(records_.size());
  for (const HeldRecord& r : records_) {
    out.varint(r.station);
    out.i64(r.at);
    out.zigzag(r.counts.bikes);
    out.zigzag(r.counts.racks);
    out.zigzag(r.position.partition);
    out.zigzag(r.position.offset);
    out.i64(r.received_at);
    out.string(r.source);
    out.string(r.raw);
  }
}

bool Held::load(Reader& in, std::size_t stations) {
  records_.clear();
  const std::uint64_t count = in.varint();
  if (!in.ok() || count > kMostHeld) return false;
  earliest_ = std::numeric_limits<Seconds>::max();
  for (std::uint64_t i = 0; i < count; ++i) {
    HeldRecord r;
    const std::uint64_t station = in.varint();
    r.station = static_cast<StationIndex>(station);
    r.at = in.i64();
    const std::int64_t bikes = in.zigzag();
    const std::int64_t racks = in.zigzag();
    r.position.partition = static_cast<std::int32_t>(in.zigzag());
    r.position.offset = in.zigzag();
    r.received_at = in.i64();
    r.source = in.string();
    r.raw = in.string();
    if (!in.ok() || station >= stations || r.at < kEarliestTime || r.at > kLatestTime ||
        bikes < 0 || bikes > Counts::kMost || racks < Counts::kNoRacks || racks > Counts::kMost) {
      return false;
    }
    r.counts = {static_cast<std::int16_t>(bikes), static_cast<std::int16_t>(racks)};
    earliest_ = std::min(earliest_, r.at);
    records_.push_back(std::move(r));
  }
  return true;
}

}  // namespace bikeflow
