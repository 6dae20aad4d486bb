// The one file that includes CLI11; its exceptions end here.
#include "app/command_line.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <algorithm>
#include <charconv>

#include <fmt/ranges.h>

#include "app/help.h"
#include "base/nearest.h"
#include "base/version.h"

namespace bikeflow {
namespace {

template <class Strings>
std::string nearest_of(std::string_view name, const Strings& known) {
  return did_you_mean(name, std::vector<std::string_view>(known.begin(), known.end()));
}

Result<std::int64_t> parse_number(const std::string& text, std::int64_t least, std::int64_t most) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < least || number > most) {
    return most == INT64_MAX ? fail("'{}' is not a whole number of at least {}", text, least)
                             : fail("'{}' is not a whole number from {} to {}", text, least, most);
  }
  return number;
}

Result<Seconds> parse_span(const std::string& text, Seconds least) {
  const auto duration = parse_duration(text);
  if (!duration) return fail("'{}' is not a duration such as 30s, 10m or 24h", text);
  if (*duration < least) return fail("'{}' is shorter than {}", text, format_duration(least));
  return *duration;
}

// The setter of an option from a function that reads its value.
template <class Read, class Target>
auto setter(Read read, Target* target) {
  return [read, target](const std::string& text) -> Result<void> {
    auto value = read(text);
    if (!value) return std::unexpected(value.error());
    *target = *std::move(value);
    return {};
  };
}

// Stands before a word that is no option whatever it begins with.
constexpr std::string_view kPlainWord{"\0", 1};

enum class Kind : std::uint8_t { kFlag, kOnce, kRepeated, kPositionals };

// Sets the target from the text of the command line, or says what is wrong with it.
using Set = std::function<Result<void>(const std::string&)>;

}  // namespace

struct Command::Parts {
  CommandText text;
  CommandBody body;
  CLI::App* app = nullptr;
  std::vector<OptionHelp> options;

  void add(OptionText option, Kind kind, std::string default_text, const Set& set) {
    const std::string name = option.name.substr(option.name.find(',') + 1);
    if (kind == Kind::kFlag) {
      app->add_flag_callback(option.name, [set] { (void)set(""); })->disable_flag_override();
    } else {
      const auto take = [name, set, kind](const CLI::results_t& values) {
        for (const std::string& value : values) {
          const bool is_option = kind != Kind::kPositionals && value.starts_with("--");
          if (is_option) throw CLI::ArgumentMismatch(fmt::format("{}: {}", name, value));
          const bool is_plain = value.starts_with(kPlainWord);
          if (auto done = set(is_plain ? value.substr(kPlainWord.size()) : value); !done)
            throw CLI::ValidationError(name, done.error().message);
        }
        return true;
      };
      CLI::Option* made = app->add_option(option.name, take)->required(option.required);
      if (kind == Kind::kRepeated) {
        made->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
        made->allow_extra_args(false);
      } else if (kind == Kind::kPositionals) {
        made->expected(1, CLI::detail::expected_max_vector_size)->allow_extra_args();
      }
    }
    options.push_back({std::move(option), std::move(default_text), kind == Kind::kPositionals,
                       kind == Kind::kPositionals || kind == Kind::kRepeated});
  }
};

Command::Command(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Command::~Command() = default;

void Command::text(OptionText text, std::string* target) {
  parts_->add(std::move(text), Kind::kOnce, *target,
              [target](const std::string& value) -> Result<void> {
                *target = value;
                return {};
              });
}

void Command::text(OptionText text, std::optional<std::string>* target) {
  parts_->add(std::move(text), Kind::kOnce, "", [target](const std::string& value) -> Result<void> {
    *target = value;
    return {};
  });
}

void Command::list(OptionText text, std::vector<std::string>* target) {
  parts_->add(std::move(text), Kind::kRepeated, "",
              [target](const std::string& value) -> Result<void> {
                target->push_back(value);
                return {};
              });
}

void Command::positionals(OptionText text, std::vector<std::string>* target) {
  parts_->add(std::move(text), Kind::kPositionals, "",
              [target](const std::string& value) -> Result<void> {
                target->push_back(value);
                return {};
              });
}

void Command::choice(OptionText text, std::vector<std::string> choices, std::string* target) {
  const std::string list = fmt::format("{}", fmt::join(choices, ", "));
  if (text.value.empty()) text.value = fmt::format("{}", fmt::join(choices, "|"));
  parts_->add(
      std::move(text), Kind::kOnce, *target,
      [target, choices = std::move(choices), list](const std::string& value) -> Result<void> {
        if (std::find(choices.begin(), choices.end(), value) == choices.end()) {
          return fail("'{}' is none of: {}{}", value, list, nearest_of(value, choices));
        }
        *target = value;
        return {};
      });
}

void Command::number(OptionText text, std::int64_t least, std::int64_t most, std::int64_t* target) {
  const auto read = [least, most](const std::string& value) {
    return parse_number(value, least, most);
  };
  parts_->add(std::move(text), Kind::kOnce, std::to_string(*target), setter(read, target));
}

void Command::number(OptionText text, std::int64_t least, std::int64_t most,
                     std::optional<std::int64_t>* target) {
  const auto read = [least, most](const std::string& value) {
    return parse_number(value, least, most);
  };
  parts_->add(std::move(text), Kind::kOnce, "", setter(read, target));
}

void Command::duration(OptionText text, Seconds least, Seconds* target) {
  const auto read = [least](const std::string& value) { return parse_span(value, least); };
  parts_->add(std::move(text), Kind::kOnce, format_duration(*target), setter(read, target));
}

void Command::duration(OptionText text, Seconds least, std::optional<Seconds>* target) {
  const auto read = [least](const std::string& value) { return parse_span(value, least); };
  parts_->add(std::move(text), Kind::kOnce, "", setter(read, target));
}

void Command::time(OptionText text, std::optional<std::string>* target) {
  const auto read = [](const std::string& value) -> Result<std::string> {
    if (parse_time(value)) return value;
    return fail("'{}' is not a time such as 2024-08-11, 2024-08-11T22:30 or 2024-08-11T13:30:00Z",
                value);
  };
  parts_->add(std::move(text), Kind::kOnce, "", setter(read, target));
}

void Command::flag(OptionText text, bool* target) {
  parts_->add(std::move(text), Kind::kFlag, "", [target](const std::string&) -> Result<void> {
    *target = true;
    return {};
  });
}

struct CommandLine::Parts {
  CLI::App root;
  std::vector<std::unique_ptr<Command>> commands;
  bool help = false, version = false;
  std::string log_format = "text";

  // What every level of the command line takes.
  void add_common(CLI::App& app) {
    app.set_help_flag("");
    app.allow_extras();
    app.require_subcommand(0, 1);
    app.add_flag_callback("-h,--help", [this] { help = true; });
    app.add_flag_callback("--version", [this] { version = true; });
    app.add_option("--log-format", log_format)->check([](const std::string& value) {
      return value == "text" || value == "json" ? std::string()
                                                : fmt::format("'{}' is none of: text, json", value);
    });
  }

  [[nodiscard]] const CLI::App& reached() const;
  [[nodiscard]] const Command* chosen() const;
  [[nodiscard]] std::string path() const;
  [[nodiscard]] std::optional<std::string> find_unknown() const;
  [[nodiscard]] std::string unknown_command(const std::string& name) const;
  [[nodiscard]] std::string unknown_option(const std::string& given) const;
  [[nodiscard]] std::optional<std::string> first_word() const;
  [[nodiscard]] std::string help_text(int width) const;
};

CommandLine::CommandLine() : parts_(std::make_unique<Parts>()) { parts_->add_common(parts_->root); }
CommandLine::~CommandLine() = default;

Command& CommandLine::add(CommandText text, CommandBody body) {
  auto parts = std::make_unique<Command::Parts>();
  CLI::App* parent = &parts_->root;
  const auto space = text.name.find(' ');
  if (space != std::string::npos) {
    const std::string group = text.name.substr(0, space);
    const auto known =
        parent->get_subcommands([&](CLI::App* app) { return app->get_name() == group; });
    if (known.empty()) parts_->add_common(*parent->add_subcommand(group));
    parent = parent->get_subcommand(group);
  }
  parts->app = parent->add_subcommand(text.name.substr(space + 1));
  parts_->add_common(*parts->app);
  parts->text = std::move(text);
  parts->body = std::move(body);
  parts_->commands.emplace_back(new Command(std::move(parts)));
  return *parts_->commands.back();
}

// The deepest level that the command line came to.
const CLI::App& CommandLine::Parts::reached() const {
  const CLI::App* app = &root;
  while (!app->get_subcommands().empty()) app = app->get_subcommands().front();
  return *app;
}

const Command* CommandLine::Parts::chosen() const {
  for (const auto& command : commands) {
    if (command->parts_->app == &reached()) return command.get();
  }
  return nullptr;
}

std::string CommandLine::Parts::path() const {
  std::string path;
  for (const CLI::App* app = &reached(); app != &root; app = app->get_parent()) {
    path.insert(0, " " + app->get_name());
  }
  return path;
}

std::string CommandLine::Parts::unknown_command(const std::string& name) const {
  const std::string group = path().empty() ? "" : path().substr(1) + " ";
  const std::string full = group + name;
  std::vector<std::string_view> known;
  for (const auto& command : commands) {
    if (command->parts_->text.name.starts_with(group)) known.push_back(command->parts_->text.name);
  }
  const std::string hint = did_you_mean(full, known);
  return fmt::format("unknown command '{}'{}", full,
                     hint.empty() ? fmt::format("; there are: {}", fmt::join(known, ", ")) : hint);
}

std::string CommandLine::Parts::unknown_option(const std::string& given) const {
  std::vector<std::string> known;
  for (const CLI::Option* option : reached().get_options()) {
    for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
  }
  const std::string name = given.substr(0, given.find('='));
  return fmt::format("unknown option '{}'{}", name, nearest_of(name, known));
}

std::optional<std::string> CommandLine::Parts::find_unknown() const {
  for (const CLI::App* level = &root;; level = level->get_subcommands().front()) {
    for (const std::string& word : level->remaining()) {
      const std::string left = word.starts_with(kPlainWord) ? word.substr(kPlainWord.size()) : word;
      if (left.starts_with('-') && left.size() > 1) return unknown_option(left);
      return chosen() != nullptr && level != &root
                 ? fmt::format("'{}' is one argument too many", left)
                 : unknown_command(left);
    }
    if (level->get_subcommands().empty()) break;
  }
  if (chosen() != nullptr) return std::nullopt;
  return path().empty() ? "no command"
                        : fmt::format("'{}' needs a command after it", path().substr(1));
}

// The word where a command should stand, and none does.
std::optional<std::string> CommandLine::Parts::first_word() const {
  const std::vector<std::string> words = reached().remaining();
  if (chosen() != nullptr || words.empty()) return std::nullopt;
  const std::string& first = words.front();
  if (first.starts_with('-') || first.starts_with(kPlainWord)) return std::nullopt;
  return first;
}

std::string CommandLine::Parts::help_text(int width) const {
  if (const Command* command = chosen()) {
    std::vector<OptionHelp> options = command->parts_->options;
    options.push_back({{"--log-format", "text|json", "form of messages"}, "text"});
    return command_help(command->parts_->text, options, width);
  }
  std::vector<CommandSummary> summaries;
  for (const auto& command : commands) {
    const CommandText& text = command->parts_->text;
    if (path().empty() || text.name.starts_with(path().substr(1) + " ")) {
      summaries.push_back({text.name, text.summary});
    }
  }
  return program_help(summaries, width);
}

Parsed CommandLine::parse(std::span<const std::string> arguments, int width) {
  Parts& parts = *parts_;
  parts.log_format = "text";
  // CLI11 2.1 loses the words after "--" where a command has words before it: they go in as one
  // list, each marked, and the mark is taken off again.
  std::vector<std::string> words(arguments.begin(), arguments.end());
  const auto mark = std::find(words.begin(), words.end(), "--");
  if (mark != words.end()) {
    for (auto word = mark + 1; word != words.end(); ++word) word->insert(0, kPlainWord);
    words.erase(mark);
  }
  std::reverse(words.begin(), words.end());
  std::string refused;
  bool is_only_missing = false;
  try {
    parts.root.parse(words);
  } catch (const CLI::ArgumentMismatch& error) {
    const std::string what = error.what();
    refused = what.substr(0, what.find_first_of(": "));
    if (!refused.starts_with("-")) refused.insert(0, "--");
    refused += what.find("override") != std::string::npos   ? " takes no value"
               : what.find("received") != std::string::npos ? " is given twice"
                                                            : " needs a value";
  } catch (const CLI::RequiredError& error) {
    const std::string what = error.what();
    refused = what.substr(0, what.find(' ')) + " is missing";
    is_only_missing = true;
  } catch (const CLI::ParseError& error) {
    refused = error.what();
  }
  // Asked for help, the program helps, whatever else is wrong; for a command that it does not have
  // it says so first.
  if (parts.help) {
    std::string text = parts.help_text(width);
    if (const auto word = parts.first_word()) {
      text.insert(0, parts.unknown_command(*word) + "\n\n");
    }
    return {.kind = Parsed::Kind::kHelp, .text = std::move(text)};
  }
  if (parts.version) {
    return {.kind = Parsed::Kind::kHelp, .text = fmt::format("bikeflow {}\n", program_version())};
  }
  const LogFormat format = parts.log_format == "json" ? LogFormat::kJson : LogFormat::kText;
  // A misspelt option is why another is missing.
  if (refused.empty() || is_only_missing) refused = parts.find_unknown().value_or(refused);
  if (!refused.empty()) {
    return {.text = fmt::format("{} (see: bikeflow{} --help)", refused, parts.path()),
            .log_format = format};
  }
  return {.kind = Parsed::Kind::kRun, .body = parts.chosen()->parts_->body, .log_format = format};
}

}  // namespace bikeflow
