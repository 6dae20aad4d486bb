// How text looks where it is read: terminal or not, width, colours, and numbers for people.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace bikeflow {

// What a stream of the process leads to.
struct Terminal {
  bool is_terminal = false;  // progress and live views only then
  bool colours = false;      // a terminal that is not "dumb", and no NO_COLOR
  int width = 80;            // columns
};

Terminal describe_terminal(int fd);

enum class Colour { kPlain, kBold, kDim, kRed, kGreen, kYellow };

// The text in that colour, or as it is where the terminal has none.
std::string coloured(const Terminal& terminal, Colour colour, std::string_view text);

// Columns that UTF-8 text takes on a terminal: two for a wide (East Asian) character, none for a
// combining one.
int display_width(std::string_view text);

// At least `width` columns: spaces after the text, or before it.
std::string pad_right(std::string_view text, int width);
std::string pad_left(std::string_view text, int width);

// 15666628 -> "15,666,628".
std::string grouped(std::int64_t number);

// "1 file", "2,160 files".
std::string counted(std::int64_t number, std::string_view one, std::string_view many);

// A length of time for people: "0.4 s", "12.3 s", "3 min 05 s", "2 h 07 min", "3 d 04 h".
std::string readable_span(double seconds);

// A number of bytes for people, by powers of 1024: "812 B", "4.0 KiB", "1.3 GiB".
std::string readable_bytes(std::uint64_t bytes);

}  // namespace bikeflow
