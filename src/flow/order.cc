#include "flow/order.h"

#include <bit>

namespace bikeflow {
namespace {

constexpr Seconds align(Seconds t) { return t & ~Seconds{63}; }

}  // namespace

// The bits must span the delay from any second of the first word; a quarter more lets a station be
// drained every few minutes and not at each observation.
Order::Order(Seconds delay, Seconds max_gap)
    : max_gap_(max_gap),
      words_(static_cast<std::size_t>((delay + 63) / 64 + 1 + delay / 256)),
      capacity_(static_cast<Seconds>(words_) * 64) {}

void Order::add_station() {
  stations_.emplace_back();
  bits_.resize(bits_.size() + words_, 0);
}

Seconds Order::first_seen(StationIndex station, Seconds from, Seconds to) const {
  const Seconds base = stations_[station].base;
  const std::uint64_t* words = bits(station);
  for (Seconds i = from - base, n = to - base; i < n;) {
    const std::uint64_t word = words[i >> 6] >> (i & 63);
    if (word != 0) {
      const Seconds found = i + std::countr_zero(word);
      return found < n ? base + found : kNever;
    }
    i = (i | 63) + 1;
  }
  return kNever;
}

Seconds Order::last_seen(StationIndex station, Seconds from, Seconds to) const {
  const Seconds base = stations_[station].base;
  const std::uint64_t* words = bits(station);
  for (Seconds i = to - base - 1, n = from - base; i >= n;) {
    const std::uint64_t word = words[i >> 6] << (63 - (i & 63));
    if (word != 0) {
      const Seconds found = i - std::countl_zero(word);
      return found >= n ? base + found : kNever;
    }
    i = (i & ~Seconds{63}) - 1;
  }
  return kNever;
}

Seconds Order::earliest_waiting(StationIndex station) const {
  const Station& s = stations_[station];
  if (s.newest == s.applied_at) return kNever;
  return first_seen(station, s.base, s.base + capacity_);
}

Arrival Order::insert_before_newest(StationIndex station, Seconds at, Counts counts) {
  Station& s = stations_[station];
  auto after = std::upper_bound(s.changes.begin(), s.changes.end(), at,
                                [](Seconds t, const Change& change) { return t < change.at; });
  const bool nothing_before = after == s.changes.begin() && s.applied_at == kNever;
  const Counts now = after == s.changes.begin() ? s.applied : std::prev(after)->counts;
  if (bit(station, at - s.base)) {
    if (counts == now) return Arrival::kDuplicate;
    if (counts < now) set_counts_at(station, at, counts);
    return Arrival::kConflict;
  }
  if (nothing_before || counts != now) set_counts_at(station, at, counts);
  set_bit(station, at - s.base);
  return Arrival::kNew;
}

// Makes `counts` the counts at the second `at` and at no other.
void Order::set_counts_at(StationIndex station, Seconds at, Counts counts) {
  Station& s = stations_[station];
  auto i = static_cast<std::size_t>(
      std::lower_bound(s.changes.begin(), s.changes.end(), at,
                       [](const Change& change, Seconds t) { return change.at < t; }) -
      s.changes.begin());
  const auto place = [&](std::size_t n) {
    return s.changes.begin() + static_cast<std::ptrdiff_t>(n);
  };
  const bool known_before = i > 0 || s.applied_at != kNever;
  const Counts before = i > 0 ? s.changes[i - 1].counts : s.applied;
  const bool changes_here = i < s.changes.size() && s.changes[i].at == at;
  const Counts old = changes_here ? s.changes[i].counts : before;
  const bool old_known = changes_here || known_before;

  // What follows keeps its counts: the rest of the stretch that `at` was in, or the stretch after
  // it.
  const std::size_t after = changes_here ? i + 1 : i;
  const Seconds next_seen = first_seen(station, at + 1, s.base + capacity_);
  if (next_seen != kNever) {
    if (after < s.changes.size() && s.changes[after].at == next_seen) {
      if (s.changes[after].counts == counts) s.changes.erase(place(after));
    } else if (old_known && old != counts) {
      s.changes.insert(place(after), Change{next_seen, old});
    }
  } else {
    s.tail = counts;
  }
  if (known_before && before == counts) {
    if (changes_here) s.changes.erase(place(i));
  } else if (changes_here) {
    s.changes[i].counts = counts;
  } else {
    s.changes.insert(place(i), Change{at, counts});
  }
}

void Order::forget_before(StationIndex station, Seconds limit) {
  Station& s = stations_[station];
  if (limit <= s.base) return;
  std::uint64_t* words = bits(station);
  const auto shift = static_cast<std::size_t>(
      std::min((align(limit) - s.base) / 64, static_cast<Seconds>(words_)));
  if (shift > 0) {
    std::copy(words + shift, words + words_, words);
    std::fill(words + words_ - shift, words + words_, std::uint64_t{0});
    s.base = align(limit);
  }
  words[0] &= ~std::uint64_t{0} << (limit - s.base);
}

std::size_t Order::memory_bytes() const {
  std::size_t bytes = stations_.capacity() * sizeof(Station) + bits_.capacity() * 8;
  for (const Station& s : stations_) bytes += s.changes.capacity() * sizeof(Change);
  return bytes;
}

// Format, a station: base, newest and applied_at (i64), tail and applied (4 bytes each), the words
// of bits (u64 each), the number of changes and, for each, its second (i64) and counts (4 bytes).
void Order::save(Writer& out) const {
  const auto put_counts = [&](Counts counts) {
    out.u32(static_cast<std::uint16_t>(counts.bikes) |
            static_cast<std::uint32_t>(static_cast<std::uint16_t>(counts.racks)) << 16);
  };
  for (std::size_t i = 0; i < stations_.size(); ++i) {
    const Station& s = stations_[i];
    out.i64(s.base);
    out.i64(s.newest);
    out.i64(s.applied_at);
    put_counts(s.tail);
    put_counts(s.applied);
    for (std::size_t w = 0; w < words_; ++w) out.u64(bits_[i * words_ + w]);
    out.varint(s.changes.size());
    for (const Change& change : s.changes) {
      out.i64(change.at);
      put_counts(change.counts);
    }
  }
}

bool Order::load(Reader& in, std::size_t stations) {
  const auto get_counts = [&] {
    const std::uint32_t both = in.u32();
    return Counts{static_cast<std::int16_t>(both & 0xffff), static_cast<std::int16_t>(both >> 16)};
  };
  const auto sane = [](Counts counts) {
    return counts.bikes >= 0 && counts.bikes <= Counts::kMost && counts.racks >= Counts::kNoRacks &&
           counts.racks <= Counts::kMost;
  };
  stations_.clear();
  bits_.clear();
  for (std::size_t i = 0; i < stations; ++i) {
    add_station();
    Station& s = stations_.back();
    s.base = in.i64();
    s.newest = in.i64();
    s.applied_at = in.i64();
    s.tail = get_counts();
    s.applied = get_counts();
    bool any = false;
    for (std::size_t w = 0; w < words_; ++w) {
      bits_[i * words_ + w] = in.u64();
      any = any || bits_[i * words_ + w] != 0;
    }
    const std::uint64_t changes = in.varint();
    if (!in.ok() || changes > static_cast<std::uint64_t>(capacity_)) return false;
    if (s.base < 0 || s.base > kLatestTime || align(s.base) != s.base) return false;
    if (!sane(s.tail) || !sane(s.applied)) return false;
    if (s.applied_at != kNever && (s.applied_at < kEarliestTime || s.applied_at > s.newest))
      return false;
    const auto index = static_cast<StationIndex>(i);
    const Seconds first = first_seen(index, s.base, s.base + capacity_);
    const Seconds last = last_seen(index, s.base, s.base + capacity_);
    if (any ? (first <= s.applied_at || last != s.newest) : s.newest != s.applied_at) return false;
    if (any && s.applied_at == kNever && changes == 0) return false;
    for (std::uint64_t c = 0; c < changes; ++c) {
      const Change change{in.i64(), get_counts()};
      if (!in.ok() || !sane(change.counts) || change.at < s.base ||
          change.at >= s.base + capacity_ || !bit(index, change.at - s.base)) {
        return false;
      }
      if (c > 0 && (change.at <= s.changes.back().at || change.counts == s.changes.back().counts)) {
        return false;
      }
      if (c == 0 && s.applied_at == kNever && change.at != first) return false;
      s.changes.push_back(change);
    }
    if (s.tail != (s.changes.empty() ? s.applied : s.changes.back().counts)) return false;
  }
  return true;
}

}  // namespace bikeflow
