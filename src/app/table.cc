#include "app/table.h"

#include <algorithm>

#include "base/check.h"

namespace bikeflow {
namespace {

constexpr std::string_view kBetween = "  ";
constexpr int kLeastNumber = 5;  // so that columns seldom have to grow

}  // namespace

Table::Table(std::vector<Column> columns, const Terminal& terminal)
    : columns_(std::move(columns)), terminal_(terminal) {
  for (const Column& column : columns_) {
    const int least = column.align == Align::kRight ? kLeastNumber : 0;
    widths_.push_back(std::max(least, display_width(column.heading)));
  }
}

void Table::add(std::vector<std::string> cells) {
  CHECK(cells.size() == columns_.size());
  for (std::size_t i = 0; i < cells.size(); ++i) {
    widths_[i] = std::max(widths_[i], display_width(cells[i]));
  }
  rows_.push_back(std::move(cells));
}

void Table::print_line(Output& out, const std::vector<std::string>& cells, Colour colour) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) line += kBetween;
    line += columns_[i].align == Align::kRight ? pad_left(cells[i], widths_[i])
                                               : pad_right(cells[i], widths_[i]);
  }
  line.resize(line.find_last_not_of(' ') + 1);
  out.write(coloured(terminal_, colour, line) + "\n");
}

void Table::print(Output& out) {
  if (!has_headings_) {
    std::vector<std::string> headings;
    for (const Column& column : columns_) headings.push_back(column.heading);
    print_line(out, headings, Colour::kBold);
    has_headings_ = true;
  }
  for (const auto& row : rows_) print_line(out, row, Colour::kPlain);
  rows_.clear();
}

void Table::print_with_sum(Output& out) {
  CHECK(!rows_.empty());
  const std::vector<std::string> sum = std::move(rows_.back());
  rows_.pop_back();
  print(out);
  int width = static_cast<int>(kBetween.size() * (columns_.size() - 1));
  for (const int column : widths_) width += column;
  out.write(std::string(static_cast<std::size_t>(width), '-') + "\n");
  print_line(out, sum, Colour::kBold);
}

}  // namespace bikeflow
