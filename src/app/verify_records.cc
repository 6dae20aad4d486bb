#include "app/verify_records.h"

#include <fmt/core.h>

namespace bikeflow {
namespace {

LakeRule rule_of(std::string_view path) {
  return {.layout = path.find("/year=") == std::string_view::npos ? Layout::kPlain : Layout::kHive};
}

// What both data sets have in common. `place(row)`: the path of a file that begins with it; empty
// where that cannot be told.
template <class Row, class Place>
void check_records(const std::vector<Row>& rows, std::string_view path, const RecordsName& name,
                   Place&& place, VerifyReport& report) {
  if (rows.empty()) {
    report.violation(Breach::kValue, path, "", "has no rows");
    return;
  }
  // The rows' own source may be another: of recorded files it is the file, of the name the job.
  const Position& first = rows.front().position;
  if (first != name.first_row) {
    report.violation(Breach::kMetadata, path, "",
                     fmt::format("its name speaks of {}@{}, and its first row is {}@{}",
                                 name.first_row.partition, name.first_row.offset, first.partition,
                                 first.offset));
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i > 0 && !(rows[i - 1].position < rows[i].position)) {
      report.violation(Breach::kOrder, path, "",
                       fmt::format("its rows are not in the order of their offsets: {}@{} comes "
                                   "after {}@{}",
                                   rows[i].position.partition, rows[i].position.offset,
                                   rows[i - 1].position.partition, rows[i - 1].position.offset));
      return;
    }
    const std::string belongs = place(rows[i]);
    if (!belongs.empty() && folder_of(belongs) != folder_of(path)) {
      report.violation(Breach::kMisplaced, path, "",
                       fmt::format("its row {}@{} belongs in {}", rows[i].position.partition,
                                   rows[i].position.offset, folder_of(belongs)));
      return;
    }
  }
}

// Calls check(path, name, bytes) for each file of a data set.
template <class Check>
void for_each_file(const LakeView& lake, std::string_view folder, VerifyReport& report,
                   Check&& check) {
  const auto files = lake.store().list(folder, Store::Scope::kWithoutInternal);
  if (!files) {
    report.unverified(files.error().message);
    return;
  }
  for (const StoredFile& file : *files) {
    const auto name = parse_records_name(name_of(file.path));
    if (!name) {
      report.violation(Breach::kForeign, file.path, "",
                       "is no file of this program's: readers would take it for data");
      continue;
    }
    const auto bytes = lake.store().get(file.path);
    if (!bytes || !*bytes) {
      report.unverified(bytes ? file.path + ": gone since it was listed" : bytes.error().message);
      continue;
    }
    report.count("files", 1);
    check(file.path, *name, **bytes);
  }
}

}  // namespace

void verify_late(const LakeView& lake, const std::map<std::string, std::string>& timezones,
                 Zones& zones, VerifyReport& report) {
  for_each_file(
      lake, kLateFolder, report,
      [&](const std::string& path, const RecordsName& name, std::string_view bytes) {
        const auto file = decode_late(bytes);
        if (!file) {
          report.violation(Breach::kUnreadable, path, "", file.error().message);
          return;
        }
        report.count("late_rows", static_cast<std::int64_t>(file->rows.size()));
        const std::string system = system_of_path(path).value_or("");
        const auto timezone = timezones.find(system);
        const Zone* zone = timezone == timezones.end() ? nullptr : zones.find(timezone->second);
        const auto place = [&](const LateRow& row) {
          return zone == nullptr ? std::string()
                                 : late_path(rule_of(path), *zone, system, row.source,
                                             row.watermark, row.position);
        };
        check_records(file->rows, path, name, place, report);
        for (const LateRow& row : file->rows) {
          if (row.observed_at >= row.watermark) {
            report.violation(Breach::kValue, path, row.station_id,
                             fmt::format("is not late: observed at {}, the watermark was {}",
                                         format_utc(row.observed_at), format_utc(row.watermark)));
          }
        }
      });
}

void verify_dead_letters(const LakeView& lake, VerifyReport& report) {
  for_each_file(lake, kDeadLetterFolder, report,
                [&](const std::string& path, const RecordsName& name, std::string_view bytes) {
                  const auto file = decode_dead_letters(bytes);
                  if (!file) {
                    report.violation(Breach::kUnreadable, path, "", file.error().message);
                    return;
                  }
                  report.count("dead_letters", static_cast<std::int64_t>(file->rows.size()));
                  const auto place = [&](const DeadLetter& row) {
                    return dead_letter_path(rule_of(path), row.source, row.received_at,
                                            row.position);
                  };
                  check_records(file->rows, path, name, place, report);
                });
}

}  // namespace bikeflow
