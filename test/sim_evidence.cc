#include "test/sim_judge.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/hash.h"
#include "lake/paths.h"
#include "pipeline/checkpoint_name.h"

namespace bikeflow::sim {
namespace {

bool is_marker(const std::string& path) { return path.ends_with("/" + std::string(kSuccessName)); }
bool is_hourly(const std::string& path) {
  return path.starts_with(std::string(kHourlyFolder) + "/");
}

}  // namespace

void Met::add(const Met& other) {
  rows += other.rows;
  files += other.files;
  markers += other.markers;
  late += other.late;
  dead_letters += other.dead_letters;
  future += other.future;
  time_jumps += other.time_jumps;
  repeated += other.repeated;
  unobserved += other.unobserved;
  idle_closes += other.idle_closes;
  lost_polls += other.lost_polls;
  shared_directories += other.shared_directories;
  aged_out += other.aged_out;
}

std::string Met::text() const {
  return fmt::format(
      "  rows {} (after gaps {}), files {}, _SUCCESS {}, hours of two windows {}\n"
      "  late {}, dead letters {} (future {}, time_jump {}), repeated {}, idle closes {}, polls "
      "lost {}, records aged out {}\n",
      rows, unobserved, files, markers, shared_directories, late, dead_letters, future, time_jumps,
      repeated, idle_closes, lost_polls, aged_out);
}

Verdict judge(const Input& input, const Machine& machine) {
  const Disk& disk = machine.disk();
  Evidence evidence;
  evidence.lake = &disk.lake();
  evidence.sights = &disk.sights();
  evidence.polls = &machine.history().polls;
  evidence.closes = &machine.history().closes;
  Result<Job> job = fail("CURRENT names nothing");
  std::vector<std::string> kept;
  if (disk.current() && disk.checkpoints().contains(*disk.current())) {
    job = Job::restore(disk.checkpoints().at(*disk.current()));
    for (const auto& [name, bytes] : disk.checkpoints()) {
      if (*checkpoint_sequence(name) + kKeptSequences <= *checkpoint_sequence(*disk.current())) {
        kept.push_back(name + ": never removed");
      }
    }
  }
  evidence.job = &job;
  Verdict verdict = judge(input, evidence);
  verdict.violations.insert(verdict.violations.end(), kept.begin(), kept.end());
  return verdict;
}

namespace {

// Whether a file of the lake is of a partition; markers are of the folders that it is in.
struct OfPartition {
  Disk::Lake lake;
  std::vector<Sight> sights;

  OfPartition(const Bucket& bucket, std::int32_t partition) {
    const auto is_its = [&](const std::string& path) {
      const std::string_view name = name_of(path);
      if (const auto hour = parse_hourly_name(name)) return hour->partition == partition;
      const auto records = parse_records_name(name);
      return records && records->first_row.partition == partition;
    };
    std::set<std::string, std::less<>> folders;
    for (const auto& file : bucket.lake()) {
      if (!is_its(file.first)) continue;
      lake.insert(file);
      if (is_hourly(file.first)) folders.emplace(folder_of(file.first));
    }
    const auto marks_its = [&](const std::string& path) {
      return is_marker(path) && folders.contains(folder_of(path));
    };
    for (const auto& file : bucket.lake()) {
      if (marks_its(file.first)) lake.insert(file);
    }
    for (const Sight& sight : bucket.sights()) {
      if (is_its(sight.path) || marks_its(sight.path)) sights.push_back(sight);
    }
  }
};

}  // namespace

Verdict judge(const Input& input, const Fleet& fleet) {
  Verdict all;
  Seconds closed_by_all = INT64_MAX;
  std::vector<Result<Job>> jobs;
  for (std::int32_t p = 0; p < fleet.partitions(); ++p) {
    jobs.push_back(fleet.job(p));
    if (!jobs.back()) continue;
    for (const auto& each : jobs.back()->partitions()) {
      closed_by_all = std::min(closed_by_all, each->task().watermark().value());
    }
  }
  for (std::int32_t p = 0; p < fleet.partitions(); ++p) {
    const Input part = of_partition(input, p, fleet.partition_counts());
    const OfPartition its(fleet.bucket(), p);
    const LogHistory& history = fleet.history(p);
    Evidence evidence;
    evidence.partition = p;
    evidence.lake = &its.lake;
    evidence.sights = &its.sights;
    evidence.closes = &history.closes;
    evidence.clocks = &history.clocks;
    evidence.job = &jobs[static_cast<std::size_t>(p)];
    evidence.closed_by_all = closed_by_all;
    Verdict verdict = judge(part, evidence);
    if (history.has_skipped) {
      verdict.violations.emplace_back("records were passed over, and nobody had ordered it");
    }
    all.met.add(verdict.met);
    for (const std::string& violation : verdict.violations) {
      all.violations.push_back(fmt::format("partition {}: {}", p, violation));
    }
  }
  return all;
}

std::string difference(const Disk::Lake& one, const Disk::Lake& other) {
  const auto hourly_of = [](const Disk::Lake& lake) {
    std::vector<std::pair<std::string, std::string>> files;
    for (const auto& file : lake) {
      if (is_hourly(file.first)) files.push_back(file);
    }
    return files;
  };
  const auto left = hourly_of(one);
  const auto right = hourly_of(other);
  const auto [a, b] = std::ranges::mismatch(left, right);
  if (a == left.end() && b == right.end()) return "";
  return fmt::format("{} and {} hourly files; the first that differ: {} and {}", left.size(),
                     right.size(), a == left.end() ? "none" : a->first,
                     b == right.end() ? "none" : b->first);
}

std::uint64_t fingerprint(const Disk& disk) {
  std::string all = disk.current().value_or("");
  for (const auto* files : {&disk.lake(), &disk.checkpoints()}) {
    for (const auto& [path, bytes] : *files)
      all += fmt::format("\n{} {} ", path, bytes.size()) + bytes;
  }
  return hash64(all);
}

std::uint64_t fingerprint(const Bucket& bucket) {
  std::string all;
  for (const auto& [path, bytes] : bucket.files()) {
    all += fmt::format("\n{} {} ", path, bytes.size()) + bytes;
  }
  return hash64(all);
}

}  // namespace bikeflow::sim
