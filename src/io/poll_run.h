// The producer: live feeds into a topic. Polls each feed on its beat (feed_polls.h), puts each
// round that is believed into a spool, and sends from there (round_sender.h).
//
// Polling never waits for the broker. What a poll told is on the disk before the next one.
//
// GBFS feeds of which the id or the time zone is not known are asked for it first. Who reads the
// topic must know both, so what was found out is left in the spool's folder as well, in the form
// of a configuration: kSystemsFile.
//
// Threads: one calls it and polls; its sender has one of its own.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/zone.h"
#include "io/feed_polls.h"
#include "io/feed_spec.h"
#include "io/kafka_settings.h"
#include "io/kafka_topic.h"
#include "io/notify.h"
#include "io/outage.h"
#include "io/random.h"
#include "io/round_sender.h"
#include "io/run_voice.h"
#include "io/spool.h"

namespace bikeflow {

struct PollRunSettings {
  KafkaSettings kafka;
  TopicPlan topic;
  std::string spool;  // a folder
  std::uint64_t spool_max_bytes = std::uint64_t{256} << 20;
  FeedPollsSettings polls;         // `once`: end when each feed was polled, and all is sent
  bool names_systems = false;      // the topic is of several, and each record says of which it is
  ServiceNotifier service{"", 0};  // who hears how it does
};

struct PollRunSummary {  // of this run
  FeedPollsSummary polls;
  std::int64_t rounds = 0, records = 0;  // acknowledged by the broker
  SpoolCounts spool;                     // at the end
  std::string trouble;                   // why rounds still wait; empty where none does
};

class PollRun {
 public:
  static constexpr std::string_view kSystemsFile = "systems.toml";

  // Takes the spool's lock and begins to send what waits there. Polls nothing yet. Requires: each
  // feed has a name of its own, or there is one feed only.
  static Result<std::unique_ptr<PollRun>> open(PollRunSettings settings,
                                               std::vector<FeedSpec> feeds, RandomSource random,
                                               RunVoice voice);

  // Until an interrupt, or with `once` until each feed was polled; then for what waits, some
  // seconds at most.
  Result<PollRunSummary> run();

  // Whether its loop has turned since this was asked last, or has come to its end: for the watchdog
  // of what runs beside it. Threads: any.
  bool has_turned() { return has_turned_.exchange(has_ended_); }

 private:
  struct Feed {
    std::string system;
    Zone zone;
    std::string found = {};   // in the configuration's form; empty: it was there
    std::size_t refused = 0;  // rows of the last round that are no stations
  };

  PollRun(PollRunSettings settings, RunVoice voice)
      : settings_(std::move(settings)), voice_(std::move(voice)) {}

  Result<PollRunSummary> poll_and_send();
  Result<void> add(FeedSpec spec, bool is_found);
  Result<void> add_found();
  void tell_found();
  void poll_ended(std::size_t number, const PollResult& result);
  void tell_refused(Feed& feed, const Round& round);
  void wait_for_sender();
  void report();
  void report_dropped();
  [[nodiscard]] std::string sent_line() const;

  PollRunSettings settings_;
  RunVoice voice_;
  std::unique_ptr<FeedPolls> polls_;
  std::vector<Feed> feeds_;       // numbered as in polls_
  std::vector<FeedSpec> sought_;  // whose id or zone was asked for
  std::size_t told_found_ = 0;    // feeds in kSystemsFile
  std::atomic<bool> has_turned_ = false, has_ended_ = false;
  Outage disk_{"rounds cannot be kept on the disk", "rounds can be kept on the disk again"};
  std::int64_t reported_ms_ = 0;
  std::int64_t told_dropped_ = 0, told_dropped_ms_ = 0;
  std::unique_ptr<Spool> spool_;
  std::unique_ptr<RoundSender> sender_;  // last: it uses the spool
};

}  // namespace bikeflow
