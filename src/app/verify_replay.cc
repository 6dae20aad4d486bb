#include "app/verify_replay.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <span>

#include <fmt/core.h>

#include "app/progress_line.h"
#include "io/kafka_lookup.h"
#include "io/kafka_reader.h"
#include "lake/metadata_keys.h"
#include "pipeline/log_reader.h"

namespace bikeflow {
namespace {

constexpr int kAnswerMs = 10'000;
constexpr int kSilenceMs = 30'000;
constexpr std::size_t kNamedRows = 3;  // of a file
// Later than any record's own time, which is the clock then.
constexpr Seconds kNoClock = INT64_MAX / 4;

// That a clock, and not a record, moved the watermark, before the record of that offset.
struct ClockDecision {
  std::int64_t offset = 0;
  std::string system;
  Seconds end = 0;
  ClosedBy cause = ClosedBy::kIdle;
};

std::optional<std::int64_t> read_offset(const KeyValues& metadata, std::string_view key) {
  const auto text = find_key(metadata, key);
  std::int64_t offset = 0;
  if (!text) return std::nullopt;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), offset);
  if (error != std::errc() || end != text->data() + text->size()) return std::nullopt;
  return offset;
}

// One partition: what the lake has of it, and then what the log says.
class PartitionReplay {
 public:
  PartitionReplay(const LakeView& lake, const Job& job, const TimeRange& range,
                  VerifyReport& report)
      : lake_(lake), job_(job), range_(range), report_(report), replayed_(job.settings()) {
    std::vector<LogSystem> systems;
    for (const auto& partition : job.partitions()) {
      const PartitionSettings& settings = partition->settings();
      systems.push_back({settings.system, settings.zone});
      replayed_.add(settings.system, settings.zone, settings.task);
    }
    reader_.emplace(std::move(systems), job.settings().number, job.settings().source);
    for (const DueFile& file : job.due()) due_.emplace(file.path, file.bytes);
  }

  // The lake's files of the partition, and what is due.
  Result<void> read_lake(const HourListing& hours) {
    for (const auto& [system, files] : hours.systems) {
      for (const HourFile& file : files) {
        if (!is_ours(file.name.source, file.name.partition)) continue;
        if (auto read = read_hour(file.path); !read) return read;
      }
    }
    for (const auto& [path, bytes] : due_) {
      if (parse_hourly_name(name_of(path)) && !files_.contains(path)) {
        if (auto read = read_hour(path); !read) return read;
      }
    }
    auto late = read_records(kLateFolder, [&](const std::string& path, std::string_view bytes) {
      return read_late(path, bytes);
    });
    if (!late) return late;
    auto letters = read_records(
        kDeadLetterFolder,
        [&](const std::string& path, std::string_view bytes) { return read_letters(path, bytes); });
    if (!letters) return letters;
    std::ranges::stable_sort(
        decisions_, {}, [](const ClockDecision& each) { return std::pair(each.offset, each.end); });
    return {};
  }

  Result<void> records(std::span<const LogMessage> messages) {
    std::size_t begin = 0;
    for (std::size_t i = 0; i <= messages.size(); ++i) {
      const bool is_end = i == messages.size();
      if (!is_end && !is_decided_before(messages[i].offset) &&
          !futures_.contains(messages[i].offset)) {
        continue;
      }
      observe(messages.subspan(begin, i - begin), kNoClock);
      begin = i;
      if (is_end) break;
      decide(messages[i].offset);
      if (futures_.contains(messages[i].offset)) {
        observe(messages.subspan(i, 1), 0);
        begin = i + 1;
      }
    }
    records_ += static_cast<std::int64_t>(messages.size());
    return compare_files();
  }

  // After all records.
  Result<void> finish() {
    decide(INT64_MAX);
    // Where the file that would say so is gone, the checkpoint still knows what was closed.
    for (const auto& partition : job_.partitions()) {
      Task& task = replayed_.find(partition->settings().system)->task();
      const Seconds closed_to = partition->task().watermark().value();
      if (task.watermark().value() < closed_to) task.close_up_to(closed_to, ClosedBy::kIdle);
    }
    if (auto compared = compare_files(); !compared) return compared;
    for (const std::string& path : files_) {
      report_.violation(Breach::kLog, path, "", "is not in the log: it gives no row of that hour");
    }
    for (const auto& [offset, of_lake] : late_) {
      differs(of_lake.path, offset, "the log does not say that the record is late");
    }
    for (const auto& [offset, of_lake] : letters_) {
      differs(of_lake.path, offset, "the log does not say that the record is refused");
    }
    report_.note("log",
                 fmt::format("{}/{}: {} compared with the lake: {}, {}, {}", job_.settings().source,
                             job_.settings().number, counted(records_, "record", "records"),
                             counted(compared_files_, "file", "files"),
                             counted(compared_late_, "late row", "late rows"),
                             counted(compared_letters_, "dead letter", "dead letters")));
    return {};
  }

 private:
  template <class Row>
  struct OfLake {
    std::string path;
    Row row;
  };

  [[nodiscard]] bool is_ours(std::string_view source, std::int32_t partition) const {
    return source == job_.settings().source && partition == job_.settings().number;
  }

  // Of the lake, or due.
  Result<std::optional<std::string>> bytes_of(const std::string& path) const {
    auto bytes = lake_.store().get(path);
    if (!bytes || *bytes) return bytes;
    const auto due = due_.find(path);
    return due == due_.end() ? std::nullopt : std::optional(std::string(due->second));
  }

  Result<void> read_hour(const std::string& path) {
    const auto bytes = bytes_of(path);
    if (!bytes) return std::unexpected(bytes.error());
    if (!*bytes) return {};
    const auto file = decode_hourly(**bytes);
    if (!file) return {};  // that has been said
    const auto name = parse_hourly_name(name_of(path));
    if (range_.contains(name->window.start)) files_.insert(path);
    const auto cause = find_key(file->metadata, metadata::kClosedBy);
    const auto offset = read_offset(file->metadata, metadata::kLastOffset);
    const auto system = find_key(file->metadata, metadata::kSystem);
    if (!cause || !offset || !system) return {};
    for (const ClosedBy each : {ClosedBy::kIdle, ClosedBy::kEnd}) {
      if (*cause == closed_by_word(each)) {
        decisions_.push_back({*offset, *system, name->window.end, each});
      }
    }
    return {};
  }

  template <class Read>
  Result<void> read_records(std::string_view folder, Read&& read) {
    const auto listed = lake_.store().list(folder, Store::Scope::kWithoutInternal);
    if (!listed) return std::unexpected(listed.error());
    std::set<std::string> paths;
    for (const StoredFile& file : *listed) paths.insert(file.path);
    for (const auto& [path, bytes] : due_) {
      if (path.starts_with(fmt::format("{}/", folder))) paths.insert(path);
    }
    for (const std::string& path : paths) {
      const auto name = parse_records_name(name_of(path));
      if (!name || !is_ours(name->source, name->first_row.partition)) continue;
      const auto bytes = bytes_of(path);
      if (!bytes) return std::unexpected(bytes.error());
      if (*bytes) read(path, **bytes);
    }
    return {};
  }

  void read_late(const std::string& path, std::string_view bytes) {
    auto file = decode_late(bytes);
    if (!file) return;
    const std::string system =
        system_of_path(path).value_or(job_.partitions().front()->settings().system);
    for (LateRow& row : file->rows) {
      decisions_.push_back({row.position.offset, system, row.watermark, ClosedBy::kIdle});
      const std::int64_t offset = row.position.offset;
      late_[offset] = {path, std::move(row)};
    }
  }
  void read_letters(const std::string& path, std::string_view bytes) {
    auto file = decode_dead_letters(bytes);
    if (!file) return;
    for (DeadLetter& letter : file->rows) {
      if (letter.refusal.reason == Reason::kFuture) futures_.insert(letter.position.offset);
      const std::int64_t offset = letter.position.offset;
      letters_[offset] = {path, std::move(letter)};
    }
  }

  [[nodiscard]] bool is_decided_before(std::int64_t offset) const {
    return next_decision_ < decisions_.size() && decisions_[next_decision_].offset <= offset;
  }
  void decide(std::int64_t offset) {
    for (; is_decided_before(offset); ++next_decision_) {
      const ClockDecision& decision = decisions_[next_decision_];
      Partition* partition = replayed_.find(decision.system);
      if (partition == nullptr) continue;
      Task& task = partition->task();
      if (task.watermark().value() < decision.end) task.close_up_to(decision.end, decision.cause);
    }
  }
  void observe(std::span<const LogMessage> messages, Seconds now) {
    if (messages.empty()) return;
    LogReader::Read read = reader_->read(messages, now);
    for (DeadLetter& letter : read.refused) compare(std::move(letter));
    for (const Batch& batch : read.batches) {
      Task& task = replayed_.find(reader_->systems()[batch.system].name)->task();
      task.observe(batch, job_.settings().source, now);
      for (DeadLetter& letter : task.take_refused()) compare(std::move(letter));
      for (const LateRow& row : task.take_late()) compare(row);
    }
  }

  void differs(const std::string& path, std::int64_t offset, std::string_view what) {
    report_.violation(
        Breach::kLog, path, "",
        fmt::format("{}/{}@{}: {}", job_.settings().source, job_.settings().number, offset, what));
  }
  template <class Row>
  void compare(const Row& row, std::map<std::int64_t, OfLake<Row>>& of_lake, std::int64_t& compared,
               std::string_view folder) {
    ++compared;
    const auto found = of_lake.find(row.position.offset);
    if (found == of_lake.end()) {
      differs(std::string(folder), row.position.offset,
              "the log has a row that is not in the lake");
      return;
    }
    if (!(found->second.row == row)) {
      differs(found->second.path, row.position.offset, "the row is another one than the log says");
    }
    of_lake.erase(found);
  }
  void compare(DeadLetter letter) {
    const auto found = letters_.find(letter.position.offset);
    // What the clock showed is part of the words, and only the lake knows it.
    if (found != letters_.end() && letter.refusal.reason == Reason::kFuture) {
      letter.refusal.detail = found->second.row.refusal.detail;
    }
    compare(letter, letters_, compared_letters_, kDeadLetterFolder);
  }
  void compare(const LateRow& row) { compare(row, late_, compared_late_, kLateFolder); }

  Result<void> compare_files() {
    for (const auto& partition : replayed_.partitions()) {
      for (const FileRequest& file : partition->take_files()) {
        if (!range_.contains(file.rows.front().window.start)) continue;
        files_.erase(file.path);
        if (auto compared = compare(file); !compared) return compared;
      }
      partition->take_complete_directories();
    }
    return {};
  }
  Result<void> compare(const FileRequest& file) {
    ++compared_files_;
    const auto bytes = bytes_of(file.path);
    if (!bytes) return std::unexpected(bytes.error());
    if (!*bytes) {
      report_.violation(
          Breach::kLog, file.path, "",
          fmt::format("is missing: the log says that it has {}",
                      counted(static_cast<std::int64_t>(file.rows.size()), "row", "rows")));
      return {};
    }
    const auto of_lake = decode_hourly(**bytes);
    if (of_lake) compare_rows(file, of_lake->rows);
    return {};
  }
  void compare_rows(const FileRequest& file, const std::vector<HourlyRow>& of_lake) {
    std::map<std::string_view, const HourlyRow*> rows;
    for (const HourlyRow& row : of_lake) rows[row.station_id] = &row;
    std::size_t wrong = 0;
    const auto say = [&](const std::string& station, std::string_view what) {
      if (++wrong <= kNamedRows) report_.violation(Breach::kLog, file.path, station, what);
    };
    for (const HourlyRow& row : file.rows) {
      const auto found = rows.find(row.station_id);
      if (found == rows.end()) {
        say(row.station_id, "its row is missing: the log has one");
        continue;
      }
      if (!(*found->second == row)) {
        say(row.station_id,
            fmt::format("is not what the log says: {} rentals, {} returns, {} bikes at the end; by "
                        "the log {}, {}, {}",
                        found->second->total_rental, found->second->total_return,
                        found->second->bikes_close, row.total_rental, row.total_return,
                        row.bikes_close));
      }
      rows.erase(found);
    }
    for (const auto& [station, row] : rows) {
      say(std::string(station), "has a row, and by the log it has none");
    }
    if (wrong > kNamedRows) {
      report_.violation(
          Breach::kLog, file.path, "",
          fmt::format("and {} more rows that are not what the log says", wrong - kNamedRows));
    }
  }

  const LakeView& lake_;
  const Job& job_;
  const TimeRange& range_;
  VerifyReport& report_;
  Job replayed_;
  std::optional<LogReader> reader_;
  std::map<std::string, std::string_view> due_;  // bytes, by path
  std::set<std::string> files_;                  // of the lake, not yet met in the log
  std::vector<ClockDecision> decisions_;         // by offset
  std::size_t next_decision_ = 0;
  std::set<std::int64_t> futures_;                // offsets
  std::map<std::int64_t, OfLake<LateRow>> late_;  // not yet met in the log, by offset
  std::map<std::int64_t, OfLake<DeadLetter>> letters_;
  std::int64_t records_ = 0, compared_files_ = 0, compared_late_ = 0, compared_letters_ = 0;
};

Result<void> replay(const LakeView& lake, const HourListing& hours, const Job& job,
                    const ReplaySettings& settings, KafkaLookup& lookup, KafkaReader& reader,
                    VerifyReport& report, const Shell& shell) {
  const std::int32_t number = job.settings().number;
  const auto cluster = lookup.cluster_id(kAnswerMs);
  if (!cluster) return std::unexpected(cluster.error());
  if (*cluster != job.log()->cluster) {
    return fail("the lake was written from the cluster {}, and this one is {}", job.log()->cluster,
                *cluster);
  }
  const auto marks = lookup.watermarks(number, kAnswerMs);
  if (!marks) return std::unexpected(marks.error());
  const std::int64_t to = job.log()->next_offset;
  if (marks->low > 0) {
    return fail("its beginning is gone from the topic: offset {} is the oldest that is there",
                marks->low);
  }
  if (marks->high < to) {
    return fail("it ends at offset {}, and was read up to {}: the topic was made anew or cut off",
                marks->high, to);
  }
  PartitionReplay replay(lake, job, settings.range, report);
  if (auto read = replay.read_lake(hours); !read) return read;
  ProgressLine line(shell.err_terminal);
  const auto use = [&](std::span<const LogMessage> messages) {
    if (line.is_due()) {
      line.clear();
      shell.out.flush();  // so that no violation is printed behind it
      line.show(fmt::format("{}/{}: record {} of {}", job.settings().source, number,
                            grouped(messages.front().offset), grouped(to)));
    }
    return replay.records(messages);
  };
  if (auto read = reader.read(number, 0, to, kSilenceMs, use); !read) return read;
  return replay.finish();
}

}  // namespace

void verify_replay(const LakeView& lake, const HourListing& hours,
                   const std::vector<JobCheckpoint>& checkpoints, const ReplaySettings& settings,
                   VerifyReport& report, const Shell& shell) {
  const auto lookup = KafkaLookup::open(settings.kafka);
  const auto reader = KafkaReader::open(settings.kafka);
  if (!lookup || !reader) {
    report.unverified((lookup ? reader.error() : lookup.error()).message);
    return;
  }
  std::set<std::int32_t> replayed;
  for (const JobCheckpoint& checkpoint : checkpoints) {
    if (!checkpoint.job || checkpoint.standing != JobCheckpoint::Standing::kNewest) continue;
    const Job& job = *checkpoint.job;
    const std::int32_t number = job.settings().number;
    if (job.settings().source != settings.kafka.topic || !job.log() || job.partitions().empty() ||
        !replayed.insert(number).second) {
      continue;
    }
    const auto done = replay(lake, hours, job, settings, **lookup, **reader, report, shell);
    if (!done) {
      report.unverified(fmt::format("that the lake equals what {}/{} says: {}",
                                    settings.kafka.topic, number, done.error().message));
    }
  }
  if (replayed.empty()) {
    report.unverified(fmt::format(
        "that the lake equals what the topic {} says: the lake has no checkpoint of its partitions",
        settings.kafka.topic));
  }
}

}  // namespace bikeflow
