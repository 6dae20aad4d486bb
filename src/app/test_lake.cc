#include "app/test_lake.h"

#include <cstdlib>
#include <fstream>
#include <sstream>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "base/check.h"
#include "base/hash.h"
#include "base/version.h"
#include "io/lake_id.h"
#include "io/local_store.h"
#include "lake/metadata_keys.h"
#include "lake/row_hash.h"

namespace bikeflow {
namespace fs = std::filesystem;

Said said_on(const std::string& lake, const std::function<Result<ExitStatus>(Shell&)>& command) {
  Said said;
  Output out(said.out);
  Log log(LogFormat::kText, false);
  Shell shell{out, log, {}, {}};
  ::testing::internal::CaptureStderr();
  const Result<ExitStatus> status = command(shell);
  said.err = ::testing::internal::GetCapturedStderr();
  said.end =
      status ? std::to_string(static_cast<int>(*status)) : "error: " + status.error().message;
  for (std::string* text : {&said.out, &said.err, &said.end}) {
    for (auto at = text->find(lake); at != std::string::npos; at = text->find(lake)) {
      text->replace(at, lake.size(), "LAKE");
    }
  }
  return said;
}

TestLake::TestLake() {
  std::string name = (fs::temp_directory_path() / "bikeflow-lake-XXXXXX").string();
  CHECK(::mkdtemp(name.data()) != nullptr);
  folder_ = name;
  auto store = LocalStore::open(folder(), "test").value();
  lake_id_ = open_lake(store, [] { return std::uint64_t{0x1234}; }).value();
}

TestLake::~TestLake() { fs::remove_all(folder_); }

HourlyRow TestLake::row(const std::string& station, int open, int rentals, int returns) {
  HourlyRow row;
  row.station_id = station;
  row.total_rental = rentals;
  row.total_return = returns;
  row.bikes_open = open;
  row.bikes_close = open - rentals + returns;
  row.bikes_min = open - rentals;
  row.bikes_max = std::max(open, row.bikes_close);
  row.observed_seconds = 3600;
  row.largest_rental = rentals > 0 ? 1 : 0;
  row.largest_return = returns > 0 ? 1 : 0;
  return row;
}

std::string TestLake::add(Seconds start, std::vector<HourlyRow> rows, const Part& part) {
  const Zone zone = Zone::load(part.timezone).value();
  const Window window{start, start + part.length};
  for (HourlyRow& row : rows) row.window = window;
  Chain& chain = chains_[fmt::format("{} {} {}", part.system, part.source, part.number)];
  const std::string hash = format_hex(hash_rows(rows));
  KeyValues metadata;
  const auto set = [&](std::string_view key, std::string value) {
    metadata.emplace_back(std::string(key), std::move(value));
  };
  set(metadata::kSource, part.source);
  set(metadata::kPartition, fmt::format("{}", part.number));
  set(metadata::kSystem, part.system);
  set(metadata::kWindowStart, format_utc(window.start));
  set(metadata::kWindowEnd, format_utc(window.end));
  set(metadata::kLength, format_duration(part.length));
  set(metadata::kSlide, format_duration(part.slide));
  set(metadata::kDelay, "10m");
  set(metadata::kMaxGap, "10m");
  set(metadata::kTimezone, part.timezone);
  set(metadata::kLayout, std::string(layout_word(part.rule.layout)));
  set(metadata::kPathTime, std::string(path_time_word(part.rule.path_time)));
  set(metadata::kClosedBy, "data");
  set(metadata::kFirstOffset, "0/0");
  set(metadata::kLastOffset, "0/10");
  set(metadata::kRows, fmt::format("{}", rows.size()));
  set(metadata::kRowHash, hash);
  set(metadata::kPreviousName, chain.name);
  set(metadata::kPreviousRowHash, chain.row_hash);
  set(metadata::kLakeId, lake_id_);
  set(metadata::kVersion, std::string(program_version()));
  const std::string path =
      hourly_path(part.rule, zone, part.system, part.source, part.number, window);
  put(path, encode_hourly(rows, metadata).value());
  chain = {path, hash};
  return path;
}

void TestLake::complete(const std::string& path) {
  put(fmt::format("{}/{}", folder_of(path), kSuccessName), "");
}

void TestLake::put(const std::string& path, std::string_view bytes) {
  fs::create_directories((folder_ / path).parent_path());
  std::ofstream(folder_ / path, std::ios::binary) << bytes;
}

std::string TestLake::get(const std::string& path) const {
  std::ostringstream text;
  text << std::ifstream(folder_ / path, std::ios::binary).rdbuf();
  return text.str();
}

void TestLake::remove(const std::string& path) { CHECK(fs::remove(folder_ / path)); }

void TestLake::forge(RowFile<HourlyRow>& file) {
  set_key(file.metadata, metadata::kRows, fmt::format("{}", file.rows.size()));
  set_key(file.metadata, metadata::kRowHash, format_hex(hash_rows(file.rows)));
}

void TestLake::set_key(KeyValues& metadata, std::string_view key, const std::string& value) {
  for (auto& [name, old] : metadata) {
    if (name == key) old = value;
  }
}

}  // namespace bikeflow
