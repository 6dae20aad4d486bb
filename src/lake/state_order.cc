#include "lake/state_order.h"

#include <array>

#include <nlohmann/json.hpp>

#include "base/hash.h"

namespace bikeflow {
namespace {

constexpr int kFormat = 1;
constexpr std::array kKinds = {StateOrder::Kind::kAcceptGap, StateOrder::Kind::kRewind,
                               StateOrder::Kind::kDiscard};

}  // namespace

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
  nlohmann::ordered_json json = {
      {"format", kFormat}, {"id", format_hex(order.id)}, {"kind", order_word(order.kind)}};
  if (!order.checkpoint.empty()) json["checkpoint"] = order.checkpoint;
  if (!order.newest.empty()) json["newest"] = order.newest;
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
      return order;
    }
    return fail("it was not written by bikeflow: '{}' is no order", word);
  } catch (const nlohmann::json::exception& error) {
    return fail("it was not written by bikeflow: {}", error.what());
  }
}

}  // namespace bikeflow
