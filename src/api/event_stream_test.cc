#include "api/event_stream.h"

#include <gtest/gtest.h>

#include <memory>
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
  std::string take(EventStream::Told& told, std::int64_t now_ms) {
    const auto events = stream_.take(told, now_ms);
    return events ? *events : "";
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
  std::vector<Event> events = parse(take(told, 0));
  EXPECT_EQ(types(events), "snapshot state");
  EXPECT_EQ(events[0].data.at("stations").size(), 2U);
  EXPECT_EQ(events[0].id, "x1-2");
  EXPECT_EQ(take(told, 10), "");
  see(130, 5, 0);
  see(130, 8, 1);
  events = parse(take(told, 20));
  EXPECT_EQ(types(events), "movements seen stations");
  EXPECT_EQ(events[0].id, "x1-2");
  EXPECT_EQ(events[1].data.at("seen")[0].at("ids"), json::parse(R"(["a"])"));
  EXPECT_EQ(events[2].data.at("stations")[0].at("bikes"), 8);
  EXPECT_EQ(events[2].id, "x1-4");
}

TEST_F(EventStreamTest, WhoComesBackGetsWhatIsDifferent) {
  EventStream::Told told = stream_.told_of("x1-2");
  see(130, 8, 1);
  EXPECT_EQ(types(parse(take(told, 0))), "movements stations state");
  for (const char* other : {"", "x2-2", "x1", "x1-", "x1-2z", "x1-99", "x12-1"}) {
    EXPECT_EQ(stream_.told_of(other).version, 0U) << other;
  }
}

TEST_F(EventStreamTest, ManyReadersShareAStep) {
  std::vector<EventStream::Told> readers(100);
  for (auto& told : readers) take(told, 0);
  EXPECT_EQ(asked_, 1);
  see(130, 8, 1);
  for (auto& told : readers) EXPECT_NE(take(told, 0), "");
  EXPECT_EQ(asked_, 2);
}

// Many take a while to be asked, and what is new meanwhile is new for all of them.
TEST_F(EventStreamTest, ReadersShareAStepThoughTheCityGoesOn) {
  std::vector<EventStream::Told> readers(100);
  std::int64_t now_ms = 0;
  const auto ask_all = [&] {
    asked_ = 0;
    for (auto& told : readers) {
      see(130 + now_ms, static_cast<std::int16_t>(now_ms % 10), 1);
      EXPECT_NE(take(told, now_ms), "");
    }
  };
  ask_all();
  EXPECT_EQ(asked_, 1);
  for (; now_ms < 50 * EventStream::kSharedMs; now_ms += EventStream::kSharedMs) {
    ask_all();
    EXPECT_EQ(asked_, 1);
  }
  // Nobody stays behind.
  for (auto& told : readers) {
    while (!take(told, now_ms).empty()) {
    }
    EXPECT_EQ(told.version, view_.version_of("seoul"));
  }
}

TEST_F(EventStreamTest, WhatManyReadersGetIsInMemoryOnce) {
  EventStream::Told a, b;
  EXPECT_EQ(stream_.take(a, 0), stream_.take(b, 0));
  see(130, 8, 1);
  EXPECT_EQ(stream_.take(a, 20), stream_.take(b, 20));
  EXPECT_EQ(stream_.take(a, 30), nullptr);
}

TEST_F(EventStreamTest, WhatAllHaveTakenIsKeptForAShortTimeOnly) {
  EventStream::Told told;
  const std::weak_ptr<const std::string> text = stream_.take(told, 0);
  EXPECT_EQ(stream_.take(told, EventStream::kSharedMs - 1), nullptr);
  EXPECT_FALSE(text.expired());
  EXPECT_EQ(stream_.take(told, EventStream::kSharedMs), nullptr);
  EXPECT_TRUE(text.expired());
}

// A slow reader has others' steps neither before nor after it.
TEST_F(EventStreamTest, WhoIsBehindGetsAStepOfItsOwn) {
  EventStream::Told slow, quick;
  take(slow, 0);
  take(quick, 0);
  see(130, 8, 1);
  EXPECT_EQ(parse(take(quick, 1)).back().id, "x1-3");
  see(130, 6, 0);
  EXPECT_EQ(parse(take(quick, 2)).back().data.at("stations").size(), 1U);
  const auto events = parse(take(slow, EventStream::kSharedMs + 1));
  EXPECT_EQ(events.back().id, "x1-4");
  EXPECT_EQ(events.back().data.at("stations").size(), 2U);
}

TEST_F(EventStreamTest, TheStateComesWithAChangeOrAfterATimeAndToEachOnce) {
  EventStream::Told told, other;
  take(told, 0);
  take(other, 0);
  see(130, 8, 1);
  EXPECT_EQ(types(parse(take(told, EventStream::kStateEveryMs - 1))), "movements stations");
  EXPECT_EQ(types(parse(take(told, EventStream::kStateEveryMs))), "state");
  EXPECT_EQ(types(parse(take(other, EventStream::kStateEveryMs))), "movements stations state");
  EXPECT_EQ(states_, 2);
  EXPECT_EQ(take(told, EventStream::kStateAtLeastMs), "");
  EXPECT_EQ(types(parse(take(told, EventStream::kStateEveryMs + EventStream::kStateAtLeastMs))),
            "state");
  // A change does not wait because the same was told a moment before.
  see(160, 9, 1);
  EXPECT_EQ(types(parse(take(told, EventStream::kStateEveryMs + EventStream::kStateAtLeastMs + 1))),
            "movements stations state");
}

}  // namespace
}  // namespace bikeflow
