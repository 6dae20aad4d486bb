#include "feed/json_shape.h"

#include <array>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "feed/json_tokens.h"

namespace bikeflow {
namespace {

class JsonShapeTest : public testing::Test {
 protected:
  bool learn_and_match(std::string_view first, std::string_view second) {
    shape_.learn(first, fields_);
    return shape_.match(second, values_);
  }
  std::string_view text(Field field) const { return values_.at(FieldLookup::own(field)).text; }

  FieldLookup fields_{FieldNames{}};
  JsonShape shape_;
  FieldValues values_;
};

TEST_F(JsonShapeTest, NothingBeforeItHasLearned) { EXPECT_FALSE(shape_.match("{}", values_)); }

TEST_F(JsonShapeTest, OtherValuesOfTheSameKinds) {
  EXPECT_TRUE(learn_and_match(
      R"({"station_id": "a", "x": true, "y": {"z": [1]}, "bikes": 3, "racks": null} )",
      R"({"station_id": "a longer one, of more than one block", "x": false, "y": {"z": [1]}, "bikes": 1e3, "racks": null} )"));
  EXPECT_EQ(text(Field::kStation), "a longer one, of more than one block");
  EXPECT_EQ(text(Field::kBikes), "1e3");
  EXPECT_EQ(values_.at(FieldLookup::own(Field::kRacks)).kind, JsonValue::Kind::kNull);
  EXPECT_FALSE(values_.has(FieldLookup::own(Field::kTime)));
}

TEST_F(JsonShapeTest, WhatDiffersOtherwise) {
  const std::string record = R"({"station_id":"a","x":true,"y":{"z":[1]},"bikes":3})";
  for (const char* other :
       {R"({"station_id":"a","x":true,"y":{"z":[2]},"bikes":3})",
        R"({"station_id":"a","x":true,"y":{"z":[1]},"bikes":3} )",
        R"({"station_id":"a","x":true,"y":{"z":[1]},"bikes":"3"})",
        R"({"station_id":"a","x":null,"y":{"z":[1]},"bikes":3})",
        R"({"station_id":"a\n","x":true,"y":{"z":[1]},"bikes":3})",
        R"({"station_id":"a","x":true,"y":{"z":[1]},"bikes":03})",
        R"({"station_id":"a","x":true,"y":{"z":[1]},"bikes":3)",
        R"({"station_id":"a","x":true,"y":{"z":[1]},"bikes":3}})", R"({"station_id":"a)", "", "{",
        R"({"station_id":"a","x":tru)", R"({"station_id":"a","x":true,"y":{"z":[1]},"bikes":)",
        "{\"station_id\":\"\x80\",\"x\":true,\"y\":{\"z\":[1]},\"bikes\":3}",
        "{\"station_id\":\"\x01\",\"x\":true,\"y\":{\"z\":[1]},\"bikes\":3}"}) {
    EXPECT_FALSE(learn_and_match(record, other)) << other;
    EXPECT_TRUE(shape_.match(record, values_));
  }
}

TEST_F(JsonShapeTest, LongKeys) {
  const std::string key(100, 'k');
  const std::string record = R"({"station_id":"a",")" + key + R"(":1,"bikes":3})";
  EXPECT_TRUE(learn_and_match(record, record));
  std::string other = record;
  other[60] = 'x';
  EXPECT_FALSE(shape_.match(other, values_));
}

TEST_F(JsonShapeTest, FirstOfEqualKeys) {
  EXPECT_TRUE(learn_and_match(R"({"bikes":1,"bikes":2})", R"({"bikes":3,"bikes":4})"));
  EXPECT_EQ(text(Field::kBikes), "3");
}

TEST_F(JsonShapeTest, RecordsOfNoUse) {
  for (const std::string& record :
       {std::string(R"({"b\u0069kes":1})"), std::string(R"({"bikes":{}})"),
        std::string(R"({"bikes":[1]})"), R"({"a":")" + std::string(5000, 'x') + "\"}"}) {
    EXPECT_FALSE(learn_and_match(record, record)) << record.substr(0, 40);
  }
}

// The fast way and the plain one to the end of a string.
TEST(FindStringStop, AgreesWithThePortableForm) {
  std::mt19937 random(3);
  for (int i = 0; i < 200'000; ++i) {
    std::string text(random() % 70, 'x');
    for (int edits = static_cast<int>(random() % 4); edits > 0 && !text.empty(); --edits) {
      text[random() % text.size()] = static_cast<char>(random());
    }
    const char* const begin = text.data();
    const char* const end = begin + text.size();
    const char* const from = begin + random() % (text.size() + 1);
    const StringStop expected = find_string_stop_portable(from, end);
    const StringStop stop = find_string_stop(begin, from, end);
    ASSERT_EQ(stop.at, expected.at);
    ASSERT_TRUE(stop.may_have_non_ascii || !expected.may_have_non_ascii);
  }
}

}  // namespace
}  // namespace bikeflow
