#include "sim/demand.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "base/check.h"
#include "sim/calendar.h"

namespace bikeflow {
namespace {

constexpr double kWishesPerStationDay = 50.5;  // some find no bike, and give up
constexpr Seconds kSlot = 300;
constexpr double kHalfDistanceKm = 1.5;  // half of the rides are shorter, were people spread evenly
constexpr double kFarShare = 0.03;       // of all wishes: beyond what is nearby
constexpr double kFarKm = 14;
constexpr double kRoundTripShare = 0.05;  // of wishes that have nothing to do with work

// Thousandths of a day's wishes by local hour.
using Hours = std::array<std::int16_t, 24>;
constexpr Hours kToWork = {0, 0, 0, 0, 0, 8, 20, 45, 65, 22, 6, 0,
                           0, 0, 0, 0, 0, 0, 0,  0,  0,  0,  0, 0};
constexpr Hours kFromWork = {0, 0, 0, 0, 0, 0,  0,  0,  0,  0, 0, 0,
                             0, 0, 0, 0, 8, 38, 58, 32, 14, 9, 6, 1};
constexpr Hours kOther = {24, 15, 9,  6,  6,  8,  12, 17, 26, 29, 29, 36,
                          42, 42, 43, 46, 45, 37, 37, 36, 40, 41, 39, 33};
constexpr Hours kWeekend = {32, 22, 14, 9,  7,  10, 15, 22, 32, 38, 42, 46,
                            50, 54, 58, 62, 66, 68, 64, 56, 52, 50, 46, 38};
constexpr Hours kNone = {};
constexpr double kSundayShare = 0.9;  // of a Saturday

// How much of a district's trips have to do with work places in it: the centre, Gangnam, the towers
// of Yeouido, the digital complexes. A guess from what the districts are known for.
struct District {
  std::string_view name;
  double work;
};
constexpr District kDistricts[] = {
    {"중구", 0.75},   {"종로구", 0.65}, {"강남구", 0.65}, {"영등포구", 0.6},
    {"서초구", 0.55}, {"금천구", 0.55}, {"마포구", 0.5},  {"성동구", 0.5},
    {"용산구", 0.45}, {"구로구", 0.4},  {"송파구", 0.4},  {"강서구", 0.4},
};
constexpr double kElsewhere = 0.25;
constexpr double kUnderground = 0.3;  // more, at an exit of the underground ("역")

double work_share(const CityStation& station) {
  const auto* district = std::ranges::find(kDistricts, station.district, &District::name);
  const double base = district == std::end(kDistricts) ? kElsewhere : district->work;
  return std::min(0.9, base + (station.name.contains("역") ? kUnderground : 0.0));
}

// Of an hour's table at a moment: straight lines between the middles of the hours.
double at_second(const Hours& hours, Seconds second_of_day) {
  const Seconds from_middle = second_of_day - 1800 + kDay;
  const auto hour = static_cast<std::size_t>(from_middle / kHour % 24);
  const double part = static_cast<double>(from_middle % kHour) / kHour;
  return hours[hour] * (1 - part) + hours[(hour + 1) % 24] * part;
}

// Nobody hires a bike for a few steps; beyond, fewer with the distance.
double near(double km) {
  const double relative = km / kHalfDistanceKm;
  const double fall = 1 + relative * relative;
  return km / (km + 0.4) / (fall * fall);
}

}  // namespace

Demand::Demand(const City& city, const Zone& zone, const Nearby& nearby, Seconds start, Rng rng)
    : city_(city), zone_(zone), nearby_(nearby), rng_(rng), start_(start) {
  near_until_.reserve(nearby.size());
  for (StationIndex station = 0; station < city.stations.size(); ++station) {
    double sum = 0;
    for (const Neighbour& neighbour : nearby.of(station)) {
      sum += near(neighbour.metres / 1000.0);
      near_until_.push_back(static_cast<float>(sum));
    }
  }
  build_weights();
  set_slot();
}

void Demand::build_weights() {
  const std::size_t count = city_.stations.size();
  std::vector<double> size(count);  // how much a station is used; its racks show it
  Rng rng = rng_.fork(1);
  for (std::size_t i = 0; i < count; ++i) {
    const double own = 0.4 + 0.3 * std::min(rng.exponential(), 3.0);
    size[i] = own + 0.3 * std::clamp(city_.stations[i].racks / 15.0, 0.4, 2.0);
  }
  // A station among many others is not wished for more often than one among few.
  std::vector<double> crowd(count, 1.0);
  for (StationIndex i = 0; i < count; ++i) {
    double sum = near(0.5);
    for (const Neighbour& n : nearby_.of(i)) sum += size[n.station] * near(n.metres / 1000.0);
    crowd[i] = std::sqrt(sum);
  }
  std::array<std::vector<double>, kPurposes> from;
  std::array<std::vector<double>, kPurposes> to;
  for (std::size_t i = 0; i < count; ++i) {
    const double work = work_share(city_.stations[i]);
    const double weight = size[i] / crowd[i];
    const std::array origins = {weight * (1 - work), weight * work, weight};
    const std::array targets = {weight * work, weight * (1 - work), weight};
    for (std::size_t p = 0; p < kPurposes; ++p) {
      from[p].push_back(origins[p]);
      to[p].push_back(targets[p]);
    }
  }
  for (std::size_t p = 0; p < kPurposes; ++p) {
    const double most = std::ranges::max(to[p]);
    double sum = 0;
    for (StationIndex i = 0; i < count; ++i) {
      purposes_[p].target.push_back(static_cast<float>(to[p][i] / most));
      double reach = 0.01 * to[p][i];  // so that a station without neighbours is used too
      for (const Neighbour& n : nearby_.of(i)) reach += to[p][n.station] * near(n.metres / 1000.0);
      sum += from[p][i] * reach;
      purposes_[p].origin_until.push_back(sum);
    }
  }
}

void Demand::set_slot() {
  const Seconds at = start_ + static_cast<Seconds>(now_);
  const LocalClock local = local_clock(zone_, at);
  slot_end_ = at - start_ + kSlot - local.second_of_day % kSlot;
  const bool weekend = local.weekday == 0 || local.weekday == 6;
  const Seconds middle = local.second_of_day - local.second_of_day % kSlot + kSlot / 2;
  const std::array<const Hours*, kPurposes> hours = {
      weekend ? &kNone : &kToWork, weekend ? &kNone : &kFromWork, weekend ? &kWeekend : &kOther};
  const double per_thousandth = static_cast<double>(city_.stations.size()) * kWishesPerStationDay *
                                (local.weekday == 0 ? kSundayShare : 1.0) / (1000.0 * kHour);
  for (std::size_t p = 0; p < kPurposes; ++p) {
    rate_per_s_[p] = at_second(*hours[p], middle) * per_thousandth;
  }
}

Wish Demand::next() {
  double wait = rng_.exponential();  // in expected wishes
  for (;;) {
    const double rate = rate_per_s_[0] + rate_per_s_[1] + rate_per_s_[2];
    const double left = (static_cast<double>(slot_end_) - now_) * rate;
    if (wait < left) {
      now_ += wait / rate;
      break;
    }
    wait -= left;
    now_ = static_cast<double>(slot_end_);
    set_slot();
  }
  const std::size_t p = draw_purpose();
  const Purpose& purpose = purposes_[p];
  Wish wish;
  wish.at = start_ + static_cast<Seconds>(now_);
  wish.from = draw_origin(purpose);
  wish.round_trip = p == 2 && rng_.chance(kRoundTripShare);
  if (wish.round_trip) {
    wish.to = wish.from;
  } else {
    wish.to = rng_.chance(kFarShare) ? draw_far_target(purpose, wish.from)
                                     : draw_target(purpose, wish.from);
  }
  return wish;
}

std::size_t Demand::draw_purpose() {
  double rest = rng_.unit() * (rate_per_s_[0] + rate_per_s_[1] + rate_per_s_[2]);
  for (std::size_t p = 0; p + 1 < kPurposes; ++p) {
    if (rest < rate_per_s_[p]) return p;
    rest -= rate_per_s_[p];
  }
  return kPurposes - 1;
}

StationIndex Demand::draw_origin(const Purpose& purpose) {
  const std::vector<double>& until = purpose.origin_until;
  const auto found = std::ranges::upper_bound(until, rng_.unit() * until.back());
  return static_cast<StationIndex>(
      std::min<std::ptrdiff_t>(found - until.begin(), std::ssize(until) - 1));
}

StationIndex Demand::draw_target(const Purpose& purpose, StationIndex from) {
  const std::span<const Neighbour> list = nearby_.of(from);
  if (list.empty()) return from;
  const std::span until = std::span(near_until_).subspan(nearby_.offset(from), list.size());
  // By distance, then accepted by weight. The limit is for stations all of whose neighbours are no
  // goal.
  std::size_t chosen = 0;
  for (int tries = 0; tries < 100; ++tries) {
    const auto found =
        std::ranges::upper_bound(until, static_cast<float>(rng_.unit() * until.back()));
    chosen = std::min(static_cast<std::size_t>(found - until.begin()), list.size() - 1);
    if (rng_.chance(purpose.target[list[chosen].station])) break;
  }
  return list[chosen].station;
}

StationIndex Demand::draw_far_target(const Purpose& purpose, StationIndex from) {
  const auto count = static_cast<std::uint32_t>(city_.stations.size());
  for (int tries = 0; tries < 100; ++tries) {
    const StationIndex to = rng_.below(count);
    if (to == from || !rng_.chance(purpose.target[to])) continue;
    if (distance_km(city_.stations[from], city_.stations[to]) <= kFarKm) return to;
  }
  return draw_target(purpose, from);
}

}  // namespace bikeflow
