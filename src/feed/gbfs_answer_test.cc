#include "feed/gbfs_answer.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace bikeflow {
namespace {

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

TEST(FailureOf, EachKindHasItsWord) {
  std::set<std::string> reasons;
  for (int kind = 0; kind <= static_cast<int>(HttpFailure::Kind::kOther); ++kind) {
    const PollFailure failure =
        failure_of({static_cast<HttpFailure::Kind>(kind), "words"}, "https://a");
    EXPECT_EQ(failure.text, "https://a: no answer: words");
    EXPECT_TRUE(reasons.insert(failure.reason).second) << failure.reason;
  }
  EXPECT_EQ(reasons.size(), 8U);
  EXPECT_EQ(failure_of({HttpFailure::Kind::kTimeout, ""}, "").reason, "timeout");
  EXPECT_FALSE(failure_of({HttpFailure::Kind::kTls, ""}, "").is_permanent);
  EXPECT_TRUE(failure_of({HttpFailure::Kind::kTooLarge, ""}, "").is_permanent);
}

TEST(FailureOf, Statuses) {
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
    const PollFailure failure = failure_of_status(one.status, "https://a", true);
    EXPECT_EQ(failure.reason, one.reason) << one.status;
    EXPECT_EQ(failure.is_permanent, one.is_permanent) << one.status;
    EXPECT_TRUE(failure.text.starts_with("https://a: HTTP " + std::to_string(one.status) + ": "));
  }
  EXPECT_NE(failure_of_status(401, "", true).text, failure_of_status(401, "", false).text);
}

}  // namespace
}  // namespace bikeflow
