// How fast KafkaConsumer delivers a topic that is there, beside librdkafka's own batch loop.
//
//   kafka_consume BROKERS TOPIC bare|poll      reads it once; prints messages, seconds, memory
//
// Nothing is done with a message but counting its bytes. Both start when the partitions are known
// and end when each has said that it is at its end.

#include <librdkafka/rdkafka.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/core.h>

#include "io/clock.h"
#include "io/kafka_consumer.h"
#include "io/kafka_lookup.h"

namespace bikeflow {
namespace {

struct Count {
  std::int64_t messages = 0;
  std::uint64_t bytes = 0;
  std::int64_t start_ms = 0;
};

[[noreturn]] void give_up(std::string_view message) {
  fmt::print(stderr, "kafka_consume: {}\n", message);
  std::exit(1);
}

class Counter : public KafkaListener, public KafkaSink {
 public:
  void assigned(const std::vector<std::int32_t>& partitions) override {
    for (const std::int32_t partition : partitions) consumer->start(partition, 0);
    left = partitions.size();
    count.start_ms = monotonic_ms();
  }
  void revoked() override {}
  void unreachable(std::string_view why, bool) override { log(KafkaLogLevel::kError, why); }
  void log(KafkaLogLevel level, std::string_view text) override {
    if (level == KafkaLogLevel::kError) fmt::print(stderr, "{}\n", text);
  }
  void messages(std::int32_t, std::span<const LogMessage> messages) override {
    count.messages += static_cast<std::int64_t>(messages.size());
    for (const LogMessage& message : messages) count.bytes += message.value->size();
  }
  void at_end(std::int32_t, std::int64_t) override { --left; }
  void failed(std::int32_t, const PartitionError& error) override { give_up(error.text); }

  KafkaConsumer* consumer = nullptr;
  std::size_t left = 1;
  Count count;
};

Count consume_by_poll(const KafkaSettings& settings) {
  Counter counter;
  auto consumer = KafkaConsumer::join(settings, counter);
  if (!consumer) give_up(consumer.error().message);
  counter.consumer = consumer->get();
  while (counter.left > 0) {
    if (auto polled = (*consumer)->poll(100, counter); !polled) give_up(polled.error().message);
  }
  return counter.count;
}

Count consume_bare(const KafkaSettings& settings, std::int32_t partitions) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  const auto set = [&](const char* name, const std::string& value) {
    if (rd_kafka_conf_set(conf, name, value.c_str(), nullptr, 0) != RD_KAFKA_CONF_OK) give_up(name);
  };
  set("bootstrap.servers", settings.brokers);
  set("group.id", settings.group);
  set("enable.auto.commit", "false");
  set("enable.partition.eof", "true");
  rd_kafka_t* client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, nullptr, 0);
  if (client == nullptr) give_up("no client");
  rd_kafka_poll_set_consumer(client);
  rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(partitions);
  for (std::int32_t partition = 0; partition < partitions; ++partition) {
    rd_kafka_topic_partition_list_add(list, settings.topic.c_str(), partition)->offset = 0;
  }
  Count count{.start_ms = monotonic_ms()};
  rd_kafka_assign(client, list);
  rd_kafka_topic_partition_list_destroy(list);
  rd_kafka_queue_t* queue = rd_kafka_queue_get_consumer(client);
  std::vector<rd_kafka_message_t*> batch(1000);
  while (partitions > 0) {
    const ssize_t taken = rd_kafka_consume_batch_queue(queue, 100, batch.data(), batch.size());
    for (ssize_t i = 0; i < taken; ++i) {
      if (batch[i]->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        ++count.messages;
        count.bytes += batch[i]->len;
      } else {
        if (batch[i]->err != RD_KAFKA_RESP_ERR__PARTITION_EOF)
          give_up(rd_kafka_err2str(batch[i]->err));
        --partitions;
      }
      rd_kafka_message_destroy(batch[i]);
    }
  }
  return count;
}

int run(const std::vector<std::string>& arguments) {
  if (arguments.size() != 3) give_up("BROKERS TOPIC bare|poll");
  const KafkaSettings settings{.brokers = arguments[0],
                               .topic = arguments[1],
                               .group = fmt::format("kafka_consume-{}", ::getpid()),
                               .client = {}};
  auto lookup = KafkaLookup::open(settings);
  if (!lookup) give_up(lookup.error().message);
  auto partitions = (*lookup)->partition_count(5000);
  if (!partitions) give_up(partitions.error().message);
  const bool is_bare = arguments[2] == "bare";
  const Count count = is_bare ? consume_bare(settings, *partitions) : consume_by_poll(settings);
  const double took_s = static_cast<double>(monotonic_ms() - count.start_ms) / 1000;
  struct rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const double cpu_s = static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                       static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
  fmt::print(
      "{}: {} messages, {} MB in {:.2f} s, {:.0f} a second, {:.2f} s of CPU, {} MB at most\n",
      is_bare ? "bare" : "poll", count.messages, count.bytes / 1'000'000, took_s,
      static_cast<double>(count.messages) / took_s, cpu_s, usage.ru_maxrss / 1024);
  std::fflush(nullptr);
  ::_exit(0);  // what is fetched ahead need not be put away
}

}  // namespace
}  // namespace bikeflow

int main(int argc, char** argv) {
  return bikeflow::run(std::vector<std::string>(argv + 1, argv + argc));
}
