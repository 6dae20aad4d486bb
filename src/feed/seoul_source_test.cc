#include "feed/seoul_source.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/property.h"

namespace bikeflow {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::string_view kKey = "5a6b7c8d9e0f";
constexpr Seconds kNow = 1'723'383'000;  // 2024-08-11T22:30:00+09:00

std::string row(std::int64_t number, int bikes = 3) {
  return fmt::format(
      R"({{"rackTotCnt":"10","stationName":"{}. A","parkingBikeTotCnt":"{}","shared":"30",)"
      R"("stationLatitude":"37.5","stationLongitude":"126.9","stationId":"ST-{}"}})",
      number, bikes, number);
}

std::string page_of(const std::vector<std::string>& rows) {
  return fmt::format(
      R"({{"rentBikeStatus":{{"list_total_count":{},"RESULT":{{"CODE":"INFO-000","MESSAGE":"ok"}},"row":[{}]}}}})",
      rows.size(), fmt::join(rows, ","));
}

std::string page(std::int64_t from, std::int64_t to) {
  std::vector<std::string> rows;
  for (std::int64_t i = from; i <= to; ++i) rows.push_back(row(i));
  return page_of(rows);
}

std::string code(std::string_view word) {
  return fmt::format(R"({{"CODE":"{}","MESSAGE":"the host's words"}})", word);
}

HttpOutcome ok(std::string body) {
  HttpAnswer answer;
  answer.status = 200;
  answer.body = std::move(body);
  return answer;
}

HttpOutcome status(int code, std::string retry_after = "") {
  HttpAnswer answer;
  answer.status = code;
  answer.retry_after = std::move(retry_after);
  return answer;
}

SeoulSettings settings(std::int64_t rows_a_page = 3, std::int64_t daily_calls = 0) {
  SeoulSettings settings;
  settings.key = kKey;
  settings.rows_a_page = rows_a_page;
  settings.daily_calls = daily_calls;
  return settings;
}

SeoulSource source(SeoulSettings with = settings()) {
  return {std::move(with), Zone::load("Asia/Seoul").value()};
}

// One poll, answered in turn. Where answers are left over, the poll ended too early; where they do
// not suffice, too late.
PollEnd poll(SeoulSource& source, std::vector<HttpOutcome> answers, Seconds now = kNow) {
  FeedStep step = source.begin(now);
  for (HttpOutcome& answer : answers) {
    if (!std::holds_alternative<HttpRequest>(step)) {
      ADD_FAILURE() << "ended before all answers were needed";
      break;
    }
    step = source.answered(std::move(answer), now);
  }
  if (const auto* request = std::get_if<HttpRequest>(&step)) {
    ADD_FAILURE() << "asks for " << request->shown_url;
    return {};
  }
  return std::get<PollEnd>(std::move(step));
}

PollFailure failure(SeoulSource& source, std::vector<HttpOutcome> answers, Seconds now = kNow) {
  PollEnd end = poll(source, std::move(answers), now);
  const auto* failure = std::get_if<PollFailure>(&end.what);
  EXPECT_NE(failure, nullptr);
  return failure == nullptr ? PollFailure{} : *failure;
}
PollFailure failure(std::vector<HttpOutcome> answers) {
  SeoulSource fresh = source();
  return failure(fresh, std::move(answers));
}

Round round(SeoulSource& source, std::vector<HttpOutcome> answers, Seconds now = kNow) {
  PollEnd end = poll(source, std::move(answers), now);
  auto* round = std::get_if<Round>(&end.what);
  EXPECT_NE(round, nullptr);
  return round == nullptr ? Round{} : std::move(*round);
}

std::vector<HttpOutcome> answers(std::vector<std::string> bodies) {
  std::vector<HttpOutcome> answers;
  for (std::string& body : bodies) answers.push_back(ok(std::move(body)));
  return answers;
}

TEST(SeoulSource, AsksForPagesWithTheKeyInThePathAndShowsNone) {
  SeoulSource feed(SeoulSettings{std::string(kKey)}, Zone::load("Asia/Seoul").value());
  FeedStep step = feed.begin(kNow);
  EXPECT_EQ(std::get<HttpRequest>(step).url,
            "http://openapi.seoul.go.kr:8088/5a6b7c8d9e0f/json/bikeList/1/1000/");
  EXPECT_EQ(std::get<HttpRequest>(step).shown_url,
            "http://openapi.seoul.go.kr:8088/***/json/bikeList/1/1000/");
  step = feed.answered(ok(page(1, 1000)), kNow);
  EXPECT_EQ(std::get<HttpRequest>(step).url,
            "http://openapi.seoul.go.kr:8088/5a6b7c8d9e0f/json/bikeList/1001/2000/");
}

TEST(SeoulSource, TheBaseAndTheKeyMayBeOthers) {
  SeoulSettings with = settings(1000);
  with.key = "a/b?c";
  with.base_url = "https://mirror.example/seoul/";
  SeoulSource feed = source(with);
  const FeedStep step = feed.begin(kNow);
  EXPECT_EQ(std::get<HttpRequest>(step).url,
            "https://mirror.example/seoul/a%2Fb%3Fc/json/bikeList/1/1000/");
  EXPECT_EQ(std::get<HttpRequest>(step).shown_url,
            "https://mirror.example/seoul/***/json/bikeList/1/1000/");
}

TEST(SeoulSource, AShortPageEndsTheList) {
  SeoulSource feed = source();
  const Round found = round(feed, answers({page(1, 3), page(4, 6), page(7, 8)}));
  EXPECT_EQ(found.stations.size(), 8u);
  EXPECT_EQ(found.stations.back().id, "ST-8");
  EXPECT_EQ(found.duplicates, 0);
}

TEST(SeoulSource, AListOfWholePagesEndsWithNoData) {
  SeoulSource feed = source();
  EXPECT_EQ(round(feed, answers({page(1, 3), code("INFO-200")})).stations.size(), 3u);
  EXPECT_EQ(round(feed, answers({page(1, 3), R"({"RESULT":{"CODE":"INFO-200","MESSAGE":""}})"}))
                .stations.size(),
            3u);
  EXPECT_EQ(round(feed, answers({page(1, 3), page(1, 0)})).stations.size(), 3u);
}

TEST(SeoulSource, APageIsShortByItsRowsAndNotByItsStations) {
  SeoulSource feed = source();
  const Round found =
      round(feed, answers({page_of({row(1), "{\"stationId\":\"ST-2\"}", row(3)}), page(4, 4)}));
  EXPECT_EQ(found.stations.size(), 3u);
  ASSERT_EQ(found.refused.size(), 1u);
  EXPECT_EQ(found.refused[0].refusal.reason, Reason::kMissingBikes);
}

TEST(SeoulSource, AMirrorMayGiveAllAtOnce) {
  SeoulSource feed = source();
  EXPECT_EQ(round(feed, answers({page(1, 8)})).stations.size(), 8u);
}

TEST(SeoulSource, RowsThatShiftBetweenPagesCountOnce) {
  SeoulSource feed = source();
  const Round found = round(
      feed, answers({page(1, 3), page_of({row(3, 9), row(4), row(5)}), page_of({row(4, 9)})}));
  EXPECT_EQ(found.duplicates, 2);
  ASSERT_EQ(found.stations.size(), 5u);
  EXPECT_EQ(found.stations[2].counts.bikes, 3);
  EXPECT_EQ(round(feed, answers({page(1, 1)})).duplicates, 0);
}

TEST(SeoulSource, ARoundIsOfTheTimeOfItsLastPageWithRows) {
  SeoulSource feed = source();
  FeedStep step = feed.begin(kNow);
  step = feed.answered(ok(page(1, 3)), kNow + 2);
  step = feed.answered(ok(page(4, 6)), kNow + 5);
  step = feed.answered(ok(code("INFO-200")), kNow + 9);
  EXPECT_EQ(std::get<Round>(std::get<PollEnd>(step).what).observed_at, kNow + 5);
}

TEST(SeoulSource, ARoundWhosePagesAreOfDifferentTimesIsNone) {
  SeoulSource feed = source();
  const auto end_of = [&](Seconds second_page_after, Seconds end_after) {
    (void)feed.begin(kNow);
    FeedStep step = feed.answered(ok(page(1, 3)), kNow + 100);  // however long the first may take
    step = feed.answered(ok(page(4, 6)), kNow + 100 + second_page_after);
    if (!std::holds_alternative<PollEnd>(step)) {
      step = feed.answered(ok(code("INFO-200")), kNow + 100 + end_after);
    }
    return std::get<PollEnd>(step).what;
  };
  constexpr Seconds kLongest = SeoulSource::kLongestRound;
  EXPECT_TRUE(std::holds_alternative<Round>(end_of(kLongest, kLongest + 20)));
  const auto end = end_of(kLongest + 1, 0);
  ASSERT_TRUE(std::holds_alternative<PollFailure>(end));
  EXPECT_EQ(std::get<PollFailure>(end).reason, "timeout");
  EXPECT_FALSE(std::get<PollFailure>(end).is_permanent);
  EXPECT_THAT(
      std::get<PollFailure>(end).text,
      HasSubstr("bikeList/4/6/: this page came 121s after the first, which is more than 2m"));
  EXPECT_TRUE(std::holds_alternative<Round>(end_of(1, 2)));
}

TEST(SeoulSource, AFailedPageCostsTheWholeRoundAndNoneAfterIt) {
  SeoulSource feed = source();
  EXPECT_EQ(failure(feed, {ok(page(1, 3)), status(500)}).reason, "http_status");
  EXPECT_EQ(failure(feed, {ok(page(1, 3)), ok(code("ERROR-500"))}).reason, "server_error");
  EXPECT_EQ(round(feed, answers({page(1, 2)})).stations.size(), 2u);
}

TEST(SeoulSource, APollThatIsBegunAnewForgetsTheOneBefore) {
  SeoulSource feed = source();
  (void)feed.begin(kNow);
  (void)feed.answered(ok(page(1, 3)), kNow);
  EXPECT_EQ(round(feed, answers({page(4, 5)})).stations.size(), 2u);
}

TEST(SeoulSource, AnEmptyListIsNoRound) {
  for (const std::string& body :
       {code("INFO-200"), page(1, 0), std::string(R"({"rentBikeStatus":{"row":[]}})"),
        std::string(R"({"CODE":"INFO-000","MESSAGE":""})")}) {
    const PollFailure found = failure(answers({body}));
    EXPECT_EQ(found.reason, "no_data") << body;
    EXPECT_FALSE(found.is_permanent);
    EXPECT_THAT(found.text, HasSubstr("list is empty"));
  }
}

TEST(SeoulSource, EveryCodeHasItsAction) {
  struct Expected {
    std::string_view code, reason;
    bool is_permanent;
  };
  for (const Expected& each :
       {Expected{"INFO-100", "bad_key", true}, Expected{"INFO-200", "no_data", false},
        Expected{"ERROR-300", "bad_request", true}, Expected{"ERROR-301", "bad_request", true},
        Expected{"ERROR-310", "bad_request", true}, Expected{"ERROR-331", "bad_request", true},
        Expected{"ERROR-332", "bad_request", true}, Expected{"ERROR-333", "bad_request", true},
        Expected{"ERROR-334", "bad_request", true}, Expected{"ERROR-335", "bad_request", true},
        Expected{"ERROR-336", "bad_request", true}, Expected{"ERROR-500", "server_error", false},
        Expected{"ERROR-600", "server_error", false}, Expected{"ERROR-601", "server_error", false},
        Expected{"INFO-999", "server_error", false}}) {
    const PollFailure found = failure(answers({code(each.code)}));
    EXPECT_EQ(found.reason, each.reason) << each.code;
    EXPECT_EQ(found.is_permanent, each.is_permanent) << each.code;
    EXPECT_THAT(found.text, HasSubstr(std::string(each.code) + " the host's words; "));
    EXPECT_THAT(found.text, HasSubstr("http://openapi.seoul.go.kr:8088/***/json/bikeList/1/3/"));
  }
}

TEST(SeoulSource, ABadKeyIsXmlWithStatus200) {
  const PollFailure found = failure(answers(
      {"<RESULT><CODE>INFO-100</CODE><MESSAGE><![CDATA[인증키가 유효하지 않습니다. 인증키가 없는 "
       "경우, 열린 데이터 광장 홈페이지에서 인증키를 신청하십시오.]]></MESSAGE></RESULT>"}));
  EXPECT_EQ(found.reason, "bad_key");
  EXPECT_TRUE(found.is_permanent);
  EXPECT_THAT(found.text, HasSubstr("INFO-100 인증키가 유효하지 않습니다."));
  EXPECT_THAT(found.text, HasSubstr("set the one that data.seoul.go.kr gave you"));
}

TEST(SeoulSource, WhatIsNoDocumentIsNamed) {
  EXPECT_EQ(failure(answers({"<html>maintenance</html>"})).reason, "not_json");
  EXPECT_THAT(failure(answers({"404 Not Found"})).text, HasSubstr("'404 Not Found'"));
  EXPECT_EQ(failure(answers({""})).reason, "not_json");
}

TEST(SeoulSource, OtherStatusesAndNoAnswersAreFailures) {
  SeoulSource feed = source();
  const PollEnd busy = poll(feed, {status(429, "90")});
  EXPECT_EQ(std::get<PollFailure>(busy.what).reason, "too_many_requests");
  EXPECT_FALSE(std::get<PollFailure>(busy.what).is_permanent);
  EXPECT_EQ(busy.wait_s, 90);
  EXPECT_TRUE(failure({status(404)}).is_permanent);
  EXPECT_THAT(failure({status(404)}).text,
              HasSubstr("nothing is there; is the base URL that of the Seoul open API, "
                        "http://openapi.seoul.go.kr:8088?"));
  EXPECT_THAT(failure({status(403)}).text, HasSubstr("is the key the one that data.seoul.go.kr"));
  EXPECT_EQ(failure({std::unexpected(HttpFailure{HttpFailure::Kind::kTimeout, "slow"})}).reason,
            "timeout");
}

TEST(SeoulSource, AListWithoutEndIsGivenUp) {
  SeoulSettings with = settings();
  with.most_pages = 4;
  SeoulSource feed = source(with);
  const PollFailure found =
      failure(feed, answers({page(1, 3), page(1, 3), page(1, 3), page(1, 3)}));
  EXPECT_EQ(found.reason, "too_large");
  EXPECT_TRUE(found.is_permanent);
  EXPECT_THAT(found.text, HasSubstr("not ended after 4 full pages of 3 rows"));
}

TEST(SeoulSource, TheSampleKeyGivesFiveStationsAndSaysSoOnce) {
  SeoulSettings with = settings(1000);
  with.key = "sample";
  SeoulSource feed = source(with);
  FeedStep step = feed.begin(kNow);
  EXPECT_EQ(std::get<HttpRequest>(step).url,
            "http://openapi.seoul.go.kr:8088/sample/json/bikeList/1/5/");
  step = feed.answered(ok(page(1, 5)), kNow);
  EXPECT_EQ(std::get<Round>(std::get<PollEnd>(step).what).stations.size(), 5u);
  EXPECT_THAT(std::get<PollEnd>(step).notices,
              ElementsAre(HasSubstr("sample key: only 5 stations")));
  EXPECT_THAT(poll(feed, answers({page(1, 5)})).notices, IsEmpty());
}

TEST(SeoulSource, TheBudgetIsCountedByCall) {
  SeoulSource feed = source(settings(3, 10));
  EXPECT_EQ(feed.budget(kNow), "10 of 10 calls left today");
  (void)poll(feed, answers({page(1, 3), page(4, 6), page(7, 7)}));
  EXPECT_EQ(feed.budget(kNow), "7 of 10 calls left today");
  (void)poll(feed, {status(500)});
  EXPECT_EQ(feed.budget(kNow), "6 of 10 calls left today");
  EXPECT_EQ(source().budget(kNow), "");
}

TEST(SeoulSource, ABudgetThatHoldsNoWholeRoundWaitsForMidnightInSeoul) {
  SeoulSource feed = source(settings(3, 8));
  for (int i = 0; i < 2; ++i) (void)poll(feed, answers({page(1, 3), page(4, 6), page(7, 7)}));
  const PollEnd end = poll(feed, {});
  const auto& found = std::get<PollFailure>(end.what);
  EXPECT_EQ(found.reason, "budget");
  EXPECT_FALSE(found.is_permanent);
  EXPECT_EQ(end.wait_s, 90 * kMinute);
  EXPECT_EQ(found.text,
            "2 of 8 calls left today, and a round takes 3: polled less often they would last the "
            "day; asked again after midnight in Asia/Seoul, in 90m");
  EXPECT_EQ(feed.budget(kNow), "2 of 8 calls left today");
  EXPECT_EQ(feed.budget(kNow + end.wait_s - 1), "2 of 8 calls left today");
  EXPECT_EQ(feed.budget(kNow + end.wait_s), "8 of 8 calls left today");
  EXPECT_EQ(round(feed, answers({page(1, 2)}), kNow + end.wait_s).stations.size(), 2u);
}

TEST(SeoulSource, ABudgetThatEndsWithinARoundEndsTheRound) {
  SeoulSource feed = source(settings(3, 3));
  (void)poll(feed, answers({page(1, 2)}));
  EXPECT_EQ(failure(feed, answers({page(1, 3), page(4, 6)})).reason, "budget");
  EXPECT_EQ(feed.budget(kNow), "0 of 3 calls left today");
  // And the next day begins with a try, whatever the last one cost.
  EXPECT_EQ(round(feed, answers({page(1, 2)}), kNow + kDay).stations.size(), 2u);
}

TEST(SeoulSource, ABudgetThatIsLessThanARoundIsSaidToBe) {
  SeoulSource feed = source(settings(3, 2));
  const PollFailure found = failure(feed, answers({page(1, 3), page(4, 6)}));
  EXPECT_EQ(found.reason, "budget");
  EXPECT_TRUE(found.is_permanent);
  EXPECT_EQ(found.text,
            "0 of 2 calls left today, and a round takes 3: no day holds one, so set daily_calls "
            "higher; asked again after midnight in Asia/Seoul, in 90m");
}

TEST(SeoulSource, TheBudgetOutlivesTheProcess) {
  SeoulSource feed = source(settings(3, 8));
  (void)poll(feed, answers({page(1, 3), page(4, 6), page(7, 7)}));
  Writer out;
  feed.save(out);
  SeoulSource next = source(settings(3, 8));
  Reader in(out.bytes());
  ASSERT_TRUE(next.load(in));
  EXPECT_TRUE(in.at_end());
  EXPECT_EQ(next.budget(kNow), "5 of 8 calls left today");
  (void)poll(next, answers({page(1, 3), page(4, 6), page(7, 7)}));
  EXPECT_EQ(failure(next, {}).reason, "budget");
  for (std::size_t size = 0; size < out.bytes().size(); ++size) {
    Reader cut(std::string_view(out.bytes()).substr(0, size));
    EXPECT_FALSE(next.load(cut)) << size;
  }
  EXPECT_EQ(next.budget(kNow), "2 of 8 calls left today");
  // What was asked since then was asked, though what came of it could not be stored.
  Reader again(out.bytes());
  ASSERT_TRUE(next.load(again));
  EXPECT_EQ(next.budget(kNow), "2 of 8 calls left today");
}

// Whatever goes wrong, and whoever repeats the key in his words.
TEST(SeoulSource, TheKeyIsInNoText) {
  using Kind = HttpFailure::Kind;
  const std::string key(kKey);
  std::vector<HttpOutcome> outcomes;
  for (const Kind kind : {Kind::kTimeout, Kind::kNoHost, Kind::kRefused, Kind::kTls, Kind::kCut,
                          Kind::kTooLarge, Kind::kTooManyRedirects, Kind::kOther}) {
    outcomes.emplace_back(std::unexpected(HttpFailure{kind, "GET /" + key + "/json failed"}));
  }
  for (const int each : {204, 301, 401, 403, 404, 429, 500}) outcomes.push_back(status(each));
  // Cut within the key where a text is shortened to 40 characters.
  for (std::size_t before = 0; before < 60; ++before) {
    const std::string said = std::string(before, '-') + key + " is no key";
    outcomes.push_back(ok(said));
    outcomes.push_back(ok("<html>" + said));
    outcomes.push_back(ok("<RESULT><CODE>INFO-100</CODE><MESSAGE>" + said + "</MESSAGE></RESULT>"));
    outcomes.push_back(ok(fmt::format(R"({{"CODE":"ERROR-500","MESSAGE":"{}"}})", said)));
    outcomes.push_back(ok(fmt::format(R"({{"CODE":"{}","MESSAGE":""}})", said)));
    outcomes.push_back(ok(fmt::format(R"({{"error":"{}"}})", said)));
    outcomes.push_back(ok(page_of({fmt::format(R"({{"stationId":"","{}":0}})", said),
                                   fmt::format(R"({{"stationId":"\n{}"}})", said)})));
  }
  const auto expect_hidden = [&](const std::string& text) {
    // Nor a part of it.
    EXPECT_THAT(text, Not(HasSubstr(key.substr(0, 4))));
  };
  for (HttpOutcome& outcome : outcomes) {
    SeoulSource feed = source(settings(3, 1));
    for (int i = 0; i < 2; ++i) {  // the second ends with the budget
      FeedStep step = feed.begin(kNow);
      if (const auto* request = std::get_if<HttpRequest>(&step)) {
        expect_hidden(request->shown_url);
        step = feed.answered(outcome, kNow);
      }
      const auto& end = std::get<PollEnd>(step);
      for (const std::string& notice : end.notices) expect_hidden(notice);
      if (const auto* failure = std::get_if<PollFailure>(&end.what)) {
        expect_hidden(failure->text);
      } else {
        for (const RefusedStation& refused : std::get<Round>(end.what).refused) {
          expect_hidden(refused.refusal.detail);
          expect_hidden(refused.record);
        }
      }
      expect_hidden(feed.budget(kNow));
    }
  }
}

// A round has each station once, in the order in which it came first, wherever pages are cut.
TEST(SeoulSource, APropertyOfAllLists) {
  check(200, [] {
    const auto numbers = *rc::gen::container<std::vector<int>>(rc::gen::inRange(1, 30));
    const auto size = static_cast<std::size_t>(*rc::gen::inRange(1, 8));
    RC_PRE(!numbers.empty());
    SeoulSource feed = source(settings(static_cast<std::int64_t>(size)));
    FeedStep step = feed.begin(kNow);
    std::size_t at = 0;
    while (std::holds_alternative<HttpRequest>(step) && at <= numbers.size()) {
      std::vector<std::string> rows;
      for (; rows.size() < size && at < numbers.size(); ++at) rows.push_back(row(numbers[at]));
      step = feed.answered(ok(rows.empty() ? code("INFO-200") : page_of(rows)), kNow);
    }
    const auto& end = std::get<PollEnd>(step);
    const auto* const found = std::get_if<Round>(&end.what);
    if (numbers.size() > 20 * size || (numbers.size() == 20 * size)) {
      RC_ASSERT(found == nullptr);
      return;
    }
    RC_ASSERT(found != nullptr);
    std::vector<std::string> expected;
    for (const int number : numbers) {
      const std::string id = fmt::format("ST-{}", number);
      if (std::ranges::find(expected, id) == expected.end()) expected.push_back(id);
    }
    std::vector<std::string> ids;
    for (const SeenStation& station : found->stations) ids.push_back(station.id);
    RC_ASSERT(ids == expected);
    RC_ASSERT(found->duplicates == std::ssize(numbers) - std::ssize(expected));
  });
}

}  // namespace
}  // namespace bikeflow
