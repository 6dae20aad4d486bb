#include "base/parquet_ends.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bikeflow {
namespace {

using namespace std::string_view_literals;

std::string defect(std::string_view file) {
  const std::size_t end = std::min(file.size(), kParquetEndBytes);
  return parquet_defect(file.substr(0, 4), file.substr(file.size() - end), file.size())
      .value_or("");
}

TEST(ParquetEnds, Defects) {
  using testing::HasSubstr;
  EXPECT_EQ(defect("PAR1x\x01\0\0\0PAR1"sv), "");
  EXPECT_THAT(defect(""), HasSubstr("empty"));
  EXPECT_THAT(defect("PAR"), HasSubstr("no Parquet file"));
  EXPECT_THAT(defect("station_id,observed_at\n"), HasSubstr("no Parquet file"));
  EXPECT_THAT(defect("PAR1"), HasSubstr("cut off"));
  EXPECT_THAT(defect("PAR1PAR1"), HasSubstr("cut off"));
  EXPECT_THAT(defect("PAR1x\x01\0\0\0PAR"sv), HasSubstr("cut off"));
  EXPECT_THAT(defect("PAREx\x01\0\0\0PARE"sv), HasSubstr("encrypted"));
  EXPECT_THAT(defect("PAR1x\x01\0\0\0PARE"sv), HasSubstr("encrypted"));
  EXPECT_THAT(defect("PAR1x\x02\0\0\0PAR1"sv), HasSubstr("footer of 2 bytes"));
  EXPECT_EQ(parquet_footer_size("\x01\x02\0\0PAR1"sv), 513U);
}

}  // namespace
}  // namespace bikeflow
