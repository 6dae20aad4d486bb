#include "feed/poll_failure.h"

#include <set>

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
}

TEST(PollFailure, WhatTimeMendsIsNotPermanent) {
  for (const Kind kind :
       {Kind::kTimeout, Kind::kNoHost, Kind::kRefused, Kind::kCut, Kind::kOther}) {
    EXPECT_FALSE(no_answer({kind, ""}, "").is_permanent);
  }
  for (const Kind kind : {Kind::kTls, Kind::kTooLarge, Kind::kTooManyRedirects}) {
    EXPECT_TRUE(no_answer({kind, ""}, "").is_permanent);
  }
  const auto status = [](int code) {
    HttpAnswer answer;
    answer.status = code;
    return wrong_status(answer, "http://host/x");
  };
  for (const int code : {204, 304, 408, 425, 429, 500, 502, 503}) {
    EXPECT_FALSE(status(code).is_permanent) << code;
  }
  for (const int code : {400, 401, 403, 404, 410}) EXPECT_TRUE(status(code).is_permanent) << code;
  EXPECT_EQ(status(503).reason, "http_status");
  EXPECT_EQ(status(503).text, "http://host/x: HTTP status 503; asked again at the next beat");
  EXPECT_THAT(status(403).text, HasSubstr("wants a key"));
}

TEST(PollFailure, RetryAfterIsSecondsOrADate) {
  constexpr Seconds kNow = 784'111'777;  // 1994-11-06T08:49:37Z
  EXPECT_EQ(retry_after_s("", kNow), 0);
  EXPECT_EQ(retry_after_s("120", kNow), 120);
  EXPECT_EQ(retry_after_s("-5", kNow), 0);
  EXPECT_EQ(retry_after_s("99999999", kNow), kDay);
  EXPECT_EQ(retry_after_s("99999999999999999999", kNow), 0);
  EXPECT_EQ(retry_after_s("12 s", kNow), 0);
  EXPECT_EQ(retry_after_s("Sun, 06 Nov 1994 08:49:37 GMT", kNow - 90), 90);
  EXPECT_EQ(retry_after_s("Sun, 06 Nov 1994 08:49:37 GMT", kNow + 90), 0);
  EXPECT_EQ(retry_after_s("Sun, 06 Foo 1994 08:49:37 GMT", kNow - 90), 0);
  EXPECT_EQ(retry_after_s("Sun, 36 Nov 1994 08:49:37 GMT", kNow - 90), 0);
  EXPECT_EQ(retry_after_s("Sun, 06 Nov 1994 08:49:37 KST", kNow - 90), 0);
}

}  // namespace
}  // namespace bikeflow
