#include "api/rows_json.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <span>
#include <string_view>
#include <utility>

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
  for_each_column<HourlyRow>([&]<class Column>(const Column& column) {
    const auto cell = column.get(row);
    if constexpr (Column::kType == ColumnType::kTime) {
      add(column.name, of_time(cell));
    } else if constexpr (Column::kType == ColumnType::kString) {
      add(column.name, of_text(std::string(cell)));
    } else {
      add(column.name, fmt::format("{}", cell));
    }
  });
}

// A station, and which of the rows that it has in one hour.
using Slot = std::pair<std::string_view, int>;

template <class Add>
void for_each_slot(std::span<const HourlyRow> hour, Add add) {
  Slot slot;
  for (const HourlyRow& row : hour) {
    slot = {row.station_id, row.station_id == slot.first ? slot.second + 1 : 0};
    add(slot, row);
  }
}

std::vector<std::span<const HourlyRow>> by_hour(std::span<const HourlyRow> rows) {
  std::vector<std::span<const HourlyRow>> hours;
  while (!rows.empty()) {
    const auto end = std::ranges::find_if(
        rows, [&](const HourlyRow& row) { return row.window != rows.front().window; });
    hours.push_back(rows.first(static_cast<std::size_t>(end - rows.begin())));
    rows = rows.subspan(hours.back().size());
  }
  return hours;
}

std::map<Slot, std::size_t> slots_of(const std::vector<std::span<const HourlyRow>>& hours) {
  std::map<Slot, std::size_t> slots;
  for (const auto hour : hours) {
    for_each_slot(hour, [&](const Slot& slot, const HourlyRow&) { slots.emplace(slot, 0); });
  }
  std::size_t next = 0;
  for (auto& [slot, index] : slots) index = next++;
  return slots;
}

// The rows of one hour, each in its slot; null where there is none.
using Placed = std::vector<const HourlyRow*>;

Placed placed_in(const std::map<Slot, std::size_t>& slots, std::span<const HourlyRow> hour) {
  Placed placed(slots.size(), nullptr);
  for_each_slot(hour,
                [&](const Slot& slot, const HourlyRow& row) { placed[slots.at(slot)] = &row; });
  return placed;
}

void append_columns(std::string& out, const Placed& placed) {
  for_each_column<HourlyRow>([&]<class Column>(const Column& column) {
    if constexpr (Column::kType == ColumnType::kInt32 || Column::kType == ColumnType::kInt64) {
      fmt::format_to(std::back_inserter(out), R"(,"{}":[)", column.name);
      for (const HourlyRow* row : placed) {
        if (out.back() != '[') out += ',';
        if (row == nullptr) {
          out += "null";
        } else {
          fmt::format_to(std::back_inserter(out), "{}", column.get(*row));
        }
      }
      out += ']';
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
  ++stations;
  total_rental += row.total_rental;
  total_return += row.total_return;
  unobserved_change += row.unobserved_change;
  bikes_close += row.bikes_close;
  observed_seconds += row.observed_seconds;
  empty_seconds += row.empty_seconds;
  full_seconds += row.full_seconds;
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

std::string hour_columns_json(const std::string& system, const std::vector<HourState>& states,
                              const std::vector<HourlyRow>& rows) {
  const auto hours = by_hour(rows);
  const auto slots = slots_of(hours);
  std::string out = fmt::format(R"({{"system":{},"stations":[)", json_string(system));
  out.reserve(rows.size() * 40 + slots.size() * 12 + 100);
  for (const auto& [slot, index] : slots) {
    if (index > 0) out += ',';
    out += json_string(slot.first);
  }
  out += R"(],"hours":[)";
  for (const auto hour : hours) {
    const Window window = hour.front().window;
    const auto told = std::ranges::find(states, window, &HourState::window);
    const bool is_told = told != states.end();
    fmt::format_to(std::back_inserter(out), R"({}{{"start":{},"end":{},"state":{},"why":{})",
                   out.back() == '[' ? "" : ",", json_time(window.start), json_time(window.end),
                   json_string(is_told ? told->state : "open"),
                   is_told && !told->why.empty() ? json_string(told->why) : "null");
    append_columns(out, placed_in(slots, hour));
    out += '}';
  }
  return out + "]}";
}

}  // namespace bikeflow
