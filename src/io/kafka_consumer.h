// One member of a consumer group, which reads one topic: partitions come and go, messages are
// delivered from where the owner says, and offsets are committed with words of ours beside them.
//
// Eager assignment. Nothing is read of a partition that was not started, and nothing is committed
// but by commit(), under the membership in which the partition was assigned.
//
// Threads: one, which also runs the listener and the sink; librdkafka's own are inside, and outlive
// the consumer for up to a minute after a commit of unknown outcome.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/kafka_settings.h"
#include "model/log_message.h"

namespace bikeflow {

// Called from inside poll() and close() only.
class KafkaListener {
 public:
  virtual ~KafkaListener() = default;
  // All partitions that are this member's from now on; may be none.
  virtual void assigned(const std::vector<std::int32_t>& partitions) = 0;
  // No partition is this member's any more; another may have had them for a while. May come twice.
  virtual void revoked() = 0;
  // A broker cannot be reached, or lets us not in, and, where `is_all`, nor does any other; it is
  // tried again and again, and each time may come here.
  virtual void unreachable(std::string_view why, bool is_all) = 0;
  // What librdkafka has to say, and errors that concern no single partition; it goes on trying.
  virtual void log(KafkaLogLevel level, std::string_view text) = 0;
};

struct PartitionError {
  enum class Kind : std::uint8_t {
    kOffsetOutOfRange,  // nothing more comes of it until it is started elsewhere
    kUnreadable,        // damaged, or packed in a way that librdkafka does not know: likewise
    kOther,             // librdkafka tries again by itself
  };
  Kind kind = Kind::kOther;
  std::string text;
};

// Called from inside poll() only. It may start, pause and resume.
class KafkaSink {
 public:
  virtual ~KafkaSink() = default;
  // In the order of their offsets, each once; offsets may be missing (compaction, transactions).
  // The views are good until it returns.
  virtual void messages(std::int32_t partition, std::span<const LogMessage> messages) = 0;
  // Everything below next_offset has been delivered, and there was no more. Comes also between
  // records that never cease. May come twice, and of a paused partition.
  virtual void at_end(std::int32_t partition, std::int64_t next_offset) = 0;
  virtual void failed(std::int32_t partition, const PartitionError& error) = 0;
};

struct KafkaCommit {
  enum class Kind : std::uint8_t {
    kDone,
    kRefused,  // not committed: this member no longer is what it was when the partition was
               // assigned
    kUnknown,  // may be committed, now or later
  };
  Kind kind = Kind::kUnknown;
  std::string text;  // why, unless done
};

class KafkaConsumer {
 public:
  // Returns at once: brokers are looked for while polling, see KafkaLookup for what there is. The
  // listener outlives the consumer.
  static Result<std::unique_ptr<KafkaConsumer>> join(const KafkaSettings& settings,
                                                     KafkaListener& listener);

  // Without close(): the group notices only after session.timeout.ms. Sends nothing, in particular
  // no commit that is waiting; takes milliseconds.
  ~KafkaConsumer();
  KafkaConsumer(const KafkaConsumer&) = delete;
  KafkaConsumer& operator=(const KafkaConsumer&) = delete;

  // Delivers the messages at `offset` and after, with the next poll. Also moves a partition that
  // was started before; a paused one stays paused. Requires: assigned, offset >= 0.
  void start(std::int32_t partition, std::int64_t offset);

  // From now on no message is delivered, until resume(); none is lost or comes twice. Costs
  // nothing: what is fetched ahead stays in its queue. Requires: assigned.
  void pause(std::int32_t partition);
  void resume(std::int32_t partition);

  // Runs what waits for the listener, then delivers up to kBatch messages of each partition; waits
  // for the first of anything. An Error is the end of this consumer: join anew.
  Result<void> poll(int timeout_ms, KafkaSink& sink);

  // Commits one partition and waits. After kUnknown the only way on is to destroy this consumer and
  // join with a new one: this one sends no commit any more, and its poll() fails. Requires:
  // assigned; not called by the listener or the sink; no zero byte in the metadata, of which
  // brokers keep 4096 bytes.
  KafkaCommit commit(std::int32_t partition, std::int64_t offset, std::string_view metadata,
                     int timeout_ms);

  // How many messages there are behind the one delivered last; nothing where it is not known yet.
  [[nodiscard]] std::optional<std::int64_t> lag(std::int32_t partition) const;

  // Revokes, leaves the group, and waits for that; an Error where it took longer. Only the
  // destructor may follow.
  Result<void> close(int timeout_ms);

  // Of one partition with one poll.
  static constexpr std::size_t kBatch = 1000;

 private:
  class Impl;
  explicit KafkaConsumer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace bikeflow
