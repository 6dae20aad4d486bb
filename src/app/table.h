// A table for people: columns aligned, rows printed as they come.
//
// A column is as wide as its heading and the cells of the first rows that are printed together; it
// grows where later ones need more.
//
// Threads: none; one owner.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/output.h"
#include "app/terminal.h"

namespace bikeflow {

class Table {
 public:
  enum class Align : std::uint8_t { kLeft, kRight };
  struct Column {
    std::string heading;
    Align align = Align::kRight;
  };

  Table(std::vector<Column> columns, const Terminal& terminal);

  // Requires: as many cells as columns.
  void add(std::vector<std::string> cells);
  // Prints the rows added since the last time, below the headings where they are the first.
  void print(Output& out);
  // The same, with a line across above the last row.
  void print_with_sum(Output& out);

 private:
  void print_line(Output& out, const std::vector<std::string>& cells, Colour colour);

  std::vector<Column> columns_;
  Terminal terminal_;
  std::vector<int> widths_;
  std::vector<std::vector<std::string>> rows_;
  bool has_headings_ = false;
};

}  // namespace bikeflow
