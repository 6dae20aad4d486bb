// The pipeline from live feeds into a lake in a folder, in one process with nothing beside it:
// polls each feed on its beat (feed_polls.h), commits what came of each poll, and publishes.
//
// Each feed is a partition of its own with a state and checkpoints of its own, so that one that is
// slow, broken or gone delays no other. One that cannot be stored is dropped with all that is in
// memory of it, and opened again from its last commit after a while, as after a kill: nothing is
// lost but what the feed showed meanwhile, and nothing is there twice.
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
#include "io/run_board.h"
#include "io/run_voice.h"
#include "io/storage_troubles.h"
#include "pipeline/feed_task.h"

namespace bikeflow {

struct FeedRunSettings {
  std::string lake;  // a folder
  LakeRule layout;
  TaskSettings task;
  Seconds idle_close = 5 * kMinute;
  FeedPollsSettings polls;     // but delay and max_gap, which are the task's
  bool close_windows = false;  // with polls.once: also close what is open
  Syncs syncs = Syncs::kOn;
  LiveHub* live = nullptr;    // told of every change at once; outlives the run
  RunBoard* board = nullptr;  // told of its numbers each second; outlives the run
};

struct FeedRunSummary {    // of this run
  FeedPollsSummary polls;  // failing: also feeds that cannot be stored
  std::int64_t observations = 0;
};

class FeedRun {
 public:
  // Takes the lake's lock and goes on with what is in it. Polls nothing yet. An Error also where
  // there are feeds and none of them can be opened.
  static Result<std::unique_ptr<FeedRun>> open(FeedRunSettings settings,
                                               std::vector<FeedSpec> feeds, RandomSource random,
                                               RunVoice voice);

  // Until an interrupt, or with `polls.once` until each feed was polled. Then a last commit of each
  // feed. An Error where feeds were to say what they are, and then none of them can be opened.
  Result<FeedRunSummary> run();

 private:
  struct Feed {
    std::string system;
    FeedTask task;
    LakeSession lake;
    FeedHealth first_health{};  // as it was loaded
  };
  struct Place {
    FeedSpec spec;               // its source is in polls_
    std::unique_ptr<Feed> feed;  // nothing while it is sought or cannot be stored
    CheckpointNumbers checkpoints{};
  };
  // A feed that is still to say its id or time zone, or has.
  struct Sought {
    FeedSpec spec;
    std::optional<std::size_t> number;  // where it has a place already
  };

  FeedRun(FeedRunSettings settings, RandomSource random, RunVoice voice)
      : settings_(std::move(settings)), random_(std::move(random)), voice_(std::move(voice)) {}

  Result<void> add(FeedSpec spec);
  Result<void> seek(FeedSpec spec, std::optional<std::size_t> number);
  Result<void> add_found();
  void open_place(std::size_t number);
  Result<void> restore(Place& place, std::size_t number);
  void drop(std::size_t number, StorageTroubles::Step step, const Error& why);
  [[nodiscard]] Result<void> expect_any() const;
  void poll_ended(std::size_t number, const PollResult& result);
  Result<void> commit(std::size_t number);
  void finish();
  void say_troubles();
  void tell_live(std::size_t number);
  void tell_numbers();
  [[nodiscard]] std::string overdue() const;
  void report();

  FeedRunSettings settings_;
  RandomSource random_;
  RunVoice voice_;
  ServiceNotifier service_ = ServiceNotifier::from_environment();
  File lock_;
  std::unique_ptr<FeedPolls> polls_;
  std::vector<Place> places_;  // numbered as in polls_
  StorageTroubles troubles_;
  bool was_any_open_ = false;
  std::int64_t reported_ms_ = 0, told_numbers_ms_ = 0;
  std::vector<Sought> sought_;
  FeedRunSummary summary_;
  StoreNumbers commits_;
};

}  // namespace bikeflow
