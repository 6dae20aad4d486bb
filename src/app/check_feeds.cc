#include "app/check_feeds.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include <fmt/ranges.h>

#include "app/checkpoints.h"
#include "app/feed_specs.h"
#include "app/lake_view.h"
#include "app/times.h"
#include "feed/gbfs_document.h"
#include "feed/gbfs_url.h"
#include "feed/poller.h"
#include "feed/refusal.h"
#include "io/clock.h"
#include "io/s3_store.h"

namespace bikeflow {
namespace {

// A feed on its way through one poll.
struct Tried {
  std::string name;
  Seconds every;
  bool is_gbfs;
  FeedPoller poller;
  int status = 0;           // of the last answer; 0: there was none
  std::string asking = {};  // what is under way, as it may be shown
  // Of the GBFS document that has the counts.
  std::optional<GbfsHead> head = {};
  std::int64_t listed = 0;  // stations
  bool is_done = false;
};

Now current() { return {wall_now(), monotonic_ms()}; }

// What the lake's checkpoints keep of the feeds: calls of today, and what is usual.
std::map<std::string, std::string, std::less<>> memories_of(
    const std::optional<LakeConfig>& config) {
  std::map<std::string, std::string, std::less<>> memories;
  if (!config || config->url.starts_with(S3Store::kScheme)) return memories;
  const auto lake = LakeView::open(config->url);
  if (!lake) return memories;  // what is wrong with it is said elsewhere
  const auto checkpoints = find_checkpoints(lake->store());
  if (!checkpoints) return memories;
  for (const JobCheckpoint& checkpoint : *checkpoints) {
    if (!checkpoint.job || !checkpoint.job->feed()) continue;
    memories.emplace(checkpoint.job->settings().name, checkpoint.job->feed()->memory);
  }
  return memories;
}

Tried tried_of(FeedSpec spec, const Config& config) {
  Tried feed{.name = !spec.system.empty() ? spec.system : shown_url_of(spec.gbfs->url),
             .every = spec.every,
             .is_gbfs = spec.gbfs.has_value(),
             .poller = {std::move(spec.source),
                        {.system = spec.system,
                         .beat = {.every_ms = spec.every * 1000, .spread_ms = 0},
                         .delay = config.window.delay},
                        current()}};
  return feed;
}

std::string age_text(Seconds age) {
  return age < 2 * kMinute ? fmt::format("{} s", age) : format_duration(age);
}

std::string rows_text(const Round& round, const Tried& feed) {
  const auto read = std::ssize(round.stations), refused = std::ssize(round.refused);
  const auto all = feed.is_gbfs ? feed.listed : read + refused + round.duplicates;
  std::vector<std::string> others;
  if (refused > 0) {
    others.push_back(fmt::format("{} cannot be read: {}", refused,
                                 reason_word(round.refused.front().refusal.reason)));
  }
  if (round.duplicates > 0) others.push_back(fmt::format("{} came twice", round.duplicates));
  if (const auto closed = all - read - refused - round.duplicates; closed > 0) {
    others.push_back(fmt::format("{} not installed, or closed and empty", closed));
  }
  const std::string text =
      fmt::format("{} of {} {}", read, all, feed.is_gbfs ? "stations" : "rows");
  return others.empty() ? text : fmt::format("{} ({})", text, fmt::join(others, "; "));
}

// What a document of GBFS says of itself, and what that means for the beat.
void add_head(const Tried& feed, std::vector<std::string>& found) {
  const GbfsHead& head = *feed.head;
  found.push_back(head.version.empty() ? "GBFS without a version, as 1.0"
                                       : fmt::format("GBFS {}", shown(head.version)));
  if (head.ttl_s > feed.every) {
    found.push_back(
        fmt::format("it asks not to be polled within {} s (its ttl), so that is kept to instead of "
                    "every = \"{}\"",
                    head.ttl_s, format_duration(feed.every)));
  }
}

void tell(Tried& feed, Checklist& list) {
  const FeedHealth& health = feed.poller.health();
  const PollResult result = feed.poller.take_result();
  std::vector<std::string> found;
  if (feed.status != 0) found.push_back(fmt::format("HTTP {}", feed.status));
  Verdict verdict = Verdict::kOk;
  if (health.failures_in_a_row > 0) {
    verdict = Verdict::kFailed;
    found.push_back(fmt::format("{}: {}", health.reason, health.text));
  } else if (result.believed) {
    if (result.believed->stations.empty()) verdict = Verdict::kFailed;
    found.push_back(rows_text(*result.believed, feed));
    found.push_back(
        fmt::format("newest data {} old", age_text(health.data_age_s(wall_now()).value_or(0))));
  }
  if (feed.head) add_head(feed, found);
  if (!health.budget.empty()) found.push_back(health.budget);
  found.insert(found.end(), result.notices.begin(), result.notices.end());
  list.line(verdict, fmt::format("feed {}: {}", feed.name, fmt::join(found, ", ")));
}

// The feed's next request, or the end of its poll.
void go_on(std::size_t number, std::optional<HttpRequest> request, Tried& feed, HttpClient& http,
           Checklist& list) {
  if (!request) {
    feed.is_done = true;
    return tell(feed, list);
  }
  feed.asking = request->shown_url;
  http.start(number, *std::move(request));
}

void take(HttpDone& done, Tried& feed, HttpClient& http, Checklist& list) {
  feed.status = done.outcome ? done.outcome->status : 0;
  if (feed.is_gbfs && done.outcome) {
    auto document = read_gbfs(done.outcome->body, "");
    const auto* stations = document ? std::get_if<GbfsStations>(&document->content) : nullptr;
    if (stations != nullptr && stations->has_counts) {
      feed.head = std::move(document->head);
      feed.listed =
          std::ssize(stations->stations) + std::ssize(stations->refused) + stations->duplicates;
    }
  }
  go_on(done.id, feed.poller.answered(std::move(done.outcome), current()), feed, http, list);
}

}  // namespace

void check_feeds(const Config& config, Checklist& list) {
  if (config.feeds.empty()) return;
  auto specs = feed_specs_of(config);
  if (!specs) return list.add(Verdict::kFailed, "feed", specs.error().message);
  for (const std::string& notice : specs->notices) list.add(Verdict::kUnchecked, "feed", notice);
  auto http = HttpClient::create(http_settings_of(config.http));
  if (!http) return list.add(Verdict::kFailed, "http", http.error().message);

  const auto memories = memories_of(config.lake);
  std::vector<Tried> feeds;
  for (FeedSpec& spec : specs->specs) {
    const auto memory = memories.find(spec.system);
    feeds.push_back(tried_of(std::move(spec), config));
    // What a GBFS feed keeps is until when not to ask it, and what it says is the same without it.
    if (memory != memories.end() && !feeds.back().is_gbfs)
      (void)feeds.back().poller.load(memory->second);
  }
  const std::int64_t end_ms = monotonic_ms() + kCheckFeedsMs;
  for (std::size_t i = 0; i < feeds.size(); ++i) {
    go_on(i, feeds[i].poller.begin(current(), 0), feeds[i], **http, list);
  }
  while ((*http)->under_way() > 0 && monotonic_ms() < end_ms) {
    (*http)->wait(end_ms - monotonic_ms());
    for (HttpDone& done : (*http)->take_done()) take(done, feeds[done.id], **http, list);
  }
  for (const Tried& feed : feeds) {
    if (feed.is_done) continue;
    list.line(Verdict::kUnchecked,
              fmt::format("feed {}: {}: no answer to the end within the {} s that all feeds get "
                          "together; it is slow, or they are many: ask again, or fewer",
                          feed.name, feed.asking, kCheckFeedsMs / 1000));
  }
}

}  // namespace bikeflow
