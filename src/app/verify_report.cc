#include "app/verify_report.h"

#include <algorithm>
#include <array>

#include "base/check.h"
#include "base/json_text.h"
#include "lake/paths.h"

namespace bikeflow {
std::string_view breach_word(Breach breach) {
  constexpr std::array<std::string_view, 18> words = {
      "unreadable",    "metadata",     "settings",    "misplaced", "foreign",    "duplicate_file",
      "duplicate_key", "order",        "value",       "balance",   "continuity", "changed",
      "rewritten",     "missing_file", "missing_row", "chain",     "marker",     "log"};
  return words.at(static_cast<std::size_t>(breach));
}

VerifyReport::VerifyReport(bool is_json, std::string lake, Output& out)
    : is_json_(is_json), lake_(std::move(lake)), out_(out) {
  while (lake_.size() > 1 && lake_.ends_with('/')) lake_.pop_back();
  if (is_json_) out_.print("{{\"lake\":{},\n\"violations\":[", json_string(lake_));
}

std::string VerifyReport::shown(std::string_view path) const {
  return fmt::format("{}/{}", lake_, path);
}

void VerifyReport::violation(Breach breach, std::string_view path, std::string_view station,
                             std::string_view message) {
  ++violations_;
  if (const auto hour = parse_hourly_name(name_of(path))) {
    blamed_.emplace(hour->source, hour->partition);
  } else if (const auto records = parse_records_name(name_of(path))) {
    blamed_.emplace(records->source, records->first_row.partition);
  }
  if (!is_json_) {
    out_.print("{}: {}{}{}\n", shown(path), station, station.empty() ? "" : ": ", message);
    return;
  }
  out_.print("{}\n{{\"kind\":{},\"path\":{}", violations_ == 1 ? "" : ",",
             json_string(breach_word(breach)), json_string(path));
  if (!station.empty()) out_.print(",\"station\":{}", json_string(station));
  out_.print(",\"message\":{}}}", json_string(message));
}

void VerifyReport::note(std::string_view kind, std::string_view text) {
  notes_.emplace_back(kind, text);
}

void VerifyReport::unverified(std::string_view what) { unverified_.emplace_back(what); }

std::int64_t VerifyReport::count_of(std::string_view what) const {
  const auto found = counts_.find(what);
  return found == counts_.end() ? 0 : found->second;
}

void VerifyReport::finish_text(bool is_whole) {
  constexpr int kShownOfAKind = 5;
  std::map<std::string_view, int> shown_of_kind;
  for (const auto& [kind, text] : notes_) {
    if (++shown_of_kind[kind] <= kShownOfAKind) out_.print("{}: {}\n", kind, text);
  }
  for (const auto& [kind, count] : shown_of_kind) {
    if (count > kShownOfAKind) {
      out_.print("{}: {} more (--format json names all)\n", kind, grouped(count - kShownOfAKind));
    }
  }
  for (const std::string& what : unverified_) out_.print("could not verify: {}\n", what);
  std::string more;
  if (count_of("open_hours") > 0)
    more += fmt::format(" ({} open)", grouped(count_of("open_hours")));
  if (count_of("late_rows") > 0) {
    more += ", " + counted(count_of("late_rows"), "late row", "late rows");
  }
  if (count_of("dead_letters") > 0) {
    more += ", " + counted(count_of("dead_letters"), "dead letter", "dead letters");
  }
  out_.print("{}: {}, {}, {}{}: {}\n", lake_, counted(count_of("files"), "file", "files"),
             counted(count_of("rows"), "row", "rows"), counted(count_of("hours"), "hour", "hours"),
             more,
             violations_ > 0 ? counted(violations_, "violation", "violations")
             : is_whole      ? "no violations"
                             : "no violations in what could be verified");
}

void VerifyReport::finish_json(bool is_whole) {
  out_.write(violations_ > 0 ? "\n]" : "]");
  const auto list = [&](std::string_view name, const auto& texts) {
    out_.print(",\n{}:[", json_string(name));
    for (std::size_t i = 0; i < texts.size(); ++i) {
      out_.print("{}{}", i > 0 ? "," : "", json_string(texts[i]));
    }
    out_.write("]");
  };
  std::map<std::string_view, std::vector<std::string_view>> notes = {
      {"moved", {}}, {"open", {}}, {"due", {}}, {"perhaps missing", {}}};
  for (const auto& [kind, text] : notes_) notes[kind].push_back(text);
  for (const auto& [kind, texts] : notes) {
    std::string name(kind);
    std::replace(name.begin(), name.end(), ' ', '_');
    list(name, texts);
  }
  list("unverified", unverified_);
  for (const std::string_view what :
       {"files", "rows", "hours", "open_hours", "late_rows", "dead_letters"}) {
    out_.print(",\n{}:{}", json_string(what), count_of(what));
  }
  out_.print(",\n\"violation_count\":{},\n\"verified\":{}}}\n", violations_,
             is_whole && violations_ == 0);
}

ExitStatus VerifyReport::finish() {
  const bool is_whole = unverified_.empty();
  if (is_json_) {
    finish_json(is_whole);
  } else {
    finish_text(is_whole);
  }
  if (violations_ > 0) return ExitStatus::kFailed;
  return is_whole ? ExitStatus::kDone : ExitStatus::kUnverified;
}

}  // namespace bikeflow
