#include "app/command_line.h"

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

enum class Kind { kFlag, kOnce, kRepeated, kPositionals };

// Sets the target from the text of the command line, or says what is wrong with it.
using Set = std::function<Result<void>(const std::string&)>;

struct Option {
  OptionHelp help;
  std::string long_name, short_name;  // "--config", "-c"; neither for positionals
  Kind kind = Kind::kOnce;
  Set set;
  bool given = false;

  [[nodiscard]] const std::string& name() const {
    return kind == Kind::kPositionals ? help.text.name : long_name;
  }
};

Option make_option(OptionText text, Kind kind, std::string default_text, Set set) {
  Option option;
  option.kind = kind;
  option.set = std::move(set);
  if (kind != Kind::kPositionals) {
    const auto comma = text.name.find(',');
    option.long_name = text.name.substr(comma == std::string::npos ? 0 : comma + 1);
    if (comma != std::string::npos) option.short_name = text.name.substr(0, comma);
  }
  option.help = {std::move(text), std::move(default_text), kind == Kind::kPositionals,
                 kind == Kind::kPositionals || kind == Kind::kRepeated};
  return option;
}

bool looks_like_option(std::string_view argument) {
  return argument.size() > 1 && argument.front() == '-';
}

}  // namespace

struct Command::Parts {
  CommandText text;
  CommandBody body;
  std::vector<Option> options;

  void add(OptionText option, Kind kind, std::string default_text, Set set) {
    options.push_back(
        make_option(std::move(option), kind, std::move(default_text), std::move(set)));
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
  std::vector<std::unique_ptr<Command>> commands;

  // Of the command line that is being parsed.
  std::string group;  // "state" of "state show"
  const Command* chosen = nullptr;
  std::vector<Option> options;  // what the words so far allow
  std::string log_format;

  void begin();
  Result<void> read(std::span<const std::string> arguments);
  Result<std::size_t> read_option(std::span<const std::string> arguments);
  Result<void> read_word(const std::string& word);
  Result<void> choose(const std::string& word);
  Result<void> set(Option& option, const std::string& value);
  [[nodiscard]] Result<void> complain_of_missing() const;

  [[nodiscard]] std::string path() const;  // " state show", of what was chosen
  [[nodiscard]] std::string help_text(int width) const;
};

CommandLine::CommandLine() : parts_(std::make_unique<Parts>()) {}
CommandLine::~CommandLine() = default;

Command& CommandLine::add(CommandText text, CommandBody body) {
  auto parts = std::make_unique<Command::Parts>();
  parts->text = std::move(text);
  parts->body = std::move(body);
  parts_->commands.emplace_back(new Command(std::move(parts)));
  return *parts_->commands.back();
}

void CommandLine::Parts::begin() {
  group.clear();
  chosen = nullptr;
  log_format = "text";
  const auto take_format = [this](const std::string& value) -> Result<void> {
    if (value != "text" && value != "json") return fail("'{}' is none of: text, json", value);
    log_format = value;
    return {};
  };
  options.clear();
  options.push_back(make_option({"--log-format", "text|json", "form of messages"}, Kind::kOnce,
                                "text", take_format));
}

Result<void> CommandLine::Parts::set(Option& option, const std::string& value) {
  if (option.given && (option.kind == Kind::kOnce || option.kind == Kind::kFlag)) {
    return fail("{} is given twice", option.name());
  }
  option.given = true;
  if (auto done = option.set(value); !done) return with_context(option.name(), done.error());
  return {};
}

// Reads the option that the first of `arguments` names; how many of them it took.
Result<std::size_t> CommandLine::Parts::read_option(std::span<const std::string> arguments) {
  const std::string& argument = arguments.front();
  const bool is_long = argument.starts_with("--");
  const std::string name = is_long ? argument.substr(0, argument.find('=')) : argument.substr(0, 2);
  const auto option = std::find_if(options.begin(), options.end(), [&](const Option& known) {
    return name == (is_long ? known.long_name : known.short_name);
  });
  if (option == options.end()) {
    std::vector<std::string> known = {"--help", "--version"};
    for (const Option& each : options) known.push_back(each.long_name);
    return fail("unknown option '{}'{}", is_long ? name : argument, nearest_of(name, known));
  }
  const bool has_value = argument.size() > name.size();
  if (option->kind == Kind::kFlag) {
    if (has_value) return fail("{} takes no value", option->name());
    if (auto done = set(*option, ""); !done) return std::unexpected(done.error());
    return 1;
  }
  if (!has_value && (arguments.size() < 2 || looks_like_option(arguments[1]))) {
    return fail("{} needs a value", option->name());
  }
  const std::string value =
      has_value ? argument.substr(name.size() + (is_long ? 1 : 0)) : arguments[1];
  if (auto done = set(*option, value); !done) return std::unexpected(done.error());
  return has_value ? 1 : 2;
}

Result<void> CommandLine::Parts::choose(const std::string& word) {
  const std::string full = group.empty() ? word : group + " " + word;
  std::vector<std::string_view> known;
  for (const auto& command : commands) {
    const std::string& name = command->parts_->text.name;
    if (name == full) {
      chosen = command.get();
      const auto& more = chosen->parts_->options;
      options.insert(options.begin(), more.begin(), more.end());
      return {};
    }
    if (name.starts_with(full + " ")) {
      group = full;
      return {};
    }
    if (group.empty() || name.starts_with(group + " ")) known.push_back(name);
  }
  // Of the program as it will be; saying so spares a search for a spelling error.
  if (full == "poll" || full == "serve") {
    return fail("'{}' is not in this version: it reads recorded files only (bikeflow backfill)",
                full);
  }
  const std::string hint = did_you_mean(full, known);
  return fail("unknown command '{}'{}", full,
              hint.empty() ? fmt::format("; there are: {}", fmt::join(known, ", ")) : hint);
}

Result<void> CommandLine::Parts::read_word(const std::string& word) {
  if (chosen == nullptr) return choose(word);
  for (Option& option : options) {
    if (option.kind == Kind::kPositionals) return set(option, word);
  }
  return fail("'{}' is one argument too many", word);
}

Result<void> CommandLine::Parts::read(std::span<const std::string> arguments) {
  while (!arguments.empty()) {
    const std::string& argument = arguments.front();
    if (argument == "--") {
      for (const std::string& word : arguments.subspan(1)) {
        if (auto done = read_word(word); !done) return done;
      }
      break;
    }
    std::size_t taken = 1;
    if (looks_like_option(argument)) {
      auto done = read_option(arguments);
      if (!done) return std::unexpected(done.error());
      taken = *done;
    } else if (auto done = read_word(argument); !done) {
      return done;
    }
    arguments = arguments.subspan(taken);
  }
  return complain_of_missing();
}

Result<void> CommandLine::Parts::complain_of_missing() const {
  if (chosen == nullptr) {
    return group.empty() ? fail("no command") : fail("'{}' needs a command after it", group);
  }
  for (const Option& option : options) {
    if (option.help.text.required && !option.given) return fail("{} is missing", option.name());
  }
  return {};
}

std::string CommandLine::Parts::path() const {
  if (chosen != nullptr) return " " + chosen->parts_->text.name;
  return group.empty() ? "" : " " + group;
}

std::string CommandLine::Parts::help_text(int width) const {
  if (chosen != nullptr) {
    std::vector<OptionHelp> texts;
    for (const Option& option : options) texts.push_back(option.help);
    return command_help(chosen->parts_->text, texts, width);
  }
  std::vector<CommandSummary> summaries;
  for (const auto& command : commands) {
    const CommandText& text = command->parts_->text;
    if (group.empty() || text.name.starts_with(group + " ")) {
      summaries.push_back({text.name, text.summary});
    }
  }
  return program_help(summaries, width);
}

Parsed CommandLine::parse(std::span<const std::string> arguments, int width) {
  Parts& parts = *parts_;
  parts.begin();
  const Result<void> done = parts.read(arguments);
  const auto end = std::find(arguments.begin(), arguments.end(), "--");
  const auto names = [&](std::string_view option) {
    return std::find(arguments.begin(), end, option) != end;
  };
  // Asked for help, the program helps, whatever else is wrong.
  if (names("--help") || names("-h")) {
    return {.kind = Parsed::Kind::kHelp, .text = parts.help_text(width)};
  }
  if (names("--version")) {
    return {.kind = Parsed::Kind::kHelp, .text = fmt::format("bikeflow {}\n", program_version())};
  }
  LogFormat format = parts.log_format == "json" ? LogFormat::kJson : LogFormat::kText;
  if (!done) {
    // What is wrong may stand before the wish for JSON.
    const auto wish = std::find(arguments.begin(), end, "--log-format");
    if (names("--log-format=json") || (wish != end && wish + 1 != end && *(wish + 1) == "json")) {
      format = LogFormat::kJson;
    }
    return {.text = fmt::format("{} (see: bikeflow{} --help)", done.error().message, parts.path()),
            .log_format = format};
  }
  return {.kind = Parsed::Kind::kRun, .body = parts.chosen->parts_->body, .log_format = format};
}

}  // namespace bikeflow
