// The hours of a lake that is being written, by time: what the dashboard shows of the past. Unlike
// LakeView it never lists all of a lake: it knows in which folder an hour is.
//
// Threads: any; one at a time goes to the store.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "api/rows_json.h"
#include "app/times.h"
#include "base/result.h"
#include "base/zone.h"
#include "io/store.h"
#include "lake/paths.h"
#include "model/rows.h"

namespace bikeflow {

// Whose hours, and how they are cut.
struct LakeHoursOf {
  std::string system{};
  Zone zone;
  Seconds length = kHour, slide = kHour;
};

class LakeHours {
 public:
  LakeHours(std::string url, LakeRule rule) : url_(std::move(url)), rule_(rule) {}

  // The rows of windows that start in the range, in the order of time and station; of one station
  // if it is named. An Error where that is more than kMostRows.
  Result<std::vector<HourlyRow>> rows(const LakeHoursOf& of, const TimeRange& range,
                                      const std::optional<std::string>& station);
  static constexpr std::size_t kMostRows = 200'000;

  // The same, added up by window; those without any row are left out. `state` is "final" or "open".
  Result<std::vector<HourSums>> sums(const LakeHoursOf& of, const TimeRange& range);

  // The longest range that may be asked for.
  static constexpr Seconds kLongest = 32 * kDay;

 private:
  struct File {
    std::string path{};
    Window window{};
    bool is_final = false;
  };
  // Of a file, as rows are used again and again: in the order of stations.
  using Rows = std::shared_ptr<const std::vector<HourlyRow>>;

  Result<std::vector<File>> find(const LakeHoursOf& of, const TimeRange& range);
  Rows kept(const std::string& path);  // none where it is not
  Result<std::string> bytes_of(const std::string& path);
  Result<Rows> read(const std::string& path);
  Result<std::vector<HourlyRow>> read_station(const std::string& path, const std::string& station);
  Result<Store*> store();

  std::string url_;
  LakeRule rule_;
  std::mutex mutex_;
  std::unique_ptr<Store> store_;
  // Files are never changed once they are there. The ones used last, by rows kept.
  static constexpr std::size_t kMostKeptRows = 100'000;
  std::list<std::pair<std::string, Rows>> kept_;
  std::unordered_map<std::string_view, std::list<std::pair<std::string, Rows>>::iterator> by_path_;
  std::size_t kept_rows_ = 0;
  // Sums are small, and asked for each time that a page looks at a week.
  static constexpr std::size_t kMostKeptSums = 20'000;
  std::unordered_map<std::string, HourSums> sums_;
};

}  // namespace bikeflow
