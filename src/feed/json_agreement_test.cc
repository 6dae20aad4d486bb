// The JSON decoder against two libraries, on records with random faults.
#include <array>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "feed/json_record.h"
#include "test/json_oracle.h"

namespace bikeflow {
namespace {

constexpr Seconds kNear = 1'723'383'000;

const std::vector<std::string>& seeds() {
  static const std::vector<std::string> kSeeds = {
      R"({"rackTotCnt":"15","stationName":"102. 망원역 1번출구 앞","parkingBikeTotCnt":"16","shared":"107","stationLatitude":"37.55564880","stationLongitude":"126.91062927","stationId":"ST-4","timestamp":"2024-08-11 22:30:00"})",
      R"({"system":"seoul","station_id":"ST-4","observed_at":1723383000,"bikes":16,"racks":15,"lat":37.5,"lon":1.2691e2})",
      R"( { "station_id" : 17 , "observed_at" : "2024-08-11T22:30:00+09:00" , "bikes" : 0 , "racks" : null , "flags" : [ true , false , { "a" : [ ] } ] } )",
      R"({"st\u0061tion_id":"caf\u00e9 \ud83d\ude32","bikes":"1\u0030","observed_at":"1723383000.25","x":"\\\"\/\b\f\n\r\t","bikes":3})",
      R"({"name":"é 😀 ไทย","a":-0.5e+10,"b":{"c":{"d":[1,[2,[3]]]}},"station_id":"7","observed_at":1723383000123,"bikes":10000})",
  };
  return kSeeds;
}

// What JSON is made of, right and wrong.
const std::vector<std::string>& pieces() {
  static const std::vector<std::string> kPieces = {"\"",
                                                   "\\",
                                                   "{",
                                                   "}",
                                                   "[",
                                                   "]",
                                                   ":",
                                                   ",",
                                                   "0",
                                                   "9",
                                                   "-",
                                                   "+",
                                                   ".",
                                                   "e",
                                                   "E",
                                                   " ",
                                                   "\n",
                                                   "\t",
                                                   "\r",
                                                   "null",
                                                   "true",
                                                   "false",
                                                   "\\u0000",
                                                   "\\ud800",
                                                   "\\udc00\\ud800",
                                                   "\\ud83d\\ude00",
                                                   "\\x",
                                                   "\\u12",
                                                   "\xC3\xA9",
                                                   "\xED\xA0\x80",
                                                   "\xC0\x80",
                                                   "\xF4\x90\x80\x80",
                                                   "\xE0\x80\x80",
                                                   "\xEB\xA7",
                                                   "\x80",
                                                   "\xFF",
                                                   "\x7F",
                                                   "\x01",
                                                   "bikes",
                                                   "\"bikes\":7,",
                                                   "\"station_id\":\"b\",",
                                                   "\"racks\":20000,",
                                                   "\"system\":\"x\",",
                                                   "\"observed_at\":0,",
                                                   "00",
                                                   "1e999",
                                                   "1e3",
                                                   "-1",
                                                   "\"\""};
  return kPieces;
}

std::string deep(int levels) {
  std::string record = R"({"station_id":"a","observed_at":1723383000,"bikes":1,"deep":)";
  for (int i = 0; i < levels; ++i) record += i % 2 == 0 ? "[" : "{\"k\":";
  record += "1";
  for (int i = levels - 1; i >= 0; --i) record += i % 2 == 0 ? "]" : "}";
  return record + "}";
}

// Random edits, of bytes and of pieces that JSON is made of.
class Mutator {
 public:
  explicit Mutator(std::uint32_t seed) : random_(seed) {}

  std::string next() {
    std::string record = pick(seeds());
    if (below(20) == 0) record = deep(static_cast<int>(below(36)));
    for (std::size_t edits = below(4); edits > 0; --edits) edit(record);
    return record;
  }
  std::size_t below(std::size_t bound) { return random_() % bound; }

 private:
  const std::string& pick(const std::vector<std::string>& from) { return from[below(from.size())]; }

  void edit(std::string& record) {
    const std::size_t at = below(record.size() + 1);
    switch (below(6)) {
      case 0:
        record.insert(at, pick(pieces()));
        break;
      case 1:
        record.erase(at, 1 + below(4));
        break;
      case 2:
        if (at < record.size()) record[at] = static_cast<char>(random_());
        break;
      case 3:
        if (at < record.size()) record.replace(at, 1, pick(pieces()));
        break;
      case 4:
        record.resize(at);
        break;
      default:
        record.insert(at, record.substr(below(record.size() + 1), below(30)));
    }
  }

  std::mt19937 random_;
};

class JsonAgreement : public testing::Test {
 protected:
  Zone zone_ = Zone::load("Asia/Seoul").value();
};

TEST_F(JsonAgreement, MutatedRecordsAreDecodedAsTheLibrariesSay) {
  Mutator mutator(1);
  JsonRecordDecoder used(zone_);  // has met other records, and has a shape
  std::array<int, kReasonCount + 1> met{};
  for (int i = 0; i < 200'000; ++i) {
    const std::string record = mutator.next();
    JsonRecordDecoder fresh(zone_);
    const oracle::Outcome outcome = oracle::outcome_of(fresh.decode(record, kNear));
    ++met[outcome.reason ? static_cast<std::size_t>(*outcome.reason) : kReasonCount];
    const auto expected = oracle::expected(record, zone_, kNear);
    ASSERT_EQ(outcome, expected.value_or(outcome)) << record;
    const bool is_valid = outcome.reason != Reason::kNotUtf8 && outcome.reason != Reason::kNotJson;
    const auto taken = oracle::simdjson_takes(record);
    ASSERT_TRUE(outcome.reason == Reason::kTooDeep || taken.value_or(is_valid) == is_valid)
        << record;
    const Decoded again = used.decode(record, kNear);
    ASSERT_EQ(oracle::outcome_of(again), outcome) << record;
  }
  // The mutations reach every verdict that JSON can have without the clock.
  for (const Reason reason : {Reason::kNotUtf8, Reason::kNotJson, Reason::kTooDeep,
                              Reason::kMissingStation, Reason::kBadStation, Reason::kMissingBikes,
                              Reason::kBadBikes, Reason::kMissingTime, Reason::kBadTime}) {
    EXPECT_GT(met[static_cast<std::size_t>(reason)], 50) << reason_word(reason);
  }
  EXPECT_GT(met[kReasonCount], 10'000);
}

TEST_F(JsonAgreement, ALearnedShapeChangesNothing) {
  Mutator mutator(2);
  for (int i = 0; i < 50'000; ++i) {
    const std::string first = mutator.next();
    std::string second = first;
    const std::size_t at = mutator.below(second.size() + 1);
    if (at < second.size()) second[at] = static_cast<char>(mutator.below(256));
    JsonRecordDecoder fresh(zone_);
    const oracle::Outcome expected = oracle::outcome_of(fresh.decode(second, kNear));
    JsonRecordDecoder used(zone_);
    (void)used.decode(first, kNear);
    const Decoded decoded = used.decode(second, kNear);
    ASSERT_EQ(oracle::outcome_of(decoded), expected) << first << "\n" << second;
  }
}

}  // namespace
}  // namespace bikeflow
