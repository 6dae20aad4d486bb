#include "base/bytes.h"

#include <cstdint>
#include <limits>

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace bikeflow {
namespace {

using namespace std::string_view_literals;

TEST(Bytes, AreTheseBytes) {
  Writer writer;
  writer.u8(0xab);
  writer.u32(0x01020304);
  writer.u64(0x0102030405060708);
  writer.i64(-2);
  writer.varint(300);
  writer.zigzag(-3);
  writer.string("ST-4");
  EXPECT_EQ(writer.bytes(),
            "\xab\x04\x03\x02\x01\x08\x07\x06\x05\x04\x03\x02\x01"
            "\xfe\xff\xff\xff\xff\xff\xff\xff\xac\x02\x05\x04ST-4"sv);
}

TEST(Bytes, EdgesOfNumbers) {
  constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();
  constexpr auto kLeastSigned = std::numeric_limits<std::int64_t>::min();
  constexpr auto kMostSigned = std::numeric_limits<std::int64_t>::max();
  Writer writer;
  for (const std::uint64_t value :
       {std::uint64_t{0}, std::uint64_t{127}, std::uint64_t{128}, kMost}) {
    writer.varint(value);
  }
  for (const std::int64_t value : {std::int64_t{0}, kLeastSigned, kMostSigned}) {
    writer.zigzag(value);
    writer.i64(value);
  }
  Reader reader(writer.bytes());
  for (const std::uint64_t value :
       {std::uint64_t{0}, std::uint64_t{127}, std::uint64_t{128}, kMost}) {
    EXPECT_EQ(reader.varint(), value);
  }
  for (const std::int64_t value : {std::int64_t{0}, kLeastSigned, kMostSigned}) {
    EXPECT_EQ(reader.zigzag(), value);
    EXPECT_EQ(reader.i64(), value);
  }
  EXPECT_TRUE(reader.at_end());
}

TEST(Bytes, RoundTrip) {
  EXPECT_TRUE(rc::check([](std::uint8_t u8, std::uint32_t u32, std::uint64_t u64, std::int64_t i64,
                           const std::string& text) {
    const std::uint64_t varint = u64 >> (u8 % 64);
    const std::int64_t zigzag = i64 >> (u8 % 64);
    Writer writer;
    writer.varint(varint);
    writer.u8(u8);
    writer.zigzag(zigzag);
    writer.u32(u32);
    writer.string(text);
    writer.u64(u64);
    writer.i64(i64);
    const std::string bytes = writer.take();
    Reader reader(bytes);
    RC_ASSERT(reader.varint() == varint);
    RC_ASSERT(reader.u8() == u8);
    RC_ASSERT(reader.zigzag() == zigzag);
    RC_ASSERT(reader.u32() == u32);
    RC_ASSERT(reader.string() == text);
    RC_ASSERT(reader.left() == 16U);
    RC_ASSERT(reader.u64() == u64);
    RC_ASSERT(reader.i64() == i64);
    RC_ASSERT(reader.at_end());
    RC_ASSERT(reader.position() == bytes.size());
    // Every shorter input fails, and stays failed.
    const auto shorter = *rc::gen::inRange<std::size_t>(0, bytes.size());
    Reader cut(std::string_view(bytes).substr(0, shorter));
    cut.varint();
    cut.u8();
    cut.zigzag();
    cut.u32();
    cut.string();
    cut.u64();
    cut.i64();
    RC_ASSERT(!cut.ok());
    RC_ASSERT(!cut.at_end());
    RC_ASSERT(cut.u8() == 0);
    RC_ASSERT(cut.left() == 0U);
  }));
}

TEST(Bytes, InputThatCannotBeRight) {
  for (const std::string_view bytes :
       {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"sv,      // 65 bits
        "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00"sv,  // 11 bytes
        "\x80"sv, ""sv}) {
    Reader reader(bytes);
    EXPECT_EQ(reader.varint(), 0U);
    EXPECT_FALSE(reader.ok());
  }
  Reader long_string(
      "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
      "abc"sv);
  EXPECT_EQ(long_string.string(), "");
  EXPECT_FALSE(long_string.ok());
  Reader refused("abc");
  refused.set_failed();
  EXPECT_EQ(refused.raw(1), "");
  EXPECT_FALSE(refused.ok());
}

}  // namespace
}  // namespace bikeflow
