#include "app/config_reader.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/ranges.h>

#include "base/nearest.h"

namespace bikeflow {
namespace {

bool is_variable_name(std::string_view name) {
  const auto is_word = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !name.empty() && !(name.front() >= '0' && name.front() <= '9') &&
         std::all_of(name.begin(), name.end(), is_word);
}

// A misspelt secret is a secret too.
bool may_name_secret(std::string_view key) {
  constexpr std::array<std::string_view, 4> kSecrets = {"key", "token", "password", "secret"};
  return nearest_name(key, kSecrets).has_value();
}

std::optional<std::uint64_t> parse_bytes(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  constexpr std::pair<std::string_view, int> kUnits[] = {
      {"B", 0}, {"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"TiB", 40}};
  for (const auto& [name, shift] : kUnits) {
    if (unit == name && number <= (UINT64_MAX >> shift)) return number << shift;
  }
  return std::nullopt;
}

}  // namespace

TableReader::TableReader(const ConfigNode* node, std::string name, ConfigContext& context)
    : node_(node), name_(std::move(name)), context_(&context) {}

std::string TableReader::label(std::string_view key) const {
  return name_.empty() ? std::string(key) : fmt::format("{} {}", name_, key);
}

void TableReader::note(TextSpan place, std::string message, bool hides_value) {
  context_->diagnostics.push_back({place, std::move(message), hides_value});
}

bool TableReader::has(std::string_view key) const {
  return node_ != nullptr && node_->find(key) != nullptr;
}

const ConfigNode* TableReader::known(std::string_view key) {
  asked_.emplace_back(key);
  return node_ == nullptr ? nullptr : node_->find(key);
}

const ConfigNode* TableReader::typed(std::string_view key, ConfigNode::Type type,
                                     std::string_view example) {
  const ConfigNode* value = known(key);
  if (value == nullptr || value->type == type) return value;
  note(value->place, fmt::format("{}: expected {}{}, found {}", label(key), type_words(type),
                                 example.empty() ? "" : fmt::format(" such as {}", example),
                                 type_words(value->type)));
  return nullptr;
}

// The string with each ${NAME} replaced from the environment.
std::optional<std::string> TableReader::expanded(const ConfigNode& value) {
  std::string result;
  std::string_view rest = value.text;
  for (auto at = rest.find("${"); at != std::string_view::npos; at = rest.find("${")) {
    result += rest.substr(0, at);
    const auto end = rest.find('}', at);
    const std::string_view name =
        end == std::string_view::npos ? std::string_view() : rest.substr(at + 2, end - at - 2);
    if (!is_variable_name(name)) {
      note(value.place,
           fmt::format("{}: expected ${{NAME}} with the name of an environment variable",
                       label(value.key)));
      return std::nullopt;
    }
    const auto found = context_->sources.environment(name);
    if (!found || found->empty()) {
      note(value.place, fmt::format("{}: the environment variable {} is {}", label(value.key), name,
                                    found ? "empty" : "not set"));
      return std::nullopt;
    }
    result += *found;
    rest.remove_prefix(end + 1);
  }
  return result += rest;
}

void TableReader::text(std::string_view key, std::string* target) {
  text(
      key, [](std::string_view text) { return !text.empty(); }, "a text that is not empty", target);
}

void TableReader::text(std::string_view key, bool (*accepts)(std::string_view),
                       std::string_view form, std::string* target) {
  const ConfigNode* value = typed(key, ConfigNode::Type::kString, "");
  if (value == nullptr) return;
  auto text = expanded(*value);
  if (!text) return;
  if (!accepts(*text)) {
    // What the environment put into the text stays out of the message.
    note(value->place, *text == value->text ? fmt::format("{}: expected {}, found \"{}\"",
                                                          label(key), form, masked(*text))
                                            : fmt::format("{}: expected {}", label(key), form));
    return;
  }
  *target = *std::move(text);
}

void TableReader::choice(std::string_view key, std::initializer_list<std::string_view> choices,
                         std::string* target) {
  const ConfigNode* value = typed(key, ConfigNode::Type::kString, "");
  if (value == nullptr) return;
  const auto text = expanded(*value);
  if (!text) return;
  if (std::find(choices.begin(), choices.end(), *text) == choices.end()) {
    note(value->place,
         fmt::format("{}: expected one of \"{}\"{}", label(key), fmt::join(choices, "\", \""),
                     did_you_mean(*text, {choices.begin(), choices.size()})));
    return;
  }
  *target = *text;
}

void TableReader::duration(std::string_view key, Seconds least, Seconds most, Seconds* target) {
  const ConfigNode* value = typed(key, ConfigNode::Type::kString, "\"30s\", \"10m\" or \"24h\"");
  if (value == nullptr) return;
  const auto text = expanded(*value);
  if (!text) return;
  const auto duration = parse_duration(*text);
  if (!duration) {
    note(value->place,
         fmt::format("{}: expected a duration such as \"30s\", \"10m\" or \"24h\"", label(key)));
  } else if (*duration < least || *duration > most) {
    note(value->place,
         fmt::format("{}: expected {} to {}, found {}", label(key), format_duration(least),
                     format_duration(most), format_duration(*duration)));
  } else {
    *target = *duration;
  }
}

void TableReader::bytes(std::string_view key, std::uint64_t least, std::uint64_t* target) {
  const ConfigNode* value = typed(key, ConfigNode::Type::kString, "\"256MiB\"");
  if (value == nullptr) return;
  const auto text = expanded(*value);
  if (!text) return;
  const auto bytes = parse_bytes(*text);
  if (!bytes) {
    note(value->place,
         fmt::format("{}: expected a number of bytes such as \"256MiB\" (B, KiB, MiB, "
                     "GiB, TiB)",
                     label(key)));
  } else if (*bytes < least) {
    note(value->place, fmt::format("{}: expected at least {} bytes", label(key), least));
  } else {
    *target = *bytes;
  }
}

void TableReader::number(std::string_view key, std::int64_t least, std::int64_t most,
                         std::int64_t* target) {
  const ConfigNode* value = typed(key, ConfigNode::Type::kInteger, "1000");
  if (value == nullptr) return;
  if (value->integer < least || value->integer > most) {
    note(value->place,
         fmt::format("{}: expected a whole number from {} to {}", label(key), least, most));
  } else {
    *target = value->integer;
  }
}

void TableReader::boolean(std::string_view key, bool* target) {
  const ConfigNode* value = typed(key, ConfigNode::Type::kBoolean, "");
  if (value != nullptr) *target = value->boolean;
}

void TableReader::list(std::string_view key, std::vector<std::string>* target) {
  const ConfigNode* value = typed(key, ConfigNode::Type::kArray, "[\"host:26379\"]");
  if (value == nullptr) return;
  for (const ConfigNode& element : value->children) {
    if (element.type != ConfigNode::Type::kString || element.text.empty()) {
      note(element.place, fmt::format("{}: expected an array of strings", label(key)));
      return;
    }
    const auto text = expanded(element);
    if (!text) return;
    target->push_back(*text);
  }
}

void TableReader::secret(std::string_view key, Secret* target) {
  const std::string file_key = std::string(key) + "_file";
  if (context_->sources.without_secrets) {
    for (const std::string_view name : {key, std::string_view(file_key)}) {
      (void)typed(name, ConfigNode::Type::kString, "");
    }
    return;
  }
  std::string value, path;
  text(key, &value);
  text(file_key, &path);
  if (has(key) && has(file_key)) {
    note(node_->find(file_key)->key_place,
         fmt::format("{}: one of {} and {}, not both", label(file_key), key, file_key));
  } else if (!path.empty()) {
    auto content = context_->sources.file(path);
    if (!content) {
      error_at(file_key, fmt::format("{}: {}", label(file_key), content.error().message));
      return;
    }
    const auto end = content->find_last_not_of(" \t\r\n");
    content->resize(end == std::string::npos ? 0 : end + 1);
    if (content->empty()) {
      error_at(file_key, fmt::format("{}: the file is empty: {}", label(file_key), path));
    }
    *target = Secret(*std::move(content));
  } else if (!value.empty()) {
    *target = Secret(std::move(value));
  }
}

void TableReader::all_secrets(std::string_view prefix, std::map<std::string, Secret>* target) {
  if (node_ == nullptr) return;
  for (const ConfigNode& child : node_->children) {
    asked_.push_back(child.key);
    const std::string key = std::string(prefix) + child.key;
    switch (child.type) {
      case ConfigNode::Type::kString:
        if (context_->sources.without_secrets) {
          target->emplace(key, Secret());  // so that one sees that it is there
        } else if (auto text = expanded(child)) {
          target->emplace(key, Secret(*std::move(text)));
        }
        break;
      case ConfigNode::Type::kInteger:
        target->emplace(key, Secret(fmt::format("{}", child.integer)));
        break;
      case ConfigNode::Type::kBoolean:
        target->emplace(key, Secret(child.boolean ? "true" : "false"));
        break;
      case ConfigNode::Type::kTable:
        // security.protocol without quotation marks is a table to TOML.
        TableReader(&child, name_, *context_).all_secrets(key + ".", target);
        break;
      default:
        note(child.place,
             fmt::format("{}: expected a string, a whole number, true or false, found {}",
                         label(key), type_words(child.type)));
    }
  }
}

TableReader TableReader::table(std::string_view key) {
  const std::string name = name_.empty()
                               ? fmt::format("[{}]", key)
                               : fmt::format("[{}.{}]", name_.substr(1, name_.size() - 2), key);
  const ConfigNode* value = known(key);
  if (value != nullptr && value->type != ConfigNode::Type::kTable) {
    note(value->place, value->children.empty() || value->type != ConfigNode::Type::kArray
                           ? fmt::format("{}: expected a table {}", key, name)
                           : fmt::format("{}: expected one table {}, not several", key, name));
    value = nullptr;
  }
  return {value, name, *context_};
}

std::vector<TableReader> TableReader::tables(std::string_view key) {
  const ConfigNode* value = known(key);
  std::vector<TableReader> readers;
  if (value == nullptr) return readers;
  if (value->type == ConfigNode::Type::kTable) {
    readers.emplace_back(value, fmt::format("[{}]", key), *context_);
    return readers;
  }
  for (const ConfigNode& element : value->children) {
    if (element.type == ConfigNode::Type::kTable) {
      readers.emplace_back(&element, fmt::format("[[{}]]", key), *context_);
    }
  }
  if (value->type != ConfigNode::Type::kArray || readers.size() != value->children.size()) {
    note(value->place, fmt::format("{}: expected a table [{}], or several [[{}]]", key, key, key));
  }
  return readers;
}

void TableReader::error_at(std::string_view key, std::string message) {
  const ConfigNode* value = node_ == nullptr ? nullptr : node_->find(key);
  note(value != nullptr   ? value->place
       : node_ != nullptr ? node_->place
                          : TextSpan{},
       std::move(message));
}

void TableReader::error_at_name(std::string_view key, std::string message) {
  const ConfigNode* value = node_ == nullptr ? nullptr : node_->find(key);
  note(value != nullptr ? value->key_place : TextSpan{}, std::move(message));
}

void TableReader::require(std::string_view key, std::string_view why) {
  if (node_ == nullptr || has(key)) return;
  note(node_->place, fmt::format("{} needs '{}': {}", name_, key, why));
}

void TableReader::finish() {
  if (node_ == nullptr) return;
  const std::vector<std::string_view> names(asked_.begin(), asked_.end());
  for (const ConfigNode& child : node_->children) {
    if (std::find(asked_.begin(), asked_.end(), child.key) != asked_.end()) continue;
    const auto near = nearest_name(child.key, names);
    const bool is_table = child.type == ConfigNode::Type::kTable ||
                          (child.type == ConfigNode::Type::kArray && !child.children.empty() &&
                           child.children.front().type == ConfigNode::Type::kTable);
    if (name_.empty()) {
      note(child.key_place,
           is_table
               ? fmt::format("unknown table [{}]{}", child.key,
                             near ? fmt::format("; did you mean [{}]?", *near)
                                  : fmt::format("; there are [{}]", fmt::join(names, "], [")))
               : fmt::format("key '{}' stands outside of any table; it belongs below a line such "
                             "as [window]",
                             child.key),
           may_name_secret(child.key));
    } else {
      note(child.key_place,
           fmt::format("unknown key '{}' in {}{}", child.key, name_,
                       near ? fmt::format("; did you mean '{}'?", *near)
                            : fmt::format("; there are: {}", fmt::join(names, ", "))),
           may_name_secret(child.key));
    }
  }
}

}  // namespace bikeflow
