#include "feed/format.h"

#include <string>

#include <gtest/gtest.h>

namespace bikeflow {
namespace {

using std::string_literals::operator""s;

TEST(SniffFormat, ByFirstBytes) {
  EXPECT_EQ(sniff_format("{\"station_id\":1}"), Format::kNdjson);
  EXPECT_EQ(sniff_format("\xEF\xBB\xBF{"), Format::kNdjson);
  EXPECT_EQ(sniff_format("\r\n {"), Format::kNdjson);
  EXPECT_EQ(sniff_format("station_id,observed_at,bikes\n"), Format::kCsv);
  EXPECT_EQ(sniff_format("\xEF\xBB\xBFstation_id;observed_at;bikes\n"), Format::kCsv);
  EXPECT_EQ(sniff_format("\"station_id\"\t\"bikes\"\n"), Format::kCsv);
  EXPECT_EQ(sniff_format("PAR1\x15\x04"), Format::kParquet);
  EXPECT_EQ(sniff_format("PARE\x15\x04"), Format::kParquet);  // encrypted: its reader says so
  EXPECT_EQ(sniff_format("\x1F\x8B\x08"), Format::kGzip);
  EXPECT_EQ(sniff_format("\x28\xB5\x2F\xFD"), Format::kZstd);
}

TEST(SniffFormat, Unknown) {
  EXPECT_EQ(describe_unknown(""), "empty");
  EXPECT_EQ(describe_unknown(" \n\n"), "nothing but blanks");
  EXPECT_EQ(describe_unknown("[{\"a\":1}]"), "a JSON array; write one object a line");
  EXPECT_EQ(describe_unknown("<RESULT>"), "XML or HTML");
  EXPECT_EQ(describe_unknown("\x7F\x45LF\x01\x01\x01\0"s), "neither text nor Parquet");
  EXPECT_EQ(describe_unknown("\xFF\xFEs\0t\0"s), "UTF-16 text; save it as UTF-8");
  for (const std::string& bytes :
       {""s, " \n"s, "[1]"s, "<html>"s, "\xFF\xFEs\0t\0"s, "\xFE\xFF\0s"s, "PK\x03\x04"s, "BZh9"s,
        "\xFD"
        "7zXZ\0"s,
        "ARROW1"s, "Obj\x01"s, "SQLite format 3\0"s, "\0\0\0\0"s, "a,b\n\x01"s}) {
    EXPECT_EQ(sniff_format(bytes), Format::kUnknown) << bytes;
  }
}

TEST(ByteOrderMark, OfUtf8Only) {
  EXPECT_EQ(byte_order_mark_size("\xEF\xBB\xBFx"), 3U);
  EXPECT_EQ(byte_order_mark_size("\xEF\xBB"), 0U);
  EXPECT_EQ(byte_order_mark_size("x\xEF\xBB\xBF"), 0U);
}

}  // namespace
}  // namespace bikeflow
