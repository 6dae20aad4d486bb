// The hours of a lake that is being written, by time: what the dashboard shows of the past. Unlike
// LakeView it never lists all of a lake: it knows in which folder an hour is.
//
// Threads: any; one at a time goes to the store. Helpers decode a station's files while they are
// asked for.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
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

class StationReader;

// What was put in last or asked for last, by name, as long as all of it costs no more than `most`;
// the newest is kept whatever it costs.
template <class Value>
class LastUsed {
 public:
  explicit LastUsed(std::size_t most) : most_(most) {}

  // Good until the next put(); null where there is none.
  const Value* find(std::string_view name) {
    const auto found = by_name_.find(name);
    if (found == by_name_.end()) return nullptr;
    kept_.splice(kept_.begin(), kept_, found->second);
    return &kept_.front().value;
  }

  // Requires: no find() finds it.
  void put(std::string name, Value value, std::size_t cost) {
    kept_.push_front({std::move(name), std::move(value), cost});
    by_name_.emplace(kept_.front().name, kept_.begin());
    cost_ += cost;
    while (cost_ > most_ && kept_.size() > 1) {
      cost_ -= kept_.back().cost;
      by_name_.erase(kept_.back().name);
      kept_.pop_back();
    }
  }

 private:
  struct Kept {
    std::string name;
    Value value;
    std::size_t cost;
  };
  std::size_t most_, cost_ = 0;
  std::list<Kept> kept_;
  std::unordered_map<std::string_view, typename std::list<Kept>::iterator> by_name_;
};

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
  // if it is named. Where there are more than `most` it gives more than that, and not all.
  Result<std::vector<HourlyRow>> rows(const LakeHoursOf& of, const TimeRange& range,
                                      const std::optional<std::string>& station, std::size_t most);

  // The same, added up by window; those without any row are left out. `state` is "final" or "open".
  Result<std::vector<HourSums>> sums(const LakeHoursOf& of, const TimeRange& range);

  // The states alone, for which no file is read.
  Result<std::vector<HourState>> states(const LakeHoursOf& of, const TimeRange& range);

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
  using Bytes = std::shared_ptr<const std::string>;

  // The last of `hours`, as the file's, which is added where it is another hour's.
  template <class Hour>
  static Hour& hour_of(const File& file, std::vector<Hour>& hours);

  Result<std::vector<File>> find(const LakeHoursOf& of, const TimeRange& range);
  Result<Bytes> bytes_of(const std::string& path);
  Result<Rows> read(const std::string& path);
  Result<std::vector<HourlyRow>> rows_of_all(std::span<const File> files, std::size_t most);
  Result<std::vector<HourlyRow>> rows_of_station(std::span<const File> files,
                                                 const std::string& station, std::size_t most);
  // Adds to `found`. Each of the readers is one thread's.
  Result<void> read_station(std::span<const File> files, std::span<StationReader> readers,
                            std::vector<HourlyRow>& found);
  Result<Store*> store();

  std::string url_;
  LakeRule rule_;
  std::mutex mutex_;
  std::unique_ptr<Store> store_;
  // Files are never changed once they are there. The rows of those used last, and the bytes of
  // those of which single stations were: a week's in either, for who looks at one goes on to the
  // next.
  LastUsed<Rows> rows_{100'000};
  LastUsed<Bytes> bytes_{8 << 20};
  // Sums are small, and asked for each time that a page looks at a week.
  static constexpr std::size_t kMostKeptSums = 20'000;
  std::unordered_map<std::string, HourSums> sums_;
};

}  // namespace bikeflow
