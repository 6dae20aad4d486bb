#include "io/redis_writer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "io/clock.h"
#include "test/loopback.h"

namespace bikeflow {
namespace {

using std::chrono_literals::operator""ms;

constexpr int kPatienceMs = 20'000;
constexpr std::int64_t kMostToEndMs = 3'500;

// What a writer needs of Redis: hashes, transactions, and messages, which are kept.
class PlayedRedis {
 public:
  using Hash = std::map<std::string, std::string>;

  // Another client's: a writer that watches the key must not write over it.
  void put(const std::string& key, const Hash& hash) {
    const std::scoped_lock lock(mutex_);
    hashes_[key] = hash;
    ++writes_[key];
  }
  Hash at(const std::string& key) {
    const std::scoped_lock lock(mutex_);
    return hashes_[key];
  }
  // After the next look at this key and before what follows it, as of put().
  void put_after_look(const std::string& key, const Hash& hash) {
    const std::scoped_lock lock(mutex_);
    after_look_ = {key, hash};
  }
  std::vector<std::string> messages() {
    const std::scoped_lock lock(mutex_);
    return messages_;
  }
  void hang() { hangs_ = true; }
  [[nodiscard]] int port() const { return server_.port(); }

 private:
  using Command = std::vector<std::string>;
  struct Talk {
    std::string got;
    std::map<std::string, int> watched;
    std::optional<std::vector<Command>> queued;
  };

  // "*2\r\n$4\r\nHGET\r\n..."; nothing where it is not whole yet.
  static std::optional<Command> take(std::string& got) {
    std::size_t at = 0;
    const auto number = [&]() -> std::optional<std::size_t> {
      const std::size_t end = got.find("\r\n", at);
      if (end == got.npos) return std::nullopt;
      const std::size_t value = std::stoul(got.substr(at + 1, end - at - 1));
      at = end + 2;
      return value;
    };
    const auto count = number();
    if (!count) return std::nullopt;
    Command command;
    for (std::size_t i = 0; i < *count; ++i) {
      const auto size = number();
      if (!size || got.size() < at + *size + 2) return std::nullopt;
      command.push_back(got.substr(at, *size));
      at += *size + 2;
    }
    got.erase(0, at);
    return command;
  }

  void serve(int socket) {
    Talk talk;
    char buffer[16384];
    for (;;) {
      const ssize_t size = ::recv(socket, buffer, sizeof(buffer), 0);
      if (size <= 0) return;
      talk.got.append(buffer, static_cast<std::size_t>(size));
      while (auto command = take(talk.got)) {
        if (!hangs_) send_all(socket, reply_to(talk, *command));
      }
    }
  }

  std::string reply_to(Talk& talk, const Command& command) {
    const std::scoped_lock lock(mutex_);
    const std::string& name = command.front();
    if (name == "MULTI") {
      talk.queued.emplace();
      return "+OK\r\n";
    }
    if (name == "EXEC") {
      const auto queued = *std::exchange(talk.queued, std::nullopt);
      const auto watched = std::exchange(talk.watched, {});
      for (const auto& [key, writes] : watched) {
        if (writes_[key] != writes) return "*-1\r\n";
      }
      std::string replies = fmt::format("*{}\r\n", queued.size());
      for (const Command& each : queued) replies += do_now(talk, each);
      return replies;
    }
    if (talk.queued) {
      talk.queued->push_back(command);
      return "+QUEUED\r\n";
    }
    return do_now(talk, command);
  }

  std::string do_now(Talk& talk, const Command& command) {
    const std::string& name = command.front();
    if (name == "PING") return "+PONG\r\n";
    if (name == "WATCH") {
      for (std::size_t i = 1; i < command.size(); ++i)
        talk.watched[command[i]] = writes_[command[i]];
      return "+OK\r\n";
    }
    if (name == "HGET") {
      const Hash& hash = hashes_[command[1]];
      const auto found = hash.find(command[2]);
      const std::string reply =
          found == hash.end() ? "$-1\r\n"
                              : fmt::format("${}\r\n{}\r\n", found->second.size(), found->second);
      if (after_look_ && after_look_->first == command[1]) {
        hashes_[command[1]] = after_look_->second;
        ++writes_[command[1]];
        after_look_.reset();
      }
      return reply;
    }
    if (name == "HSET") {
      for (std::size_t i = 2; i + 1 < command.size(); i += 2) {
        hashes_[command[1]][command[i]] = command[i + 1];
      }
      ++writes_[command[1]];
    }
    if (name == "PUBLISH") messages_.push_back(command[2]);
    return ":1\r\n";
  }

  std::mutex mutex_;
  std::map<std::string, Hash> hashes_;
  std::map<std::string, int> writes_;
  std::optional<std::pair<std::string, Hash>> after_look_;
  std::vector<std::string> messages_;
  std::atomic<bool> hangs_ = false;
  LoopbackServer server_{[this](int socket) { serve(socket); }};  // last: its threads use the above
};

class RedisWriterTest : public ::testing::Test {
 protected:
  RedisWriterTest() {
    hub_.introduce("seoul", {.timezone = "Asia/Seoul"});
    names_.intern("A");
    names_.intern("B");
  }
  // Of A and B, as they were seen then.
  void tell(Seconds at, std::int16_t bikes) {
    LiveNews news;
    for (StationIndex i = 0; i < 2; ++i) {
      news.changes.push_back({i, {.observed_at = at, .counts = {bikes, 20}}});
    }
    hub_.tell({0, "seoul"}, names_, news);
  }
  RedisWriterSettings settings(const std::string& host = "127.0.0.1") {
    RedisWriterSettings settings;
    settings.redis.place = RedisPlace{host, redis_.port()};
    return settings;
  }
  static PlayedRedis::Hash seen(Seconds at, const std::string& bikes) {
    return {{"timestamp", Zone::load("Asia/Seoul").value().record_time(at)},
            {"parkingBikeTotCnt", bikes}};
  }
  std::string bikes(const std::string& station) {
    return redis_.at("bike_stations:" + station)["parkingBikeTotCnt"];
  }
  template <class Condition>
  static bool wait_until(const Condition& is_so) {
    const std::int64_t deadline_ms = monotonic_ms() + kPatienceMs;
    while (!is_so() && monotonic_ms() < deadline_ms) std::this_thread::sleep_for(5ms);
    return is_so();
  }

  const Seconds now_ = wall_now();
  const RunVoice silent_{.info = [](const std::string&) {},
                         .warning = [](const std::string&) {},
                         .error = [](const std::string&) {}};
  PlayedRedis redis_;
  LiveHub hub_;
  Names names_;
};

TEST_F(RedisWriterTest, AnOlderStateTakesThePlaceOfNoNewerOne) {
  redis_.put("bike_stations:A", seen(now_ - 10, "7"));
  redis_.put("bike_stations:B", seen(now_ - 50, "8"));
  RedisWriter writer(settings(), hub_, silent_);
  tell(now_ - 30, 3);
  ASSERT_TRUE(wait_until([&] { return bikes("B") == "3"; }));
  EXPECT_EQ(bikes("A"), "7");
  EXPECT_EQ(redis_.messages().size(), 1U);
  // What is newer than that is written again, and so is what was seen at the same time: a conflict
  // may have corrected it.
  tell(now_ - 5, 4);
  ASSERT_TRUE(wait_until([&] { return bikes("A") == "4" && bikes("B") == "4"; }));
  tell(now_ - 5, 2);
  ASSERT_TRUE(wait_until([&] { return bikes("A") == "2" && bikes("B") == "2"; }));
  EXPECT_EQ(writer.counts().failures, 0U);
}

TEST_F(RedisWriterTest, WhatAnotherWritesBetweenTheLookAndTheWriteStays) {
  redis_.put_after_look("bike_stations:A", seen(now_ - 10, "7"));
  tell(now_ - 30, 3);
  const RedisWriter writer(settings(), hub_, silent_);
  ASSERT_TRUE(wait_until([&] { return bikes("B") == "3"; }));
  EXPECT_EQ(bikes("A"), "7");
  EXPECT_EQ(writer.counts().failures, 0U);
}

TEST_F(RedisWriterTest, AResolverThatHangsHoldsUpNeitherWhoTellsNorTheEnd) {
  std::promise<void> go;
  const auto ask = [gone = go.get_future().share()](const std::string&) {
    gone.wait();
    return Result<std::vector<std::string>>(std::vector<std::string>{"127.0.0.1"});
  };
  std::int64_t end_ms = 0;
  {
    RedisWriter writer(settings("redis.example.org"), hub_, silent_, ask);
    const std::int64_t begin_ms = monotonic_ms();
    for (int i = 0; i < 100; ++i) tell(now_ - 110 + i, 6);
    EXPECT_LT(monotonic_ms() - begin_ms, RedisDialer::kLookupMs / 2);
    ASSERT_TRUE(wait_until([&] { return writer.counts().failures > 0; }));
    end_ms = monotonic_ms();
  }
  EXPECT_LT(monotonic_ms() - end_ms, kMostToEndMs);
  RedisWriter writer(settings("redis.example.org"), hub_, silent_, ask);
  ASSERT_TRUE(wait_until([&] { return writer.counts().failures > 0; }));
  go.set_value();
  EXPECT_TRUE(wait_until([&] { return bikes("A") == "6"; }));
}

TEST_F(RedisWriterTest, OneThatHangsHoldsUpTheEndForMomentsOnly) {
  std::int64_t end_ms = 0;
  {
    RedisWriter writer(settings(), hub_, silent_);
    tell(now_ - 30, 3);
    ASSERT_TRUE(wait_until([&] { return bikes("B") == "3"; }));
    redis_.hang();
    tell(now_ - 20, 4);
    std::this_thread::sleep_for(300ms);  // so that it has asked
    end_ms = monotonic_ms();
  }
  EXPECT_LT(monotonic_ms() - end_ms, kMostToEndMs);
}

}  // namespace
}  // namespace bikeflow
