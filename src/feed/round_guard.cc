#include "feed/round_guard.h"

#include <algorithm>
#include <cstdlib>

#include <fmt/core.h>

#include "feed/value.h"

namespace bikeflow {
namespace {

constexpr std::size_t kUsualRounds = 15;
constexpr std::int64_t kLeastRounds = 3;
constexpr std::int64_t kLeastFallen = 3;
constexpr std::int64_t kLeastStrangers = 20;
constexpr std::uint8_t kFormat = 3;

bool is_too_small(std::int64_t stations, std::int64_t usual) { return stations * 10 < usual * 8; }

bool are_too_many_strangers(std::int64_t strangers, std::int64_t of) {
  return strangers >= kLeastStrangers && strangers * 2 > of;
}

template <class Map>
std::int64_t strangers_to(const Map& known, const Round& round) {
  return std::ranges::count_if(
      round.stations, [&](const SeenStation& station) { return !known.contains(station.id); });
}

struct Fall {
  std::int64_t fallen = 0, of = 0;
  void add(int bikes_before, int bikes) {
    if (bikes_before <= 0) return;
    ++of;
    if (bikes == 0) ++fallen;
  }
  [[nodiscard]] bool is_too_deep() const { return fallen >= kLeastFallen && fallen * 10 > of * 3; }
};

}  // namespace

std::optional<Rejection> RoundGuard::judge(const Round& round) {
  counts_.duplicates += round.duplicates;
  std::optional<Rejection> rejection = compare(round);
  if (rejection && is_believed_again(round)) {
    ++counts_.believed_again;
    sizes_.clear();
    believe(round, true);
    return std::nullopt;
  }
  if (!rejection) {
    believe(round, false);
    return std::nullopt;
  }
  ++(rejection->reason == Reason::kRoundTooSmall      ? counts_.too_small
     : rejection->reason == Reason::kRoundOfStrangers ? counts_.of_strangers
                                                      : counts_.fell_to_zero);
  return rejection;
}

std::optional<Rejection> RoundGuard::compare(const Round& round) const {
  const auto stations = std::ssize(round.stations);
  if (is_too_small(stations, usual())) {
    return Rejection{Reason::kRoundTooSmall,
                     fmt::format("{} stations, fewer than 80 % of the usual {}; believed if it "
                                 "stays so for {}",
                                 stations, usual(), format_duration(agreement_)),
                     stations, usual()};
  }
  if (auto rejection = compare_ids(round)) return rejection;
  return compare_bikes(round);
}

// However long ago the known ones were there: else a feed would only have to invent for an hour.
std::optional<Rejection> RoundGuard::compare_ids(const Round& round) const {
  // Few stations are those of a key for trying out, or of a system that begins.
  const bool is_established =
      std::ssize(sizes_) >= kLeastRounds && std::ssize(known_) >= kLeastStrangers;
  if (!is_established) return std::nullopt;
  const auto stations = std::ssize(round.stations);
  const std::int64_t strangers = strangers_to(known_, round);
  if (!are_too_many_strangers(strangers, stations)) return std::nullopt;
  return Rejection{Reason::kRoundOfStrangers,
                   fmt::format("{} of {} stations were not there before, more than half: has the "
                               "feed given its stations other ids? Believed if they stay for {}",
                               strangers, stations, format_duration(agreement_)),
                   strangers, stations};
}

std::optional<Rejection> RoundGuard::compare_bikes(const Round& round) const {
  if (round.observed_at - last_at_ > memory()) return std::nullopt;
  Fall back{.fallen = 0, .of = dark_};  // the other way
  Fall fall;
  for (const SeenStation& station : round.stations) {
    const auto found = known_.find(station.id);
    if (found == known_.end() || found->second.seen_at != last_at_) continue;
    fall.add(found->second.counts.bikes, station.counts.bikes);
    if (found->second.is_dark && station.counts.bikes > 0) ++back.fallen;
  }
  if (fall.is_too_deep()) {
    return Rejection{Reason::kRoundFellToZero,
                     fmt::format("{} of {} stations that had bikes have none at once, more than 30 "
                                 "%; believed if it stays so for {}",
                                 fall.fallen, fall.of, format_duration(agreement_)),
                     fall.fallen, fall.of};
  }
  if (!back.is_too_deep()) return std::nullopt;
  return Rejection{Reason::kRoundFellToZero,
                   fmt::format("{} of {} stations that had fallen to 0 together have bikes again "
                               "at once, more than 30 %; believed if it stays so for {}",
                               back.fallen, back.of, format_duration(agreement_)),
                   back.fallen, back.of};
}

bool RoundGuard::agrees_with_doubted(const Round& round) const {
  if (doubted_.rounds == 0 || round.observed_at < doubted_.since) return false;
  const auto stations = std::ssize(round.stations);
  if (is_too_small(stations, doubted_.stations)) return false;
  if (are_too_many_strangers(strangers_to(doubted_.bikes, round), stations)) return false;
  Fall fall;
  for (const SeenStation& station : round.stations) {
    const auto found = doubted_.bikes.find(station.id);
    if (found != doubted_.bikes.end()) fall.add(found->second, station.counts.bikes);
  }
  return !fall.is_too_deep();
}

// A rejected round goes on with the row of those before it, or begins another.
bool RoundGuard::is_believed_again(const Round& round) {
  const bool agrees = agrees_with_doubted(round);
  Doubted next;
  next.since = agrees ? doubted_.since : round.observed_at;
  next.rounds = agrees ? doubted_.rounds + 1 : 1;
  next.stations = std::ssize(round.stations);
  for (const SeenStation& station : round.stations) {
    next.bikes.emplace(station.id, station.counts.bikes);
  }
  doubted_ = std::move(next);
  return doubted_.rounds >= kLeastRounds && round.observed_at - doubted_.since >= agreement_;
}

std::int64_t RoundGuard::usual() const {
  if (sizes_.empty()) return 0;
  std::vector<std::int64_t> sorted = sizes_;
  const auto middle = sorted.begin() + std::ssize(sorted) / 2;
  std::ranges::nth_element(sorted, middle);
  return *middle;
}

// Where nothing was believed for so long nobody knows whether a station has changed, and one that
// is not listed for so long is forgotten.
Seconds RoundGuard::memory() const { return 2 * agreement_; }

void RoundGuard::believe(const Round& round, bool is_again) {
  ++counts_.believed;
  doubted_ = {};
  if (is_again) dark_ = 0;
  if (sizes_.size() == kUsualRounds) sizes_.erase(sizes_.begin());
  sizes_.push_back(std::ssize(round.stations));

  const Seconds now = round.observed_at;
  // Nobody saw what happened in between, so nothing is known to have stood still. A little before
  // is what another server of the feed shows.
  if (std::abs(now - last_at_) > memory()) known_.clear();
  for (const SeenStation& station : round.stations) {
    const auto [place, is_new] =
        known_.try_emplace(station.id, Known{station.counts, now, now, false});
    Known& known = place->second;
    if (station.counts.bikes > 0) {
      known.is_dark = false;
    } else if (is_again) {
      known.is_dark = known.is_dark || known.counts.bikes > 0;
      if (known.is_dark) ++dark_;
    }
    if (!is_new && known.counts != station.counts) {
      known.counts = station.counts;
      known.changed_at = now;
      changed_at_ = now;
    }
    known.seen_at = now;
  }
  last_at_ = now;
  forget_unseen(round.stations.size());
}

// Bounded, even by a feed that invents stations in each round.
void RoundGuard::forget_unseen(std::size_t round_stations) {
  const bool is_full = known_.size() > 2 * round_stations + 1000;
  std::erase_if(known_, [&](const auto& each) {
    const Seconds unseen = last_at_ - each.second.seen_at;
    return unseen > (is_full ? 0 : memory());
  });
}

std::int64_t RoundGuard::stations() const { return sizes_.empty() ? 0 : sizes_.back(); }

std::int64_t RoundGuard::frozen() const {
  if (last_at_ - changed_at_ >= kFrozen) return 0;  // all of them are: it is the feed that stands
  return std::ranges::count_if(known_, [&](const auto& each) {
    return each.second.seen_at == last_at_ && last_at_ - each.second.changed_at >= kFrozen;
  });
}

// Format: its number (u8); last_at, changed_at (i64); dark; the sizes; of each known station its
// id, bikes, racks (zigzag), changed_at, seen_at (i64) and is_dark (u8); since, rounds and stations
// of the doubted round, and the bikes of its stations; the counts. Each list begins with its size;
// stations ascend.
void RoundGuard::save(Writer& out) const {
  const auto number = [&](std::int64_t value) { out.varint(static_cast<std::uint64_t>(value)); };
  out.u8(kFormat);
  out.i64(last_at_);
  out.i64(changed_at_);
  number(dark_);
  out.varint(sizes_.size());
  for (const std::int64_t size : sizes_) number(size);
  out.varint(known_.size());
  for (const auto& [id, known] : known_) {
    out.string(id);
    out.zigzag(known.counts.bikes);
    out.zigzag(known.counts.racks);
    out.i64(known.changed_at);
    out.i64(known.seen_at);
    out.u8(known.is_dark ? 1 : 0);
  }
  out.i64(doubted_.since);
  number(doubted_.rounds);
  number(doubted_.stations);
  out.varint(doubted_.bikes.size());
  for (const auto& [id, bikes] : doubted_.bikes) {
    out.string(id);
    out.zigzag(bikes);
  }
  for (const std::int64_t count :
       {counts_.believed, counts_.too_small, counts_.fell_to_zero, counts_.of_strangers,
        counts_.believed_again, counts_.duplicates}) {
    number(count);
  }
}

bool RoundGuard::load(Reader& in) {
  // Sums and differences of what may be stored must not overflow.
  const auto size = [&] {
    const std::uint64_t value = in.varint();
    if (value > UINT32_MAX) in.set_failed();
    return static_cast<std::int64_t>(value);
  };
  const auto time = [&] {
    const Seconds value = in.i64();
    if (value < -kLatestTime || value > kLatestTime) in.set_failed();
    return value;
  };
  const auto count = [&](int least) {
    const std::int64_t value = in.zigzag();
    if (value < least || value > Counts::kMost) in.set_failed();
    return static_cast<std::int16_t>(value);
  };
  const auto put = [&](auto& map, std::string_view id, auto value) {
    const bool is_next = is_station_id(id) && (map.empty() || std::prev(map.end())->first < id);
    if (is_next) {
      map.emplace_hint(map.end(), id, value);
    } else {
      in.set_failed();
    }
  };
  RoundGuard read(agreement_);
  if (in.u8() != kFormat) in.set_failed();
  read.last_at_ = time();
  read.changed_at_ = time();
  read.dark_ = size();
  const std::uint64_t sizes = in.varint();
  if (sizes > kUsualRounds) in.set_failed();
  for (std::uint64_t i = 0; i < sizes && in.ok(); ++i) read.sizes_.push_back(size());
  const std::uint64_t known = in.varint();
  for (std::uint64_t i = 0; i < known && in.ok(); ++i) {
    const std::string_view id = in.string();
    const Counts counts{count(0), count(Counts::kNoRacks)};
    const Seconds changed_at = time();
    const Seconds seen_at = time();
    put(read.known_, id, Known{counts, changed_at, seen_at, in.u8() != 0});
  }
  read.doubted_.since = time();
  read.doubted_.rounds = size();
  read.doubted_.stations = size();
  const std::uint64_t bikes = in.varint();
  for (std::uint64_t i = 0; i < bikes && in.ok(); ++i) {
    const std::string_view id = in.string();
    put(read.doubted_.bikes, id, count(0));
  }
  GuardCounts& counts = read.counts_;
  for (std::int64_t* each : {&counts.believed, &counts.too_small, &counts.fell_to_zero,
                             &counts.of_strangers, &counts.believed_again, &counts.duplicates}) {
    const std::uint64_t value = in.varint();
    if (value > std::uint64_t{GuardCounts::kMost}) in.set_failed();
    *each = static_cast<std::int64_t>(value);
  }
  if (!in.ok()) return false;
  *this = std::move(read);
  return true;
}

}  // namespace bikeflow
