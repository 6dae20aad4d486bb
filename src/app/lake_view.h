// A lake as one who only reads it sees it: which files of rows there are.
//
// Threads: one owner.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/zone.h"
#include "io/store.h"
#include "lake/parquet.h"
#include "lake/paths.h"

namespace bikeflow {

// A file of rows, as its path tells.
struct HourFile {
  std::string path;
  HourlyName name;
};

// What is below hourly_summary.
struct HourListing {
  // By system, in the order of window start, source and partition. The system of the plain layout
  // is "": its paths do not name it.
  std::map<std::string, std::vector<HourFile>> systems;
  std::vector<std::string> markers;  // _SUCCESS, by path
  std::vector<std::string> foreign;  // what this program did not write, by path
};

// What the files of a system say of all of them.
struct SystemRule {
  std::string system;
  Zone zone;
  Seconds length = kHour;
  Seconds slide = kHour;
  LakeRule lake;
};

class LakeView {
 public:
  // A folder or s3://bucket/prefix; an Error where it is no lake that this program can read.
  static Result<LakeView> open(const std::string& url);

  [[nodiscard]] Store& store() const { return *store_; }
  [[nodiscard]] const std::string& lake_id() const { return lake_id_; }

  [[nodiscard]] Result<HourListing> list_hours() const;
  // A file that is gone since it was listed is an Error.
  [[nodiscard]] Result<RowFile<HourlyRow>> read(const HourFile& file) const;
  // As the metadata of one of the system's files have it; an Error where they do not.
  [[nodiscard]] Result<SystemRule> rule_of(const HourFile& file) const;

 private:
  LakeView(std::unique_ptr<Store> store, std::string lake_id)
      : store_(std::move(store)), lake_id_(std::move(lake_id)) {}

  std::unique_ptr<Store> store_;
  std::string lake_id_;
};

// The value of a key; nothing where it is absent.
std::optional<std::string> find_key(const KeyValues& metadata, std::string_view key);

}  // namespace bikeflow
