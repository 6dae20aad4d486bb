// A small lake on disk for tests of the commands that read one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "app/shell.h"
#include "base/zone.h"
#include "io/store.h"
#include "lake/parquet.h"
#include "lake/paths.h"

namespace bikeflow {

// What a command says on a lake, whose folder is "LAKE" then.
struct Said {
  std::string out, err;
  std::string end;  // the exit status, or "error: " and why

  [[nodiscard]] std::string all() const { return out + err + end; }
};
Said said_on(const std::string& lake, const std::function<Result<ExitStatus>(Shell&)>& command);

class TestLake {
 public:
  // A partition of a system, as its files describe it.
  struct Part {
    std::string source = "backfill";
    std::int32_t number = 0;
    std::string system = "seoul";
    std::string timezone = "Asia/Seoul";
    Seconds length = kHour;
    Seconds slide = kHour;
    LakeRule rule = {};
  };

  TestLake();
  ~TestLake();
  TestLake(const TestLake&) = delete;
  TestLake& operator=(const TestLake&) = delete;

  [[nodiscard]] std::string folder() const { return folder_.string(); }
  [[nodiscard]] const std::string& lake_id() const { return lake_id_; }

  // A right row: `rentals` and `returns` from `open`, one bike at a time, the whole hour observed.
  static HourlyRow row(const std::string& station, int open, int rentals, int returns);

  // Writes the file of the window that starts then, chained to the partition's last one; its path.
  // The rows get its window.
  std::string add(Seconds start, std::vector<HourlyRow> rows) {
    return add(start, std::move(rows), Part{});
  }
  std::string add(Seconds start, std::vector<HourlyRow> rows, const Part& part);
  // The hour's directory gets its _SUCCESS.
  void complete(const std::string& path_in_directory);

  void put(const std::string& path, std::string_view bytes);
  [[nodiscard]] std::string get(const std::string& path) const;
  void remove(const std::string& path);

  // Rows and metadata are changed by `change`, and the file written again as it then is.
  template <class Change>
  void rewrite(const std::string& path, Change&& change) {
    RowFile<HourlyRow> file = decode_hourly(get(path)).value();
    change(file);
    put(path, encode_hourly(file.rows, file.metadata).value());
  }
  // Sets row count and row hash to those of the rows, as one who hides a change would.
  static void forge(RowFile<HourlyRow>& file);
  static void set_key(KeyValues& metadata, std::string_view key, const std::string& value);

 private:
  struct Chain {
    std::string name, row_hash;
  };
  std::filesystem::path folder_;
  std::string lake_id_;
  std::map<std::string, Chain> chains_;
};

}  // namespace bikeflow
