#include "app/sheet.h"

#include <fmt/core.h>

#include "api/csv_text.h"
#include "app/times.h"
#include "base/check.h"
#include "base/json_text.h"

namespace bikeflow {
namespace {

std::vector<Table::Column> shown_columns(const std::vector<SheetColumn>& columns) {
  std::vector<Table::Column> shown;
  for (const SheetColumn& column : columns) {
    if (!column.heading.empty()) shown.push_back({column.heading, column.align});
  }
  return shown;
}

}  // namespace

SheetForm sheet_form(std::string_view word) {
  CHECK(word == "table" || word == "csv" || word == "json");
  return word == "csv" ? SheetForm::kCsv : word == "json" ? SheetForm::kJson : SheetForm::kTable;
}

Sheet::Sheet(SheetForm form, std::vector<SheetColumn> columns, const Zone& zone, Output& out,
             const Terminal& terminal)
    : form_(form),
      columns_(std::move(columns)),
      zone_(zone),
      out_(out),
      table_(shown_columns(columns_), terminal) {}

std::vector<std::string> Sheet::table_cells(const std::vector<Cell>& cells) const {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i].heading.empty()) continue;
    if (const auto* text = std::get_if<std::string>(&cells[i])) {
      texts.push_back(*text);
    } else if (const auto* number = std::get_if<std::int64_t>(&cells[i])) {
      texts.push_back(grouped(*number));
    } else {
      const Seconds time = std::get<TimeCell>(cells[i]).time;
      texts.push_back(columns_[i].is_end ? local_time_of_day(time, zone_)
                                         : local_time(time, zone_));
    }
  }
  return texts;
}

void Sheet::csv_row(const std::vector<Cell>& cells) {
  std::string line;
  if (is_empty_) csv_names();
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) line += ',';
    if (const auto* text = std::get_if<std::string>(&cells[i])) {
      line += csv_text(*text);
    } else if (const auto* number = std::get_if<std::int64_t>(&cells[i])) {
      line += fmt::format("{}", *number);
    } else {
      line += format_utc(std::get<TimeCell>(cells[i]).time);
    }
  }
  out_.write(line + "\n");
}

void Sheet::csv_names() {
  std::string line;
  for (const SheetColumn& column : columns_) line += (line.empty() ? "" : ",") + column.name;
  out_.write(line + "\n");
}

void Sheet::json_row(const std::vector<Cell>& cells) {
  std::string line = is_empty_ ? "[\n{" : ",\n{";
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) line += ',';
    line += json_string(columns_[i].name) + ':';
    if (const auto* text = std::get_if<std::string>(&cells[i])) {
      line += json_string(*text);
    } else if (const auto* number = std::get_if<std::int64_t>(&cells[i])) {
      line += fmt::format("{}", *number);
    } else {
      line += json_string(format_utc(std::get<TimeCell>(cells[i]).time));
    }
  }
  out_.write(line + "}");
}

void Sheet::row(const std::vector<Cell>& cells) {
  CHECK(cells.size() == columns_.size());
  switch (form_) {
    case SheetForm::kTable:
      table_.add(table_cells(cells));
      break;
    case SheetForm::kCsv:
      csv_row(cells);
      break;
    case SheetForm::kJson:
      json_row(cells);
      break;
  }
  is_empty_ = false;
}

void Sheet::flush() {
  if (form_ == SheetForm::kTable && !is_empty_) table_.print(out_);
}

void Sheet::sums(const std::vector<Cell>& cells) {
  if (form_ != SheetForm::kTable || is_empty_) return;
  table_.add(table_cells(cells));
  table_.print_with_sum(out_);
}

void Sheet::finish() {
  flush();
  if (form_ == SheetForm::kJson) out_.write(is_empty_ ? "[]\n" : "\n]\n");
  if (form_ == SheetForm::kCsv && is_empty_) csv_names();
}

}  // namespace bikeflow
