#include "io/round_sender.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "io/clock.h"

namespace bikeflow {
namespace {

constexpr int kTopicMs = 5'000;  // for each question about it
constexpr int kPieceMs = 100;    // so soon a stop is seen
constexpr std::int64_t kIdleMs = 1'000;
constexpr std::int64_t kAgainMs = 2'000;
// Without an answer for so long it is said that something is wrong.
constexpr std::int64_t kSlowMs = 5'000;

Now now() { return {wall_now(), monotonic_ms()}; }

}  // namespace

Result<std::unique_ptr<RoundSender>> RoundSender::start(KafkaSettings settings, TopicPlan topic,
                                                        Spool& spool, RunVoice voice) {
  // For ever: what librdkafka gives up it may have sent all the same, and then it comes twice.
  settings.client.try_emplace("message.timeout.ms", "0");
  // A broker that is back is soon found.
  settings.client.try_emplace("reconnect.backoff.max.ms", "2000");
  std::unique_ptr<RoundSender> sender(
      new RoundSender(std::move(settings), topic, spool, std::move(voice)));
  if (auto opened = sender->open_producer(); !opened) return std::unexpected(opened.error());
  RoundSender* self = sender.get();
  sender->thread_ = std::jthread([self](const std::stop_token& stop) { self->work(stop); });
  return sender;
}

RoundSender::~RoundSender() = default;

Result<void> RoundSender::open_producer() {
  auto producer = KafkaProducer::open(
      settings_, [this](KafkaLogLevel level, std::string_view text) { heard(level, text); });
  if (!producer) return std::unexpected(producer.error());
  producer_ = *std::move(producer);
  return {};
}

void RoundSender::heard(KafkaLogLevel level, std::string_view text) {
  // Of a consumer's properties: [kafka.client] is for all our clients.
  if (text.starts_with("CONFWARN")) return;
  // Those are told as an outage, if nothing gets through: connections may fail and come back.
  if (level == KafkaLogLevel::kError) {
    last_error_ = text;
  } else if (level == KafkaLogLevel::kWarning) {
    voice_.warning(fmt::format("kafka: {}", text));
  }
}

void RoundSender::wake() {
  const std::scoped_lock lock(mutex_);
  is_woken_ = true;
  woken_.notify_all();
}

void RoundSender::rest(std::int64_t timeout_ms, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  woken_.wait_for(lock, stop, std::chrono::milliseconds(timeout_ms), [&] { return is_woken_; });
  is_woken_ = false;
}

void RoundSender::work(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    tell_news();
    if (!is_ready(stop)) continue;
    const auto round = spool_.first();
    if (!round) {
      voice_.error(round.error().message);
    } else if (!*round) {
      rest(kIdleMs, stop);
    } else if (send(**round, stop)) {
      sent(**round);
    }
  }
  producer_.reset();
}

bool RoundSender::is_ready(const std::stop_token& stop) {
  if (!is_topic_there_) {
    auto topic = find_or_create_topic(settings_, plan_, kTopicMs);
    if (!topic) {
      failed(topic.error().message, stop);
      return false;
    }
    topic->is_as_planned ? voice_.info(topic->text) : voice_.warning(topic->text);
    is_topic_there_ = true;
    outage_.worked(now());
  }
  if (producer_ != nullptr) return true;
  if (auto opened = open_producer(); !opened) {
    failed(opened.error().message, stop);
    return false;
  }
  return true;
}

bool RoundSender::send(const TopicRound& round, const std::stop_token& stop) {
  last_error_.clear();
  const auto done = put_all(round, stop);
  if (done) return *done;
  failed(done.error().message, stop);
  return false;
}

Result<bool> RoundSender::put_all(const TopicRound& round, const std::stop_token& stop) {
  const std::int64_t begin_ms = monotonic_ms();
  for (const TopicRound::Record& record : round.records) {
    while (true) {
      const auto taken =
          producer_->try_send(record.key, record.value, round.polled_at * 1000, kPieceMs);
      if (!taken) return taken;
      if (*taken) break;
      if (stop.stop_requested()) return false;
      still_waiting(begin_ms);
    }
  }
  while (true) {
    const auto flushed = producer_->is_flushed(kPieceMs);
    if (!flushed || *flushed) return flushed;
    if (stop.stop_requested()) return false;
    still_waiting(begin_ms);
  }
}

void RoundSender::still_waiting(std::int64_t since_ms) {
  const std::int64_t passed_ms = monotonic_ms() - since_ms;
  if (passed_ms >= kSlowMs) {
    outage_.failed(
        last_error_.empty()
            ? fmt::format("topic '{}' at {}: no acknowledgement for more than {} s",
                          settings_.topic, settings_.brokers, kSlowMs / 1000)
            : fmt::format("topic '{}' at {}: {}", settings_.topic, settings_.brokers, last_error_),
        now());
  }
  tell_news();
}

void RoundSender::sent(const TopicRound& round) {
  outage_.worked(now());
  ++rounds_;
  records_ += std::ssize(round.records);
  if (auto removed = spool_.finish_first(); !removed) {
    voice_.warning(
        fmt::format("{}; the next process will send this round again", removed.error().message));
  }
}

// The client is of no use after an error: nothing is taken any more behind what it has lost.
void RoundSender::failed(std::string_view why, const std::stop_token& stop) {
  outage_.failed(why, now());
  tell_news();
  producer_.reset();
  std::unique_lock lock(mutex_);  // wake() changes nothing here
  woken_.wait_for(lock, stop, std::chrono::milliseconds(kAgainMs), [] { return false; });
}

void RoundSender::tell_news() {
  const SpoolCounts counts = spool_.counts();
  const auto news = outage_.take_news(
      counts.dropped > 0 ? "the spool is full, and the oldest rounds are dropped"
                         : fmt::format("rounds wait in {} until they can be", spool_.folder()),
      now());
  if (news) news->is_over ? voice_.info(news->text) : voice_.warning(news->text);
}

}  // namespace bikeflow
