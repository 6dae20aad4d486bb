// The commands and options of the program, their help, and what a wrong one is told.
//
// A command's file declares it in a function that main() calls:
//
//   void register_show(CommandLine& line) {
//     auto options = std::make_shared<ShowOptions>();
//     Command& command = line.add({.name = "show", .summary = "the lake as a table", ...},
//                                 [options](Shell& shell) { return show(*options, shell); });
//     command.text({"--station", "ID", "only this station"}, &options->station);
//   }
//
// Threads: none; main() only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/shell.h"
#include "base/result.h"
#include "base/time.h"

namespace bikeflow {

struct CommandText {
  std::string name;                        // "show", or "state show": one of the group "state"
  std::string summary;                     // one line, in the list of commands
  std::string description = {};            // paragraphs, separated by an empty line
  std::vector<std::string> examples = {};  // whole command lines
};

struct OptionText {
  std::string name;        // "--lake", "-c,--config"; for positionals: "INPUT"
  std::string value = {};  // what stands for the value in the help: "DIR"
  std::string help = {};
  bool required = false;
};

// An error ends the command: it is printed, and the exit status is kFailed.
using CommandBody = std::function<Result<ExitStatus>(Shell&)>;

// Where the options of one command go. What a target holds at the time of the call is the default,
// and is named in the help. Requires: targets outlive the CommandLine's parse().
class Command {
 public:
  void text(OptionText text, std::string* target);
  void text(OptionText text, std::optional<std::string>* target);
  void list(OptionText text, std::vector<std::string>* target);  // may be given several times
  void positionals(OptionText text, std::vector<std::string>* target);
  void choice(OptionText text, std::vector<std::string> choices, std::string* target);
  void number(OptionText text, std::int64_t least, std::int64_t most, std::int64_t* target);
  void number(OptionText text, std::int64_t least, std::int64_t most,
              std::optional<std::int64_t>* target);
  void duration(OptionText text, Seconds least, Seconds* target);
  void duration(OptionText text, Seconds least, std::optional<Seconds>* target);
  // ISO 8601 with or without an offset; kept as text, because its zone is not known yet.
  void time(OptionText text, std::optional<std::string>* target);
  void flag(OptionText text, bool* target);

  ~Command();

 private:
  friend class CommandLine;
  struct Parts;
  explicit Command(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

// What a command line asks for.
struct Parsed {
  enum class Kind { kRun, kHelp, kWrong };
  Kind kind = Kind::kWrong;
  std::string text = {};  // kHelp: to print; kWrong: what is wrong, without a line break at its end
  CommandBody body = {};  // kRun
  LogFormat log_format = LogFormat::kText;
};

class CommandLine {
 public:
  CommandLine();
  ~CommandLine();

  Command& add(CommandText text, CommandBody body);

  // `arguments` without the program's name. The help is laid out for `width` columns.
  Parsed parse(std::span<const std::string> arguments, int width);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace bikeflow
