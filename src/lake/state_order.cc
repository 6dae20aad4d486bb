#include "lake/state_order.h"

#include <array>

#include <nlohmann/json.hpp>

#include "base/hash.h"

namespace bikeflow {
namespace {

// 2: of an unfinished one, which the first versions would execute.
constexpr int kFormat = 2;
constexpr std::string_view kPrefix = "order-";
constexpr std::string_view kSuffix = ".json";
constexpr std::string_view kFirstName = "order.json";
constexpr std::array kKinds = {StateOrder::Kind::kAcceptGap, StateOrder::Kind::kRewind,
                               StateOrder::Kind::kDiscard};

}  // namespace

std::string state_order_name(std::uint64_t id) {
  return std::string(kPrefix) + format_hex(id) + std::string(kSuffix);
}

bool is_state_order_name(std::string_view name) {
  return name == kFirstName || (name.starts_with(kPrefix) && name.ends_with(kSuffix));
}

std::string_view order_word(StateOrder::Kind kind) {
  switch (kind) {
    case StateOrder::Kind::kAcceptGap:
      return "accept-gap";
    case StateOrder::Kind::kRewind:
      return "rewind";
    case StateOrder::Kind::kDiscard:
      return "discard";
  }
  return "";
}

std::string to_json(const StateOrder& order) {
  nlohmann::ordered_json json = {{"format", order.is_unfinished ? 2 : 1},
                                 {"id", format_hex(order.id)},
                                 {"kind", order_word(order.kind)}};
  if (!order.checkpoint.empty()) json["checkpoint"] = order.checkpoint;
  if (!order.newest.empty()) json["newest"] = order.newest;
  if (order.is_unfinished) json["unfinished"] = true;
  return json.dump() + "\n";
}

Result<StateOrder> parse_state_order(std::string_view text) {
  try {
    const auto json = nlohmann::json::parse(text);
    if (json.at("format").get<int>() > kFormat) {
      return fail("it was written by a newer version of bikeflow: update bikeflow");
    }
    StateOrder order;
    const auto id = parse_hex(json.at("id").get<std::string>());
    const auto word = json.at("kind").get<std::string>();
    for (const StateOrder::Kind kind : kKinds) {
      if (!id || *id == 0 || order_word(kind) != word) continue;
      order.id = *id;
      order.kind = kind;
      order.checkpoint = json.value("checkpoint", "");
      order.newest = json.value("newest", "");
      order.is_unfinished = json.value("unfinished", false);
      return order;
    }
    return fail("it was not written by bikeflow: '{}' is no order", word);
  } catch (const nlohmann::json::exception& error) {
    return fail("it was not written by bikeflow: {}", error.what());
  }
}

}  // namespace bikeflow
