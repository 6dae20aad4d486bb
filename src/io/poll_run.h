// The producer: live feeds into a topic. Polls each feed on its beat (feed_polls.h), puts each
// round that is believed into a spool, and sends from there (round_sender.h).
//
// Polling never waits for the broker. What a poll told is on the disk before the next one.
//
// Threads: one calls it and polls; its sender has one of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/zone.h"
#include "io/feed_polls.h"
#include "io/feed_spec.h"
#include "io/kafka_settings.h"
#include "io/kafka_topic.h"
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
  Seconds delay = 10 * kMinute, max_gap = 10 * kMinute;  // of PollerSettings
  HttpClientSettings http;
  bool once = false;  // end when each feed was polled once, and all is sent
};

struct PollRunSummary {  // of this run
  std::int64_t polls = 0, rejected = 0;
  std::int64_t rounds = 0, records = 0;  // acknowledged by the broker
  SpoolCounts spool;                     // at the end
  std::string trouble;                   // why rounds still wait; empty where none does
  std::vector<std::string> failing;      // "oslo: timeout: ...", of feeds that fail at the end
};

class PollRun {
 public:
  // Takes the spool's lock and begins to send what waits there. Polls nothing yet. Requires: each
  // feed has a name of its own and a zone.
  static Result<std::unique_ptr<PollRun>> open(PollRunSettings settings,
                                               std::vector<FeedSpec> feeds, RandomSource random,
                                               RunVoice voice);

  // Until an interrupt, or with `once` until each feed was polled; then for what waits, some
  // seconds at most.
  Result<PollRunSummary> run();

 private:
  struct Feed {
    std::string system;
    Zone zone;
    std::size_t refused = 0;  // rows of the last round that are no stations
  };

  PollRun(PollRunSettings settings, RunVoice voice)
      : settings_(std::move(settings)), voice_(std::move(voice)) {}

  void poll_ended(std::size_t number, const PollResult& result);
  void tell_refused(Feed& feed, const Round& round);
  void wait_for_sender();
  void report();
  void report_dropped();
  [[nodiscard]] std::string sent_line() const;

  PollRunSettings settings_;
  RunVoice voice_;
  std::unique_ptr<FeedPolls> polls_;
  std::vector<Feed> feeds_;  // numbered as in polls_
  Outage disk_{"rounds cannot be kept on the disk", "rounds can be kept on the disk again"};
  std::int64_t rejected_ = 0;
  std::int64_t reported_ms_ = 0;
  std::int64_t told_dropped_ = 0, told_dropped_ms_ = 0;
  std::unique_ptr<Spool> spool_;
  std::unique_ptr<RoundSender> sender_;  // last: it uses the spool
};

}  // namespace bikeflow
