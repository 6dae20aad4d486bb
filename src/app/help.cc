#include "app/help.h"

#include <algorithm>

#include <fmt/core.h>

namespace bikeflow {
namespace {

// Lines longer than this are hard to read, however wide the terminal.
constexpr int kWidest = 100;
constexpr int kNarrowest = 60;
constexpr int kIndent = 2;

int text_width(int terminal_width) { return std::clamp(terminal_width, kNarrowest, kWidest); }

// One entry of a list: its head on the left, its text in a column on the right.
std::string entry(std::string_view head, std::string_view text, int head_width, int width) {
  std::string lines;
  const int column = kIndent + head_width + 2;
  std::string line = std::string(kIndent, ' ') + std::string(head);
  if (display_width(line) + 2 > column) {
    lines += line + "\n";
    line.clear();
  }
  for (const std::string& part : wrapped(text, width - column)) {
    lines += pad_right(line, column) + part + "\n";
    line.clear();
  }
  if (!line.empty()) lines += line + "\n";
  return lines;
}

std::string head_of(const OptionHelp& option) {
  std::string head;
  if (option.positional) {
    head = option.text.name;
  } else {
    const auto comma = option.text.name.find(',');
    head = comma == std::string::npos
               ? "    " + option.text.name
               : option.text.name.substr(0, comma) + ", " + option.text.name.substr(comma + 1);
    if (!option.text.value.empty()) head += " " + option.text.value;
  }
  return option.repeated ? head + "..." : head;
}

std::string text_of(const OptionHelp& option) {
  std::string text = option.text.help;
  if (option.text.required && !option.positional) text += " (required)";
  if (!option.default_text.empty()) text += fmt::format(" (default: {})", option.default_text);
  return text;
}

std::string usage_of(const CommandText& command, std::span<const OptionHelp> options) {
  std::string usage = "Usage: bikeflow " + command.name;
  for (const OptionHelp& option : options) {
    if (option.positional) usage += " " + option.text.name + (option.repeated ? "..." : "");
  }
  for (const OptionHelp& option : options) {
    if (option.positional || !option.text.required) continue;
    const auto comma = option.text.name.find(',');
    usage += " " + option.text.name.substr(0, comma) + " " + option.text.value;
  }
  return usage + " [OPTION...]\n";
}

std::string paragraphs(std::string_view text, int width) {
  std::string laid_out;
  while (!text.empty()) {
    const auto end = text.find("\n\n");
    for (const std::string& line : wrapped(text.substr(0, end), width)) laid_out += line + "\n";
    laid_out += "\n";
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 2);
  }
  return laid_out;
}

}  // namespace

std::vector<std::string> wrapped(std::string_view text, int width) {
  std::vector<std::string> lines;
  std::string line;
  while (!text.empty()) {
    const auto end = text.find_first_of(" \n");
    const std::string_view word = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (word.empty()) continue;
    if (!line.empty() && display_width(line) + 1 + display_width(word) > width) {
      lines.push_back(std::move(line));
      line.clear();
    }
    if (!line.empty()) line += ' ';
    line += word;
  }
  if (!line.empty()) lines.push_back(std::move(line));
  return lines;
}

std::string program_help(std::span<const CommandSummary> commands, int terminal_width) {
  const int width = text_width(terminal_width);
  std::string help =
      "bikeflow: hourly bike rentals and returns from what the stations report\n\n"
      "Usage: bikeflow COMMAND [OPTION...]\n\nCommands:\n";
  int head_width = 0;
  for (const CommandSummary& command : commands) {
    head_width = std::max(head_width, display_width(command.name));
  }
  for (const CommandSummary& command : commands) {
    help += entry(command.name, command.summary, head_width, width);
  }
  help += "\nOptions:\n";
  constexpr int kOptionWidth = 24;
  help += entry("-h, --help", "this text; after a command: its options, with examples",
                kOptionWidth, width);
  help += entry("    --version", "the program's version", kOptionWidth, width);
  help += entry("    --log-format FORMAT", "form of messages: text or json (default: text)",
                kOptionWidth, width);
  help += "\n" + paragraphs(
                     "Times are ISO 8601; without an offset they are in the system's time zone. "
                     "Durations: 30s, 10m, 24h. Results go to standard output, everything else to "
                     "standard error.\n\n"
                     "Exit status: 0 done; 1 failed, or violations found; 2 wrong usage; 3 could "
                     "not verify.",
                     width);
  help.pop_back();
  return help;
}

std::string command_help(const CommandText& command, std::span<const OptionHelp> options,
                         int terminal_width) {
  const int width = text_width(terminal_width);
  std::string help =
      paragraphs(fmt::format("bikeflow {}: {}", command.name, command.summary), width) +
      usage_of(command, options) + "\n";
  help += paragraphs(command.description, width);
  help += "Options:\n";
  constexpr int kWidestHead = 28;
  int head_width = 0;
  for (const OptionHelp& option : options) {
    const int head = display_width(head_of(option));
    if (head <= kWidestHead) head_width = std::max(head_width, head);
  }
  for (const OptionHelp& option : options) {
    help += entry(head_of(option), text_of(option), head_width, width);
  }
  if (!command.examples.empty()) {
    help += command.examples.size() == 1 ? "\nExample:\n" : "\nExamples:\n";
    for (const std::string& example : command.examples) help += "  " + example + "\n";
  }
  return help;
}

}  // namespace bikeflow
