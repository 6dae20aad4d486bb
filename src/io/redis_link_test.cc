#include "io/redis_link.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <thread>

#include "io/clock.h"
#include "test/loopback.h"

namespace bikeflow {
namespace {

using std::chrono_literals::operator""ms;

// What a Redis sends that never ends a reply, or that has a reply now and then, in pieces.
std::int64_t ms_until_given_up(std::string_view piece, std::string& why) {
  LoopbackServer server([&](int socket) {
    std::array<char, 1000> room{};
    (void)::recv(socket, room.data(), room.size(), 0);
    for (int i = 0; i < 40 && send_all(socket, piece); ++i) std::this_thread::sleep_for(100ms);
  });
  RedisDialer dialer;
  auto link = dialer.connect({"127.0.0.1", server.port()});
  EXPECT_TRUE(link) << link.error().message;
  const std::int64_t began_ms = monotonic_ms();
  dialer.end_by(began_ms + 600);
  const auto replies = link->call(std::vector<RedisCommand>(30, {"PING"}));
  EXPECT_FALSE(replies);
  why = replies ? "" : replies.error().message;
  return monotonic_ms() - began_ms;
}

TEST(RedisLink, ALimitIsOfAllThatACallTakes) {
  for (const char* piece : {"+", "+PONG\r\n"}) {
    std::string why;
    EXPECT_LT(ms_until_given_up(piece, why), 1'500) << piece;
    EXPECT_THAT(why, testing::ContainsRegex("no answer within [0-9]{3} ms")) << piece;
  }
}

}  // namespace
}  // namespace bikeflow
