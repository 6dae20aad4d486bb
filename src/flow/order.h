// Puts each station's observations into event-time order, exactly, in memory that follows stations
// and movements and not polls.
//
// What waits for the watermark is kept as a set of seconds (a bit each) and the places where the
// counts change: an observation inside a stretch of equal counts costs one bit, and is still a
// duplicate, a conflict or a split of the stretch when its second comes again. Observations are
// applied by drain(), in order, when the watermark has passed them.
//
// Threads: none; one owner.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "base/bytes.h"
#include "flow/step.h"
#include "model/batch.h"

namespace bikeflow {

enum class Arrival : std::uint8_t { kNew, kDuplicate, kConflict };

class Order {
 public:
  static constexpr Seconds kNever = std::numeric_limits<Seconds>::min();

  // `delay`: how far apart the times that wait may be. `max_gap`: see drain().
  Order(Seconds delay, Seconds max_gap);

  void add_station();
  [[nodiscard]] std::size_t size() const { return stations_.size(); }

  // Takes an observation. Requires: at >= watermark, at <= watermark + delay; `watermark` never
  // falls. `sink(Step)` gets what had to be applied to make room; all of it was before the
  // watermark.
  template <class Sink>
  Arrival insert(StationIndex station, Seconds at, Counts counts, Seconds watermark, Sink&& sink) {
    Station& s = stations_[station];
    if (at - s.base >= capacity_) make_room(station, watermark, sink);
    if (at > s.newest) [[likely]] {
      if (counts != s.tail || s.newest == kNever) {
        s.changes.push_back({at, counts});
        s.tail = counts;
      }
      s.newest = at;
      set_bit(station, at - s.base);
      return Arrival::kNew;
    }
    return insert_before_newest(station, at, counts);
  }

  // Applies all of the station's observations before `limit`, in event-time order. Requires: limit
  // <= watermark. Of a stretch of equal counts without a gap longer than max_gap only the first and
  // the last are passed on: the ones between change nothing.
  template <class Sink>
  void drain(StationIndex station, Seconds limit, Sink&& sink);

  // The last applied observation; kNever where there is none.
  [[nodiscard]] Seconds applied_at(StationIndex station) const {
    return stations_[station].applied_at;
  }
  [[nodiscard]] Counts applied(StationIndex station) const { return stations_[station].applied; }
  // The earliest observation that waits; kNever where none does.
  [[nodiscard]] Seconds earliest_waiting(StationIndex station) const;
  // The newest observation, applied or not, and its counts; kNever where there is none.
  [[nodiscard]] Seconds newest_at(StationIndex station) const { return stations_[station].newest; }
  [[nodiscard]] Counts newest(StationIndex station) const { return stations_[station].tail; }

  [[nodiscard]] std::size_t memory_bytes() const;

  void save(Writer& out) const;
  // False where the bytes are no saved order of this delay.
  bool load(Reader& in, std::size_t stations);

 private:
  struct Change {
    Seconds at;  // always a second that was seen
    Counts counts;
  };
  struct Station {
    Seconds base = 0;             // the second of its first bit, a multiple of 64
    Seconds newest = kNever;      // the newest second seen, applied or waiting
    Seconds applied_at = kNever;  // every bit is after it
    Counts tail;                  // the counts at `newest`
    Counts applied;  // the counts at `applied_at`, and of each waiting second before changes[0]
    std::vector<Change> changes;  // ascending; each differs from the one before it
  };

  [[nodiscard]] std::uint64_t* bits(StationIndex station) { return &bits_[station * words_]; }
  [[nodiscard]] const std::uint64_t* bits(StationIndex station) const {
    return &bits_[station * words_];
  }
  void set_bit(StationIndex station, Seconds i) {
    bits(station)[i >> 6] |= std::uint64_t{1} << (i & 63);
  }
  [[nodiscard]] bool bit(StationIndex station, Seconds i) const {
    return (bits(station)[i >> 6] >> (i & 63) & 1) != 0;
  }
  // The first seen second in [from, to), the last one, or kNever. Requires: both within the bits.
  [[nodiscard]] Seconds first_seen(StationIndex station, Seconds from, Seconds to) const;
  [[nodiscard]] Seconds last_seen(StationIndex station, Seconds from, Seconds to) const;

  Arrival insert_before_newest(StationIndex station, Seconds at, Counts counts);
  void set_counts_at(StationIndex station, Seconds at, Counts counts);
  // Forgets the bits before `limit` and moves the base up to it.
  void forget_before(StationIndex station, Seconds limit);

  template <class Sink>
  void make_room(StationIndex station, Seconds watermark, Sink&& sink) {
    drain(station, watermark, sink);
    Station& s = stations_[station];
    if (s.base < (watermark & ~Seconds{63})) forget_before(station, watermark);
  }
  template <class Sink>
  void apply(Station& s, Seconds at, Counts counts, Sink&& sink) {
    sink(Step{s.applied_at == kNever, s.applied_at, s.applied, at, counts});
    s.applied_at = at;
    s.applied = counts;
  }

  Seconds max_gap_;
  std::size_t words_;  // of bits for each station
  Seconds capacity_;   // in seconds
  std::vector<Station> stations_;
  std::vector<std::uint64_t> bits_;
};

template <class Sink>
void Order::drain(StationIndex station, Seconds limit, Sink&& sink) {
  Station& s = stations_[station];
  if (s.newest == kNever || s.newest == s.applied_at) return;
  const Seconds end = std::min(limit, s.base + capacity_);
  Seconds from = s.base;
  std::size_t next = 0;
  Counts counts = s.applied;
  while (from < end) {
    const bool at_change = next < s.changes.size() && s.changes[next].at < end;
    const Seconds to = at_change ? s.changes[next].at : end;
    const Seconds first = first_seen(station, from, to);
    if (first != kNever) {
      const Seconds last = last_seen(station, from, to);
      apply(s, first, counts, sink);
      if (last - first > max_gap_) {
        for (Seconds t = first; t < last;) {
          t = first_seen(station, t + 1, to);
          apply(s, t, counts, sink);
        }
      } else if (last != first) {
        apply(s, last, counts, sink);
      }
    }
    if (!at_change) break;
    counts = s.changes[next].counts;
    from = s.changes[next].at;
    ++next;
  }
  s.changes.erase(s.changes.begin(), s.changes.begin() + static_cast<std::ptrdiff_t>(next));
  forget_before(station, end);
}

}  // namespace bikeflow
