// Polls live feeds, each on its beat, and hands over what came of each poll. Whoever wants rounds,
// into a lake (feed_run.h) or into a topic (poll_run.h), polls by this.
//
// A feed that is slow, broken or gone delays no other.
//
// Threads: one calls it and does all of it; names are resolved by others (http_client.h).
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "feed/poller.h"
#include "io/feed_finder.h"
#include "io/http_client.h"
#include "io/random.h"
#include "io/run_voice.h"

namespace bikeflow {

struct FeedPollsSettings {
  HttpClientSettings http;
  Seconds delay = 10 * kMinute, max_gap = 10 * kMinute;  // of PollerSettings
  bool once = false;                                     // each feed once
  // A simulation's: the time in which nothing is under way is left out, so that a day passes as
  // fast as its polls; so much was left out so far. Outlives the object.
  std::atomic<std::int64_t>* skipped_ms = nullptr;
};

struct FeedPollsSummary {
  std::int64_t polls = 0, failures = 0, rejected = 0;
  // "oslo: timeout: ...", of feeds that fail now and are not held, and of those that have not said
  // what they are.
  std::vector<std::string> failing;
};

class FeedPolls {
 public:
  // Of feed `number`; what is to be said of it was said.
  using Ended = std::function<Result<void>(std::size_t number, PollResult result)>;
  // With `once` a feed that wants to be left alone for a while is waited for so long.
  static constexpr Seconds kMostWait = kMinute;

  static Result<std::unique_ptr<FeedPolls>> open(FeedPollsSettings settings, RandomSource random,
                                                 RunVoice voice);

  // Feeds are numbered from 0 on. `memory`: what its poller saved when it last ran, if it did.
  void add(std::string system, Seconds every, std::unique_ptr<FeedSource> source,
           std::optional<std::string_view> memory);
  // It is not polled any more, and is_done() does not wait for it, until it goes on from what its
  // poller saved at some time; from the beginning without `memory`. Requires of hold(): no poll of
  // it is under way, as in `ended`.
  void hold(std::size_t number) { feeds_[number]->is_held = true; }
  void release(std::size_t number, std::optional<std::string_view> memory);

  // A GBFS feed of which not all is known that it takes to poll it: it is asked, beside the polls,
  // until it says so; then take_found() tells. `number` is of the caller's choice.
  Result<void> find(std::size_t number, GbfsSettings settings, GbfsGiven given);
  std::vector<FoundFeed> take_found() { return finder_->take_found(); }
  // Whether each that is sought was asked once, with whatever came of it.
  [[nodiscard]] bool has_asked_all() const { return finder_->has_tried_all(); }
  [[nodiscard]] bool is_seeking() const { return !finder_->has_found_all(); }

  // Of the round that `ended` was told of last so many rows were late for their windows.
  void took(std::size_t number, std::int64_t late_rows);

  // Nothing is begun while the clock says that it is not set. Begins what is due, waits for
  // answers, a second at most, and tells of the polls that have ended. An Error is one of `ended`.
  Result<void> step(const Ended& ended);
  // Nothing comes any more of what is under way.
  void cancel();
  // With `once`: each feed that is not held was polled, and each that is sought was asked.
  [[nodiscard]] bool is_done() const;

  [[nodiscard]] std::size_t size() const { return feeds_.size(); }
  [[nodiscard]] const FeedPoller& poller(std::size_t number) const {
    return feeds_[number]->poller;
  }
  [[nodiscard]] FeedPollsSummary summary() const;
  // How they do, for a line of the log now and then.
  [[nodiscard]] std::string line() const;
  [[nodiscard]] Now now() const;

 private:
  struct Feed {
    std::string system;
    FeedPoller poller;
    std::string beginning;  // what the poller saved before its first poll
    bool is_held = false;
    bool was_polled = false;
    // With `once`, of a feed that wanted to be left alone: when it is polled after all, or why not.
    std::optional<std::int64_t> ask_ms{};
    std::string not_asked{};

    [[nodiscard]] bool is_failing() const {
      return !is_held && poller.health().failures_in_a_row > 0;
    }
  };

  FeedPolls(FeedPollsSettings settings, RandomSource random, RunVoice voice)
      : settings_(std::move(settings)), random_(std::move(random)), voice_(std::move(voice)) {}

  Result<void> begin_due(const Ended& ended);
  Result<void> end_poll(std::size_t number, const Ended& ended);
  void say(const Feed& feed, const PollResult& result) const;
  bool waits_to_ask(Feed& feed, Seconds wait_s);
  bool is_clock_set();
  [[nodiscard]] std::int64_t due_ms(const Feed& feed) const;
  void wait();
  [[nodiscard]] std::int64_t wait_ms() const;

  FeedPollsSettings settings_;
  RandomSource random_;
  RunVoice voice_;
  std::unique_ptr<HttpClient> http_;
  std::unique_ptr<FeedFinder> finder_;        // after the client, which it uses
  std::vector<std::unique_ptr<Feed>> feeds_;  // by the number of their requests
  Now began_;
  bool has_said_clock_ = false;
  FeedPollsSummary counts_;  // without the feeds that fail
};

}  // namespace bikeflow
