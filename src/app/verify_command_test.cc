#include "app/verify_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/test_lake.h"
#include "app/verify_system.h"
#include "lake/metadata_keys.h"

namespace bikeflow {
namespace {

using ::testing::HasSubstr;

constexpr Seconds kEight = 1723330800;  // 2024-08-11 08:00 in Seoul

// Three hours of two stations. ST-4 is not seen in the second; ST-10 has movements in each.
class VerifyTest : public ::testing::Test {
 protected:
  VerifyTest() {
    first_ = lake_.add(kEight, {TestLake::row("ST-10", 12, 3, 1), TestLake::row("ST-4", 5, 1, 0)});
    second_ = lake_.add(kEight + kHour, {TestLake::row("ST-10", 10, 2, 4)});
    third_ = lake_.add(kEight + 2 * kHour,
                       {TestLake::row("ST-10", 12, 1, 0), TestLake::row("ST-4", 4, 0, 0)});
    lake_.complete(first_);
    lake_.complete(second_);
    options_.lake = lake_.folder();
  }

  // What verify prints, lake's folder left out, with its exit status.
  std::string run() {
    const Said said = said_on(options_.lake, [&](Shell& shell) { return verify(options_, shell); });
    return said.out + said.end;
  }

  TestLake lake_;
  VerifyOptions options_;
  std::string first_, second_, third_;
};

const std::string kFolder = "hourly_summary/system=seoul/year=2024/month=08/day=11/";
const std::string kFirst = kFolder + "hour=08/backfill-0-20240810T230000Z-1h.parquet";
const std::string kSecond = kFolder + "hour=09/backfill-0-20240811T000000Z-1h.parquet";
const std::string kThird = kFolder + "hour=10/backfill-0-20240811T010000Z-1h.parquet";
const std::string kEnd = "open: " + kFolder + "hour=10\nLAKE: 3 files, 5 rows, 3 hours (1 open): ";

TEST_F(VerifyTest, FindsNothingInAWholeLake) {
  EXPECT_EQ(first_, kFirst);
  EXPECT_EQ(run(), kEnd + "no violations\n0");
}

TEST_F(VerifyTest, FindsAChangedCount) {
  lake_.rewrite(second_, [](auto& file) { file.rows[0].total_rental = 3; });
  EXPECT_EQ(run(), "LAKE/" + kSecond +
                       ": ST-10: the books do not balance: open 10 + returns 4 - rentals 3 + "
                       "unobserved 0 is not close 12\n"
                       "LAKE/" +
                       kSecond +
                       ": was changed: its rows have the hash 880c36083344762d, and it was written "
                       "with 7dcb221bed640ea9\n" +
                       kEnd + "2 violations\n1");
}

TEST_F(VerifyTest, FindsAChangeThatBalances) {
  lake_.rewrite(second_, [](auto& file) {
    file.rows[0].total_rental += 1;
    file.rows[0].total_return += 1;
    TestLake::forge(file);
  });
  EXPECT_THAT(run(), HasSubstr("LAKE/" + kSecond + ": was rewritten: its rows have the hash "));
  EXPECT_THAT(run(), HasSubstr(": 1 violation\n1"));
}

TEST_F(VerifyTest, FindsWhatDoesNotGoOn) {
  lake_.rewrite(third_, [](auto& file) {
    file.rows[0] = TestLake::row("ST-10", 7, 1, 0);
    file.rows[0].window = file.rows[1].window;
    TestLake::forge(file);
  });
  EXPECT_EQ(run(), "LAKE/" + kThird +
                       ": ST-10: does not go on where it was: bikes_close is 12 in " + kSecond +
                       ", and the next bikes_open is 7 in " + kThird + "\n" + kEnd +
                       "1 violation\n1");
}

TEST_F(VerifyTest, FindsAMissingHourFile) {
  lake_.remove(second_);
  EXPECT_EQ(run(),
            "LAKE/" + kSecond + ": is missing; it is named by " + kThird + "\nLAKE/" + kFolder +
                "hour=09/_SUCCESS: says that the hour is complete, and it has no file\nopen: " +
                kFolder + "hour=10\nLAKE: 2 files, 4 rows, 2 hours (1 open): 2 violations\n1");
}

TEST_F(VerifyTest, FindsThatTheFirstFileIsMissing) {
  lake_.remove(first_);
  EXPECT_THAT(run(), HasSubstr("LAKE/" + kFirst + ": is missing; it is named by " + kSecond));
}

TEST_F(VerifyTest, FindsAMissingStationRow) {
  lake_.rewrite(second_, [](auto& file) {
    file.rows.insert(file.rows.end(), TestLake::row("ST-9", 1, 0, 0));
    file.rows[1].window = file.rows[0].window;
    file.rows.erase(file.rows.begin());
  });
  const std::string text = run();
  EXPECT_THAT(text, HasSubstr("LAKE/" + kSecond + ": was changed: its rows have the hash "));
  EXPECT_THAT(text,
              HasSubstr("LAKE/" + kSecond + ": ST-10: its row is missing: bikes_close is 10 in " +
                        kFirst + ", and the next bikes_open is 12 in " + kThird));
}

TEST_F(VerifyTest, SuspectsAMissingRowWithoutMovements) {
  const std::string fourth = lake_.add(
      kEight + 3 * kHour, {TestLake::row("ST-10", 11, 0, 0), TestLake::row("ST-4", 4, 0, 0)});
  lake_.add(kEight + 4 * kHour, {TestLake::row("ST-10", 11, 0, 0), TestLake::row("ST-4", 4, 0, 0)});
  lake_.rewrite(fourth, [](auto& file) { file.rows.pop_back(); });
  EXPECT_THAT(run(), HasSubstr("was changed: its row count is 1, and it was written with 2\n"));
  EXPECT_THAT(run(), HasSubstr("\nperhaps missing: the row of ST-4 in " + fourth +
                               ": there is one in the file before and in the one after\n"));
  lake_.rewrite(fourth, [](auto& file) { TestLake::forge(file); });  // the one who did it hides it
  EXPECT_THAT(run(), HasSubstr("was rewritten: "));
  EXPECT_THAT(run(), HasSubstr("\nperhaps missing: the row of ST-4 in " + fourth));
}

TEST_F(VerifyTest, FindsADuplicateFile) {
  const std::string copy = kFolder + "hour=11/backfill-0-20240811T000000Z-1h.parquet";
  lake_.put(copy, lake_.get(second_));
  EXPECT_THAT(run(), HasSubstr("LAKE/" + copy + ": holds the same window as " + kSecond +
                               ": readers count it twice\n"));
  lake_.remove(copy);
  const std::string renamed = kFolder + "hour=09/backfill-1-20240811T000000Z-1h.parquet";
  lake_.put(renamed, lake_.get(second_));
  EXPECT_EQ(run(), "LAKE/" + renamed + ": holds the same window as " + kSecond +
                       ": readers count it twice\nopen: " + kFolder +
                       "hour=10\nLAKE: 4 files, 6 rows, 3 hours (1 open): 1 violation\n1");
}

TEST_F(VerifyTest, FindsAForeignFile) {
  lake_.put(kFolder + "hour=09/part-0.parquet", "PAR1");
  lake_.put(kFolder + "notes.txt", "hello");
  lake_.put(kFolder + "hour=09/copy.parquet", lake_.get(second_));
  lake_.put("late/x.parquet", "");
  const std::string text = run();
  EXPECT_THAT(text, HasSubstr("LAKE/" + kFolder + "hour=09/part-0.parquet: is no file of this"));
  EXPECT_THAT(text, HasSubstr("LAKE/" + kFolder + "notes.txt: is no file of this program's"));
  EXPECT_THAT(text, HasSubstr("LAKE/" + kFolder +
                              "hour=09/copy.parquet: is a copy under another name of a file of "
                              "seoul, window 2024-08-11T00:00:00Z: readers count it twice"));
  EXPECT_THAT(text, HasSubstr("LAKE/late/x.parquet: is no file of this program's"));
  EXPECT_THAT(text, HasSubstr(": 4 violations\n1"));
}

TEST_F(VerifyTest, FindsAFileInAnotherHour) {
  lake_.put(kFolder + "hour=23/backfill-0-20240811T010000Z-1h.parquet", lake_.get(third_));
  lake_.remove(third_);
  EXPECT_THAT(run(),
              HasSubstr("hour=23/backfill-0-20240811T010000Z-1h.parquet: belongs at " + kThird));
}

TEST_F(VerifyTest, FindsADamagedFile) {
  lake_.put(second_, lake_.get(second_).substr(0, 500));
  EXPECT_THAT(run(), HasSubstr("LAKE/" + kSecond + ": is cut off"));
  EXPECT_THAT(run(), HasSubstr(": 1 violation\n1"));  // what follows is not blamed for it
}

TEST_F(VerifyTest, FindsImpossibleValues) {
  const auto check = [&](auto change, const std::string& message) {
    const std::string before = lake_.get(third_);
    lake_.rewrite(third_, [&](auto& file) {
      change(file.rows[0]);
      TestLake::forge(file);
    });
    EXPECT_THAT(run(), HasSubstr("LAKE/" + kThird + ": ST-10: " + message));
    lake_.put(third_, before);
  };
  check([](HourlyRow& row) { row.bikes_min = -1; }, "bikes_min is -1");
  check([](HourlyRow& row) { row.bikes_min = 12; },
        "bikes_close is 11, outside of bikes_min 12 to bikes_max 12");
  check([](HourlyRow& row) { row.bikes_max = 11; },
        "bikes_open is 12, outside of bikes_min 11 to bikes_max 11");
  check([](HourlyRow& row) { row.observed_seconds = 3601; },
        "observed_seconds is 3601 in a window of 3600 s");
  check([](HourlyRow& row) { row.empty_seconds = 2000, row.full_seconds = 1601; },
        "empty_seconds 2000 and full_seconds 1601 do not fit into observed_seconds 3600");
  check([](HourlyRow& row) { row.total_rental = -1; }, "the books do not balance");
  check([](HourlyRow& row) { row.largest_rental = 2; },
        "largest_rental is 2 where total_rental is 1");
  check([](HourlyRow& row) { row.largest_return = 1; },
        "largest_return is 1 where total_return is 0");
  check([](HourlyRow& row) { row.window.start += kHour; }, "its row is of 2024-08-11T02:00:00Z to");
}

TEST_F(VerifyTest, FindsAStationTwiceAndDisorder) {
  lake_.rewrite(third_, [](auto& file) {
    std::swap(file.rows[0], file.rows[1]);
    file.rows.push_back(file.rows[0]);
    TestLake::forge(file);
  });
  EXPECT_THAT(run(),
              HasSubstr("ST-10: rows are not sorted by station: this one comes after ST-4\n"));
  EXPECT_THAT(run(), HasSubstr("ST-4: has a second row in this file\n"));
}

TEST_F(VerifyTest, FindsAHourOfTwoSources) {
  lake_.add(kEight + kHour, {TestLake::row("ST-10", 10, 2, 4)}, {.source = "feed"});
  EXPECT_THAT(run(),
              HasSubstr("hour=09/feed-0-20240811T000000Z-1h.parquet: ST-10: has a row of this "
                        "window from backfill too\n"));
}

TEST_F(VerifyTest, ListsAStationThatMoved) {
  lake_.add(kEight + 2 * kHour, {TestLake::row("ST-7", 10, 0, 0)});
  TestLake moved;
  moved.add(kEight, {TestLake::row("ST-7", 10, 2, 0), TestLake::row("ST-8", 10, 2, 0)},
            {.source = "topic"});
  moved.add(kEight + kHour, {TestLake::row("ST-7", 8, 2, 0)}, {.source = "topic", .number = 1});
  options_.lake = moved.folder();
  EXPECT_THAT(run(), HasSubstr("moved: ST-7\n"));
  EXPECT_THAT(run(), HasSubstr("no violations\n0"));
}

TEST_F(VerifyTest, FindsMarkersThatAreMissing) {
  lake_.remove(kFolder + "hour=08/_SUCCESS");
  EXPECT_EQ(run(),
            "LAKE/" + kFolder +
                "hour=08/_SUCCESS: is missing: a later hour of the system is complete\nopen: " +
                kFolder + "hour=10\nLAKE: 3 files, 5 rows, 3 hours (2 open): 1 violation\n1");
}

TEST_F(VerifyTest, FindsOtherSettingsAndLakes) {
  lake_.rewrite(third_,
                [](auto& file) { TestLake::set_key(file.metadata, metadata::kDelay, "5m"); });
  EXPECT_THAT(run(), HasSubstr("LAKE/" + kThird +
                               ": was written with other settings than the file before it: length "
                               "1h, slide 1h, delay 5m, "));
  lake_.rewrite(third_, [](auto& file) {
    TestLake::set_key(file.metadata, metadata::kLakeId, "0");
    TestLake::set_key(file.metadata, metadata::kDelay, "10m");
  });
  EXPECT_THAT(run(), HasSubstr("LAKE/" + kThird + ": was written for another lake (id 0, here "));
  lake_.rewrite(third_, [](auto& file) {
    TestLake::set_key(file.metadata, metadata::kRows, "many");
    file.metadata.erase(file.metadata.begin());
  });
  EXPECT_THAT(run(),
              HasSubstr("LAKE/" + kThird +
                        ": its metadata are not whole: 'source' is missing, 'rows' is 'many'"));
}

TEST_F(VerifyTest, FindsMetadataThatContradictThemselves) {
  const std::string before = lake_.get(third_);
  lake_.rewrite(third_,
                [](auto& file) { TestLake::set_key(file.metadata, metadata::kLength, "30m"); });
  EXPECT_THAT(run(), HasSubstr("LAKE/" + kThird +
                               ": its metadata name the window 2024-08-11T01:00:00Z to "
                               "2024-08-11T02:00:00Z, and its length 30m\n"));
  lake_.put(third_, before);
  lake_.rewrite(third_, [](auto& file) {
    TestLake::set_key(file.metadata, metadata::kTimezone, "Asia/Nowhere");
  });
  EXPECT_THAT(run(), HasSubstr("LAKE/" + kThird +
                               ": its metadata name a time zone that is none: Asia/Nowhere\n"));
}

TEST_F(VerifyTest, FindsARowThatIsMissingInOneOfSeveralFiles) {
  const std::string fourth = lake_.add(kEight + 3 * kHour, {TestLake::row("ST-10", 11, 0, 0)});
  const std::string fifth = lake_.add(
      kEight + 4 * kHour, {TestLake::row("ST-10", 11, 0, 0), TestLake::row("ST-4", 9, 0, 0)});
  lake_.add(kEight + 5 * kHour, {TestLake::row("ST-10", 11, 0, 0)});
  lake_.add(kEight + 6 * kHour, {TestLake::row("ST-10", 11, 0, 0)});
  const std::string last = lake_.add(
      kEight + 7 * kHour, {TestLake::row("ST-10", 11, 0, 0), TestLake::row("ST-4", 2, 0, 0)});
  EXPECT_THAT(run(),
              HasSubstr("LAKE/" + fourth + ": ST-4: its row is missing: bikes_close is 4 in " +
                        kThird + ", and the next bikes_open is 9 in " + fifth + "\n"));
  EXPECT_THAT(run(), HasSubstr(": ST-4: its row is missing here or in the 1 file before it: "
                               "bikes_close is 9 in " +
                               fifth + ", and the next bikes_open is 2 in " + last + "\n"));
}

TEST_F(VerifyTest, LooksAtTheConfigurationToo) {
  lake_.put("bikeflow.toml", "[kafka]\nbrokers = \"127.0.0.1:1\"\ntopic = \"t\"\n");
  options_.config = lake_.folder() + "/bikeflow.toml";
  EXPECT_THAT(run(), HasSubstr("could not verify: that the lake equals what the topic t says: the "
                               "lake has no checkpoint of its partitions\n"));
  EXPECT_THAT(run(), HasSubstr("no violations in what could be verified\n3"));
}

TEST_F(VerifyTest, FindsAFileThatTheChainDoesNotKnow) {
  const std::string extra = lake_.add(kEight + kHour / 2, {TestLake::row("ST-77", 1, 0, 0)},
                                      {.length = kHour / 2, .slide = kHour / 2});
  const std::string text = run();
  EXPECT_THAT(text, HasSubstr("LAKE/" + extra + ": is not part of the chain of files: " + kSecond +
                              " says that the one before it is " + kFirst));
}

TEST_F(VerifyTest, LooksAtTheTimeAskedForOnly) {
  lake_.rewrite(first_, [](auto& file) { file.rows[0].total_rental = 9; });
  options_.from = "2024-08-11T09:00";
  EXPECT_EQ(run(), "open: " + kFolder +
                       "hour=10\nLAKE: 2 files, 3 rows, 2 hours (1 open): no violations\n0");
  options_.to = "2024-08-11T10:00";
  EXPECT_EQ(run(), "LAKE: 1 file, 1 row, 1 hour: no violations\n0");
  options_.from = std::nullopt;
  EXPECT_THAT(run(), HasSubstr("the books do not balance"));
}

TEST_F(VerifyTest, KnowsSlidingWindows) {
  TestLake sliding;
  const TestLake::Part part{.slide = 30 * kMinute};
  sliding.add(kEight, {TestLake::row("ST-4", 9, 1, 0)}, part);
  sliding.add(kEight + 30 * kMinute, {TestLake::row("ST-4", 9, 1, 0)}, part);  // does not go on
  options_.lake = sliding.folder();
  EXPECT_THAT(run(), HasSubstr("no violations\n0"));
}

TEST_F(VerifyTest, ReportsAsJson) {
  lake_.remove(second_);
  lake_.remove(kFolder + "hour=09/_SUCCESS");
  options_.format = "json";
  EXPECT_EQ(run(), "{\"lake\":\"LAKE\",\n\"violations\":[\n{\"kind\":\"missing_file\",\"path\":\"" +
                       kSecond + "\",\"message\":\"is missing; it is named by " + kThird +
                       "\"}\n],\n\"due\":[],\n\"moved\":[],\n\"open\":[\"" + kFolder +
                       "hour=10\"],\n\"perhaps_missing\":[],\n\"unverified\":[],\n\"files\":2,"
                       "\n\"rows\":4,\n\"hours\":2,\n"
                       "\"open_hours\":1,\n\"late_rows\":0,\n\"dead_letters\":0,\n"
                       "\"violation_count\":1,\n\"verified\":false}\n1");
}

TEST_F(VerifyTest, LooksAtLateRowsAndDeadLetters) {
  const Zone zone = Zone::load("Asia/Seoul").value();
  std::vector<LateRow> late = {
      {"ST-4", kEight, {3, 10}, kEight + kHour, "backfill", {0, 7}},
      {"ST-4", kEight + kHour, {3, 10}, kEight + kHour, "backfill", {0, 8}}};
  const std::string late_file =
      late_path({}, zone, "seoul", "backfill", late[0].watermark, late[0].position);
  lake_.put(late_file, encode_late(late, {}).value());
  std::vector<DeadLetter> letters = {{"backfill", {0, 3}, kEight, {}, "{"},
                                     {"backfill", {0, 2}, kEight, {}, "{"}};
  const std::string wrong_day = "dead_letter/year=2024/month=08/day=12/backfill-0-3.parquet";
  lake_.put(wrong_day, encode_dead_letters(letters, {}).value());
  lake_.put("dead_letter/year=2024/month=08/day=10/backfill-0-9.parquet",
            encode_dead_letters(letters, {}).value());
  lake_.put("dead_letter/year=2024/month=08/day=10/backfill-0-1.parquet", "PAR1");
  lake_.put("late/system=seoul/year=2024/month=08/day=11/backfill-0-90.parquet", "PAR1");
  lake_.put("late/system=seoul/year=2024/month=08/day=11/backfill-0-91.parquet",
            encode_late({}, {}).value());
  const std::string text = run();
  EXPECT_THAT(text,
              HasSubstr("LAKE/" + late_file +
                        ": ST-4: is not late: observed at 2024-08-11T00:00:00Z, the watermark "
                        "was 2024-08-11T00:00:00Z\n"));
  EXPECT_THAT(text, HasSubstr("LAKE/" + wrong_day +
                              ": its row 0@3 belongs in dead_letter/year=2024/month=08/day=10\n"));
  EXPECT_THAT(
      text,
      HasSubstr("day=10/backfill-0-9.parquet: its name speaks of 0@9, and its first row is 0@3\n"));
  EXPECT_THAT(text, HasSubstr("day=10/backfill-0-9.parquet: its rows are not in the order of their "
                              "offsets: 0@2 comes after 0@3\n"));
  EXPECT_THAT(text, HasSubstr("day=10/backfill-0-1.parquet: is "));
  EXPECT_THAT(text, HasSubstr("day=11/backfill-0-90.parquet: is "));
  EXPECT_THAT(text, HasSubstr("day=11/backfill-0-91.parquet: has no rows\n"));
  EXPECT_THAT(text, HasSubstr(", 2 late rows, 4 dead letters: 7 violations\n1"));
}

TEST_F(VerifyTest, AFilePublishedSinceTheListingIsNotMissing) {
  const LakeView view = LakeView::open(lake_.folder()).value();
  const HourListing listing = view.list_hours().value();
  const std::vector<HourFile>& files = listing.systems.at("seoul");
  // As if the second had come afterwards.
  const PathSet listed = {files[0].path, files[2].path}, due;
  Zones zones;
  std::string text;
  Output out(text);
  VerifyReport report(false, "LAKE", out);
  SystemVerifier verifier(view, listed, due, false, zones, report);
  verifier.file(files[0]);
  verifier.file(files[2]);
  EXPECT_EQ(report.violations(), 0) << text;
}

TEST_F(VerifyTest, SaysWhatItCouldNotVerify) {
  options_.lake = "/nonexistent";
  EXPECT_EQ(run(), "3");
  options_.lake = lake_.folder();
  lake_.put("_bikeflow/state/backfill/CURRENT", "1-0123456789abcdef\n");
  EXPECT_THAT(run(), HasSubstr("could not verify: "));
  EXPECT_THAT(run(), HasSubstr("no violations in what could be verified\n3"));
}

}  // namespace
}  // namespace bikeflow
