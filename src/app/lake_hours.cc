#include "app/lake_hours.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "io/open_store.h"
#include "lake/parquet.h"

namespace bikeflow {

Result<Store*> LakeHours::store() {
  if (store_ != nullptr) return store_.get();
  auto opened = open_store(url_, "reader");  // nothing is put: the name names nothing
  if (!opened) return std::unexpected(opened.error());
  store_ = *std::move(opened);
  return store_.get();
}

Result<std::vector<LakeHours::File>> LakeHours::find(const LakeHoursOf& of,
                                                     const TimeRange& range) {
  if (range.from < 0 || range.to - range.from > kLongest) {
    return fail("asks for more than {}; ask for less at a time", format_duration(kLongest));
  }
  const auto opened = store();
  if (!opened) return std::unexpected(opened.error());
  const Seconds phase = of.zone.hour_phase();
  const Seconds begin = range.from - (range.from + phase) % of.slide;
  std::set<std::string> folders;
  for (Seconds start = begin; start < range.to; start += of.slide) {
    // The source and the partition are of the name, not of the folder.
    const std::string path =
        hourly_path(rule_, of.zone, of.system, "any", 0, {start, start + of.length});
    folders.emplace(folder_of(path));
  }
  std::vector<File> files;
  for (const std::string& folder : folders) {
    const auto listed = (*opened)->list(folder, Store::Scope::kWithoutInternal);
    if (!listed) return std::unexpected(listed.error());
    const bool is_final = std::ranges::any_of(
        *listed, [](const StoredFile& file) { return name_of(file.path) == kSuccessName; });
    for (const StoredFile& file : *listed) {
      const auto name = parse_hourly_name(name_of(file.path));
      if (!name || !range.contains(name->window.start)) continue;
      files.push_back({file.path, name->window, is_final});
    }
  }
  std::ranges::sort(files, [](const File& a, const File& b) {
    return std::tie(a.window, a.path) < std::tie(b.window, b.path);
  });
  return files;
}

Result<std::string> LakeHours::bytes_of(const std::string& path) {
  auto bytes = store_->get(path);
  if (!bytes) return std::unexpected(bytes.error());
  if (!*bytes) return fail("{}: gone since it was listed", store_->shown(path));
  return **std::move(bytes);
}

Result<LakeHours::Rows> LakeHours::read(const std::string& path) {
  if (const Rows* const rows = rows_.find(path)) return *rows;
  const auto bytes = bytes_of(path);
  if (!bytes) return std::unexpected(bytes.error());
  auto file = decode_hourly(*bytes);
  if (!file) return with_context(store_->shown(path), file.error());
  auto rows = std::make_shared<const std::vector<HourlyRow>>(std::move(file->rows));
  rows_.put(path, rows, rows->size());
  return rows;
}

Result<std::vector<HourlyRow>> LakeHours::read_station(const std::string& path,
                                                       StationReader& station) {
  if (const Rows* const rows = rows_.find(path)) {
    const auto same =
        std::ranges::equal_range(**rows, station.station_id(), {}, &HourlyRow::station_id);
    return std::vector(same.begin(), same.end());
  }
  const auto decode = [&](const std::string& bytes) {
    auto rows = station.read(bytes);
    return rows ? rows : with_context(store_->shown(path), rows.error());
  };
  if (const std::string* const bytes = bytes_.find(path)) return decode(*bytes);
  auto bytes = bytes_of(path);
  if (!bytes) return std::unexpected(bytes.error());
  auto rows = decode(*bytes);
  const std::size_t size = bytes->size();
  // One that is damaged is not kept: somebody may put it right.
  if (rows) bytes_.put(path, *std::move(bytes), size);
  return rows;
}

Result<std::vector<HourlyRow>> LakeHours::rows(const LakeHoursOf& of, const TimeRange& range,
                                               const std::optional<std::string>& station,
                                               std::size_t most) {
  const std::scoped_lock lock(mutex_);
  const auto files = find(of, range);
  if (!files) return std::unexpected(files.error());
  StationReader reader(station.value_or(""));
  std::vector<HourlyRow> found;
  for (const File& file : *files) {
    if (station) {
      const auto rows = read_station(file.path, reader);
      if (!rows) return std::unexpected(rows.error());
      found.insert(found.end(), rows->begin(), rows->end());
    } else {
      const auto rows = read(file.path);
      if (!rows) return std::unexpected(rows.error());
      found.insert(found.end(), (*rows)->begin(), (*rows)->end());
    }
    if (found.size() > most) break;
  }
  // An hour may have several files, one of each partition.
  std::ranges::stable_sort(found, [](const HourlyRow& a, const HourlyRow& b) {
    return std::tie(a.window, a.station_id) < std::tie(b.window, b.station_id);
  });
  return found;
}

template <class Hour>
Hour& LakeHours::hour_of(const File& file, std::vector<Hour>& hours) {
  if (hours.empty() || hours.back().window != file.window) {
    Hour& added = hours.emplace_back();
    added.window = file.window;
    added.state = "final";
  }
  if (!file.is_final) hours.back().state = "open";
  return hours.back();
}

Result<std::vector<HourState>> LakeHours::states(const LakeHoursOf& of, const TimeRange& range) {
  const std::scoped_lock lock(mutex_);
  const auto files = find(of, range);
  if (!files) return std::unexpected(files.error());
  std::vector<HourState> hours;
  for (const File& file : *files) hour_of(file, hours);
  return hours;
}

Result<std::vector<HourSums>> LakeHours::sums(const LakeHoursOf& of, const TimeRange& range) {
  const std::scoped_lock lock(mutex_);
  const auto files = find(of, range);
  if (!files) return std::unexpected(files.error());
  if (sums_.size() > kMostKeptSums) sums_.clear();
  std::vector<HourSums> hours;
  for (const File& file : *files) {
    auto found = sums_.find(file.path);
    if (found == sums_.end()) {
      const auto rows = read(file.path);
      if (!rows) return std::unexpected(rows.error());
      HourSums sums;
      for (const HourlyRow& row : **rows) sums.add(row);
      found = sums_.emplace(file.path, sums).first;
    }
    hour_of(file, hours) += found->second;
  }
  return hours;
}

}  // namespace bikeflow
