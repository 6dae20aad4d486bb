// A GBFS source, and the web as it finds it.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "feed/gbfs_source.h"

namespace bikeflow::gbfs_world {

using Strings = std::vector<std::string>;

inline constexpr Seconds kT = 1'712'351'088;
inline constexpr const char* kRoot = "https://a.b/gbfs.json";
inline constexpr const char* kStatus = "https://a.b/status";
inline constexpr const char* kInformation = "https://a.b/information";
inline constexpr const char* kVersions = "https://a.b/versions";

inline HttpAnswer ok(std::string body) {
  HttpAnswer answer;
  answer.status = 200;
  answer.body = std::move(body);
  return answer;
}
inline HttpAnswer status(int code, std::string retry_after = "") {
  HttpAnswer answer;
  answer.status = code;
  answer.retry_after = std::move(retry_after);
  return answer;
}

inline std::string discovery(const std::map<std::string, std::string>& feeds,
                             const std::string& version = "2.3") {
  std::string list;
  for (const auto& [name, url] : feeds) {
    list += fmt::format(R"({}{{"name":"{}","url":"{}"}})", list.empty() ? "" : ",", name, url);
  }
  return fmt::format(R"({{"version":"{}","data":{{"en":{{"feeds":[{}]}}}}}})", version, list);
}
inline std::string two_feeds() {
  return discovery({{"station_status", kStatus}, {"station_information", kInformation}});
}
inline std::string bikes(int count, const std::string& last_updated, int ttl = 0) {
  return fmt::format(R"({{"last_updated":{},"ttl":{},"data":{{"stations":[{{"station_id":"s",
                          "num_bikes_available":{}}}]}}}})",
                     last_updated, ttl, count);
}
inline std::string bikes_at(int count, Seconds time, int ttl = 0) {
  return bikes(count, std::to_string(time), ttl);
}
inline constexpr const char* kFacts =
    R"({"ttl":10,"data":{"stations":[{"station_id":"s","name":"S","capacity":9}]}})";

// A source, and the web as it finds it. What is not there answers 404.
class World {
 public:
  std::map<std::string, HttpOutcome> web;
  std::vector<HttpRequest> requests;  // of the last poll
  Seconds now = kT;

  explicit World(GbfsSettings settings = {.url = kRoot})
      : source(GbfsSource::open(std::move(settings)).value()) {
    web[kRoot] = ok(two_feeds());
    web[kInformation] = ok(kFacts);
    web[kStatus] = ok(bikes_at(3, kT));
  }

  PollEnd poll() {
    requests.clear();
    FeedStep step = source.begin(now);
    while (auto* const request = std::get_if<HttpRequest>(&step)) {
      requests.push_back(*request);
      EXPECT_LT(requests.size(), 12U) << "a poll without end";
      if (requests.size() >= 12) return {};
      const auto found = web.find(request->url);
      step = source.answered(found == web.end() ? HttpOutcome(status(404)) : found->second, now);
    }
    return std::get<PollEnd>(std::move(step));
  }

  [[nodiscard]] Strings urls() const {
    Strings out;
    for (const HttpRequest& request : requests) out.push_back(request.url);
    return out;
  }

  GbfsSource source;
};

// Of a round: the bikes of its only station. -1: not a round with one.
inline int bikes_of(const PollEnd& end) {
  const auto* const round = std::get_if<Round>(&end.what);
  return round == nullptr || round->stations.size() != 1 ? -1
                                                         : round->stations.front().counts.bikes;
}
inline PollFailure failure_in(const PollEnd& end) {
  const auto* const failure = std::get_if<PollFailure>(&end.what);
  return failure == nullptr ? PollFailure{"none", "", false} : *failure;
}
inline std::string header(const HttpRequest& request, const std::string& name) {
  for (const HttpHeader& one : request.headers) {
    if (one.name == name) return one.value;
  }
  return "";
}

}  // namespace bikeflow::gbfs_world
