#include "api/event_stream.h"

#include <gtest/gtest.h>

#include <vector>

#include <nlohmann/json.hpp>

namespace bikeflow {
namespace {

using nlohmann::json;

struct Event {
  std::string type, id;
  json data;
};

std::vector<Event> parse(const std::string& text) {
  std::vector<Event> events;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = text.find("\n\n", at);
    const std::string block = text.substr(at, end - at);
    const std::size_t id = block.find("\nid: "), data = block.find("\ndata: ");
    events.push_back({block.substr(7, id - 7), block.substr(id + 5, data - id - 5),
                      json::parse(block.substr(data + 7))});
    at = end + 2;
  }
  return events;
}

class EventStreamTest : public ::testing::Test {
 protected:
  EventStreamTest() {
    names_.intern("a");
    names_.intern("b");
    see(100, 5, 0);
    see(100, 7, 1);
  }
  void see(Seconds at, std::int16_t bikes, StationIndex station) {
    LiveNews news{{{station, {.observed_at = at, .counts = {bikes, 10}}}}, {}};
    news.movements.push_back({station, at, 1, bikes});
    view_.tell({0, "seoul"}, names_, news);
  }
  EventSources sources() {
    return {.version = [this] { return view_.version_of("seoul"); },
            .changes =
                [this](std::uint64_t after) {
                  ++asked_;
                  return view_.since("seoul", after);
                },
            .state_json = [this] { return "{\"n\":" + std::to_string(++states_) + "}"; },
            .time = [] { return Seconds{1'000}; }};
  }
  static std::string types(const std::vector<Event>& events) {
    std::string all;
    for (const Event& event : events) all += (all.empty() ? "" : " ") + event.type;
    return all;
  }

  LiveView view_;
  Names names_;
  int asked_ = 0, states_ = 0;
  EventStream stream_{"x1", sources()};
};

TEST_F(EventStreamTest, FirstAllThenWhatChanged) {
  EventStream::Told told;
  std::vector<Event> events = parse(stream_.take(told, 0));
  EXPECT_EQ(types(events), "snapshot state");
  EXPECT_EQ(events[0].data.at("stations").size(), 2U);
  EXPECT_EQ(events[0].id, "x1-2");
  EXPECT_EQ(stream_.take(told, 10), "");
  see(130, 5, 0);
  see(130, 8, 1);
  events = parse(stream_.take(told, 20));
  EXPECT_EQ(types(events), "movements seen stations");
  EXPECT_EQ(events[0].id, "x1-2");
  EXPECT_EQ(events[1].data.at("seen")[0].at("ids"), json::parse(R"(["a"])"));
  EXPECT_EQ(events[2].data.at("stations")[0].at("bikes"), 8);
  EXPECT_EQ(events[2].id, "x1-4");
}

TEST_F(EventStreamTest, WhoComesBackGetsWhatIsDifferent) {
  EventStream::Told told = stream_.told_of("x1-2");
  see(130, 8, 1);
  EXPECT_EQ(types(parse(stream_.take(told, 0))), "movements stations state");
  for (const char* other : {"", "x2-2", "x1", "x1-", "x1-2z", "x1-99", "x12-1"}) {
    EXPECT_EQ(stream_.told_of(other).version, 0U) << other;
  }
}

TEST_F(EventStreamTest, ManyReadersShareAStep) {
  std::vector<EventStream::Told> readers(100);
  for (auto& told : readers) stream_.take(told, 0);
  EXPECT_EQ(asked_, 1);
  see(130, 8, 1);
  for (auto& told : readers) EXPECT_NE(stream_.take(told, 0), "");
  EXPECT_EQ(asked_, 2);
}

TEST_F(EventStreamTest, TheStateComesWithAChangeOrAfterATimeAndToEachOnce) {
  EventStream::Told told, other;
  stream_.take(told, 0);
  stream_.take(other, 0);
  see(130, 8, 1);
  EXPECT_EQ(types(parse(stream_.take(told, EventStream::kStateEveryMs - 1))), "movements stations");
  EXPECT_EQ(types(parse(stream_.take(told, EventStream::kStateEveryMs))), "state");
  EXPECT_EQ(types(parse(stream_.take(other, EventStream::kStateEveryMs))),
            "movements stations state");
  EXPECT_EQ(states_, 2);
  EXPECT_EQ(stream_.take(told, EventStream::kStateAtLeastMs), "");
  EXPECT_EQ(
      types(parse(stream_.take(told, EventStream::kStateEveryMs + EventStream::kStateAtLeastMs))),
      "state");
  // A change does not wait because the same was told a moment before.
  see(160, 9, 1);
  EXPECT_EQ(types(parse(
                stream_.take(told, EventStream::kStateEveryMs + EventStream::kStateAtLeastMs + 1))),
            "movements stations state");
}

}  // namespace
}  // namespace bikeflow
