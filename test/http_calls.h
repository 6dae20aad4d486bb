// For tests of the HTTP client: requests that end, one way or the other, and what servers play.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/http_client.h"
#include "test/played_server.h"

namespace bikeflow {

using Clock = std::chrono::steady_clock;

inline constexpr auto kHang = std::chrono::seconds(20);

inline std::int64_t ms_since(Clock::time_point begin) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin).count();
}

inline std::unique_ptr<HttpClient> client(HttpClientSettings settings = {}) {
  ::setenv("no_proxy", "*", 1);
  if (settings.user_agent.empty()) settings.user_agent = "bikeflow-test";
  auto made = HttpClient::create(std::move(settings));
  EXPECT_TRUE(made) << made.error().message;
  return std::move(*made);
}

template <class Value>
HttpClientSettings with(Value HttpClientSettings::* member, std::type_identity_t<Value> value) {
  HttpClientSettings settings;
  settings.*member = std::move(value);
  return settings;
}

inline HttpRequest request(const std::string& url, const std::string& shown_url) {
  HttpRequest request;
  request.url = url;
  request.shown_url = shown_url;
  return request;
}
inline HttpRequest request(const std::string& url) { return request(url, url); }

// All outcomes; those that do not come in kHang are missed.
inline std::map<HttpId, HttpOutcome> finish(HttpClient& client,
                                            std::vector<HttpId>* order = nullptr) {
  std::map<HttpId, HttpOutcome> outcomes;
  const auto begin = Clock::now();
  do {
    client.wait(1000);
    for (HttpDone& done : client.take_done()) {
      if (order != nullptr) order->push_back(done.id);
      EXPECT_TRUE(outcomes.emplace(done.id, std::move(done.outcome)).second);
    }
  } while (client.under_way() > 0 && Clock::now() - begin < kHang);
  EXPECT_EQ(client.under_way(), 0U) << "hangs";
  return outcomes;
}

inline HttpOutcome get(HttpClient& client, HttpRequest request) {
  client.start(1, std::move(request));
  auto outcomes = finish(client);
  if (!outcomes.contains(1))
    return std::unexpected(HttpFailure{HttpFailure::Kind::kOther, "no outcome"});
  return std::move(outcomes.at(1));
}

inline HttpOutcome get(HttpRequest wanted) { return get(*client(), std::move(wanted)); }
inline HttpOutcome get(const std::string& url) { return get(request(url)); }

inline std::string said(const HttpOutcome& outcome) {
  return outcome ? fmt::format("answered {}", outcome->status) : outcome.error().text;
}

inline void expect_failure(const HttpOutcome& outcome, HttpFailure::Kind kind,
                           std::string_view words) {
  ASSERT_FALSE(outcome) << said(outcome);
  EXPECT_EQ(outcome.error().kind, kind) << said(outcome);
  EXPECT_THAT(said(outcome), ::testing::HasSubstr(words));
}

// A server with one answer to everything.
inline PlayedServer::Play always(const std::string& status, const std::string& headers = "",
                                 const std::string& body = "") {
  return [=](const PlayedRequest&, HttpPeer& peer) { peer.answer(status, headers, body); };
}
// Sends these bytes and closes the connection.
inline PlayedServer::Play raw(const std::string& bytes) {
  return [=](const PlayedRequest&, HttpPeer& peer) { peer.send(bytes); };
}
inline void say_nothing(const PlayedRequest&, HttpPeer& peer) {
  while (peer.wait_ms(50)) {
  }
}

}  // namespace bikeflow
