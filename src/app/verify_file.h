// One file of rows by itself: what its metadata say, and whether its rows can be.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "app/lake_view.h"
#include "app/verify_report.h"
#include "base/zone.h"
#include "lake/parquet.h"

namespace bikeflow {

// The metadata of a file of rows, read.
struct FileFacts {
  std::string source;
  std::int32_t partition = 0;
  std::string system;
  Window window;
  Seconds slide = kHour;
  std::string timezone;
  LakeRule rule;
  std::int64_t rows = 0;
  std::string row_hash;
  std::string previous_name, previous_row_hash;
  std::string lake_id;
  std::string settings;  // those that rows depend on, as text: equal or not

  [[nodiscard]] Seconds length() const { return window.end - window.start; }
};

// Nothing, and violations, where a key is missing or cannot be read.
std::optional<FileFacts> read_facts(const KeyValues& metadata, std::string_view path,
                                    VerifyReport& report);

// Zones by name, each loaded once. Threads: one owner.
class Zones {
 public:
  // Null where there is no such zone.
  const Zone* find(const std::string& name);

 private:
  std::map<std::string, std::optional<Zone>> zones_;
};

// Every row by itself and their order: window, balance, values, each station once.
void check_rows(const std::vector<HourlyRow>& rows, const Window& window, std::string_view path,
                VerifyReport& report);

}  // namespace bikeflow
