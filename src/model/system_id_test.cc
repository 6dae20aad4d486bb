#include "model/system_id.h"

#include <string>

#include <gtest/gtest.h>

namespace bikeflow {
namespace {

TEST(SystemId, Form) {
  for (const char* id : {"a", "seoul", "bike_share.2-x", "-", "_a", "9"}) {
    EXPECT_TRUE(is_system_id(id)) << id;
    EXPECT_EQ(system_id_from(id), id);
  }
  EXPECT_TRUE(is_system_id(std::string(64, 'a')));
  for (const char* id : {"", ".", "..", ".a", "a b", "a/b", "a:b", "li\xC3\xA8ge", "a\n"}) {
    EXPECT_FALSE(is_system_id(id)) << id;
  }
  EXPECT_FALSE(is_system_id(std::string(65, 'a')));
}

TEST(SystemId, FromOtherNames) {
  EXPECT_EQ(system_id_from("TST:System:Test"), "TST-System-Test");
  EXPECT_EQ(system_id_from("spin los_angeles"), "spin-los_angeles");
  EXPECT_EQ(system_id_from("pony_li\xC3\xA8ge"), "pony_li-ge");
  EXPECT_EQ(system_id_from("  a  b  "), "a-b");
  EXPECT_EQ(system_id_from("../../etc"), "etc");
  EXPECT_EQ(system_id_from("/"), "");
  EXPECT_EQ(system_id_from(""), "");
  EXPECT_EQ(system_id_from("\xEB\x94\xB0\xEB\xA6\x89\xEC\x9D\xB4"), "");
  for (const std::string& name : {std::string(100, 'a'), std::string(63, 'a') + " bc"}) {
    const std::string id = system_id_from(name);
    EXPECT_TRUE(is_system_id(id)) << id;
    EXPECT_EQ(id.size(), 64U);
  }
}

}  // namespace
}  // namespace bikeflow
