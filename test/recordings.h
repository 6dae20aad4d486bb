// Tests on real recordings and documents (BIKEFLOW_DATA, or ../shared/data beside the checkout),
// which are no part of the project. Where they are absent these tests are skipped.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

namespace bikeflow {

class OnRecordings : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::is_directory(folder())) {
      GTEST_SKIP() << "the recordings of BIKEFLOW_DATA are absent";
    }
  }

  static std::filesystem::path folder() {
    const char* const named = std::getenv("BIKEFLOW_DATA");
    return named == nullptr ? "../shared/data" : named;
  }
  // A file of theirs: "feeds/gbfs-v3.0/gbfs.json".
  static std::string read(const std::string& name) {
    std::ifstream file(folder() / name, std::ios::binary);
    EXPECT_TRUE(file) << name;
    return {std::istreambuf_iterator<char>(file), {}};
  }
};

}  // namespace bikeflow
