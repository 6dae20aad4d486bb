#include "app/verify_file.h"

#include <charconv>
#include <set>

#include <fmt/core.h>

#include "lake/metadata_keys.h"

namespace bikeflow {
namespace {

std::optional<std::int64_t> read_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

std::optional<Seconds> read_utc(std::string_view text) {
  const auto written = parse_time(text);
  if (!written || !written->offset) return std::nullopt;
  return written->utc();
}

// Takes keys out of metadata; remembers the ones that are missing or wrong.
class Keys {
 public:
  explicit Keys(const KeyValues& metadata) : metadata_(metadata) {}

  std::string text(std::string_view key) {
    auto value = find_key(metadata_, key);
    if (!value) wrong_ += fmt::format("{}'{}' is missing", wrong_.empty() ? "" : ", ", key);
    return value.value_or("");
  }
  template <class Read>
  auto value(std::string_view key, Read read) {
    const std::string written = text(key);
    const auto value = read(written);
    if (!value && find_key(metadata_, key)) {
      wrong_ += fmt::format("{}'{}' is '{}'", wrong_.empty() ? "" : ", ", key, written);
    }
    return value.value_or(typename std::decay_t<decltype(value)>::value_type{});
  }
  [[nodiscard]] const std::string& wrong() const { return wrong_; }

 private:
  const KeyValues& metadata_;
  std::string wrong_;
};

// What cannot be about a row's values; empty where all is well.
std::string impossible_value(const HourlyRow& row, Seconds length) {
  const auto between = [](std::int64_t least, std::int64_t value, std::int64_t most) {
    return value >= least && value <= most;
  };
  if (row.total_rental < 0) return fmt::format("total_rental is {}", row.total_rental);
  if (row.total_return < 0) return fmt::format("total_return is {}", row.total_return);
  if (row.bikes_min < 0) return fmt::format("bikes_min is {}", row.bikes_min);
  if (!between(row.bikes_min, row.bikes_open, row.bikes_max)) {
    return fmt::format("bikes_open is {}, outside of bikes_min {} to bikes_max {}", row.bikes_open,
                       row.bikes_min, row.bikes_max);
  }
  if (!between(row.bikes_min, row.bikes_close, row.bikes_max)) {
    return fmt::format("bikes_close is {}, outside of bikes_min {} to bikes_max {}",
                       row.bikes_close, row.bikes_min, row.bikes_max);
  }
  if (!between(0, row.observed_seconds, length)) {
    return fmt::format("observed_seconds is {} in a window of {} s", row.observed_seconds, length);
  }
  if (row.empty_seconds < 0 || row.full_seconds < 0 ||
      std::int64_t{row.empty_seconds} + row.full_seconds > row.observed_seconds) {
    return fmt::format("empty_seconds {} and full_seconds {} do not fit into observed_seconds {}",
                       row.empty_seconds, row.full_seconds, row.observed_seconds);
  }
  const auto largest_fits = [](std::int64_t largest, std::int64_t total) {
    return total == 0 ? largest == 0 : largest > 0 && largest <= total;
  };
  if (!largest_fits(row.largest_rental, row.total_rental)) {
    return fmt::format("largest_rental is {} where total_rental is {}", row.largest_rental,
                       row.total_rental);
  }
  if (!largest_fits(row.largest_return, row.total_return)) {
    return fmt::format("largest_return is {} where total_return is {}", row.largest_return,
                       row.total_return);
  }
  return "";
}

bool is_balanced(const HourlyRow& row) {
  // Damaged values may be any: 128 bits hold their sum.
  return static_cast<__int128>(row.bikes_open) + row.total_return - row.total_rental +
             row.unobserved_change ==
         row.bikes_close;
}

void check_order(const std::vector<HourlyRow>& rows, std::string_view path, VerifyReport& report) {
  std::set<std::string_view> seen;
  bool is_sorted = true;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string& station = rows[i].station_id;
    if (!seen.insert(station).second) {
      report.violation(Breach::kDuplicateKey, path, station, "has a second row in this file");
    } else if (i > 0 && station < rows[i - 1].station_id && is_sorted) {
      is_sorted = false;
      report.violation(Breach::kOrder, path, station,
                       fmt::format("rows are not sorted by station: this one comes after {}",
                                   rows[i - 1].station_id));
    }
  }
}

}  // namespace

std::optional<FileFacts> read_facts(const KeyValues& metadata, std::string_view path,
                                    VerifyReport& report) {
  Keys keys(metadata);
  FileFacts facts;
  facts.source = keys.text(metadata::kSource);
  facts.partition = static_cast<std::int32_t>(keys.value(metadata::kPartition, read_number));
  facts.system = keys.text(metadata::kSystem);
  facts.window.start = keys.value(metadata::kWindowStart, read_utc);
  facts.window.end = keys.value(metadata::kWindowEnd, read_utc);
  const Seconds length = keys.value(metadata::kLength, parse_duration);
  facts.slide = keys.value(metadata::kSlide, parse_duration);
  facts.timezone = keys.text(metadata::kTimezone);
  facts.rule.layout = keys.value(metadata::kLayout, layout_from_word);
  facts.rule.path_time = keys.value(metadata::kPathTime, path_time_from_word);
  facts.rows = keys.value(metadata::kRows, read_number);
  facts.row_hash = keys.text(metadata::kRowHash);
  facts.previous_name = keys.text(metadata::kPreviousName);
  facts.previous_row_hash = keys.text(metadata::kPreviousRowHash);
  facts.lake_id = keys.text(metadata::kLakeId);
  for (const std::string_view key :
       {metadata::kLength, metadata::kSlide, metadata::kDelay, metadata::kMaxGap,
        metadata::kTimezone, metadata::kLayout, metadata::kPathTime}) {
    facts.settings += fmt::format("{}{} {}", facts.settings.empty() ? "" : ", ", key,
                                  find_key(metadata, key).value_or("?"));
  }
  keys.text(metadata::kDelay);
  keys.text(metadata::kMaxGap);
  if (!keys.wrong().empty()) {
    report.violation(Breach::kMetadata, path, "", "its metadata are not whole: " + keys.wrong());
    return std::nullopt;
  }
  if (facts.length() != length) {
    report.violation(Breach::kMetadata, path, "",
                     fmt::format("its metadata name the window {} to {}, and its length {}",
                                 format_utc(facts.window.start), format_utc(facts.window.end),
                                 format_duration(length)));
  }
  return facts;
}

const Zone* Zones::find(const std::string& name) {
  const auto [at, is_new] = zones_.try_emplace(name);
  if (is_new) {
    if (auto zone = Zone::load(name)) at->second = *std::move(zone);
  }
  return at->second ? &*at->second : nullptr;
}

void check_rows(const std::vector<HourlyRow>& rows, const Window& window, std::string_view path,
                VerifyReport& report) {
  check_order(rows, path, report);
  for (const HourlyRow& row : rows) {
    if (row.window != window) {
      report.violation(Breach::kMetadata, path, row.station_id,
                       fmt::format("its row is of {} to {}, not of the file's window",
                                   format_utc(row.window.start), format_utc(row.window.end)));
    }
    if (!is_balanced(row)) {
      report.violation(
          Breach::kBalance, path, row.station_id,
          fmt::format("the books do not balance: open {} + returns {} - rentals {} + unobserved {} "
                      "is not close {}",
                      row.bikes_open, row.total_return, row.total_rental, row.unobserved_change,
                      row.bikes_close));
    }
    const std::string impossible = impossible_value(row, window.end - window.start);
    if (!impossible.empty()) {
      report.violation(Breach::kValue, path, row.station_id, impossible);
    }
  }
}

}  // namespace bikeflow
