#include "feed/csv_record.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bikeflow {
namespace {

using testing::HasSubstr;

constexpr Seconds kNear = 1'723'383'000;  // 2024-08-11T22:30:00+09:00
constexpr const char* kHeader = "station_id,observed_at,bikes,racks,system,name";

Result<CsvRecordDecoder> open(std::string_view header, const FieldNames& names = {}) {
  return CsvRecordDecoder::open(header, Zone::load("Asia/Seoul").value(), names);
}

std::string open_error(std::string_view header, const FieldNames& names = {}) {
  const auto decoder = open(header, names);
  return decoder ? "" : decoder.error().message;
}

class CsvRecordTest : public testing::Test {
 protected:
  Decoded decode(std::string_view record) { return decoder_.decode(record, kNear); }
  Refusal refusal(std::string_view record) {
    const Decoded decoded = decode(record);
    EXPECT_FALSE(decoded.has_value()) << record;
    return decoded ? Refusal{} : decoded.error();
  }
  std::string reason(std::string_view record) {
    const Decoded decoded = decode(record);
    return decoded ? "accepted" : std::string(reason_word(decoded.error().reason));
  }

  CsvRecordDecoder decoder_ = open(kHeader).value();
};

TEST_F(CsvRecordTest, AllFields) {
  const Decoded decoded = decode("ST-4,2024-08-11T22:30:00+09:00,16,15,seoul,102. 망원역");
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->station_id, "ST-4");
  EXPECT_EQ(decoded->observed_at, kNear);
  EXPECT_EQ(decoded->counts, (Counts{16, 15}));
  EXPECT_EQ(decoded->system, "seoul");
}

TEST_F(CsvRecordTest, QuotedFields) {
  const Decoded decoded = decode(
      "\"ST-\"\"4\"\"\",\"1723383000\",\"16\",\"15\",\"a,b\",\"a \"\"name\"\",\r\nof two lines\"");
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->station_id, "ST-\"4\"");
  EXPECT_EQ(decoded->system, "a,b");
  EXPECT_EQ(decoded->observed_at, kNear);
  EXPECT_EQ(decoded->counts, (Counts{16, 15}));
}

TEST_F(CsvRecordTest, ColumnsInAnyOrderAndOthersIgnored) {
  CsvRecordDecoder decoder = open("x,bikes,,observed_at,bikes,station_id").value();
  const Decoded decoded = decoder.decode("1,2,3,1723383000,x,007", kNear);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->station_id, "007");
  EXPECT_EQ(decoded->counts, (Counts{2, Counts::kNoRacks}));
  EXPECT_EQ(decoded->system, "");
}

TEST_F(CsvRecordTest, NamesOfTheTopicAndMappedNames) {
  EXPECT_TRUE(open("stationId,timestamp,parkingBikeTotCnt").has_value());
  CsvRecordDecoder both = open("timestamp,station_id,observed_at,bikes").value();
  EXPECT_EQ(both.decode("x,a,1723383000,1", kNear)->observed_at, kNear);
  CsvRecordDecoder mapped =
      open("station_id,observed_at,num_bikes", {.bikes = "num_bikes"}).value();
  EXPECT_EQ(mapped.decode("a,1723383000,1", kNear)->counts.bikes, 1);
  EXPECT_EQ(mapped.decode("a,1723383000,x", kNear).error().detail,
            "num_bikes: found x, expected a whole number from 0 to 10000");
}

TEST_F(CsvRecordTest, EmptyFieldsAreAbsent) {
  const Decoded decoded = decode("ST-4,1723383000,16,,,");
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->counts, (Counts{16, Counts::kNoRacks}));
  EXPECT_EQ(decoded->system, "");
  EXPECT_EQ(reason(",1723383000,16,,,"), "missing_station");
  EXPECT_EQ(reason("ST-4,1723383000,,,,"), "missing_bikes");
  EXPECT_EQ(reason("ST-4,,16,,,"), "missing_time");
  // In quotes they are there, and empty.
  EXPECT_EQ(reason("\"\",1723383000,16,,,"), "bad_station");
  EXPECT_EQ(reason("ST-4,1723383000,\"\",,,"), "bad_bikes");
  EXPECT_EQ(reason("ST-4,\"\",16,,,"), "bad_time");
  EXPECT_EQ(decode("ST-4,1723383000,16,\"\",\"\",")->counts.racks, Counts::kNoRacks);
}

TEST_F(CsvRecordTest, Values) {
  for (const char* bikes :
       {"-1", "1.0", "1e3", "10001", " 16", "16 ", "+1", "x", "99999999999999999999"}) {
    EXPECT_EQ(reason("ST-4,1723383000," + std::string(bikes) + ",,,"), "bad_bikes") << bikes;
  }
  for (const char* racks : {"-1", "1.5", "x", "10001"}) {
    EXPECT_EQ(decode("ST-4,1723383000,16," + std::string(racks) + ",,")->counts.racks,
              Counts::kNoRacks);
  }
  for (const char* time : {"0", "-1", "1723383000000000", "1723383000000000000", "yesterday"}) {
    EXPECT_EQ(reason("ST-4," + std::string(time) + ",16,,,"), "bad_time") << time;
  }
  for (const char* time : {"1723383000", "1723383000.5", "1723383000000", "2024-08-11 22:30:00"}) {
    EXPECT_EQ(decode("ST-4," + std::string(time) + ",16,,,")->observed_at, kNear) << time;
  }
  EXPECT_EQ(reason(std::string(129, 'x') + ",1723383000,16,,,"), "bad_station");
  EXPECT_EQ(reason("a\x7F,1723383000,16,,,"), "bad_station");
  EXPECT_EQ(reason("\"a\nb\",1723383000,16,,,"), "bad_station");
}

TEST_F(CsvRecordTest, NumberOfFields) {
  EXPECT_EQ(refusal(""), (Refusal{Reason::kBadCsv, "an empty line", 0}));
  EXPECT_EQ(refusal("ST-4,1723383000,16,15,seoul"),
            (Refusal{Reason::kBadCsv, "5 fields; the header has 6", 27}));
  EXPECT_EQ(refusal("ST-4,1723383000,16,15,seoul,a,b,c"),
            (Refusal{Reason::kBadCsv, "8 fields; the header has 6", 29}));
  EXPECT_EQ(refusal("ST-4,1723383000,16,15,seoul,a,").byte, 29);
}

TEST_F(CsvRecordTest, BrokenQuotes) {
  EXPECT_EQ(refusal("ST-4,\"1723383000,16,15,seoul,a"),
            (Refusal{Reason::kBadCsv,
                     "expected the quote that begins here to be closed, found '\"'", 5}));
  EXPECT_EQ(
      refusal("\"ST\"-4,1723383000,16,15,seoul,a"),
      (Refusal{Reason::kBadCsv,
               "expected a separator or the line's end after a closing quote, found '-'", 4}));
  EXPECT_EQ(reason("ST\"4,1723383000,16,15,seoul,a"), "accepted");
}

TEST_F(CsvRecordTest, BytesThatAreNoText) {
  EXPECT_EQ(refusal("ST-4,1723383000,16,15,seoul,\xB8\xED").reason, Reason::kNotUtf8);
  EXPECT_EQ(refusal("ST-4,1723383000,16,15,seoul,\xB8\xED").byte, 28);
  std::string nul = "ST-4,1723383000,16,15,seoul,abc";
  for (std::size_t at = 0; at <= nul.size(); ++at) {
    std::string broken = nul;
    broken.insert(at, 1, '\0');
    const Refusal bad = refusal(broken);
    EXPECT_EQ(bad.reason, Reason::kBadCsv);
    EXPECT_EQ(bad.byte, static_cast<std::int64_t>(at));
  }
  EXPECT_EQ(reason(std::string(kMaxRecordBytes + 1, 'x')), "too_large");
}

TEST(CsvHeader, Separators) {
  EXPECT_EQ(open("station_id,observed_at,bikes")->separator(), ',');
  EXPECT_EQ(open("station_id;observed_at;bikes")->separator(), ';');
  EXPECT_EQ(open("station_id\tobserved_at\tbikes")->separator(), '\t');
  EXPECT_EQ(open("station_id|observed_at|bikes")->separator(), '|');
  EXPECT_EQ(open("\"station_id\";\"observed_at\";\"bikes\"")->separator(), ';');
  CsvRecordDecoder decoder = open("station_id;observed_at;bikes").value();
  EXPECT_EQ(decoder.decode("a,b;1723383000;3", kNear)->station_id, "a,b");
}

TEST(CsvHeader, ThereIsNone) {
  EXPECT_EQ(
      open_error("ST-4,1723383000,16,15"),
      "no header: expected station_id, observed_at, bikes, separated by ',' ';' '|' or a tab, "
      "found ST-4,1723383000,16,15; where they have other names there: --map FIELD=NAME");
  EXPECT_EQ(open_error(""),
            "no header: expected station_id, observed_at, bikes, found an empty line");
  EXPECT_THAT(open_error("station_id:observed_at:bikes"), HasSubstr("no header"));
  EXPECT_THAT(open_error("\"station_id,observed_at,bikes"), HasSubstr("no header"));
  EXPECT_THAT(open_error("a,b", {.bikes = "n"}), HasSubstr("expected station_id, observed_at, n,"));
}

TEST(CsvHeader, LacksAColumn) {
  EXPECT_EQ(open_error("station_id,observed_at,bike"),
            "no column bikes (or parkingBikeTotCnt) among station_id, observed_at, bike; "
            "did you mean --map bikes=bike?");
  EXPECT_THAT(open_error("Station_ID,observed_at,bikes"), HasSubstr("no column station_id"));
  EXPECT_THAT(open_error("station_id, observed_at, bikes"),
              HasSubstr("--map observed_at= observed_at?"));
  EXPECT_THAT(open_error("station_id;observed_at"), HasSubstr("--map bikes=COLUMN names another"));
  EXPECT_THAT(open_error("station_id,observed_at", {.bikes = "num"}),
              HasSubstr("no column num among"));
  EXPECT_THAT(open_error("station_id,observed_at", {.bikes = "num"}),
              HasSubstr("--map bikes=COLUMN"));
}

}  // namespace
}  // namespace bikeflow
