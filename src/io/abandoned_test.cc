#include "io/abandoned.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

#include "test/child.h"

namespace bikeflow {
namespace {

namespace fs = std::filesystem;

class AbandonedTest : public ::testing::Test {
 protected:
  fs::path make(const std::string& path, std::chrono::hours age) {
    const fs::path file = tmp() / path;
    fs::create_directories(file.parent_path());
    std::ofstream(file) << "half";
    for (fs::path each = file; each != tmp(); each = each.parent_path()) {
      fs::last_write_time(each, fs::file_time_type::clock::now() - age);
    }
    return file;
  }
  [[nodiscard]] fs::path tmp() const { return fs::path(lake_.path()) / "_bikeflow" / "tmp"; }

  TempFolder lake_;
};

constexpr std::chrono::hours kOld{25}, kYoung{23};

TEST_F(AbandonedTest, WhatNobodyHasTouchedForADayGoes) {
  make("run-0123-0/7", kOld);
  make("run-0123-1/more-1/64", kOld);
  fs::create_directories(tmp() / "run-4567-0");
  fs::last_write_time(tmp() / "run-4567-0", fs::file_time_type::clock::now() - kOld);
  ASSERT_TRUE(remove_abandoned(lake_.path()));
  EXPECT_TRUE(fs::is_empty(tmp()));
}

TEST_F(AbandonedTest, WhatMayBeAtWorkStaysWhole) {
  const fs::path young = make("run-0123-0/7", kYoung);
  const fs::path old_beside_young = make("run-4567-0/7", kOld);
  const fs::path in_old_folder = make("run-4567-0/8", kYoung);
  fs::last_write_time(old_beside_young, fs::file_time_type::clock::now() - kOld);
  fs::last_write_time(in_old_folder.parent_path(), fs::file_time_type::clock::now() - kOld);
  ASSERT_TRUE(remove_abandoned(lake_.path()));
  EXPECT_TRUE(fs::exists(young));
  EXPECT_TRUE(fs::exists(old_beside_young));
  EXPECT_TRUE(fs::exists(in_old_folder));
}

TEST_F(AbandonedTest, OtherWritersAndLinksAreNotTouched) {
  const fs::path other = make("backfill/7", kOld);
  const fs::path outside = fs::path(lake_.path()) / "outside";
  fs::create_directories(outside);
  std::ofstream(outside / "file") << "whole";
  fs::last_write_time(outside, fs::file_time_type::clock::now() - kOld);
  fs::create_directory_symlink(outside, tmp() / "run-0123-0");
  ASSERT_TRUE(remove_abandoned(lake_.path()));
  EXPECT_TRUE(fs::exists(other));
  EXPECT_TRUE(fs::exists(outside / "file"));
}

TEST_F(AbandonedTest, ALakeWithoutAnyIsFine) { EXPECT_TRUE(remove_abandoned(lake_.path())); }

}  // namespace
}  // namespace bikeflow
