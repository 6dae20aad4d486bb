// A TOML document as a plain tree, every key and value with its place in the file.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "app/diagnostic.h"

namespace bikeflow {

struct ConfigNode {
  enum class Type { kString, kInteger, kFloat, kBoolean, kTime, kArray, kTable };

  Type type = Type::kTable;
  std::string key;  // empty for elements of an array and for the root
  TextSpan key_place;
  TextSpan place;                    // of the value; of a table: its header
  std::string text;                  // kString
  std::int64_t integer = 0;          // kInteger
  bool boolean = false;              // kBoolean
  std::vector<ConfigNode> children;  // of kArray and kTable, in the order of the file

  [[nodiscard]] const ConfigNode* find(std::string_view name) const;
};

// "a string", "an array": what a message calls it.
std::string_view type_words(ConfigNode::Type type);

// The root table, or what breaks TOML's rules (its parser stops at the first).
std::expected<ConfigNode, Diagnostic> parse_toml(std::string_view text);

}  // namespace bikeflow
