#include "io/kafka_consumer.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <map>
#include <thread>
#include <utility>

#include <fmt/core.h>

#include "base/check.h"
#include "io/clock.h"
#include "io/file.h"
#include "io/kafka_handle.h"
#include "io/os_error.h"

namespace bikeflow {
namespace {

using Rule = KafkaProperty::Rule;

constexpr std::array kConsumerProperties = {
    // Only commit() commits, and only start() says where to read.
    KafkaProperty{"enable.auto.commit", "false"},
    KafkaProperty{"enable.auto.offset.store", "false"},
    KafkaProperty{"auto.offset.reset", "error"},
    KafkaProperty{"isolation.level", "read_committed"},
    KafkaProperty{"enable.partition.eof", "true"},
    KafkaProperty{"allow.auto.create.topics", "false"},
    KafkaProperty{"partition.assignment.strategy", "range,roundrobin"},  // eager
    // Of each partition; a message of 226 bytes takes some 700 in librdkafka's queue.
    KafkaProperty{"queued.max.messages.kbytes", "4096", Rule::kDefault},
    KafkaProperty{"queued.min.messages", "100000", Rule::kDefault},
    KafkaProperty{"fetch.message.max.bytes", "524288", Rule::kDefault},
    // How long the first fetch of a started partition may wait for one that found nothing.
    KafkaProperty{"fetch.wait.max.ms", "100", Rule::kDefault},
    KafkaProperty{"fetch.queue.backoff.ms", "10", Rule::kIfThere},
};

// How long librdkafka's own thread may take to do as it is told, and how soon it is told again.
constexpr int kSettle_ms = 2000;
constexpr int kSeekAgain_ms = 5;

// What the broker says when this member is no longer the one that it knew, and nothing else.
bool is_refusal(rd_kafka_resp_err_t error) {
  return error == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID ||
         error == RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION ||
         error == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID ||
         error == RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS;
}

// librdkafka goes on behind a batch that it cannot decode: records would be skipped.
bool is_unreadable(rd_kafka_resp_err_t error) {
  return error == RD_KAFKA_RESP_ERR__BAD_MSG || error == RD_KAFKA_RESP_ERR__BAD_COMPRESSION ||
         error == RD_KAFKA_RESP_ERR__UNDERFLOW || error == RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED ||
         error == RD_KAFKA_RESP_ERR_INVALID_MSG;
}

bool is_of_connection(rd_kafka_resp_err_t error) {
  return error == RD_KAFKA_RESP_ERR__TRANSPORT || error == RD_KAFKA_RESP_ERR__RESOLVE ||
         error == RD_KAFKA_RESP_ERR__SSL || error == RD_KAFKA_RESP_ERR__AUTHENTICATION ||
         error == RD_KAFKA_RESP_ERR__TIMED_OUT || error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN;
}

}  // namespace

// Each assigned partition has its own queue, which librdkafka fills to a bound: so a paused one
// costs nothing, and the queue with the callbacks holds no messages. To librdkafka all partitions
// are assigned, and paused until they are first started; a start is a seek, which fences off
// whatever was fetched before. It must not be told of two assignments in a row while it still stops
// what the first took away: it would abort the program.
class KafkaConsumer::Impl {
 public:
  Impl(KafkaSettings settings, KafkaListener& listener, File wake)
      : settings_(std::move(settings)), listener_(listener), wake_(std::move(wake)) {
    *owner_ = this;
  }

  Result<void> join();
  void start(std::int32_t partition, std::int64_t offset);
  void set_paused(std::int32_t partition, bool is_paused) { find(partition).is_paused = is_paused; }
  Result<void> poll(int timeout_ms, KafkaSink& sink);
  KafkaCommit commit(std::int32_t partition, std::int64_t offset, std::string_view metadata,
                     int timeout_ms);
  std::optional<std::int64_t> lag(std::int32_t partition) const;
  Result<void> close(int timeout_ms);

 private:
  struct Partition {
    KafkaQueue queue;
    std::int64_t next_offset = 0;  // what the sink is to get next
    bool is_started = false;
    bool is_fetched = false;  // librdkafka was told of the last start()
    bool is_paused = false;
    bool is_dead = false;  // librdkafka has given it up, and takes it back only by an assignment
    std::vector<KafkaMessage> batch;  // taken from the queue
    std::size_t next_in_batch = 0;

    [[nodiscard]] bool is_open() const { return is_started && is_fetched && !is_paused; }
  };

  // Null when the consumer has gone and its client has not yet; only its log may call then.
  using Owner = std::atomic<Impl*>;
  static Impl& self(void* opaque) { return **static_cast<Owner*>(opaque); }
  static void on_rebalance(rd_kafka_t*, rd_kafka_resp_err_t event,
                           rd_kafka_topic_partition_list_t* partitions, void* opaque) {
    self(opaque).rebalance(event, *partitions);
  }
  static void on_error(rd_kafka_t*, int error, const char* reason, void* opaque) {
    const auto code = static_cast<rd_kafka_resp_err_t>(error);
    if (is_of_connection(code)) {
      self(opaque).listener_.unreachable(fmt::format("{}{}", reason, kafka_advice(reason)),
                                         code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN);
    } else {
      self(opaque).log(KafkaLogLevel::kError, fmt::format("{}: {}", text_of(code), reason));
    }
  }
  static void on_log(const rd_kafka_t* client, int level, const char* facility, const char* text) {
    Impl* owner = *static_cast<Owner*>(rd_kafka_opaque(client));
    // FAIL: of a connection; on_error says it too.
    if (owner == nullptr || facility == std::string_view("FAIL")) return;
    owner->log(kafka_log_level(level), fmt::format("{}: {}", facility, text));
  }

  Partition& find(std::int32_t partition);
  void log(KafkaLogLevel level, std::string_view text) { listener_.log(level, text); }
  void rebalance(rd_kafka_resp_err_t event, const rd_kafka_topic_partition_list_t& partitions);
  // Who the group thinks we are: member, generation, instance. In librdkafka's own form.
  [[nodiscard]] std::string membership() const;

  void attach(std::int32_t number, Partition& partition);
  void assign_all();
  void apply_starts();
  void seek_started();
  void serve_callbacks();
  bool deliver(std::int32_t number, Partition& partition, KafkaSink& sink);
  void deliver_run(std::int32_t number, Partition& partition, KafkaSink& sink);
  void report(std::int32_t number, Partition& partition, const rd_kafka_message_t& message,
              KafkaSink& sink);
  bool take_round(KafkaSink& sink);
  Result<void> check_alive() const;
  std::pair<rd_kafka_resp_err_t, std::string> send_commit(
      const rd_kafka_topic_partition_list_t& list, int timeout_ms);
  void bury_client();

  const KafkaSettings settings_;
  KafkaListener& listener_;
  std::unique_ptr<Owner> owner_ = std::make_unique<Owner>(nullptr);
  File wake_;           // readable when a queue has got something
  KafkaHandle client_;  // gone after a commit of unknown outcome
  KafkaQueue callbacks_;
  std::map<std::int32_t, Partition> partitions_;  // the assigned ones
  std::string membership_;                        // when they were assigned
  std::vector<LogMessage> run_;
  bool has_starts_ = false;  // that librdkafka was not told of
  bool has_rebalanced_ = false;
  bool is_polling_ = false;  // or closing
};

Result<void> KafkaConsumer::Impl::join() {
  auto conf = make_kafka_conf(settings_, kConsumerProperties);
  if (!conf) return std::unexpected(conf.error());
  std::array<char, 512> text{};
  if (rd_kafka_conf_set(conf->get(), "group.id", settings_.group.c_str(), text.data(),
                        text.size()) != RD_KAFKA_CONF_OK) {
    return fail("group '{}': {}", settings_.group, text.data());
  }
  rd_kafka_conf_set_opaque(conf->get(), owner_.get());
  rd_kafka_conf_set_rebalance_cb(conf->get(), on_rebalance);
  rd_kafka_conf_set_error_cb(conf->get(), on_error);
  rd_kafka_conf_set_log_cb(conf->get(), on_log);
  auto client = make_kafka_handle(RD_KAFKA_CONSUMER, *std::move(conf), settings_);
  if (!client) return std::unexpected(client.error());
  client_ = *std::move(client);
  rd_kafka_set_log_queue(client_.get(), nullptr);  // the one that follows
  rd_kafka_poll_set_consumer(client_.get());
  callbacks_.reset(rd_kafka_queue_get_consumer(client_.get()));
  static constexpr std::uint64_t kOne = 1;
  rd_kafka_queue_io_event_enable(callbacks_.get(), wake_.descriptor(), &kOne, sizeof(kOne));

  const KafkaPartitions topics(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(topics.get(), settings_.topic.c_str(), RD_KAFKA_PARTITION_UA);
  if (const auto error = rd_kafka_subscribe(client_.get(), topics.get());
      error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return fail("{}: group '{}' cannot be joined: {}", shown(settings_), settings_.group,
                text_of(error));
  }
  return {};
}

KafkaConsumer::Impl::Partition& KafkaConsumer::Impl::find(std::int32_t partition) {
  const auto found = partitions_.find(partition);
  CHECK(found != partitions_.end());
  return found->second;
}

void KafkaConsumer::Impl::start(std::int32_t partition, std::int64_t offset) {
  CHECK(offset >= 0);
  Partition& started = find(partition);
  started.next_offset = offset;
  started.is_started = true;
  started.is_fetched = false;
  has_starts_ = true;
}

void KafkaConsumer::Impl::rebalance(rd_kafka_resp_err_t event,
                                    const rd_kafka_topic_partition_list_t& partitions) {
  has_rebalanced_ = true;
  partitions_.clear();
  has_starts_ = false;
  if (event == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    membership_ = membership();
    std::vector<std::int32_t> numbers;
    for (int i = 0; i < partitions.cnt; ++i) {
      numbers.push_back(partitions.elems[i].partition);
      attach(numbers.back(), partitions_[numbers.back()]);
    }
    assign_all();
    std::ranges::sort(numbers);
    listener_.assigned(numbers);
  } else {
    membership_.clear();
    listener_.revoked();
    // Only after this does librdkafka join anew, and only then could a commit of ours pass again.
    rd_kafka_assign(client_.get(), nullptr);
  }
}

std::string KafkaConsumer::Impl::membership() const {
  using Metadata = std::unique_ptr<rd_kafka_consumer_group_metadata_t,
                                   KafkaDelete<rd_kafka_consumer_group_metadata_destroy>>;
  const Metadata metadata(rd_kafka_consumer_group_metadata(client_.get()));
  if (metadata == nullptr) return {};
  void* bytes = nullptr;
  std::size_t size_bytes = 0;
  if (const KafkaError error(
          rd_kafka_consumer_group_metadata_write(metadata.get(), &bytes, &size_bytes));
      error != nullptr) {
    return {};
  }
  std::string copy(bytes_of(bytes, size_bytes));
  rd_kafka_mem_free(nullptr, bytes);
  return copy;
}

// The partition's messages stay in its own queue.
void KafkaConsumer::Impl::attach(std::int32_t number, Partition& partition) {
  partition.queue.reset(
      rd_kafka_queue_get_partition(client_.get(), settings_.topic.c_str(), number));
  CHECK(partition.queue != nullptr);
  rd_kafka_queue_forward(partition.queue.get(), nullptr);
  static constexpr std::uint64_t kOne = 1;
  rd_kafka_queue_io_event_enable(partition.queue.get(), wake_.descriptor(), &kOne, sizeof(kOne));
}

void KafkaConsumer::Impl::assign_all() {
  const KafkaPartitions list(
      rd_kafka_topic_partition_list_new(static_cast<int>(partitions_.size())));
  for (const auto& [number, partition] : partitions_) {
    // A real offset, so that librdkafka does not ask for a committed one.
    rd_kafka_topic_partition_list_add(list.get(), settings_.topic.c_str(), number)->offset =
        partition.next_offset;
  }
  rd_kafka_pause_partitions(client_.get(), list.get());
  if (const auto error = rd_kafka_assign(client_.get(), list.get());
      error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    log(KafkaLogLevel::kError, fmt::format("the assignment was not taken: {}", text_of(error)));
  }
}

void KafkaConsumer::Impl::apply_starts() {
  if (!has_starts_) return;
  const bool is_any_dead = std::ranges::any_of(partitions_, [](const auto& entry) {
    return entry.second.is_dead && entry.second.is_started;
  });
  if (!is_any_dead) {
    seek_started();
    return;
  }
  for (auto& [number, partition] : partitions_) partition.is_dead = partition.is_fetched = false;
  assign_all();
  // Once all are sought, librdkafka has stopped what this took away, and a callback may come.
  const std::int64_t deadline_ms = monotonic_ms() + kSettle_ms;
  while (has_starts_ && monotonic_ms() < deadline_ms) {
    seek_started();
    if (has_starts_) std::this_thread::sleep_for(std::chrono::milliseconds(kSeekAgain_ms));
  }
}

// Partitions that librdkafka has not begun with yet stay to be started.
void KafkaConsumer::Impl::seek_started() {
  has_starts_ = false;
  const KafkaPartitions list(
      rd_kafka_topic_partition_list_new(static_cast<int>(partitions_.size())));
  for (auto& [number, partition] : partitions_) {
    if (!partition.is_started || partition.is_fetched) continue;
    attach(number, partition);
    // What was taken and not delivered is fetched again.
    partition.batch.clear();
    partition.next_in_batch = 0;
    rd_kafka_topic_partition_list_add(list.get(), settings_.topic.c_str(), number)->offset =
        partition.next_offset;
  }
  if (list->cnt == 0) return;
  // First, because only a seek wakes the thread that fetches; else it may sleep for a second.
  rd_kafka_resume_partitions(client_.get(), list.get());
  const KafkaError error(rd_kafka_seek_partitions(client_.get(), list.get(), kSettle_ms));
  for (int i = 0; i < list->cnt; ++i) {
    const rd_kafka_topic_partition_t& each = list->elems[i];
    if (each.err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      find(each.partition).is_fetched = true;
      continue;
    }
    has_starts_ = true;
    if (each.err != RD_KAFKA_RESP_ERR__STATE && each.err != RD_KAFKA_RESP_ERR__PREV_IN_PROGRESS) {
      log(KafkaLogLevel::kWarning,
          fmt::format("{}/{}@{}: cannot be read from there yet: {}", settings_.topic,
                      each.partition, each.offset, text_of(each.err)));
    }
  }
}

void KafkaConsumer::Impl::serve_callbacks() {
  while (const KafkaMessage message{rd_kafka_consumer_poll(client_.get(), 0)}) {
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR ||
        message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      // Strayed from its partition's queue: fetched again, into a queue that is looked up anew.
      const auto found = partitions_.find(message->partition);
      if (found == partitions_.end()) continue;
      found->second.is_fetched = false;
      has_starts_ = true;
    } else {
      log(KafkaLogLevel::kError, rd_kafka_message_errstr(message.get()));
    }
  }
}

void KafkaConsumer::Impl::report(std::int32_t number, Partition& partition,
                                 const rd_kafka_message_t& message, KafkaSink& sink) {
  if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    if (message.offset < partition.next_offset) return;
    partition.next_offset = message.offset;
    sink.at_end(number, message.offset);
    return;
  }
  PartitionError error{
      .kind = PartitionError::Kind::kOther,
      .text = fmt::format("{}/{}@{}: {}", settings_.topic, number, partition.next_offset,
                          rd_kafka_message_errstr(&message))};
  if (is_out_of_range(message.err)) {
    error.kind = PartitionError::Kind::kOffsetOutOfRange;
  } else if (is_unreadable(message.err)) {
    error.kind = PartitionError::Kind::kUnreadable;
  }
  if (error.kind != PartitionError::Kind::kOther) {
    partition.is_started = false;
    partition.is_dead = true;
  }
  sink.failed(number, error);
}

void KafkaConsumer::Impl::deliver_run(std::int32_t number, Partition& partition, KafkaSink& sink) {
  run_.clear();
  for (; partition.next_in_batch < partition.batch.size(); ++partition.next_in_batch) {
    const rd_kafka_message_t& message = *partition.batch[partition.next_in_batch];
    if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) break;
    if (message.offset < partition.next_offset) continue;  // of a fetch before the last start
    run_.push_back(message_of(message));
    partition.next_offset = message.offset + 1;
  }
  if (!run_.empty()) sink.messages(number, run_);
}

// Whether there was anything.
bool KafkaConsumer::Impl::deliver(std::int32_t number, Partition& partition, KafkaSink& sink) {
  if (!partition.is_open()) return false;
  if (partition.batch.empty()) {
    std::array<rd_kafka_message_t*, kBatch> taken;  // NOLINT(*-member-init): librdkafka fills it
    const ssize_t count =
        rd_kafka_consume_batch_queue(partition.queue.get(), 0, taken.data(), taken.size());
    for (ssize_t i = 0; i < count; ++i) partition.batch.emplace_back(taken[i]);
    partition.next_in_batch = 0;
  }
  if (partition.batch.empty()) return false;
  // The sink may pause the partition or start it elsewhere.
  while (partition.is_open() && partition.next_in_batch < partition.batch.size()) {
    const rd_kafka_message_t& message = *partition.batch[partition.next_in_batch];
    if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      deliver_run(number, partition, sink);
    } else {
      ++partition.next_in_batch;
      report(number, partition, message, sink);
    }
  }
  if (partition.next_in_batch < partition.batch.size()) return true;
  partition.batch.clear();
  // librdkafka tells of an end only when a fetch comes back empty, and none does while records keep
  // coming; but the broker says with each where the end is.
  if (partition.is_open() && lag(number) == 0) sink.at_end(number, partition.next_offset);
  return true;
}

bool KafkaConsumer::Impl::take_round(KafkaSink& sink) {
  std::uint64_t wakes = 0;
  // Before the queues are looked at, so that nothing arrives unseen.
  [[maybe_unused]] const ssize_t drained = ::read(wake_.descriptor(), &wakes, sizeof(wakes));
  has_rebalanced_ = false;
  serve_callbacks();
  apply_starts();
  bool is_anything = has_rebalanced_;
  for (auto& [number, partition] : partitions_) {
    is_anything = deliver(number, partition, sink) || is_anything;
  }
  return is_anything;
}

Result<void> KafkaConsumer::Impl::check_alive() const {
  std::array<char, 512> text{};
  const auto error = rd_kafka_fatal_error(client_.get(), text.data(), text.size());
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  return fail("{}: group '{}': {}: {}", shown(settings_), settings_.group, text_of(error),
              text.data());
}

Result<void> KafkaConsumer::Impl::poll(int timeout_ms, KafkaSink& sink) {
  if (client_ == nullptr) {
    return fail("{}: group '{}': the outcome of a commit is not known", shown(settings_),
                settings_.group);
  }
  is_polling_ = true;
  if (!take_round(sink) && timeout_ms > 0) {
    pollfd waited{.fd = wake_.descriptor(), .events = POLLIN, .revents = 0};
    const int wait_ms = has_starts_ ? std::min(timeout_ms, kSeekAgain_ms) : timeout_ms;
    // Otherwise: a time-out, or a signal.
    if (::poll(&waited, 1, wait_ms) > 0 || has_starts_) take_round(sink);
  }
  is_polling_ = false;
  return check_alive();
}

// librdkafka may hold the commit until it has found a coordinator, and send it under the generation
// that it has by then. A client that is being destroyed looks for none; what is on its way carries
// the generation that it was made under, so the broker can refuse it. But the end of such a client
// takes up to session.timeout.ms or socket.timeout.ms: a thread that nobody waits for sees to it.
void KafkaConsumer::Impl::bury_client() {
  for (auto& [number, partition] : partitions_) {
    partition.batch.clear();
    partition.queue.reset();
  }
  callbacks_.reset();
  *owner_ = nullptr;
  struct Remains {
    std::unique_ptr<Owner> owner;
    File wake;  // librdkafka writes to it until its end
    KafkaHandle client;
  };
  std::thread([remains = Remains{std::move(owner_), std::move(wake_), std::move(client_)}] {
  }).detach();
}

KafkaCommit KafkaConsumer::Impl::commit(std::int32_t partition, std::int64_t offset,
                                        std::string_view metadata, int timeout_ms) {
  find(partition);
  CHECK(!is_polling_ && offset >= 0 && !metadata.contains('\0'));
  if (client_ == nullptr) {
    return {KafkaCommit::Kind::kUnknown, "not sent: nor is known what became of one before it"};
  }
  // librdkafka sends whatever generation it has by now: none (-1) after one was refused, and with
  // that an empty group's broker takes the commit.
  if (membership() != membership_) {
    return {KafkaCommit::Kind::kRefused, "not sent: the group has dropped this member"};
  }
  const KafkaPartitions list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_t& only =
      *rd_kafka_topic_partition_list_add(list.get(), settings_.topic.c_str(), partition);
  only.offset = offset;
  if (!metadata.empty()) {
    only.metadata = rd_kafka_mem_malloc(nullptr, metadata.size());  // the list frees it
    only.metadata_size = metadata.size();
    std::ranges::copy(metadata, static_cast<char*>(only.metadata));
  }
  const auto [error, text] = send_commit(*list, timeout_ms);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return {KafkaCommit::Kind::kDone, {}};
  if (is_refusal(error)) return {KafkaCommit::Kind::kRefused, text};
  bury_client();
  return {KafkaCommit::Kind::kUnknown, text};
}

std::pair<rd_kafka_resp_err_t, std::string> KafkaConsumer::Impl::send_commit(
    const rd_kafka_topic_partition_list_t& list, int timeout_ms) {
  // A queue of its own: an answer that comes too late is nobody's, and no callback runs meanwhile.
  const KafkaQueue answers(rd_kafka_queue_new(client_.get()));
  rd_kafka_resp_err_t error =
      rd_kafka_commit_queue(client_.get(), &list, answers.get(), nullptr, nullptr);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
    const KafkaEvent answer(rd_kafka_queue_poll(answers.get(), timeout_ms));
    if (answer == nullptr) {
      return {RD_KAFKA_RESP_ERR__TIMED_OUT, fmt::format("no answer within {} ms", timeout_ms)};
    }
    error = rd_kafka_event_error(answer.get());
    const rd_kafka_topic_partition_list_t* done = rd_kafka_event_topic_partition_list(answer.get());
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR && done != nullptr && done->cnt > 0) {
      error = done->elems[0].err;
    }
  }
  return {error, std::string(text_of(error))};
}

std::optional<std::int64_t> KafkaConsumer::Impl::lag(std::int32_t partition) const {
  const auto found = partitions_.find(partition);
  if (client_ == nullptr || found == partitions_.end() || !found->second.is_started) {
    return std::nullopt;
  }
  std::int64_t low = 0;
  std::int64_t high = 0;
  if (rd_kafka_get_watermark_offsets(client_.get(), settings_.topic.c_str(), partition, &low,
                                     &high) != RD_KAFKA_RESP_ERR_NO_ERROR ||
      high < 0) {
    return std::nullopt;
  }
  return std::max<std::int64_t>(0, high - found->second.next_offset);
}

Result<void> KafkaConsumer::Impl::close(int timeout_ms) {
  if (client_ == nullptr) return {};
  is_polling_ = true;
  const std::int64_t deadline_ms = monotonic_ms() + timeout_ms;
  const KafkaQueue queue(rd_kafka_queue_new(client_.get()));
  if (const KafkaError error(rd_kafka_consumer_close_queue(client_.get(), queue.get()));
      error != nullptr) {
    return fail("{}: group '{}' cannot be left: {}", shown(settings_), settings_.group,
                rd_kafka_error_string(error.get()));
  }
  while (rd_kafka_consumer_closed(client_.get()) == 0) {
    const std::int64_t left_ms = deadline_ms - monotonic_ms();
    if (left_ms <= 0) {
      return fail(
          "{}: group '{}' was not left within {} ms; it notices by itself after "
          "session.timeout.ms",
          shown(settings_), settings_.group, timeout_ms);
    }
    rd_kafka_queue_poll_callback(queue.get(),
                                 static_cast<int>(std::min<std::int64_t>(left_ms, 100)));
  }
  return {};
}

KafkaConsumer::KafkaConsumer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
KafkaConsumer::~KafkaConsumer() = default;

Result<std::unique_ptr<KafkaConsumer>> KafkaConsumer::join(const KafkaSettings& settings,
                                                           KafkaListener& listener) {
  File wake(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!wake.is_open()) return os_failure("create", "an eventfd", errno);
  auto impl = std::make_unique<Impl>(settings, listener, std::move(wake));
  if (auto joined = impl->join(); !joined) return std::unexpected(joined.error());
  return std::unique_ptr<KafkaConsumer>(new KafkaConsumer(std::move(impl)));
}

void KafkaConsumer::start(std::int32_t partition, std::int64_t offset) {
  impl_->start(partition, offset);
}
void KafkaConsumer::pause(std::int32_t partition) { impl_->set_paused(partition, true); }
void KafkaConsumer::resume(std::int32_t partition) { impl_->set_paused(partition, false); }
Result<void> KafkaConsumer::poll(int timeout_ms, KafkaSink& sink) {
  return impl_->poll(timeout_ms, sink);
}
KafkaCommit KafkaConsumer::commit(std::int32_t partition, std::int64_t offset,
                                  std::string_view metadata, int timeout_ms) {
  return impl_->commit(partition, offset, metadata, timeout_ms);
}
std::optional<std::int64_t> KafkaConsumer::lag(std::int32_t partition) const {
  return impl_->lag(partition);
}
Result<void> KafkaConsumer::close(int timeout_ms) { return impl_->close(timeout_ms); }

}  // namespace bikeflow
