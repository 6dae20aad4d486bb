// A cell of a CSV file.
#pragma once

#include <string>

namespace bikeflow {

// As RFC 4180 has it. A text that a spreadsheet would take for a formula begins with an apostrophe.
std::string csv_text(const std::string& text);

}  // namespace bikeflow
