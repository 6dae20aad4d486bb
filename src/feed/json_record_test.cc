#include "feed/json_record.h"

#include <initializer_list>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bikeflow {
namespace {

using testing::HasSubstr;

constexpr Seconds kNear = 1'723'383'000;  // 2024-08-11T22:30:00+09:00

class JsonRecordTest : public testing::Test {
 protected:
  // Decoded three times: anew, and twice by one decoder, which has the record's shape the second
  // time.
  Decoded decode(std::string_view record, Seconds near = kNear) {
    JsonRecordDecoder anew(zone_, names_);
    const Decoded first = anew.decode(record, near);
    (void)decoder_->decode(record, near);
    Decoded again = decoder_->decode(record, near);
    EXPECT_EQ(first.has_value(), again.has_value()) << record;
    if (!first) {
      EXPECT_EQ(first.error(), again.error());
    } else if (again) {
      EXPECT_EQ(first->observed_at, again->observed_at);
      EXPECT_EQ(first->counts, again->counts);
    }
    return again;
  }
  Refusal refusal(std::string_view record) {
    const Decoded decoded = decode(record);
    EXPECT_FALSE(decoded.has_value()) << record;
    return decoded ? Refusal{} : decoded.error();
  }
  std::string reason(std::string_view record) {
    const Decoded decoded = decode(record);
    return decoded ? "accepted" : std::string(reason_word(decoded.error().reason));
  }
  void use(const std::string& zone, FieldNames names = {}) {
    zone_ = Zone::load(zone).value();
    names_ = std::move(names);
    decoder_.emplace(zone_, names_);
  }
  void SetUp() override { use("Asia/Seoul"); }

  Zone zone_ = Zone::load("UTC").value();
  FieldNames names_;
  std::optional<JsonRecordDecoder> decoder_;
};

std::string with_station(const std::string& value) {
  return R"({"station_id":)" + value + R"(,"observed_at":1723383000,"bikes":3})";
}
std::string with_bikes(const std::string& value) {
  return R"({"station_id":"ST-4","observed_at":1723383000,"bikes":)" + value + "}";
}
std::string with_racks(const std::string& value) {
  return R"({"station_id":"ST-4","observed_at":1723383000,"bikes":3,"racks":)" + value + "}";
}
std::string with_time(const std::string& value) {
  return R"({"station_id":"ST-4","bikes":3,"observed_at":)" + value + "}";
}
std::string nested(int levels) {
  return R"({"station_id":"ST-4","observed_at":1723383000,"bikes":3,"x":)" +
         std::string(static_cast<std::size_t>(levels - 1), '[') +
         std::string(static_cast<std::size_t>(levels - 1), ']') + "}";
}

TEST_F(JsonRecordTest, TopicForm) {
  const Decoded decoded = decode(
      R"({"rackTotCnt":"15","stationName":"102. 망원역 1번출구 앞","parkingBikeTotCnt":"16",)"
      R"("shared":"107","stationLatitude":"37.55564880","stationLongitude":"126.91062927",)"
      R"("stationId":"ST-4","timestamp":"2024-08-11 22:30:00"})");
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->system, "");
  EXPECT_EQ(decoded->station_id, "ST-4");
  EXPECT_EQ(decoded->observed_at, kNear);
  EXPECT_EQ(decoded->counts, (Counts{16, 15}));
}

TEST_F(JsonRecordTest, FileForm) {
  const Decoded decoded = decode(
      R"({"system":"bayarea","station_id":"70","observed_at":1723383000,"bikes":16,"racks":15,)"
      R"("name":"Caltrain","lat":37.77,"lon":-122.39})"
      "\r");
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->system, "bayarea");
  EXPECT_EQ(decoded->station_id, "70");
  EXPECT_EQ(decoded->observed_at, kNear);
  EXPECT_EQ(decoded->counts, (Counts{16, 15}));
}

TEST_F(JsonRecordTest, BothFormsInOneRecord) {
  const Decoded decoded =
      decode(R"({"timestamp":"ignored","stationId":"b","parkingBikeTotCnt":"x","station_id":"a",)"
             R"("observed_at":1723383000,"bikes":1,"rackTotCnt":"9"})");
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->station_id, "a");
  EXPECT_EQ(decoded->counts, (Counts{1, 9}));
  EXPECT_EQ(reason(R"({"stationId":"b","station_id":null})"), "missing_station");
}

TEST_F(JsonRecordTest, MappedNames) {
  use("Asia/Seoul", {.bikes = "num_bikes", .racks = "bikes"});
  const Decoded decoded =
      decode(R"({"station_id":"a","observed_at":1723383000,"num_bikes":1,"bikes":9})");
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->counts, (Counts{1, 9}));
  // A field that was mapped has that name only, and messages use it.
  const Refusal none = refusal(R"({"station_id":"a","observed_at":1,"parkingBikeTotCnt":1})");
  EXPECT_EQ(none.reason, Reason::kMissingBikes);
  EXPECT_EQ(none.detail, "no num_bikes");
}

TEST_F(JsonRecordTest, Truncated) {
  const std::string whole = with_bikes("16");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Refusal cut = refusal(whole.substr(0, size));
    EXPECT_EQ(cut.reason, Reason::kNotJson) << size;
    EXPECT_EQ(cut.byte, static_cast<std::int64_t>(size));
    EXPECT_THAT(cut.detail, HasSubstr("found the end"));
  }
}

TEST_F(JsonRecordTest, Empty) {
  EXPECT_EQ(refusal("").detail, "expected a JSON object, found the end");
  EXPECT_EQ(reason(" \t\r"), "not_json");
  EXPECT_EQ(reason("{}"), "missing_station");
}

TEST_F(JsonRecordTest, NotAnObject) {
  for (const char* record : {"[]", "1", "\"a\"", "null", "true", "x", "}", "\xEF\xBB\xBF{}"}) {
    EXPECT_EQ(reason(record), "not_json") << record;
    EXPECT_EQ(refusal(record).byte, 0) << record;
  }
}

TEST_F(JsonRecordTest, GrammarIsStrict) {
  for (const char* value :
       {"",      "01",      "00",          "1.",       ".5",         "-",      "+1",        "1e",
        "1e+",   "0x1",     "NaN",         "Infinity", "tru",        "nul",    "True",      "'a'",
        "\"a",   "\"\\x\"", "\"\\u12G4\"", "\"\\",     "\"\t\"",     "\"\n\"", "[1,]",      "[,]",
        "[1 2]", "{,}",     "{\"a\"}",     "{\"a\":}", "{\"a\":1,}", "{a:1}",  "{\"a\" 1}", "[}",
        "{]",    "1 2",     "\"a\"\"b\"",  "nullx",    "1x",         "//"}) {
    EXPECT_EQ(reason(R"({"station_id":"a","observed_at":1723383000,"bikes":3,"x":)" +
                     std::string(value) + "}"),
              "not_json")
        << value;
  }
  for (const char* value :
       {"0", "-0", "-1.5e+10", "1E-2", "123456789012345678901234567890", "1e999", "[ ]", "{ }",
        "[[],{}]", "{\"a\":{\"b\":[1,2,{\"c\":null}]}}", "\"\"",
        "\"\\u0000\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\x7F\"", "true", "false"}) {
    EXPECT_EQ(reason(R"({"x": )" + std::string(value) +
                     R"( , "station_id":"a","observed_at":1723383000,"bikes":3} )"),
              "accepted")
        << value;
  }
}

TEST_F(JsonRecordTest, BytesAfterTheObject) {
  EXPECT_EQ(reason(with_bikes("3") + " \r\n\t"), "accepted");
  for (const char* tail : {"x", "{}", "}", ",", "\""}) {
    EXPECT_EQ(reason(with_bikes("3") + tail), "not_json") << tail;
  }
  const std::string record = with_bikes("3");
  const Refusal nul = refusal(record + '\0');
  EXPECT_EQ(nul.byte, static_cast<std::int64_t>(record.size()));
  EXPECT_EQ(nul.detail, "expected nothing after the object, found byte 0x00");
}

TEST_F(JsonRecordTest, NulBytes) {
  const std::string record = with_station("\"ab\"");
  for (std::size_t at = 0; at <= record.size(); ++at) {
    std::string broken = record;
    broken.insert(at, 1, '\0');
    EXPECT_EQ(reason(broken), "not_json") << at;
  }
  EXPECT_EQ(reason(with_station(R"("a\u0000b")")), "bad_station");
}

TEST_F(JsonRecordTest, NotUtf8) {
  for (const char* bytes :
       {"\x80", "\xC3", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xE0\x9F\xBF", "\xED\xA0\x80",
        "\xED\xBF\xBF", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF",
        "\xEB\xA7", "\xEB\xA7z", "\xF0\x9F\x98", "\xC3\xC3\xA9"}) {
    // Of as many lengths as there are ways for the bytes to lie across blocks.
    for (std::size_t before = 0; before < 40; ++before) {
      std::string record = R"({"station_id":"a","observed_at":1723383000,"bikes":3,"x":")";
      record += std::string(before, 'x');
      const std::size_t at = record.size();
      record += bytes;
      record += R"(", "y":"abcdefghijklmnopqrstuvwxyz"})";
      const Refusal not_utf8 = refusal(record);
      EXPECT_EQ(not_utf8.reason, Reason::kNotUtf8);
      EXPECT_EQ(not_utf8.byte, static_cast<std::int64_t>(at));
    }
  }
  for (const char* text : {"\xC2\x80", "é", "망원역", "\xED\x9F\xBF", "\xEE\x80\x80", "ไทย", "अ",
                           "😀", "\xF4\x8F\xBF\xBF", "\xEF\xBF\xBF"}) {
    for (std::size_t before = 0; before < 40; ++before) {
      EXPECT_EQ(reason(R"({"station_id":"a","observed_at":1723383000,"bikes":3,"x":")" +
                       std::string(before, 'x') + text + "\"}"),
                "accepted")
          << text << before;
    }
  }
}

TEST_F(JsonRecordTest, NotUtf8GoesBeforeNotJson) {
  const Refusal broken = refusal("{\"a\":tru,\"b\":\"\xFF\"}");
  EXPECT_EQ(broken.reason, Reason::kNotUtf8);
  EXPECT_EQ(broken.byte, 14);
  EXPECT_EQ(broken.detail, "byte 0xFF is not UTF-8 here");
  EXPECT_EQ(reason("{\"a\":\"\xEB\xA7"), "not_utf8");  // truncated within a character
}

TEST_F(JsonRecordTest, TooLarge) {
  const std::string base = with_bikes("3");
  const auto padded = [&](std::size_t size) { return std::string(size - base.size(), ' ') + base; };
  EXPECT_EQ(reason(padded(kMaxRecordBytes)), "accepted");
  const Refusal large = refusal(padded(kMaxRecordBytes + 1));
  EXPECT_EQ(large.reason, Reason::kTooLarge);
  EXPECT_EQ(large.byte, static_cast<std::int64_t>(kMaxRecordBytes));
  EXPECT_EQ(reason(std::string(10 << 20, '{')), "too_large");
  // Also where all but the length of a string is as in the record before it.
  JsonRecordDecoder decoder(zone_);
  (void)decoder.decode(with_station("\"a\""), kNear);
  const Decoded long_string =
      decoder.decode(with_station('"' + std::string(kMaxRecordBytes, 'a') + '"'), kNear);
  ASSERT_FALSE(long_string.has_value());
  EXPECT_EQ(long_string.error().reason, Reason::kTooLarge);
}

TEST_F(JsonRecordTest, TooDeep) {
  EXPECT_EQ(reason(nested(kMaxRecordDepth)), "accepted");
  const Refusal deep = refusal(nested(kMaxRecordDepth + 1));
  EXPECT_EQ(deep.reason, Reason::kTooDeep);
  EXPECT_EQ(deep.byte, static_cast<std::int64_t>(nested(1).size() - 1 + kMaxRecordDepth -
                                                 1));  // the first too many
  EXPECT_EQ(reason(nested(1000)), "too_deep");
  EXPECT_EQ(reason("{\"a\":" + std::string(1000, '[')), "too_deep");
  std::string objects;
  for (int i = 0; i < 1000; ++i) objects += "{\"a\":";
  EXPECT_EQ(reason(objects), "too_deep");
  EXPECT_EQ(reason("{\"a\":x," + std::string(1000, '[')), "not_json");  // what comes first
}

TEST_F(JsonRecordTest, FirstOfEqualKeys) {
  const Decoded decoded = decode(
      R"({"station_id":"a","station_id":"b","observed_at":1723383000,"bikes":1,"bikes":"x","bikes":2})");
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->station_id, "a");
  EXPECT_EQ(decoded->counts.bikes, 1);
  EXPECT_EQ(reason(R"({"station_id":"a","bikes":null,"bikes":3,"observed_at":1723383000})"),
            "missing_bikes");
}

TEST_F(JsonRecordTest, KeysAreEqualAfterTheirEscapes) {
  const Decoded decoded = decode(
      R"({"\u0073tation_i\u0064":"a","station_id":"b","observed_at":1723383000,"b\u0069kes":1,"bikes":2})");
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->station_id, "a");
  EXPECT_EQ(decoded->counts.bikes, 1);
  EXPECT_EQ(reason(R"({"bikes\ud800":1,"station_id":"a","observed_at":1723383000,"bikes":1})"),
            "accepted");
}

TEST_F(JsonRecordTest, EscapesInValues) {
  const Decoded decoded =
      decode(R"({"system":"\u0078","station_id":"caf\u00E9 \ud83d\uDE32 \"\\\/","observed_at":)"
             R"("2024-08-11T\u0032\u0032:30:00Z","bikes":"1\u0036","racks":"\u0031"})");
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->system, "x");
  EXPECT_EQ(decoded->station_id, "caf\u00E9 \U0001F632 \"\\/");
  EXPECT_EQ(decoded->observed_at, kNear + 9 * kHour);
  EXPECT_EQ(decoded->counts, (Counts{16, 1}));
}

TEST_F(JsonRecordTest, HalfASurrogatePairIsNoText) {
  for (const char* half : {R"("\ud800")", R"("\udc00")", R"("\ud83d\ud83d")", R"("\ud83dx")",
                           R"("\udc00\ud800")", R"("\udc00\udc00")", R"("\ud83d\n")"}) {
    EXPECT_EQ(reason(with_station(half)), "bad_station") << half;
    EXPECT_EQ(reason(with_bikes(half)), "bad_bikes") << half;
    EXPECT_EQ(reason(with_time(half)), "bad_time") << half;
    EXPECT_EQ(reason(R"({"name":)" + std::string(half) + "," + with_bikes("3").substr(1)),
              "accepted");
  }
}

TEST_F(JsonRecordTest, StationIds) {
  for (const std::string value : {"\"a\"", "\" \"", "17", "-3", "0",
                                  "123456789012345678901234567890", "\"\\u00a0\"", "\"\u00e9\""}) {
    EXPECT_EQ(reason(with_station(value)), "accepted") << value;
  }
  EXPECT_EQ(decode(with_station("17"))->station_id, "17");
  EXPECT_EQ(reason(with_station('"' + std::string(128, 'x') + '"')), "accepted");
  EXPECT_EQ(reason(with_station('"' + std::string(129, 'x') + '"')), "bad_station");
  EXPECT_EQ(reason(with_station('"' + std::string(126, 'x') + "\u00e9\"")), "accepted");
  EXPECT_EQ(reason(with_station('"' + std::string(127, 'x') + "\u00e9\"")), "bad_station");
  EXPECT_EQ(reason(with_station("null")), "missing_station");
  for (const char* value :
       {"\"\"", "true", "false", "[]", "{}", "[\"a\"]", "1.0", "1e3", "1.5", "\"a\\n\"",
        "\"\\u0000\"", "\"\x7F\"", "\"\\u007f\"", "\"\\u0085\"", "\"\xC2\x9F\""}) {
    EXPECT_EQ(reason(with_station(value)), "bad_station") << value;
  }
  EXPECT_EQ(refusal(with_station("1.5")).detail,
            "station_id: found 1.5, expected 1 to 128 bytes without control characters");
  EXPECT_EQ(refusal(with_station("1.5")).byte, std::nullopt);
}

TEST_F(JsonRecordTest, Systems) {
  const auto with_system = [](const std::string& value) {
    return R"({"system":)" + value + "," + with_bikes("3").substr(1);
  };
  EXPECT_EQ(decode(with_system("\"seoul\""))->system, "seoul");
  EXPECT_EQ(decode(with_system("5"))->system, "5");
  EXPECT_EQ(decode(with_system("null"))->system, "");
  EXPECT_EQ(decode(with_system("\"\""))->system, "");
  for (const char* value : {"true", "[]", "1.5", "\"a\\nb\""}) {
    EXPECT_EQ(reason(with_system(value)), "bad_station") << value;
    EXPECT_THAT(refusal(with_system(value)).detail, HasSubstr("system: found "));
  }
}

TEST_F(JsonRecordTest, Bikes) {
  EXPECT_EQ(decode(with_bikes("0"))->counts.bikes, 0);
  EXPECT_EQ(decode(with_bikes("10000"))->counts.bikes, 10000);
  EXPECT_EQ(decode(with_bikes("\"10000\""))->counts.bikes, 10000);
  EXPECT_EQ(decode(with_bikes("\"007\""))->counts.bikes, 7);
  EXPECT_EQ(reason(with_bikes("null")), "missing_bikes");
  for (const char* value : {"-1",      "-0",        "10001",   "99999999999999999999",
                            "1.0",     "1.5",       "1e3",     "1E0",
                            "\"\"",    "\"1e3\"",   "\"-1\"",  "\"-0\"",
                            "\"+5\"",  "\"1.0\"",   "\" 1\"",  "\"1 \"",
                            "\"0x1\"", "\"10001\"", "\"one\"", "\"99999999999999999999\"",
                            "\"１\"",  "true",      "[]",      "{}",
                            "[3]"}) {
    EXPECT_EQ(reason(with_bikes(value)), "bad_bikes") << value;
  }
  EXPECT_EQ(refusal(with_bikes("\"1e3\"")).detail,
            "bikes: found \"1e3\", expected a whole number from 0 to 10000");
}

TEST_F(JsonRecordTest, RacksThatCannotBeReadAreAbsent) {
  EXPECT_EQ(decode(with_racks("15"))->counts.racks, 15);
  EXPECT_EQ(decode(with_racks("0"))->counts.racks, 0);
  EXPECT_EQ(decode(with_racks("\"15\""))->counts.racks, 15);
  for (const char* value : {"null", "-1", "10001", "1.0", "\"\"", "\"x\"", "true", "[]", "{}"}) {
    EXPECT_EQ(decode(with_racks(value))->counts.racks, Counts::kNoRacks) << value;
  }
}

TEST_F(JsonRecordTest, Times) {
  for (const char* value :
       {"1723383000", "1723383000.999", "1723383000000", "1723383000999", "1723383000000.5",
        "\"1723383000\"", "\"1723383000999\"", "\"1723383000.5\"", "\"2024-08-11T22:30:00+09:00\"",
        "\"2024-08-11T13:30:00Z\"", "\"2024-08-11T13:30:00.999Z\"", "\"2024-08-11 22:30:00\"",
        "\"2024-08-11T22:30:00\"", "\"2024-08-11 22:30\""}) {
    const Decoded decoded = decode(with_time(value));
    ASSERT_TRUE(decoded.has_value()) << value;
    EXPECT_EQ(decoded->observed_at, kNear) << value;
  }
  EXPECT_EQ(decode(with_time("946684800"))->observed_at, kEarliestTime);
  EXPECT_EQ(decode(with_time("\"2999-01-01T00:00:00Z\""))->observed_at, 32'472'144'000);
  EXPECT_EQ(reason(with_time("null")), "missing_time");
  for (const char* value : {"0",
                            "-1",
                            "946684799",
                            "1723383",
                            "946684799999",
                            "1723383000000000",
                            "1723383000000000000",
                            "99999999999999999999",
                            "1.723383e9",
                            "253402300800000",
                            "true",
                            "[]",
                            "{}",
                            "\"\"",
                            "\"0\"",
                            "\"-1723383000\"",
                            "\"1.723383e9\"",
                            "\"1723383000.\"",
                            "\"now\"",
                            "\"1999-12-31T23:59:59Z\"",
                            "\"2024-08-11T24:00:00Z\"",
                            "\"2024-02-30 00:00:00\"",
                            "\"2024-13-01 00:00:00\"",
                            "\" 2024-08-11 22:30:00\"",
                            "\"2024-08-11 22:30:00 \"",
                            "\"11.08.2024 22:30\"",
                            "\"20240811\""}) {
    EXPECT_EQ(reason(with_time(value)), "bad_time") << value;
  }
  EXPECT_THAT(refusal(with_time("0")).detail,
              HasSubstr("observed_at: found 0, expected Unix seconds"));
}

TEST_F(JsonRecordTest, LocalTimesThatDoNotOccurOrOccurTwice) {
  use("America/New_York");
  EXPECT_EQ(reason(with_time("\"2024-03-10 02:30:00\"")), "no_such_local_time");
  EXPECT_THAT(refusal(with_time("\"2024-03-10 02:30:00\"")).detail, HasSubstr("America/New_York"));
  constexpr Seconds kFirst = 1'730'611'800;  // 2024-11-03 01:30 -04:00
  constexpr Seconds kSecond = kFirst + kHour;
  const std::string twice = with_time("\"2024-11-03 01:30:00\"");
  // In turn by one decoder: what was read before must not settle what comes after.
  EXPECT_EQ(decode(twice, kFirst - 60)->observed_at, kFirst);
  EXPECT_EQ(decode(twice, kSecond + 60)->observed_at, kSecond);
  EXPECT_EQ(decode(twice, kFirst + 60)->observed_at, kFirst);
  EXPECT_EQ(decode(with_time("\"2024-11-03T01:30:00-05:00\""), kFirst)->observed_at, kSecond);
}

TEST_F(JsonRecordTest, OrderOfReasons) {
  EXPECT_EQ(reason(R"({"bikes":-1,"observed_at":0})"), "missing_station");
  EXPECT_EQ(reason(R"({"station_id":"","bikes":-1,"observed_at":0})"), "bad_station");
  EXPECT_EQ(reason(R"({"station_id":"a","observed_at":0})"), "missing_bikes");
  EXPECT_EQ(reason(R"({"station_id":"a","bikes":-1,"observed_at":0})"), "bad_bikes");
  EXPECT_EQ(reason(R"({"station_id":"a","bikes":1})"), "missing_time");
  EXPECT_EQ(reason(R"({"station_id":"a","bikes":1,"observed_at":0})"), "bad_time");
  EXPECT_EQ(refusal(R"({"bikes":1})").detail, "no station_id (or stationId)");
}

TEST_F(JsonRecordTest, LongValuesAreShortenedInDetails) {
  const std::string value(1000, 'x');
  EXPECT_EQ(
      refusal(with_bikes('"' + value + '"')).detail,
      "bikes: found \"" + value.substr(0, 40) + "...\", expected a whole number from 0 to 10000");
}

TEST_F(JsonRecordTest, ProducersThatChange) {
  // One decoder meets records of many shapes, each one many times.
  const std::initializer_list<std::string> shapes = {
      with_bikes("3"), with_bikes("\"4\""),
      R"({ "bikes": 5, "station_id": "ST-4", "observed_at": 1723383000 })",
      R"({"a":[1,{"b":"c"}],"bikes":6,"station_id":"ST-4","observed_at":1723383000,"racks":null})"};
  for (int round = 0; round < 3; ++round) {
    for (const std::string& shape : shapes) {
      for (int i = 0; i < 50; ++i) {
        const Decoded decoded = decoder_->decode(shape, kNear);
        ASSERT_TRUE(decoded.has_value());
        EXPECT_EQ(decoded->station_id, "ST-4");
        EXPECT_EQ(decoded->counts.bikes, 3 + (&shape - shapes.begin()));
      }
    }
  }
}

}  // namespace
}  // namespace bikeflow
