// The one file that includes toml++; its exceptions end here.
#include <toml++/toml.h>

#include <algorithm>
#include <tuple>

#include "app/config_node.h"
#include "base/check.h"

namespace bikeflow {
namespace {

TextSpan place_of(const toml::source_region& region) {
  TextSpan place;
  place.line = static_cast<int>(region.begin.line);
  place.column = static_cast<int>(region.begin.column);
  place.end_column =
      region.end.line == region.begin.line ? static_cast<int>(region.end.column) : place.column + 1;
  return place;
}

ConfigNode node_from(const toml::node& value);

void add_entries(const toml::table& table, ConfigNode& node) {
  for (const auto& [key, value] : table) {
    ConfigNode child = node_from(value);
    child.key = std::string(key.str());
    child.key_place = place_of(key.source());
    node.children.push_back(std::move(child));
  }
  // toml++ keeps keys by name.
  std::sort(node.children.begin(), node.children.end(),
            [](const ConfigNode& a, const ConfigNode& b) {
              return std::tie(a.key_place.line, a.key_place.column) <
                     std::tie(b.key_place.line, b.key_place.column);
            });
}

ConfigNode node_from(const toml::node& value) {
  using Type = ConfigNode::Type;
  ConfigNode node;
  node.place = place_of(value.source());
  if (const auto* table = value.as_table()) {
    node.type = Type::kTable;
    add_entries(*table, node);
  } else if (const auto* array = value.as_array()) {
    node.type = Type::kArray;
    for (const toml::node& element : *array) node.children.push_back(node_from(element));
  } else if (const auto* text = value.as_string()) {
    node.type = Type::kString;
    node.text = text->get();
  } else if (const auto* integer = value.as_integer()) {
    node.type = Type::kInteger;
    node.integer = integer->get();
  } else if (const auto* boolean = value.as_boolean()) {
    node.type = Type::kBoolean;
    node.boolean = boolean->get();
  } else {
    node.type = value.is_floating_point() ? Type::kFloat : Type::kTime;
  }
  return node;
}

}  // namespace

const ConfigNode* ConfigNode::find(std::string_view name) const {
  const auto found = std::find_if(children.begin(), children.end(),
                                  [&](const ConfigNode& child) { return child.key == name; });
  return found == children.end() ? nullptr : &*found;
}

std::string_view type_words(ConfigNode::Type type) {
  switch (type) {
    case ConfigNode::Type::kString:
      return "a string";
    case ConfigNode::Type::kInteger:
      return "a whole number";
    case ConfigNode::Type::kFloat:
      return "a number with a fraction";
    case ConfigNode::Type::kBoolean:
      return "true or false";
    case ConfigNode::Type::kTime:
      return "a date or time";
    case ConfigNode::Type::kArray:
      return "an array";
    case ConfigNode::Type::kTable:
      return "a table";
  }
  BIKEFLOW_CHECK_FAIL("no such type");
}

std::expected<ConfigNode, Diagnostic> parse_toml(std::string_view text) {
  try {
    const toml::table table = toml::parse(text);
    ConfigNode root;
    add_entries(table, root);
    return root;
  } catch (const toml::parse_error& error) {
    TextSpan place = place_of(error.source());
    place.end_column = place.column;
    return std::unexpected(Diagnostic{place, "not TOML: " + std::string(error.description())});
  }
}

}  // namespace bikeflow
