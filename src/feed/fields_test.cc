#include "feed/fields.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bikeflow {
namespace {

using testing::HasSubstr;

std::string error_of(const std::vector<std::string>& mappings) {
  const auto names = map_fields(mappings);
  return names ? "" : names.error().message;
}

TEST(MapFields, ChangesTheFieldsNamed) {
  const auto names = map_fields(std::vector<std::string>{"bikes=num_bikes", "racks=bikes"});
  ASSERT_TRUE(names.has_value());
  EXPECT_EQ(names->bikes, "num_bikes");
  EXPECT_EQ(names->racks, "bikes");
  EXPECT_EQ(names->station_id, "station_id");
  EXPECT_EQ(map_fields(std::vector<std::string>{"bikes=a=b"})->bikes, "a=b");
  EXPECT_EQ(error_of({}), "");
}

TEST(MapFields, Errors) {
  EXPECT_THAT(error_of({"bikes"}), HasSubstr("--map bikes: expected FIELD=NAME"));
  EXPECT_THAT(error_of({"=x"}), HasSubstr("expected FIELD=NAME"));
  EXPECT_THAT(error_of({"bikes="}), HasSubstr("expected FIELD=NAME"));
  EXPECT_THAT(error_of({"bike=x"}), HasSubstr("no field 'bike'"));
  EXPECT_THAT(error_of({"bike=x"}), HasSubstr("did you mean 'bikes'?"));
  EXPECT_THAT(error_of({"bikes=racks"}), HasSubstr("bikes and racks are both read from 'racks'"));
}

TEST(FieldLookup, FindsOwnAndTopicNames) {
  const FieldLookup fields{FieldNames{}};
  EXPECT_EQ(fields.find("station_id"), FieldLookup::own(Field::kStation));
  EXPECT_EQ(fields.find("stationId"), FieldLookup::in_topic(Field::kStation));
  EXPECT_EQ(fields.find("observed_at"), FieldLookup::own(Field::kTime));
  EXPECT_EQ(fields.find("timestamp"), FieldLookup::in_topic(Field::kTime));
  EXPECT_EQ(fields.find("bikes"), FieldLookup::own(Field::kBikes));
  EXPECT_EQ(fields.find("parkingBikeTotCnt"), FieldLookup::in_topic(Field::kBikes));
  EXPECT_EQ(fields.find("racks"), FieldLookup::own(Field::kRacks));
  EXPECT_EQ(fields.find("rackTotCnt"), FieldLookup::in_topic(Field::kRacks));
  EXPECT_EQ(fields.find("system"), FieldLookup::own(Field::kSystem));
  for (const char* key :
       {"", "s", "Bikes", "bike", "bikes ", "stationid", "stationName", "shared"}) {
    EXPECT_EQ(fields.find(key), FieldLookup::kUnknown) << key;
  }
  EXPECT_EQ(fields.names_of(Field::kBikes), "bikes (or parkingBikeTotCnt)");
  EXPECT_EQ(fields.names_of(Field::kSystem), "system");
}

TEST(FieldLookup, AMappedFieldHasTheMappedNameOnly) {
  const FieldLookup fields{FieldNames{.station_id = "timestamp", .bikes = "n"}};
  EXPECT_EQ(fields.find("n"), FieldLookup::own(Field::kBikes));
  EXPECT_EQ(fields.find("bikes"), FieldLookup::kUnknown);
  EXPECT_EQ(fields.find("parkingBikeTotCnt"), FieldLookup::kUnknown);
  // The name of a field goes before another field's name in the topic's form.
  EXPECT_EQ(fields.find("timestamp"), FieldLookup::own(Field::kStation));
  EXPECT_EQ(fields.names_of(Field::kTime), "observed_at");
}

// Names that fall into one place of the lookup are still told apart.
TEST(FieldLookup, NamesOfOneHash) {
  FieldNames names;
  names.system = "a";
  const FieldLookup fields(names);
  int found = 0;
  for (int first = 1; first < 128; ++first) {
    const std::string key(1, static_cast<char>(first));
    if (fields.find(key) != FieldLookup::kUnknown) ++found;
  }
  EXPECT_EQ(found, 1);
}

}  // namespace
}  // namespace bikeflow
