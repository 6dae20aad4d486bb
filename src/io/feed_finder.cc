#include "io/feed_finder.h"

#include <algorithm>
#include <utility>
#include <variant>

#include <fmt/core.h>

#include "base/check.h"

namespace bikeflow {

FeedFinder::~FeedFinder() {
  for (std::size_t i = 0; i < sought_.size(); ++i) {
    if (sought_[i].is_under_way) http_.cancel(first_id_ + i);
  }
}

Result<void> FeedFinder::add(std::size_t number, GbfsSettings settings, GbfsGiven given) {
  std::string label = given.system_id.empty() ? "" : given.system_id + ": ";
  auto inquiry = GbfsInquiry::open(std::move(settings), std::move(given));
  if (!inquiry) return fail("{}{}", label, inquiry.error().message);
  Sought& sought = sought_.emplace_back();
  sought.number = number;
  sought.label = std::move(label);
  sought.inquiry = *std::move(inquiry);
  return {};
}

void FeedFinder::step(const Now& now) {
  for (std::size_t i = 0; i < sought_.size(); ++i) {
    Sought& sought = sought_[i];
    if (!sought.inquiry || sought.is_under_way || sought.due_ms > now.monotonic_ms) continue;
    sought.is_under_way = true;
    go_on(first_id_ + i, sought.inquiry->begin(now.wall), now);
  }
}

void FeedFinder::answered(HttpDone done, const Now& now) {
  CHECK(is_mine(done.id));
  Sought& sought = sought_[done.id - first_id_];
  CHECK(sought.is_under_way);
  go_on(done.id, sought.inquiry->answered(std::move(done.outcome), now.wall), now);
}

void FeedFinder::go_on(HttpId id, GbfsAboutStep step, const Now& now) {
  if (auto* const request = std::get_if<HttpRequest>(&step)) {
    http_.start(id, std::move(*request));
  } else {
    ended(sought_[id - first_id_], std::get<GbfsAboutEnd>(std::move(step)), now);
  }
}

void FeedFinder::ended(Sought& sought, GbfsAboutEnd end, const Now& now) {
  sought.is_under_way = false;
  for (const std::string& notice : end.notices) voice_.info(sought.label + notice);
  if (end.what) {
    if (sought.failures > 0) {
      voice_.info(fmt::format("{}: the feed now says what it is", end.what->system_id));
    }
    sought.failures = 0;
    sought.inquiry.reset();
    ++found_count_;
    found_.push_back({sought.number, *std::move(end.what)});
    return;
  }
  std::int64_t retry_ms = kFirstRetryMs;
  for (int i = 0; i < sought.failures && retry_ms < kLastRetryMs; ++i) retry_ms *= 2;
  retry_ms = std::max(std::min(retry_ms, kLastRetryMs), end.wait_s * 1000);
  sought.due_ms = now.monotonic_ms + retry_ms;
  ++sought.failures;
  sought.why = std::move(end.what.error());
  say(sought);
}

void FeedFinder::say(Sought& sought) {
  const PollFailure& why = sought.why;
  if (!sought.said.insert(why.reason).second) return;
  if (!why.is_permanent) {
    const int named = ++named_[why.reason];
    if (named == kMostNamed + 1) {
      voice_.warning(fmt::format("{}: more feeds than {} fail so; the others are not named here",
                                 why.reason, kMostNamed));
    }
    if (named > kMostNamed) return;
  }
  voice_.warning(fmt::format("{}{}", sought.label, why.text));
}

std::int64_t FeedFinder::next_due_ms() const {
  std::int64_t due_ms = kNothingDue;
  for (const Sought& sought : sought_) {
    if (sought.inquiry && !sought.is_under_way) due_ms = std::min(due_ms, sought.due_ms);
  }
  return due_ms;
}

bool FeedFinder::has_tried_all() const {
  return std::ranges::all_of(
      sought_, [](const Sought& sought) { return !sought.inquiry || sought.failures > 0; });
}

std::vector<MissingFeed> FeedFinder::missing() const {
  std::vector<MissingFeed> missing;
  for (const Sought& sought : sought_) {
    if (sought.failures > 0) missing.push_back({sought.number, sought.why});
  }
  return missing;
}

}  // namespace bikeflow
