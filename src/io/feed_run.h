// The pipeline from live feeds into a lake in a folder, in one process with nothing beside it:
// polls each feed on its beat (feed_polls.h), commits what came of each poll, and publishes.
//
// Each feed is a partition of its own with a state and checkpoints of its own, so that one that is
// slow, broken or gone delays no other.
//
// Threads: one calls it and does all of it; names are resolved by others (http_client.h).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/feed_polls.h"
#include "io/feed_spec.h"
#include "io/file.h"
#include "io/lake_session.h"
#include "io/live_hub.h"
#include "io/notify.h"
#include "io/run_voice.h"
#include "pipeline/feed_task.h"

namespace bikeflow {

struct FeedRunSettings {
  std::string lake;  // a folder
  LakeRule layout;
  TaskSettings task;
  Seconds idle_close = 5 * kMinute;
  HttpClientSettings http;
  bool once = false;           // end when each feed has been polled once
  bool close_windows = false;  // and close what is open
  Syncs syncs = Syncs::kOn;
  LiveHub* live = nullptr;  // told of every change at once; outlives the run
  std::atomic<std::int64_t>* skipped_ms = nullptr;  // a simulation's, see FeedPollsSettings
};

struct FeedRunSummary {  // of this run
  std::int64_t polls = 0, failures = 0, rejected = 0;
  std::int64_t observations = 0;
  std::vector<std::string> failing;  // "oslo: timeout: ...", of feeds that fail at the end
};

class FeedRun {
 public:
  // Takes the lake's lock and goes on with what is in it. Polls nothing yet.
  static Result<std::unique_ptr<FeedRun>> open(FeedRunSettings settings,
                                               std::vector<FeedSpec> feeds, RandomSource random,
                                               RunVoice voice);

  // Until an interrupt, or with `once` until each feed was polled. Then a last commit of each feed.
  // An Error: something could not be stored; the last commit of each feed is whole.
  Result<FeedRunSummary> run();

 private:
  struct Feed {
    std::string system;
    FeedTask task;
    LakeSession lake;
  };

  FeedRun(FeedRunSettings settings, RandomSource random, RunVoice voice)
      : settings_(std::move(settings)), random_(std::move(random)), voice_(std::move(voice)) {}

  Result<void> add(FeedSpec spec);
  Result<void> seek(FeedSpec spec);
  Result<void> add_found();
  Result<void> poll_ended(std::size_t number, const PollResult& result);
  Result<void> commit(std::size_t number);
  Result<void> finish();
  void tell_live(std::size_t number);
  void report();

  FeedRunSettings settings_;
  RandomSource random_;
  RunVoice voice_;
  ServiceNotifier service_ = ServiceNotifier::from_environment();
  File lock_;
  std::unique_ptr<FeedPolls> polls_;
  std::vector<std::unique_ptr<Feed>> feeds_;  // numbered as in polls_
  std::int64_t reported_ms_ = 0;
  std::vector<FeedSpec>
      sought_;  // feeds that are still to say their id or time zone, and found ones
  FeedRunSummary summary_;
};

}  // namespace bikeflow
