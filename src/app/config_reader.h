// Reads a TOML table key by key: types, ranges, secrets; what is wrong is noted at its place, and
// what no one asked for is an unknown key.
//
//   TableReader window = root.table("window");
//   window.duration("length", kSecond, &config.length);
//   window.finish();
//
// A target keeps its value where the key is absent or wrong.
//
// Threads: none; one owner.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "app/config.h"
#include "app/config_node.h"

namespace bikeflow {

// What the readers of one file share.
struct ConfigContext {
  const ConfigSources& sources;
  std::vector<Diagnostic> diagnostics = {};
};

class TableReader {
 public:
  // `node` may be null: the table is absent. `name` is as the file has it: "[window]"; empty for
  // the root.
  TableReader(const ConfigNode* node, std::string name, ConfigContext& context);

  [[nodiscard]] bool is_present() const { return node_ != nullptr; }

  void text(std::string_view key, std::string* target);
  // `form` says what was expected where `accepts` does not hold: "a URL such as http://...".
  void text(std::string_view key, bool (*accepts)(std::string_view), std::string_view form,
            std::string* target);
  void choice(std::string_view key, std::initializer_list<std::string_view> choices,
              std::string* target);
  void duration(std::string_view key, Seconds least, Seconds most, Seconds* target);
  void bytes(std::string_view key, std::uint64_t least, std::uint64_t* target);
  void number(std::string_view key, std::int64_t least, std::int64_t most, std::int64_t* target);
  void boolean(std::string_view key, bool* target);
  void list(std::string_view key, std::vector<std::string>* target);
  // `key`, or `key`_file: a file that holds it.
  void secret(std::string_view key, Secret* target);
  // Every key of the table, whatever its name; numbers and booleans as text.
  void all_secrets(std::string_view prefix, std::map<std::string, Secret>* target);

  TableReader table(std::string_view key);
  // [key] or several [[key]].
  std::vector<TableReader> tables(std::string_view key);

  [[nodiscard]] bool has(std::string_view key) const;
  // An error at the value of `key`; at its name where it stands for the whole line; at the table's
  // header where the key is absent.
  void error_at(std::string_view key, std::string message);
  void error_at_name(std::string_view key, std::string message);
  // An error where the key is absent; `why` says what it is for.
  void require(std::string_view key, std::string_view why);

  // Notes every key that was not asked for. Requires: nothing is asked afterwards.
  void finish();

 private:
  const ConfigNode* known(std::string_view key);
  const ConfigNode* typed(std::string_view key, ConfigNode::Type type, std::string_view example);
  std::optional<std::string> expanded(const ConfigNode& value);
  void note(TextSpan place, std::string message, bool hides_value = false);
  [[nodiscard]] std::string label(std::string_view key) const;  // "[window] length"

  const ConfigNode* node_;
  std::string name_;
  ConfigContext* context_;
  std::vector<std::string> asked_;
};

}  // namespace bikeflow
