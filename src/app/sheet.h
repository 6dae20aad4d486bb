// Rows of a result, as a table for people, as CSV or as JSON.
//
// CSV: a line of names, cells as of api/csv_text.h, lines that end as everywhere in Unix. JSON: one
// array, an object a line. Times are ISO 8601 in UTC in both; in the table they are of the zone.
//
// Threads: none; one owner.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "app/output.h"
#include "app/table.h"
#include "app/terminal.h"
#include "base/result.h"
#include "base/time.h"
#include "base/zone.h"

namespace bikeflow {

enum class SheetForm : std::uint8_t { kTable, kCsv, kJson };

// A time, so that it is not taken for a number.
struct TimeCell {
  Seconds time = 0;
};
using Cell = std::variant<std::string, std::int64_t, TimeCell>;

struct SheetColumn {
  std::string name;     // in CSV and JSON
  std::string heading;  // in the table; empty: not in the table
  Table::Align align = Table::Align::kRight;
  bool is_end = false;  // a time that follows another: the table shows its time of day alone
};

class Sheet {
 public:
  Sheet(SheetForm form, std::vector<SheetColumn> columns, const Zone& zone, Output& out,
        const Terminal& terminal);

  // Requires: as many cells as columns.
  void row(const std::vector<Cell>& cells);
  // What was added is printed; a table aligns what is printed together.
  void flush();
  // A last row below a rule, in the table only.
  void sums(const std::vector<Cell>& cells);
  // Requires: called once, last.
  void finish();

  [[nodiscard]] bool is_empty() const { return is_empty_; }

 private:
  [[nodiscard]] std::vector<std::string> table_cells(const std::vector<Cell>& cells) const;
  void csv_names();
  void csv_row(const std::vector<Cell>& cells);
  void json_row(const std::vector<Cell>& cells);

  SheetForm form_;
  std::vector<SheetColumn> columns_;
  const Zone& zone_;
  Output& out_;
  Table table_;
  bool is_empty_ = true;
};

SheetForm sheet_form(std::string_view word);  // Requires: "table", "csv" or "json"

}  // namespace bikeflow
