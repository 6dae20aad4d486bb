#include "io/lake_id.h"

#include <gmock/gmock.h>

#include "io/local_store.h"
#include "test/child.h"

namespace bikeflow {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class LakeId : public ::testing::Test {
 protected:
  std::string id_or_error(const Result<std::string>& id) { return id ? *id : id.error().message; }
  std::string registered(LakeWriter::Kind kind, const std::string& identity) {
    const auto done = register_writer(store_, {kind, identity});
    return done ? "registered" : done.error().message;
  }
  std::string lake_json() const { return folder_ / "_bikeflow/lake.json"; }

  TempFolder folder_;
  LocalStore store_ = *LocalStore::open(folder_.path(), "test");
  std::uint64_t next_random_ = 1;
  RandomSource random_ = [this] { return next_random_++; };
};

constexpr auto kRun = LakeWriter::Kind::kRun;
constexpr auto kBackfill = LakeWriter::Kind::kBackfill;

TEST_F(LakeId, IsGivenOnceAndKept) {
  EXPECT_THAT(id_or_error(read_lake(store_)), HasSubstr("is no lake of bikeflow's"));
  EXPECT_EQ(id_or_error(open_lake(store_, random_)), "00000000000000010000000000000002");
  EXPECT_EQ(id_or_error(open_lake(store_, random_)), "00000000000000010000000000000002");
  EXPECT_EQ(id_or_error(read_lake(store_)), "00000000000000010000000000000002");
  EXPECT_EQ(read_file(lake_json()),
            "{\"format\":1,\"lake_id\":\"00000000000000010000000000000002\"}\n");
}

TEST_F(LakeId, OfTwoThatCreateAtOnceBothGetTheFirst) {
  // The second has looked and seen nothing when the first puts.
  const RandomSource other_is_first = [this, calls = 0]() mutable {
    if (calls++ == 0) {
      LocalStore other = *LocalStore::open(folder_.path(), "other");
      EXPECT_EQ(id_or_error(open_lake(other, [] { return 7; })),
                "00000000000000070000000000000007");
    }
    return 9;
  };
  EXPECT_EQ(id_or_error(open_lake(store_, other_is_first)), "00000000000000070000000000000007");
}

TEST_F(LakeId, OfANewerVersionIsRefused) {
  write_file(lake_json(), R"({"format":2,"lake_id":"x","more":[]})");
  const std::string refused =
      lake_json() +
      ": written by a newer version of bikeflow (format 2, this program knows "
      "1): update bikeflow";
  EXPECT_EQ(id_or_error(open_lake(store_, random_)), refused);
  EXPECT_EQ(id_or_error(read_lake(store_)), refused);
  EXPECT_EQ(read_file(lake_json()), R"({"format":2,"lake_id":"x","more":[]})");
}

TEST_F(LakeId, ADamagedFileIsRefused) {
  for (const char* text :
       {"", "{", "[]", "null", R"({"format":1})", R"({"format":"1","lake_id":"x"})",
        R"({"format":1,"lake_id":7})", R"({"format":1,"lake_id":""})",
        R"({"format":0,"lake_id":"x"})", "\xff\xfe"}) {
    write_file(lake_json(), text);
    EXPECT_THAT(id_or_error(open_lake(store_, random_)),
                StartsWith(lake_json() + ": is not what bikeflow wrote there"))
        << text;
  }
}

TEST_F(LakeId, TheSameWriterRegistersAgain) {
  EXPECT_EQ(registered(kRun, "feed a"), "registered");
  EXPECT_EQ(registered(kRun, "feed a"), "registered");
  EXPECT_EQ(store_.list("_bikeflow/writers", Store::Scope::kAll)->size(), 1);
}

TEST_F(LakeId, AnotherWriterIsRefusedAndDoesNotLockOutTheFirst) {
  ASSERT_EQ(registered(kRun, "feed a"), "registered");
  const std::string path =
      folder_ / store_.list("_bikeflow/writers", Store::Scope::kAll)->at(0).path;
  EXPECT_EQ(
      registered(kRun, "feed b"),
      "this lake is written by another pipeline: feed a (run), this one is feed b; give each "
      "pipeline a lake of its own. If they are the same one, renamed (its group, say): go back "
      "to the old name; or stop all that runs under it and remove " +
          path +
          ", then each partition of a topic says what lets it go on (bikeflow state rewind)");
  EXPECT_EQ(registered(kRun, "feed a"), "registered");
}

TEST_F(LakeId, TwoThatBothGotInAreRefusedOnBothSides) {
  ASSERT_EQ(registered(kRun, "feed a"), "registered");
  const std::string path =
      folder_ / store_.list("_bikeflow/writers", Store::Scope::kAll)->at(0).path;
  const std::string first = read_file(path);
  std::filesystem::remove(path);
  ASSERT_EQ(registered(kRun, "feed b"), "registered");
  write_file(path, first);
  EXPECT_THAT(registered(kRun, "feed a"), HasSubstr("another pipeline: feed b"));
  EXPECT_THAT(registered(kRun, "feed b"), HasSubstr("another pipeline: feed a"));
}

TEST_F(LakeId, ABackfillIsLetInBesideARun) {
  EXPECT_EQ(registered(kRun, "feed a"), "registered");
  EXPECT_EQ(registered(kBackfill, "seoul"), "registered");
  EXPECT_EQ(registered(kRun, "feed a"), "registered");
  EXPECT_THAT(registered(kBackfill, "oslo"), HasSubstr("another pipeline: seoul (backfill)"));
  EXPECT_THAT(registered(kRun, "seoul"), HasSubstr("another pipeline: feed a (run)"));
}

TEST_F(LakeId, AnUnreadableWriterIsNamed) {
  write_file(folder_ / "_bikeflow/writers/x.json", "{\"kind\":");
  EXPECT_THAT(registered(kRun, "feed a"),
              StartsWith(folder_ / "_bikeflow/writers/x.json: is not what"));
}

}  // namespace
}  // namespace bikeflow
