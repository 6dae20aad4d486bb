#include "app/verify_system.h"

#include <fmt/ranges.h>

#include "base/hash.h"
#include "lake/row_hash.h"

namespace bikeflow {

std::optional<std::string> SystemVerifier::place_of(const FileFacts& facts) {
  const Zone* zone = zones_.find(facts.timezone);
  if (zone == nullptr) return std::nullopt;
  return hourly_path(facts.rule, *zone, facts.system, facts.source, facts.partition, facts.window);
}

void SystemVerifier::missing(const std::string& path, const std::string& named_by) {
  if (paths_.contains(path) || due_.contains(path)) return;
  // A pipeline at work may have published it since the files were listed.
  const auto size = lake_.store().size(path);
  if (size && *size) return;
  if (!reported_missing_.insert(path).second) return;
  report_.violation(Breach::kMissingFile, path, "",
                    fmt::format("is missing; it is named by {}", named_by));
}

void SystemVerifier::pass_over(const HourFile& file) {
  Part& part = parts_[{file.name.source, file.name.partition}];
  part.last = LastFile{file.path, "", "", true, false};
  part.hole = ++part.files;
}

// Whether the file is where its metadata say that it belongs.
bool SystemVerifier::check_place(const HourFile& file, const FileFacts& facts) {
  const auto place = place_of(facts);
  if (!place) {
    report_.violation(
        Breach::kMetadata, file.path, "",
        fmt::format("its metadata name a time zone that is none: {}", facts.timezone));
    return false;
  }
  if (facts.lake_id != lake_.lake_id()) {
    report_.violation(Breach::kForeign, file.path, "",
                      fmt::format("was written for another lake (id {}, here {})", facts.lake_id,
                                  lake_.lake_id()));
  }
  if (*place == file.path) return true;
  if (paths_.contains(*place)) {
    report_.violation(Breach::kDuplicateFile, file.path, "",
                      fmt::format("holds the same window as {}: readers count it twice", *place));
  } else {
    report_.violation(Breach::kMisplaced, file.path, "", fmt::format("belongs at {}", *place));
  }
  return false;
}

SystemVerifier::LastFile SystemVerifier::check_hash(const HourFile& file, const FileFacts& facts,
                                                    const std::vector<HourlyRow>& rows) {
  const auto count = static_cast<std::int64_t>(rows.size());
  LastFile checked{file.path, format_hex(hash_rows(rows)), facts.settings, false, false};
  if (facts.rows != count) {
    report_.violation(Breach::kChanged, file.path, "",
                      fmt::format("was changed: its row count is {}, and it was written with {}",
                                  count, facts.rows));
    checked.is_damaged = true;
    checked.may_lack_rows = count < facts.rows;
  } else if (facts.row_hash != checked.row_hash) {
    report_.violation(
        Breach::kChanged, file.path, "",
        fmt::format("was changed: its rows have the hash {}, and it was written with {}",
                    checked.row_hash, facts.row_hash));
    checked.is_damaged = true;
  }
  return checked;
}

void SystemVerifier::check_chain(Part& part, const std::string& path, const FileFacts& facts) {
  if (!part.last) {
    if (!facts.previous_name.empty()) missing(facts.previous_name, path);
    return;
  }
  LastFile& last = *part.last;
  if (!last.settings.empty() && last.settings != facts.settings) {
    report_.violation(Breach::kSettings, path, "",
                      fmt::format("was written with other settings than the file before it: {}; "
                                  "{} with {}",
                                  facts.settings, last.path, last.settings));
  }
  if (facts.previous_name != last.path) {
    if (!facts.previous_name.empty() && !paths_.contains(facts.previous_name)) {
      missing(facts.previous_name, path);
      part.hole = part.files;
    } else {
      report_.violation(
          Breach::kChain, last.path, "",
          fmt::format("is not part of the chain of files: {} says that the one before it is {}",
                      path, facts.previous_name.empty() ? "none" : facts.previous_name));
    }
  } else if (!last.is_damaged && facts.previous_row_hash != last.row_hash) {
    last.is_damaged = last.may_lack_rows = true;
    report_.violation(Breach::kRewritten, last.path, "",
                      fmt::format("was rewritten: its rows have the hash {}, and {} was written "
                                  "after one with {}",
                                  last.row_hash, path, facts.previous_row_hash));
  }
}

// A row and the one before it of the same station, perhaps with files between that have none of it.
void SystemVerifier::compare(const Part& part, const std::string& path, const FileFacts& facts,
                             const HourlyRow& row, const LastRow& before) {
  const std::int64_t between = part.files - before.file - 1;
  const bool is_broken = facts.slide == facts.length() && before.bikes_close != row.bikes_open;
  const bool is_suspect = between == 1 && part.last->may_lack_rows;
  if (!is_broken && !is_suspect) return;
  FileFacts where = facts;  // of the same partition: only the window differs
  where.window = {before.start, before.start + facts.length()};
  const std::string ends =
      fmt::format("bikes_close is {} in {}, and the next bikes_open is {} in {}",
                  before.bikes_close, place_of(where).value_or("?"), row.bikes_open, path);
  if (!is_broken) {
    // The station may as well not have been seen in that hour.
    report_.note("perhaps missing",
                 fmt::format("the row of {} in {}: there is one in the file before and in the one "
                             "after",
                             row.station_id, part.last->path));
  } else if (between == 0) {
    report_.violation(Breach::kContinuity, path, row.station_id,
                      "does not go on where it was: " + ends);
  } else if (between == 1) {
    report_.violation(Breach::kMissingRow, part.last->path, row.station_id,
                      "its row is missing: " + ends);
  } else {
    report_.violation(Breach::kMissingRow, part.last->path, row.station_id,
                      fmt::format("its row is missing here or in the {} before it: {}",
                                  counted(between - 1, "file", "files"), ends));
  }
}

void SystemVerifier::check_continuity(Part& part, const std::string& path, const FileFacts& facts,
                                      const std::vector<HourlyRow>& rows) {
  for (const HourlyRow& row : rows) {
    const LastRow now{part.files, row.window.start, row.bikes_close};
    const auto [found, is_first] = part.stations.try_emplace(row.station_id, now);
    if (is_first) continue;
    if (found->second.file >= part.hole) compare(part, path, facts, row, found->second);
    found->second = now;
  }
}

// Stations that have rows in more than one partition.
void SystemVerifier::check_keys(const PartId& id, const std::string& path, const FileFacts& facts,
                                const std::vector<HourlyRow>& rows) {
  if (facts.window.start != start_) {
    start_ = facts.window.start;
    in_window_.clear();
  }
  for (const HourlyRow& row : rows) {
    const auto [other, is_first] = in_window_.try_emplace(row.station_id, id);
    if (!is_first && other->second != id) {
      if (other->second.first == id.first) {
        moved_.insert(row.station_id);
      } else {
        report_.violation(Breach::kDuplicateKey, path, row.station_id,
                          fmt::format("has a row of this window from {} too", other->second.first));
      }
    }
    const auto [home, is_new] = home_.try_emplace(row.station_id, id);
    if (!is_new && home->second != id) {
      if (home->second.first == id.first) moved_.insert(row.station_id);
      home->second = id;
    }
  }
}

void SystemVerifier::file(const HourFile& file) {
  report_.count("files", 1);
  const auto bytes = lake_.store().get(file.path);
  if (!bytes) {
    report_.unverified(bytes.error().message);
    return;
  }
  if (!*bytes) {
    report_.unverified(fmt::format("{}: gone since it was listed", file.path));
    return;
  }
  const auto rows = decode_hourly(**bytes);
  if (!rows) {
    report_.violation(Breach::kUnreadable, file.path, "", rows.error().message);
    pass_over(file);
    return;
  }
  report_.count("rows", static_cast<std::int64_t>(rows->rows.size()));
  const auto facts = read_facts(rows->metadata, file.path, report_);
  check_rows(rows->rows, facts ? facts->window : file.name.window, file.path, report_);
  if (!facts) {
    pass_over(file);
    return;
  }
  if (!check_place(file, *facts)) return;

  const PartId id = {facts->source, facts->partition};
  Part& part = parts_[id];
  LastFile checked = check_hash(file, *facts, rows->rows);
  check_chain(part, file.path, *facts);
  check_continuity(part, file.path, *facts, rows->rows);
  if (has_several_) check_keys(id, file.path, *facts, rows->rows);
  part.last = std::move(checked);
  ++part.files;
}

void SystemVerifier::chain_end(const std::vector<ChainEnd>& ends) {
  // A checkpoint leaves out only what the store has, so this is right of one that was never
  // committed, too.
  for (const ChainEnd& end : ends) {
    const std::string& path = end.partition->last_file();
    if (!path.empty()) missing(path, fmt::format("the checkpoint {}", end.checkpoint));
  }
  const PartitionSettings& settings = ends.front().partition->settings();
  const auto found = parts_.find({settings.source, settings.number});
  if (found == parts_.end() || !found->second.last || found->second.last->is_damaged) return;
  const LastFile& last = *found->second.last;
  const ChainEnd* other = nullptr;
  for (const ChainEnd& end : ends) {
    if (end.partition->last_file() != last.path) continue;
    if (end.partition->last_row_hash() == last.row_hash) return;
    if (other == nullptr) other = &end;
  }
  if (other == nullptr) return;
  report_.violation(
      Breach::kRewritten, last.path, "",
      fmt::format("was rewritten: its rows have the hash {}, and the checkpoint {} "
                  "says {}",
                  last.row_hash, other->checkpoint, other->partition->last_row_hash()));
}

void SystemVerifier::finish() {
  if (!moved_.empty()) report_.note("moved", fmt::format("{}", fmt::join(moved_, ", ")));
}

}  // namespace bikeflow
