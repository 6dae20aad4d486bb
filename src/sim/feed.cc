#include "sim/feed.h"

#include <algorithm>
#include <span>

#include "base/check.h"

namespace bikeflow {
namespace {

constexpr std::uint64_t kFaultNumbers = 200;  // what the feed's own random numbers are for

}  // namespace

FeedFaults FeedFaults::none() {
  return {.missing_polls = 0,
          .outages_per_day = 0,
          .missing_pages = 0,
          .repeated_pages = 0,
          .repeated_records = 0,
          .delayed_pages = 0,
          .delayed_records = 0};
}

CityFeed::CityFeed(const City& city, const Zone& zone, const CityFeedOptions& options)
    : city_(city),
      options_(options),
      world_(city, zone, options.world),
      truth_(city.stations.size(), options.max_gap, zone.hour_phase()),
      rng_(Rng(options.world.seed).fork(kFaultNumbers)),
      next_at_(options.world.start) {
  CHECK(options.poll > 0 && options.world.start < options.end);
}

bool CityFeed::next(CityPoll& poll) {
  poll.observations.clear();
  if (done_) return false;
  poll.last = next_at_ >= options_.end;
  done_ = poll.last;
  poll.time = poll.last ? options_.end : next_at_;
  poll.events = world_.advance(poll.last ? options_.end - 1 : next_at_);
  for (const CityEvent& event : poll.events) truth_.happened(event);
  truth_.tick();
  deliver_waiting(poll.last ? kLatestTime : poll.time, poll);
  if (poll.last) return true;

  ++counts_.polls;
  if (poll_fails()) {
    ++counts_.missing_polls;
  } else {
    const std::size_t stations = city_.stations.size();
    for (std::size_t begin = 0; begin < stations; begin += kPage) {
      read_page(begin, std::min(begin + kPage, stations), poll);
    }
  }
  next_at_ += options_.poll;
  return true;
}

bool CityFeed::poll_fails() {
  const FeedFaults& faults = options_.faults;
  const double outages = faults.outages_per_day * static_cast<double>(options_.poll) / kDay;
  const bool outage_begins = rng_.chance(outages);
  const bool fails = rng_.chance(faults.missing_polls);
  if (outage_begins && next_at_ >= outage_end_) {
    ++counts_.outages;
    outage_end_ = next_at_ + rng_.between(faults.outage_shortest, faults.outage_longest);
  }
  return fails || next_at_ < outage_end_;
}

void CityFeed::read_page(std::size_t begin, std::size_t end, CityPoll& poll) {
  const FeedFaults& faults = options_.faults;
  ++counts_.pages;
  const bool missing = rng_.chance(faults.missing_pages);
  const bool repeated = rng_.chance(faults.repeated_pages);
  const bool delayed = rng_.chance(faults.delayed_pages);
  if (missing) {
    ++counts_.missing_pages;
    return;
  }
  const std::size_t first = poll.observations.size();
  for (std::size_t i = begin; i < end; ++i) {
    const auto station = static_cast<StationIndex>(i);
    truth_.observed(station, poll.time);
    poll.observations.push_back(
        {.observed_at = poll.time, .station = station, .counts = world_.stock().shown()[i]});
  }
  const auto size = static_cast<std::int64_t>(end - begin);
  counts_.records += size;
  const std::span page = std::span(poll.observations).subspan(first);
  if (repeated) {
    ++counts_.repeated_pages;
    counts_.repeated_records += size;
    const Seconds due = poll.time + rng_.between(0, faults.longest_delay);
    for (const CityObservation& seen : page) waiting_.push_back({.due = due, .observation = seen});
  }
  if (delayed) {
    ++counts_.delayed_pages;
    counts_.delayed_records += size;
    const Seconds due = poll.time + rng_.between(1, faults.longest_delay);
    for (const CityObservation& seen : page) waiting_.push_back({.due = due, .observation = seen});
    poll.observations.resize(first);
    return;
  }
  disturb(first, poll);
}

void CityFeed::disturb(std::size_t first, CityPoll& poll) {
  const FeedFaults& faults = options_.faults;
  std::vector<CityObservation>& all = poll.observations;
  for (std::size_t i = first + skip(faults.repeated_records); i < all.size();
       i += 1 + skip(faults.repeated_records)) {
    ++counts_.repeated_records;
    const Seconds due = poll.time + rng_.between(0, faults.longest_delay);
    waiting_.push_back({.due = due, .observation = all[i]});
  }
  std::size_t kept = first;
  std::size_t from = first;
  for (std::size_t i = first + skip(faults.delayed_records); i < all.size();
       i += 1 + skip(faults.delayed_records)) {
    ++counts_.delayed_records;
    const Seconds due = poll.time + rng_.between(1, faults.longest_delay);
    waiting_.push_back({.due = due, .observation = all[i]});
    kept = static_cast<std::size_t>(std::copy(all.begin() + static_cast<std::ptrdiff_t>(from),
                                              all.begin() + static_cast<std::ptrdiff_t>(i),
                                              all.begin() + static_cast<std::ptrdiff_t>(kept)) -
                                    all.begin());
    from = i + 1;
  }
  if (from == kept) return;
  all.erase(std::copy(all.begin() + static_cast<std::ptrdiff_t>(from), all.end(),
                      all.begin() + static_cast<std::ptrdiff_t>(kept)),
            all.end());
}

std::size_t CityFeed::skip(double share) {
  // The gaps of a Poisson process rounded down are as long as those between rare records.
  if (share <= 0) return std::size_t{1} << 40;
  return static_cast<std::size_t>(rng_.exponential() / share);
}

void CityFeed::deliver_waiting(Seconds until, CityPoll& poll) {
  std::ranges::stable_sort(waiting_, {}, &Waiting::due);
  const auto end = std::ranges::upper_bound(waiting_, until, {}, &Waiting::due);
  for (auto it = waiting_.begin(); it != end; ++it) {
    poll.observations.push_back(it->observation);
  }
  waiting_.erase(waiting_.begin(), end);
}

}  // namespace bikeflow
