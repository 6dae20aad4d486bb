#include "io/serve_run.h"

#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "feed/topic_record.h"
#include "test/mock_kafka.h"

namespace bikeflow {
namespace {

using bikeflow::testing::MockKafka;
using std::chrono_literals::operator""ms;
using ::testing::HasSubstr;

constexpr std::int64_t kPatienceMs = 20'000;

// The mock knows no times of records, so that a topic is shown from its end on (see
// kafka_tail_test.cc).
class ServeRunTest : public ::testing::Test {
 protected:
  ServeRunTest() {
    auto opened = KafkaProducer::open(kafka_.settings(""), [](KafkaLogLevel, std::string_view) {});
    EXPECT_TRUE(opened);
    producer_ = *std::move(opened);
    hub_.introduce("seoul", {.timezone = "Asia/Seoul"});
  }
  ~ServeRunTest() override {
    is_over_ = true;
    if (thread_.joinable()) thread_.join();
  }
  [[nodiscard]] ServeRunSettings settings() {
    return {
        .kafka = kafka_.settings("g"), .systems = {{"seoul", zone_}}, .task = task_, .live = &hub_};
  }
  // Begins, and returns once what is produced is read.
  void start() {
    auto opened = ServeRun::open(settings(), voice());
    ASSERT_TRUE(opened) << opened.error().message;
    run_ = *std::move(opened);
    thread_ = std::thread([this] { run_->run([this] { return is_over_.load(); }); });
    const std::int64_t deadline_ms = monotonic_ms() + kPatienceMs;
    for (std::int32_t partition : {0, 1}) {
      const std::string first = fmt::format("first-{}", partition);
      while (!seen(first) && monotonic_ms() < deadline_ms) {
        produce(partition, first, now_ - 300, 1);
        std::this_thread::sleep_for(50ms);
      }
      ASSERT_TRUE(seen(first)) << said();
    }
  }
  void produce(std::int32_t partition, const std::string& station, Seconds at, std::int16_t bikes) {
    const SeenStation seen{
        .id = station, .name = "of " + station, .place = {}, .counts = {bikes, 20}};
    const std::string record = topic_record(seen, at, zone_, "");
    ASSERT_TRUE(producer_->send(station, record, at * 1000, partition));
    ASSERT_TRUE(producer_->flush(10'000));
  }
  std::optional<LiveSeen> seen(const std::string& station) {
    return hub_.read([&](const LiveView& view) { return view.station("seoul", station); });
  }
  std::map<std::int32_t, LiveProgress> progress() {
    return hub_.read([](const LiveView& view) { return view.progress("seoul"); });
  }
  template <class Condition>
  static bool wait_until(const Condition& is_so) {
    const std::int64_t deadline_ms = monotonic_ms() + kPatienceMs;
    while (!is_so() && monotonic_ms() < deadline_ms) std::this_thread::sleep_for(20ms);
    return is_so();
  }
  RunVoice voice() {
    const auto say = [this](const std::string& text) {
      const std::scoped_lock lock(mutex_);
      said_ += text + "\n";
    };
    return {.info = say, .warning = say, .error = say};
  }
  std::string said() {
    const std::scoped_lock lock(mutex_);
    return said_;
  }

  const Zone zone_ = Zone::load("Asia/Seoul").value();
  const Seconds now_ = wall_now();
  TaskSettings task_;
  MockKafka kafka_{2};
  LiveHub hub_;
  std::unique_ptr<KafkaProducer> producer_;
  std::mutex mutex_;
  std::string said_;
  std::unique_ptr<ServeRun> run_;
  std::atomic<bool> is_over_ = false;
  std::thread thread_;
};

TEST_F(ServeRunTest, ShowsTheStationsOfAllPartitionsAsTheyAreNow) {
  start();
  produce(0, "A", now_ - 120, 9);
  produce(1, "B", now_ - 120, 5);
  produce(0, "A", now_ - 60, 7);
  produce(1, "B", now_ - 60, 8);
  ASSERT_TRUE(wait_until([&] {
    const auto a = seen("A"), b = seen("B");
    return a && a->now.counts.bikes == 7 && b && b->now.counts.bikes == 8;
  }));
  const auto a = seen("A"), b = seen("B");
  EXPECT_EQ(a->about.name, "of A");
  EXPECT_EQ(a->now.observed_at, now_ - 60);
  EXPECT_TRUE(a->is_here);
  EXPECT_EQ(a->partition, 0);
  EXPECT_EQ(b->partition, 1);
  const auto moved = hub_.read([](const LiveView& view) { return view.movements("seoul"); });
  ASSERT_EQ(moved.size(), 2U);
  for (const LiveMoved& each : moved) EXPECT_EQ(each.change, each.station_id == "A" ? -2 : 3);
}

TEST_F(ServeRunTest, SaysHowFarEachPartitionHasCome) {
  start();
  produce(0, "A", now_ - 60, 9);
  ASSERT_TRUE(wait_until([&] {
    const auto parts = progress();
    return parts.size() == 2 && parts.at(0).watermark == now_ - 60 - TaskSettings{}.delay;
  }));
  // A time that no clock can have moves nothing.
  produce(0, "A", now_ + kDay, 9);
  produce(0, "A", now_ - 30, 8);
  ASSERT_TRUE(wait_until([&] {
    const auto parts = progress();
    return parts.at(0).watermark == now_ - 30 - TaskSettings{}.delay && parts.at(0).lag == 0;
  }));
  const auto parts = progress();
  EXPECT_EQ(parts.at(1).watermark, now_ - 300 - TaskSettings{}.delay);
  EXPECT_LE(parts.at(0).window_start, parts.at(0).watermark);
  EXPECT_GT(parts.at(0).window_end, parts.at(0).watermark);
  EXPECT_EQ(parts.at(0).window_end - parts.at(0).window_start, kHour);
}

TEST_F(ServeRunTest, OfWindowsThatSlideTheNextToCloseIsTheFirstThatIsOpen) {
  task_.windows.slide = 5 * kMinute;
  start();
  ASSERT_TRUE(wait_until([&] { return progress().at(0).watermark == now_ - 300 - task_.delay; }));
  const LiveProgress part = progress().at(0);
  EXPECT_GT(part.window_end, part.watermark);
  EXPECT_LE(part.window_end, part.watermark + 5 * kMinute);
  EXPECT_EQ(part.window_end - part.window_start, kHour);
}

TEST_F(ServeRunTest, SaysThatWhatItShowsGetsOldAndGoesOnAfterwards) {
  start();
  ASSERT_TRUE(wait_until([&] { return progress().at(0).lag == 0; }));
  kafka_.set_down();
  ASSERT_TRUE(wait_until([&] { return said().contains("the Kafka cluster cannot be used"); }));
  EXPECT_THAT(said(), HasSubstr("what is shown gets old meanwhile"));
  // Whether there is more to read nobody knows.
  EXPECT_TRUE(wait_until([&] { return progress().at(0).lag == std::nullopt; }));
  EXPECT_TRUE(seen("first-0"));
  kafka_.set_up();
  produce(0, "A", now_ - 10, 9);
  ASSERT_TRUE(wait_until([&] { return seen("A").has_value(); }));
  ASSERT_TRUE(wait_until([&] { return said().contains("the Kafka cluster can be used again"); }));
  EXPECT_TRUE(wait_until([&] { return progress().at(0).lag == 0; }));
}

TEST_F(ServeRunTest, IsNotBegunWithoutATopic) {
  ServeRunSettings wrong = settings();
  wrong.kafka.client["enable.partition.eof"] = "true";
  EXPECT_FALSE(ServeRun::open(wrong, voice()));
  wrong = settings();
  wrong.kafka.brokers = "127.0.0.1:1";
  const auto nobody = ServeRun::open(wrong, voice());
  ASSERT_FALSE(nobody);
  EXPECT_THAT(nobody.error().message, HasSubstr("127.0.0.1:1"));
}

}  // namespace
}  // namespace bikeflow
