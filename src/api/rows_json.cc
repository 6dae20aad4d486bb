#include "api/rows_json.h"

#include <iterator>

#include <fmt/format.h>

#include "api/csv_text.h"
#include "api/live_json.h"
#include "base/json_text.h"
#include "model/schema.h"

namespace bikeflow {
namespace {

// of_time and of_text give the form of the two kinds of cells that are no numbers.
template <class OfTime, class OfText, class Add>
void for_each_cell(const HourlyRow& row, OfTime of_time, OfText of_text, Add add) {
  for_each_column<HourlyRow>([&](const auto& column) {
    const auto cell = column.get(row);
    if constexpr (column.kType == ColumnType::kTime) {
      add(column.name, of_time(cell));
    } else if constexpr (column.kType == ColumnType::kString) {
      add(column.name, of_text(std::string(cell)));
    } else {
      add(column.name, fmt::format("{}", cell));
    }
  });
}

}  // namespace

std::string rows_json(const std::string& system, const std::vector<HourlyRow>& rows) {
  std::string out = fmt::format(R"({{"system":{},"hours":[)", json_string(system));
  out.reserve(rows.size() * 350 + 50);
  for (const HourlyRow& row : rows) {
    if (&row != rows.data()) out += ',';
    out += '{';
    for_each_cell(row, json_time, json_string, [&](std::string_view name, const std::string& cell) {
      fmt::format_to(std::back_inserter(out), R"({}"{}":{})", out.back() == '{' ? "" : ",", name,
                     cell);
    });
    out += '}';
  }
  return out + "]}";
}

std::string rows_csv(const std::vector<HourlyRow>& rows) {
  std::string out;
  for_each_column<HourlyRow>([&](const auto& column) {
    fmt::format_to(std::back_inserter(out), "{}{}", out.empty() ? "" : ",", column.name);
  });
  out += '\n';
  for (const HourlyRow& row : rows) {
    for_each_cell(row, format_utc, csv_text, [&](std::string_view, const std::string& cell) {
      fmt::format_to(std::back_inserter(out), "{}{}", out.back() == '\n' ? "" : ",", cell);
    });
    out += '\n';
  }
  return out;
}

void HourSums::add(const HourlyRow& row) {
  *this += {.stations = 1,
            .total_rental = row.total_rental,
            .total_return = row.total_return,
            .unobserved_change = row.unobserved_change,
            .bikes_close = row.bikes_close,
            .observed_seconds = row.observed_seconds,
            .empty_seconds = row.empty_seconds,
            .full_seconds = row.full_seconds};
}

HourSums& HourSums::operator+=(const HourSums& other) {
  stations += other.stations;
  total_rental += other.total_rental;
  total_return += other.total_return;
  unobserved_change += other.unobserved_change;
  bikes_close += other.bikes_close;
  observed_seconds += other.observed_seconds;
  empty_seconds += other.empty_seconds;
  full_seconds += other.full_seconds;
  return *this;
}

std::string sums_json(const std::string& system, const std::vector<HourSums>& hours) {
  std::string out = fmt::format(R"({{"system":{},"hours":[)", json_string(system));
  for (const HourSums& hour : hours) {
    if (&hour != hours.data()) out += ',';
    fmt::format_to(
        std::back_inserter(out),
        R"({{"start":{},"end":{},"state":{},"why":{},"stations":{},"total_rental":{},)"
        R"("total_return":{},"unobserved_change":{},"bikes_close":{},"observed_seconds":{},)"
        R"("empty_seconds":{},"full_seconds":{}}})",
        json_time(hour.window.start), json_time(hour.window.end), json_string(hour.state),
        hour.why.empty() ? "null" : json_string(hour.why), hour.stations, hour.total_rental,
        hour.total_return, hour.unobserved_change, hour.bikes_close, hour.observed_seconds,
        hour.empty_seconds, hour.full_seconds);
  }
  return out + "]}";
}

}  // namespace bikeflow
