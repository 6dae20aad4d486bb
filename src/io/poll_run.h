// The producer: live feeds into a topic. Polls each feed on its beat (feed_polls.h), puts each
// round that is believed into a spool, and sends from there (round_sender.h).
//
// Polling never waits for the broker. What a poll told is on the disk before the next one. What is
// not sent, as a round that is not believed and rows that are no stations, is kept in the spool's
// folder kDeadLetters, as a pipeline keeps it in its lake.
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
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/zone.h"
#include "io/dead_letter_folder.h"
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
  std::uint64_t dead_letter_max_bytes = std::uint64_t{256} << 20;  // beside those
  FeedPollsSettings polls;         // `once`: end when each feed was polled, and all is sent
  bool names_systems = false;      // the topic is of several, and each record says of which it is
  ServiceNotifier service{"", 0};  // who hears how it does
};

struct PollRunSummary {  // of this run
  FeedPollsSummary polls;
  std::int64_t rounds = 0, records = 0;  // acknowledged by the broker
  SpoolCounts spool;                     // at the end
  std::string trouble;                   // why rounds still wait; empty where none does
  std::uint64_t lost_letters_bytes = 0;  // of what was rejected, as the disk did not take it
};

class PollRun {
 public:
  static constexpr std::string_view kSystemsFile = "systems.toml";
  static constexpr std::string_view kDeadLetters = "dead_letter";

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
    std::string found = {};    // in the configuration's form; empty: it was there
    std::size_t refused = 0;   // rows of the last round that are no stations
    bool is_rejected = false;  // the last round
  };
  // A number that grows, and is said each minute at most.
  struct Said {
    std::int64_t number = 0, at_ms = 0;
    // By how much it has grown since it was said; 0: there is nothing to say.
    std::int64_t news(std::int64_t now, std::int64_t now_ms);
  };

  PollRun(PollRunSettings settings, RunVoice voice)
      : settings_(std::move(settings)), voice_(std::move(voice)) {}

  Result<PollRunSummary> poll_and_send();
  Result<void> add(FeedSpec spec, bool is_found);
  Result<void> add_found();
  void tell_found();
  void poll_ended(std::size_t number, const PollResult& result);
  void say(const std::optional<Outage::News>& news) const;
  // Whether all that was not sent is on the disk.
  bool keep(const std::vector<DeadLetter>& letters, const Now& at);
  void tell_rejected(Feed& feed, bool is_kept);
  void tell_refused(Feed& feed, const Round& round, bool is_kept);
  void wait_for_sender();
  void report();
  void report_dropped();
  void report_gone();
  void end_letters();
  [[nodiscard]] std::string sent_line() const;

  PollRunSettings settings_;
  RunVoice voice_;
  std::unique_ptr<FeedPolls> polls_;
  std::vector<Feed> feeds_;       // numbered as in polls_
  std::vector<FeedSpec> sought_;  // whose id or zone was asked for
  std::size_t told_found_ = 0;    // feeds in kSystemsFile
  std::atomic<bool> has_turned_ = false, has_ended_ = false;
  Outage disk_{"rounds cannot be kept on the disk", "rounds can be kept on the disk again"};
  Outage letters_disk_{"what is rejected cannot be kept on the disk",
                       "what is rejected can be kept on the disk again"};
  std::int64_t reported_ms_ = 0;
  Said dropped_, gone_, lost_;
  std::int64_t letters_retry_ms_ = 0;  // not before, by the clock that is never set
  std::unique_ptr<Spool> spool_;
  std::unique_ptr<DeadLetterFolder> dead_letters_;  // in the spool, whose lock it needs
  std::unique_ptr<RoundSender> sender_;             // last: it uses the spool
};

}  // namespace bikeflow
