#include "io/text_chunks.h"

#include <gmock/gmock.h>

#include "feed/record_reader.h"
#include "test/child.h"
#include "test/compress.h"

namespace bikeflow {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class TextChunksTest : public ::testing::Test {
 protected:
  struct Outcome {
    std::vector<std::string> records;  // a large one as its size
    std::vector<std::int64_t> ends;    // of chunks, in bytes
    std::vector<std::size_t> counts;   // of records up to there
    std::string error;
  };

  Outcome read(const std::string& name, std::int64_t resume_bytes = 0) {
    Outcome outcome;
    auto chunks = resume_bytes > 0 ? TextChunks::resume(folder_ / name, settings_, {}, resume_bytes)
                                   : TextChunks::open(folder_ / name, settings_, {});
    if (!chunks) return {{}, {}, {}, chunks.error().message};
    bool has_ended = false;
    while (true) {
      auto chunk = chunks->next();
      if (!chunk) {
        outcome.error = chunk.error().message;
        EXPECT_FALSE((*chunks).next()->has_value()) << "nothing comes after an error";
        return outcome;
      }
      if (!*chunk) break;
      EXPECT_FALSE(has_ended);
      has_ended = (*chunk)->ends_input;
      RecordReader reader = (*chunk)->csv ? RecordReader(*(*chunk)->csv)
                                          : RecordReader(JsonRecordDecoder(settings_.zone));
      std::string_view rest = (*chunk)->records;
      while (const auto frame = reader.next(rest)) {
        outcome.records.push_back(frame->is_too_large ? "too large"
                                  : frame->record.size() > 100
                                      ? fmt::format("{} bytes", frame->record.size())
                                      : std::string(frame->record));
      }
      outcome.ends.push_back((*chunk)->end_bytes);
      outcome.counts.push_back(outcome.records.size());
    }
    EXPECT_TRUE(has_ended);
    return outcome;
  }

  Outcome of(const std::string& bytes, const std::string& name = "input") {
    write_file(folder_ / name, bytes);
    return read(name);
  }

  TempFolder folder_;
  ReaderSettings settings_{.names = {}, .zone = *Zone::load("UTC"), .system = "test"};
};

constexpr const char* kHeader = "station_id,observed_at,bikes\n";

TEST_F(TextChunksTest, CutsLinesAndCsvRecords) {
  EXPECT_THAT(of("{\"a\":1}\n{\"b\":2}\n").records, ElementsAre("{\"a\":1}", "{\"b\":2}"));
  EXPECT_THAT(of("{\"a\":1}\n\n{\"b\":2}").records, ElementsAre("{\"a\":1}", "", "{\"b\":2}"));
  EXPECT_THAT(of(std::string(kHeader) + "a,1,2\r\n\"b\nc\",1,2").records,
              ElementsAre("a,1,2", "\"b\nc\",1,2"));
  EXPECT_THAT(of("\xEF\xBB\xBF{\"a\":1}\n").records, ElementsAre("{\"a\":1}"));
  EXPECT_THAT(of(std::string("\xEF\xBB\xBF") + kHeader + "a,1,2\n").records, ElementsAre("a,1,2"));
}

TEST_F(TextChunksTest, AnEmptyInputHasNoRecordsWhateverItsName) {
  for (const char* name : {"input", "input.csv", "input.ndjson"}) {
    const Outcome outcome = of("", name);
    EXPECT_THAT(outcome.records, ElementsAre());
    EXPECT_EQ(outcome.error, "");
  }
  EXPECT_THAT(of(gzip(""), "input.csv.gz").records, ElementsAre());
  EXPECT_THAT(of(kHeader).records, ElementsAre());
}

TEST_F(TextChunksTest, LosesAndDoublesNothingWhereverChunksAreCut) {
  std::string csv = kHeader;
  std::string ndjson;
  std::vector<std::string> csv_records;
  std::vector<std::string> lines;
  for (int i = 0; csv.size() < 3 * TextChunks::kChunkBytes; ++i) {
    csv_records.push_back(i % 3 == 0 ? fmt::format("\"st\n{}\",1,2", i)
                                     : fmt::format("st {},1,2", i));
    csv += csv_records.back() + (i % 2 == 0 ? "\n" : "\r\n");
    lines.push_back(fmt::format("{{\"station_id\":\"{}\"}}", i));
    ndjson += lines.back() + "\n";
  }
  for (const bool is_packed : {false, true}) {
    const Outcome of_csv = of(is_packed ? gzip(csv) : csv, "a.csv");
    EXPECT_TRUE(of_csv.records == csv_records);
    EXPECT_GE(of_csv.ends.size(), 3);
    EXPECT_EQ(of_csv.ends.back(), csv.size());
    const Outcome of_lines = of(is_packed ? gzip(ndjson) : ndjson, "a.ndjson");
    EXPECT_TRUE(of_lines.records == lines);
    EXPECT_EQ(of_lines.ends.back(), ndjson.size());
  }
}

TEST_F(TextChunksTest, GoesOnAtTheEndOfAnyChunk) {
  std::string csv = kHeader;
  for (int i = 0; csv.size() < 4 * TextChunks::kChunkBytes; ++i)
    csv += fmt::format("\"st\n{}\",1,2\n", i);
  std::string ndjson = "\xEF\xBB\xBF";
  for (int i = 0; ndjson.size() < 20 * TextChunks::kChunkBytes; ++i) {
    // Now and then too large, so that a chunk is full within it; and a byte order mark where it is
    // none.
    ndjson += i % 50'000 == 17 ? std::string(7 * TextChunks::kChunkBytes, 'x')
                               : fmt::format("\xEF\xBB\xBF{}", i);
    ndjson += '\n';
  }
  for (const auto& [name, bytes] :
       {std::pair("a.csv", csv), std::pair("b.ndjson", ndjson), std::pair("c.csv.gz", gzip(csv)),
        std::pair("d.jsonl.gz", gzip(ndjson))}) {
    const Outcome whole = of(bytes, name);
    ASSERT_GE(whole.ends.size(), 3);
    for (std::size_t i = 0; i < whole.ends.size(); ++i) {
      const Outcome rest = read(name, whole.ends[i]);
      EXPECT_EQ(rest.error, "");
      ASSERT_EQ(rest.records.size(), whole.records.size() - whole.counts[i]) << name << " " << i;
      EXPECT_TRUE(
          std::ranges::equal(rest.records, std::span(whole.records).subspan(whole.counts[i])));
      EXPECT_EQ(rest.ends.back(), whole.ends.back());
    }
    EXPECT_EQ(read(name, whole.ends.back()).records.size(), 0);
    EXPECT_LT(read(name, whole.ends[1]).records.size(), whole.records.size());
  }
}

TEST_F(TextChunksTest, ARecordThatIsTooLargeIsOneRecordAndCostsNoMemory) {
  const std::string large(10 << 20, 'x');
  const Outcome lines = of("{}\n" + large + "\n{\"next\":1}\n" + large, "a.ndjson");
  EXPECT_THAT(lines.records, ElementsAre("{}", "too large", "{\"next\":1}", "too large"));
  const Outcome csv = of(kHeader + ("a,1,2\n" + large) + "\nb,1,2\n", "a.csv");
  EXPECT_THAT(csv.records, ElementsAre("a,1,2", "too large", "b,1,2"));
  // One of exactly the most that is allowed.
  EXPECT_THAT(of("{}\n" + large.substr(0, 1 << 20) + "\n{}\n", "a.ndjson").records,
              ElementsAre("{}", "1048576 bytes", "{}"));
}

TEST_F(TextChunksTest, DamageIsToldAfterTheWholeRecordsBeforeIt) {
  std::string ndjson;
  for (int i = 0; i < 100'000; ++i) ndjson += fmt::format("{{\"station_id\":\"{}\"}}\n", i * 7919);
  const std::string packed = gzip(ndjson);
  const Outcome outcome = of(packed.substr(0, packed.size() / 2), "a.ndjson.gz");
  EXPECT_GT(outcome.records.size(), 20'000);
  EXPECT_EQ(outcome.records.back(),
            fmt::format("{{\"station_id\":\"{}\"}}", (outcome.records.size() - 1) * 7919))
      << "a part of a record is none";
  EXPECT_THAT(outcome.error, HasSubstr("data break off at byte"));
}

TEST_F(TextChunksTest, WhatIsNoTextOrHasNoHeaderIsRefused) {
  EXPECT_EQ(of("[{\"a\":1}]").error,
            (folder_ / "input") + ": is a JSON array; write one object a line");
  EXPECT_THAT(of(std::string("\xFF\xFE{\0", 4)).error,
              HasSubstr("is UTF-16 text; save it as UTF-8"));
  EXPECT_THAT(of("a,b,c\n1,2,3\n", "a.csv").error, StartsWith(folder_ / "a.csv: "));
  EXPECT_THAT(of(std::string(2 << 20, 'x'), "a.csv").error, HasSubstr("no header"));
  EXPECT_THAT(of("\n\n", "a").error, HasSubstr("is nothing but blanks"));
}

TEST_F(TextChunksTest, TheNameDecidesBetweenKindsOfText) {
  EXPECT_THAT(of("not json at all\n{}\n", "a.ndjson").records,
              ElementsAre("not json at all", "{}"));
  EXPECT_THAT(of("not json at all\n{}\n", "a.jsonl.zst").records,
              ElementsAre("not json at all", "{}"));
  EXPECT_NE(of("not json at all\n{}\n", "a.txt").error, "");
  EXPECT_THAT(of("\n\n", "a.ndjson").records, ElementsAre("", ""));
  EXPECT_THAT(of(std::string(600, '\0') + "\n{}\n", "a.ndjson").records,
              ElementsAre("600 bytes", "{}"));
  EXPECT_THAT(of("{station_id},x\n", "a.csv").error, StartsWith(folder_ / "a.csv: "));
}

}  // namespace
}  // namespace bikeflow
