#include "pipeline/commit_metadata.h"

#include <gtest/gtest.h>

namespace bikeflow {
namespace {

TEST(CommitMetadata, IsReadBack) {
  const CommitMetadata written{2, "1a4e", "7-00000000000000ab"};
  EXPECT_EQ(written.text(), "2:1a4e:7-00000000000000ab");
  const auto read = CommitMetadata::parse(written.text());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->format, 2u);
  EXPECT_EQ(read->lake_id, "1a4e");
  EXPECT_EQ(read->checkpoint, "7-00000000000000ab");
}

TEST(CommitMetadata, OfAnotherFormIsNone) {
  for (const char* text : {"", "x", "2", "2:", "2:1a4e", ":1a4e:7-0", "-2:1a4e:7-0", "+2:1a4e:7-0",
                           " 2:1a4e:7-0", "2 :1a4e:7-0", "2x:1a4e:7-0", "4294967296:1a4e:7-0"}) {
    EXPECT_FALSE(CommitMetadata::parse(text)) << text;
  }
}

TEST(CommitMetadata, WhateverANewerFormatSaysIsTaken) {
  const auto read = CommitMetadata::parse("99:1a4e:7-0:and more");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->format, 99u);
  EXPECT_EQ(read->checkpoint, "7-0:and more");
}

}  // namespace
}  // namespace bikeflow
