// The text of --help, laid out for a width.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/command_line.h"

namespace bikeflow {

// An option as its help shows it.
struct OptionHelp {
  OptionText text;
  std::string default_text;  // empty: none to name
  bool positional = false;
  bool repeated = false;
};

struct CommandSummary {
  std::string_view name, summary;
};

std::string program_help(std::span<const CommandSummary> commands, int width);
std::string command_help(const CommandText& command, std::span<const OptionHelp> options,
                         int width);

// The text broken at spaces into lines of at most `width` columns; a word that is longer stays
// whole.
std::vector<std::string> wrapped(std::string_view text, int width);

}  // namespace bikeflow
