#include "app/lake_hours.h"

#include <algorithm>
#include <atomic>
#include <set>
#include <thread>
#include <tuple>

#include "io/open_store.h"
#include "lake/parquet.h"

namespace bikeflow {
namespace {

// Of a station's files so many are in memory together, at some 40 KB each.
constexpr std::size_t kFilesAtOnce = 64;
// To decode fewer takes no longer than to start a thread.
constexpr std::size_t kFilesWorthAThread = 8;
// A page's question is no reason to take all of a large machine.
constexpr unsigned kMostThreads = 4;

// A file's, of one station.
struct Part {
  std::shared_ptr<const std::string> bytes{};  // none where nothing is to be decoded
  bool is_new = false;
  Result<std::vector<HourlyRow>> rows{};
};

// Each reader takes the next file, on a thread of its own, the first on this one.
void decode(std::span<Part> parts, std::span<StationReader> readers) {
  std::atomic<std::size_t> next = 0;
  const auto work = [&](StationReader& reader) {
    for (std::size_t i = next++; i < parts.size(); i = next++) {
      if (parts[i].bytes != nullptr) parts[i].rows = reader.read(*parts[i].bytes);
    }
  };
  std::vector<std::jthread> helpers;
  const std::size_t threads = std::min(readers.size(), 1 + parts.size() / kFilesWorthAThread);
  for (StationReader& reader : readers.first(threads).subspan(1)) {
    helpers.emplace_back([&] { work(reader); });
  }
  work(readers.front());
}

}  // namespace

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

Result<LakeHours::Bytes> LakeHours::bytes_of(const std::string& path) {
  auto bytes = store_->get(path);
  if (!bytes) return std::unexpected(bytes.error());
  if (!*bytes) return fail("{}: gone since it was listed", store_->shown(path));
  return std::make_shared<const std::string>(**std::move(bytes));
}

Result<LakeHours::Rows> LakeHours::read(const std::string& path) {
  if (const Rows* const rows = rows_.find(path)) return *rows;
  const auto bytes = bytes_of(path);
  if (!bytes) return std::unexpected(bytes.error());
  auto file = decode_hourly(**bytes);
  if (!file) return with_context(store_->shown(path), file.error());
  auto rows = std::make_shared<const std::vector<HourlyRow>>(std::move(file->rows));
  rows_.put(path, rows, rows->size());
  return rows;
}

Result<void> LakeHours::read_station(std::span<const File> files, std::span<StationReader> readers,
                                     std::vector<HourlyRow>& found) {
  std::vector<Part> parts;
  parts.reserve(files.size());
  for (const File& file : files) {
    Part& part = parts.emplace_back();
    if (const Rows* const rows = rows_.find(file.path)) {
      const auto same = std::ranges::equal_range(**rows, readers.front().station_id(), {},
                                                 &HourlyRow::station_id);
      part.rows->assign(same.begin(), same.end());
    } else if (const Bytes* const bytes = bytes_.find(file.path)) {
      part.bytes = *bytes;
    } else if (auto got = bytes_of(file.path)) {
      part.bytes = *std::move(got);
      part.is_new = true;
    } else {
      part.rows = std::unexpected(got.error());
      break;  // what comes after it is not asked for
    }
  }
  decode(parts, readers);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    Part& part = parts[i];
    const std::string& path = files[i].path;
    if (!part.rows) {
      return part.bytes == nullptr ? std::unexpected(part.rows.error())
                                   : with_context(store_->shown(path), part.rows.error());
    }
    // One that is damaged is not kept: somebody may put it right.
    if (part.is_new) bytes_.put(path, part.bytes, part.bytes->size());
    found.insert(found.end(), part.rows->begin(), part.rows->end());
  }
  return {};
}

Result<std::vector<HourlyRow>> LakeHours::rows_of_station(std::span<const File> files,
                                                          const std::string& station,
                                                          std::size_t most) {
  const std::size_t threads = std::clamp(std::thread::hardware_concurrency(), 1U, kMostThreads);
  std::vector<StationReader> readers(threads, StationReader(station));
  std::vector<HourlyRow> found;
  while (!files.empty() && found.size() <= most) {
    const auto some = files.first(std::min(files.size(), kFilesAtOnce));
    files = files.subspan(some.size());
    if (auto read = read_station(some, readers, found); !read) {
      return std::unexpected(read.error());
    }
  }
  return found;
}

Result<std::vector<HourlyRow>> LakeHours::rows_of_all(std::span<const File> files,
                                                      std::size_t most) {
  std::vector<HourlyRow> found;
  for (const File& file : files) {
    const auto rows = read(file.path);
    if (!rows) return std::unexpected(rows.error());
    found.insert(found.end(), (*rows)->begin(), (*rows)->end());
    if (found.size() > most) break;
  }
  return found;
}

Result<std::vector<HourlyRow>> LakeHours::rows(const LakeHoursOf& of, const TimeRange& range,
                                               const std::optional<std::string>& station,
                                               std::size_t most) {
  const std::scoped_lock lock(mutex_);
  const auto files = find(of, range);
  if (!files) return std::unexpected(files.error());
  auto found = station ? rows_of_station(*files, *station, most) : rows_of_all(*files, most);
  if (!found) return found;
  // An hour may have several files, one of each partition.
  std::ranges::stable_sort(*found, [](const HourlyRow& a, const HourlyRow& b) {
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
