#include "feed/seoul_document.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/recordings.h"

namespace bikeflow {
namespace {

using testing::HasSubstr;

constexpr std::string_view kOk = R"("RESULT":{"CODE":"INFO-000","MESSAGE":"정상 처리되었습니다."})";

std::string page_of(std::string_view rows) {
  return fmt::format(R"({{"rentBikeStatus":{{"list_total_count":3,{},"row":[{}]}}}})", kOk, rows);
}

SeoulPage read(std::string bytes) {
  SeoulDocument document;
  auto page = document.read(bytes);
  EXPECT_TRUE(page) << page.error() << " in " << bytes;
  return page ? *std::move(page) : SeoulPage{};
}

// The one station of a row, with `member` in the place of what it says of that field.
SeenStation station(std::string_view member) {
  const SeoulPage page =
      read(page_of(fmt::format(R"({{{},"stationId":"ST-4","parkingBikeTotCnt":"16"}})", member)));
  EXPECT_EQ(page.stations.size(), 1u) << member;
  return page.stations.empty() ? SeenStation{} : page.stations.front();
}

RefusedStation refused(std::string_view row) {
  const SeoulPage page = read(page_of(row));
  EXPECT_EQ(page.refused.size(), 1u) << row;
  EXPECT_EQ(page.rows(), 1) << row;
  return page.refused.empty() ? RefusedStation{} : page.refused.front();
}

std::string error(std::string bytes) {
  SeoulDocument document;
  const auto page = document.read(bytes);
  EXPECT_FALSE(page) << bytes;
  return page ? "" : page.error();
}

TEST(SeoulDocument, APageOfTheRealFeed) {
  const SeoulPage page = read(
      R"({"rentBikeStatus":{"list_total_count":3,"RESULT":{"CODE":"INFO-000","MESSAGE":"정상 처리되었습니다."},"row":[
{"rackTotCnt":"15","stationName":"102. 망원역 1번출구 앞","parkingBikeTotCnt":"16","shared":"107","stationLatitude":"37.55564880","stationLongitude":"126.91062927","stationId":"ST-4"},
{"rackTotCnt":"14","stationName":"103. 망원역 2번출구 앞","parkingBikeTotCnt":"13","shared":"93","stationLatitude":"37.55495071","stationLongitude":"126.91083527","stationId":"ST-5"},
{"rackTotCnt":"13","stationName":"104. 합정역 1번출구 앞","parkingBikeTotCnt":"0","shared":"0","stationLatitude":"37.55073929","stationLongitude":"126.91508484","stationId":"ST-6"}]}})");
  EXPECT_EQ(page.code, "INFO-000");
  EXPECT_EQ(page.message, "정상 처리되었습니다.");
  EXPECT_EQ(page.rows(), 3);
  ASSERT_EQ(page.stations.size(), 3u);
  // More bikes than racks are usual.
  EXPECT_EQ(page.stations[0], (SeenStation{"ST-4",
                                           "102. 망원역 1번출구 앞",
                                           Place{37.55564880, 126.91062927},
                                           {16, 15},
                                           true,
                                           true}));
  EXPECT_EQ(page.stations[2].counts, (Counts{0, 13}));
}

class SeoulDocumentOnRecordings : public OnRecordings {};

TEST_F(SeoulDocumentOnRecordings, AllOfThem) {
  const auto document = [](const std::string& name) {
    return bikeflow::read(OnRecordings::read("feeds/seoul-" + name));
  };
  EXPECT_EQ(document("bikelist-page.json").stations.size(), 3u);
  EXPECT_EQ(document("bikelist-past-the-end.json").code, "INFO-200");
  EXPECT_EQ(document("bikelist-past-the-end-nested.json").code, "INFO-200");
  EXPECT_EQ(document("bikelist-bad-key.xml").code, "INFO-100");
}

TEST(SeoulDocument, ACodeIsFoundWhereverTheHostPutsIt) {
  for (
      const std::string_view bytes :
      {R"({"CODE":"INFO-200","MESSAGE":"해당하는 데이터가 없습니다."})",
       R"({"RESULT":{"CODE":"INFO-200","MESSAGE":"해당하는 데이터가 없습니다."}})",
       R"({"rentBikeStatus":{"CODE":"INFO-200","MESSAGE":"해당하는 데이터가 없습니다."}})",
       R"({"rentBikeStatus":{"RESULT":{"CODE":"INFO-200","MESSAGE":"해당하는 데이터가 없습니다."}}})",
       R"({"RESULT.CODE":"INFO-200","RESULT.MESSAGE":"해당하는 데이터가 없습니다."})",
       R"({"rentBikeStatus":{"RESULT.CODE":"INFO-200","RESULT.MESSAGE":"해당하는 데이터가 없습니다."}})",
       "<RESULT><CODE>INFO-200</CODE><MESSAGE>해당하는 데이터가 없습니다.</MESSAGE></RESULT>",
       "\n <?xml version=\"1.0\"?>\n<RESULT>\n<CODE> INFO-200 </CODE>\n<MESSAGE>"
       "<![CDATA[해당하는 데이터가 없습니다.]]></MESSAGE></RESULT>",
       "\xEF\xBB\xBF{\"CODE\":\"INFO-200\",\"MESSAGE\":\"해당하는 데이터가 없습니다.\"}\r\n"}) {
    const SeoulPage page = read(std::string(bytes));
    EXPECT_EQ(page.code, "INFO-200") << bytes;
    EXPECT_EQ(page.message, "해당하는 데이터가 없습니다.") << bytes;
    EXPECT_EQ(page.rows(), 0) << bytes;
  }
}

TEST(SeoulDocument, RowsNeedNoCode) {
  const SeoulPage page = read(R"({"rentBikeStatus":{"row":[]}})");
  EXPECT_EQ(page.code, "");
  EXPECT_EQ(page.rows(), 0);
}

TEST(SeoulDocument, NumbersAreTakenAsStringsAre) {
  const SeoulPage page = read(page_of(
      R"({"stationId":4,"parkingBikeTotCnt":16,"rackTotCnt":15,"stationLatitude":37.5,"stationLongitude":126.9})"));
  ASSERT_EQ(page.stations.size(), 1u);
  EXPECT_EQ(page.stations[0], (SeenStation{"4", "", Place{37.5, 126.9}, {16, 15}, true, true}));
}

TEST(SeoulDocument, NamesAreAsTheFeedHasThem) {
  EXPECT_EQ(station(R"("stationName":"3886.광진구 민방위교육센터")").name,
            "3886.광진구 민방위교육센터");
  EXPECT_EQ(station(R"("stationName":"서울숲")").name, "서울숲");
  EXPECT_EQ(station(R"("stationName":"a\/b \uc11c")").name, "a/b 서");
  EXPECT_EQ(station(R"("stationName":null)").name, "");
  EXPECT_EQ(station(R"("stationName":"")").name, "");
  EXPECT_EQ(station(R"("stationName":"\ud800")").name, "");
  EXPECT_EQ(station(R"("shared":"320")").name, "");
}

TEST(SeoulDocument, WithoutBothCoordinatesThereIsNoPlace) {
  const auto place = [](std::string_view latitude, std::string_view longitude) {
    return station(
               fmt::format(R"("stationLatitude":{},"stationLongitude":{})", latitude, longitude))
        .place;
  };
  EXPECT_EQ(place(R"("37.5")", R"("126.9")"), (Place{37.5, 126.9}));
  for (const std::string_view none :
       {R"("0")", R"("")", "null", R"("0.0")", "0", R"("x")", R"("nan")", R"("181")", "[1]"}) {
    EXPECT_FALSE(place(none, R"("126.9")")) << none;
    EXPECT_FALSE(place(R"("37.5")", none)) << none;
  }
  EXPECT_FALSE(place(R"("90.1")", R"("126.9")"));
  EXPECT_FALSE(station(R"("stationLatitude":"37.5")").place);
}

TEST(SeoulDocument, RacksMayBeNothingOrZero) {
  EXPECT_EQ(station(R"("rackTotCnt":"0")").counts, (Counts{16, 0}));
  for (const std::string_view racks : {"null", R"("")", R"("-1")", R"("10001")", "[]", "1.5"}) {
    EXPECT_EQ(station(fmt::format(R"("rackTotCnt":{})", racks)).counts.racks, Counts::kNoRacks);
  }
  EXPECT_EQ(station(R"("shared":"107")").counts.racks, Counts::kNoRacks);
}

TEST(SeoulDocument, WhatIsNoStationIsRefusedAsARecordWouldBe) {
  const auto expect = [](std::string_view row, Reason reason, std::string_view detail) {
    const RefusedStation found = refused(row);
    EXPECT_EQ(found.refusal.reason, reason) << row;
    EXPECT_EQ(found.refusal.detail, detail);
    EXPECT_EQ(found.record, row);
  };
  expect(R"({"parkingBikeTotCnt":"1"})", Reason::kMissingStation, "no stationId");
  expect(R"({"parkingBikeTotCnt":"1","stationId":null})", Reason::kMissingStation, "no stationId");
  expect(R"({"parkingBikeTotCnt":"1","stationId":""})", Reason::kBadStation,
         R"(stationId: found "", expected 1 to 128 bytes without control characters)");
  expect(R"({"parkingBikeTotCnt":"1","stationId":1.5})", Reason::kBadStation,
         "stationId: found 1.5, expected 1 to 128 bytes without control characters");
  expect(R"({"parkingBikeTotCnt":"1","stationId":"a\n"})", Reason::kBadStation,
         R"(stationId: found "a\n", expected 1 to 128 bytes without control characters)");
  expect(R"({"stationId":"ST-4"})", Reason::kMissingBikes, "no parkingBikeTotCnt");
  expect(R"({"stationId":"ST-4","parkingBikeTotCnt":null})", Reason::kMissingBikes,
         "no parkingBikeTotCnt");
  expect(R"({"stationId":"ST-4","parkingBikeTotCnt":"-1"})", Reason::kBadBikes,
         R"(parkingBikeTotCnt: found "-1", expected a whole number from 0 to 10000)");
  expect(R"({"stationId":"ST-4","parkingBikeTotCnt":""})", Reason::kBadBikes,
         R"(parkingBikeTotCnt: found "", expected a whole number from 0 to 10000)");
  expect(R"({"stationId":"ST-4","parkingBikeTotCnt":{"a":"}"}})", Reason::kBadBikes,
         R"(parkingBikeTotCnt: found {, expected a whole number from 0 to 10000)");
  expect("7", Reason::kNotJson, "expected an object, found '7'");
  expect("null", Reason::kNotJson, "expected an object, found 'n'");
}

TEST(SeoulDocument, OneBadRowCostsNoOther) {
  const SeoulPage page = read(page_of(
      R"({"stationId":"ST-4","parkingBikeTotCnt":"1"} , {"parkingBikeTotCnt":"x" } , [{"a":[]}],
         {"stationId":"ST-5","parkingBikeTotCnt":"2"})"));
  EXPECT_EQ(page.rows(), 4);
  ASSERT_EQ(page.stations.size(), 2u);
  EXPECT_EQ(page.stations[1].id, "ST-5");
  ASSERT_EQ(page.refused.size(), 2u);
  EXPECT_EQ(page.refused[0].record, R"({"parkingBikeTotCnt":"x" })");
}

TEST(SeoulDocument, ARefusedRowIsKeptInPart) {
  const std::string row = R"({"stationName":")" + std::string(9000, 'x') + R"("})";
  EXPECT_EQ(refused(row).record, row.substr(0, kDeadLetterRecordBytes));
}

TEST(SeoulDocument, TheFirstOfEqualKeysCounts) {
  EXPECT_EQ(station(R"("parkingBikeTotCnt":"3")").counts.bikes, 3);
}

TEST(SeoulDocument, SaysWhatElseTheBytesAre) {
  EXPECT_EQ(error(""), "an empty answer");
  EXPECT_EQ(error(" \n"), "an empty answer");
  EXPECT_EQ(error("<html>404</html>"),
            "HTML, or XML without a code: it begins with '<html>404</html>'");
  EXPECT_THAT(error("404 Not Found"), HasSubstr("no JSON object"));
  EXPECT_THAT(error("404 Not Found"), HasSubstr("'404 Not Found'"));
  EXPECT_THAT(error("[1]"), HasSubstr("no JSON object"));
  EXPECT_THAT(error("{}"), HasSubstr("neither a code nor rentBikeStatus.row"));
  EXPECT_THAT(error(R"({"rentBikeStatus":{"row":null}})"), HasSubstr("neither a code nor"));
  EXPECT_THAT(error(R"({"data":{"stations":[]}})"), HasSubstr("neither a code nor"));
  EXPECT_THAT(error("{\"CODE\":\"\xFF\"}"), HasSubstr("UTF-8"));
  EXPECT_THAT(error(R"({"CODE":"INFO-200"} {"CODE":"INFO-200"})"), HasSubstr("no JSON object"));
}

// The live feed's rows are read by another way than all others: both say the same.
TEST(SeoulDocument, TheUsualFormOfARowIsOnlyFaster) {
  const std::vector<std::string> rows = {
      R"({"rackTotCnt":"15","stationName":"102. 망원역","parkingBikeTotCnt":"16","shared":"107","stationLatitude":"37.55564880","stationLongitude":"126.91062927","stationId":"ST-4"})",
      R"({"rackTotCnt":"0","stationName":"","parkingBikeTotCnt":"0","shared":"0","stationLatitude":"37.5556488","stationLongitude":"-126.123456789012","stationId":"ST-5"})",
      R"({"rackTotCnt":"","stationName":"x","parkingBikeTotCnt":"x","shared":"","stationLatitude":"","stationLongitude":"0","stationId":"ST-6"})",
      R"({"rackTotCnt":"1","stationName":"x","parkingBikeTotCnt":"1","shared":"","stationLatitude":"3x.55564880","stationLongitude":"37.5556488x","stationId":""})",
  };
  const SeoulPage usual = read(page_of(fmt::format("{}", fmt::join(rows, ",\n"))));
  EXPECT_EQ(usual.code, "INFO-000");
  ASSERT_EQ(usual.stations.size(), 2u);
  EXPECT_EQ(usual.stations[0].place, (Place{37.55564880, 126.91062927}));
  EXPECT_EQ(usual.stations[1].place, (Place{37.5556488, -126.123456789012}));
  ASSERT_EQ(usual.refused.size(), 2u);
  EXPECT_EQ(usual.refused[0].record, rows[2]);
  // One row with a blank, wherever it is, and all are read the other way.
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::vector<std::string> others = rows;
    others[i].insert(1, " ");
    const SeoulPage other = read(page_of(fmt::format("{}", fmt::join(others, ","))));
    EXPECT_EQ(other.code, usual.code);
    EXPECT_EQ(other.stations, usual.stations);
    ASSERT_EQ(other.refused.size(), 2u);
    for (std::size_t r = 0; r < 2; ++r) {
      EXPECT_EQ(other.refused[r].refusal, usual.refused[r].refusal);
    }
  }
}

TEST(SeoulDocument, RowsCountOnlyWhereTheyShouldBe) {
  const std::string row =
      R"({"rackTotCnt":"1","stationName":"x","parkingBikeTotCnt":"1","shared":"","stationLatitude":"","stationLongitude":"","stationId":"ST-1"})";
  EXPECT_THAT(error(R"({"row":[)" + row + "]}"), HasSubstr("neither a code nor"));
  EXPECT_EQ(read(R"({"CODE":"INFO-000","row":[)" + row + "]}").rows(), 0);
  EXPECT_EQ(read(R"({"x":{"row":[)" + row + R"(]},"rentBikeStatus":{"row":[]}})").rows(), 0);
  EXPECT_EQ(read(R"({"rentBikeStatus":{"a\"row":[)" + row + R"(],"row":[]}})").rows(), 0);
  EXPECT_EQ(read(R"({"rentBikeStatus":{"row":[)" + row + R"(],"row":[)" + row + "]}}").rows(), 2);
  EXPECT_EQ(read(R"({"rentBikeStatus":{"x":["\"row\":["],"row":[)" + row + "]}}").rows(), 1);
  EXPECT_THAT(error(R"({"rentBikeStatus":{"row":[)" + row + ",]}}"), HasSubstr("no JSON"));
  EXPECT_THAT(error(R"({"rentBikeStatus":{"row":[)" + row + "}}"), HasSubstr("no JSON"));
  EXPECT_THAT(error(R"({"rentBikeStatus":{"row":[)" + row + "],}}"), HasSubstr("no JSON"));
  std::string bad = row;
  bad.replace(bad.find('x'), 1, "\xFF");
  EXPECT_THAT(error(R"({"rentBikeStatus":{"row":[)" + bad + "]}}"), HasSubstr("UTF-8"));
}

TEST(SeoulDocument, ACutDocumentIsNone) {
  std::string whole = page_of(
      R"({"rackTotCnt":"1","stationName":"x","parkingBikeTotCnt":"1","shared":"","stationLatitude":"","stationLongitude":"","stationId":"ST-1"},)"
      R"({"stationId":"ST-4","parkingBikeTotCnt":"1"},{"stationId":"ST-5","parkingBikeTotCnt":"2"})");
  SeoulDocument document;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    std::string part = whole.substr(0, size);
    EXPECT_FALSE(document.read(part)) << size;
  }
  EXPECT_TRUE(document.read(whole));
}

}  // namespace
}  // namespace bikeflow
