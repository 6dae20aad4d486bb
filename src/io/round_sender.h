// Sends what waits in a spool to a topic, round by round: the next one only when every record of
// the one before is acknowledged. So a topic has rounds in order and whole, and what was not
// acknowledged when the process ended is still in the spool.
//
// What may be in the topic twice: records of the one round that was being sent when the process
// was killed, or ended, without an answer from the broker, or when the broker refused one of them.
// It is sent again, whole; who reads it ignores that: the same station, time and counts.
//
// A broker that is gone is waited for; nothing is given up.
//
// Threads: its own; any may call it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "base/result.h"
#include "io/kafka_producer.h"
#include "io/kafka_settings.h"
#include "io/kafka_topic.h"
#include "io/outage.h"
#include "io/run_voice.h"
#include "io/spool.h"

namespace bikeflow {

class RoundSender {
 public:
  // Begins at once. An Error is one of the settings. `spool` outlives it.
  static Result<std::unique_ptr<RoundSender>> start(KafkaSettings settings, TopicPlan topic,
                                                    Spool& spool, RunVoice voice);
  // At once; what is not acknowledged stays in the spool.
  ~RoundSender();
  RoundSender(const RoundSender&) = delete;
  RoundSender& operator=(const RoundSender&) = delete;

  // The spool has a new round.
  void wake();

  // Acknowledged so far.
  [[nodiscard]] std::int64_t rounds() const { return rounds_; }
  [[nodiscard]] std::int64_t records() const { return records_; }
  // Why nothing can be sent now; empty where something can.
  [[nodiscard]] std::string trouble() const { return outage_.why(); }

 private:
  RoundSender(KafkaSettings settings, TopicPlan topic, Spool& spool, RunVoice voice)
      : settings_(std::move(settings)), plan_(topic), spool_(spool), voice_(std::move(voice)) {}

  Result<void> open_producer();
  void work(const std::stop_token& stop);
  // False: it was not, or the thread is to stop.
  bool is_ready(const std::stop_token& stop);
  bool send(const TopicRound& round, const std::stop_token& stop);
  Result<bool> put_all(const TopicRound& round, const std::stop_token& stop);
  void still_waiting(std::int64_t since_ms);
  void sent(const TopicRound& round);
  void failed(std::string_view why, const std::stop_token& stop);
  void heard(KafkaLogLevel level, std::string_view text);
  void tell_news();
  void rest(std::int64_t timeout_ms, const std::stop_token& stop);

  const KafkaSettings settings_;
  const TopicPlan plan_;
  Spool& spool_;
  const RunVoice voice_;
  Outage outage_{"records cannot be sent", "records can be sent again"};
  std::atomic<std::int64_t> rounds_ = 0, records_ = 0;

  std::mutex mutex_;
  std::condition_variable_any woken_;
  bool is_woken_ = false;

  // Of its thread, once that has begun.
  std::unique_ptr<KafkaProducer> producer_;
  bool is_topic_there_ = false;
  std::string last_error_;  // of the client

  std::jthread thread_;  // last: it uses the rest
};

}  // namespace bikeflow
