#include "feed/poll_failure.h"

#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bikeflow {
namespace {

using testing::HasSubstr;
using Kind = HttpFailure::Kind;

TEST(PollFailure, EveryKindOfNoAnswerHasItsWord) {
  const std::vector<std::pair<Kind, std::string_view>> words = {
      {Kind::kTimeout, "timeout"}, {Kind::kNoHost, "no_host"},
      {Kind::kRefused, "refused"}, {Kind::kTls, "tls"},
      {Kind::kCut, "cut"},         {Kind::kTooLarge, "too_large"},
      {Kind::kOther, "no_answer"}, {Kind::kTooManyRedirects, "redirects"},
  };
  std::set<std::string> met;
  for (const auto& [kind, word] : words) {
    const PollFailure failure = no_answer({kind, "so it was"}, "http://host/x");
    EXPECT_EQ(failure.reason, word);
    EXPECT_THAT(failure.text, HasSubstr("http://host/x: so it was; "));
    met.insert(failure.reason);
  }
  EXPECT_EQ(met.size(), words.size());
  EXPECT_THAT(no_answer({Kind::kOther, ""}, "u").text, HasSubstr("u: no answer; "));
  EXPECT_EQ(no_answer({Kind::kCut, "http://u: it was cut; try again"}, "http://u").text,
            "http://u: it was cut; try again");
}

TEST(PollFailure, WhatTimeMendsIsNotPermanent) {
  for (const Kind kind :
       {Kind::kTimeout, Kind::kNoHost, Kind::kRefused, Kind::kCut, Kind::kOther}) {
    EXPECT_FALSE(no_answer({kind, ""}, "").is_permanent);
  }
  for (const Kind kind : {Kind::kTls, Kind::kTooLarge, Kind::kTooManyRedirects}) {
    EXPECT_TRUE(no_answer({kind, ""}, "").is_permanent);
  }
}

constexpr Seconds kNow = 784'111'777;  // 1994-11-06T08:49:37Z

TEST(RetryAfter, Seconds) {
  EXPECT_EQ(retry_after_s("120", kNow), 120);
  EXPECT_EQ(retry_after_s(" 0 ", kNow), 0);
  for (const char* text : {"", "-1", "1.5", "soon", "99999999999999999999"}) {
    EXPECT_EQ(retry_after_s(text, kNow), std::nullopt) << text;
  }
}

TEST(RetryAfter, Dates) {
  for (const char* text : {"Sun, 06 Nov 1994 08:50:37 GMT", "Sunday, 06-Nov-94 08:50:37 GMT",
                           "Sun Nov  6 08:50:37 1994"}) {
    EXPECT_EQ(retry_after_s(text, kNow), 60) << text;
  }
  EXPECT_EQ(retry_after_s("Sun, 06 Nov 1994 08:49:00 GMT", kNow), 0);
  for (const char* text : {"Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994", "Nov 1994 08:49:37",
                           "Sun, 06 Nov 1994 25:49:37 GMT", "06 1994 08:49:37"}) {
    EXPECT_EQ(retry_after_s(text, kNow), std::nullopt) << text;
  }
}

TEST(PollFailure, Statuses) {
  struct Case {
    int status;
    const char* reason;
    bool is_permanent;
  };
  for (const Case& one :
       {Case{400, "http_status", true}, Case{401, "bad_key", true}, Case{403, "bad_key", true},
        Case{404, "gone", true}, Case{408, "http_status", false}, Case{410, "gone", true},
        Case{429, "too_many_requests", false}, Case{500, "http_status", false},
        Case{503, "http_status", false}, Case{204, "http_status", false},
        Case{302, "http_status", false}}) {
    const PollFailure failure = wrong_status(one.status, "https://a", {"a key?", "moved?"});
    EXPECT_EQ(failure.reason, one.reason) << one.status;
    EXPECT_EQ(failure.is_permanent, one.is_permanent) << one.status;
    EXPECT_TRUE(failure.text.starts_with("https://a: HTTP " + std::to_string(one.status) + ": "));
  }
  EXPECT_EQ(wrong_status(401, "x", {"a key?", "moved?"}).text, "x: HTTP 401: a key?");
  EXPECT_EQ(wrong_status(404, "x", {"a key?", "moved?"}).text,
            "x: HTTP 404: nothing is there; moved?");
}

}  // namespace
}  // namespace bikeflow
