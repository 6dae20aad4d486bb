#include "io/open_store.h"

#include <gmock/gmock.h>

#include "test/child.h"

namespace bikeflow {
namespace {

using ::testing::HasSubstr;

std::string refusal(const std::string& url) {
  const auto store = open_store(url, "test");
  return store ? "opened" : store.error().message;
}

TEST(OpenStore, AFolder) {
  const TempFolder folder;
  EXPECT_EQ(open_store(folder.path(), "test").value()->shown("a/b"), folder.path() + "/a/b");
  EXPECT_THAT(refusal(folder / "missing"), HasSubstr("missing"));
}

TEST(OpenStore, WhatIsNoLakeIsRefused) {
  EXPECT_THAT(refusal("gs://bucket/lake"), HasSubstr("name a folder, or s3://bucket/prefix"));
  EXPECT_THAT(refusal("s3://"), HasSubstr("s3://bucket/prefix"));
  EXPECT_THAT(refusal("s3:///lake"), HasSubstr("s3://bucket/prefix"));
  EXPECT_THAT(refusal("s3://bucket/a//b"), HasSubstr("a//b"));
  EXPECT_THAT(refusal("s3://bucket/a/../b"), HasSubstr("a/../b"));
  EXPECT_THAT(refusal("s3://key:secret@bucket/a"), HasSubstr("is no name of a bucket"));
}

}  // namespace
}  // namespace bikeflow
