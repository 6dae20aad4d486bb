// What an NDJSON record must be decoded to, worked out slowly by two JSON libraries that know
// nothing of the decoder.
#pragma once

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <simdjson.h>
#include <nlohmann/json.hpp>

#include "feed/record.h"
#include "feed/value.h"
#include "model/observation.h"

namespace bikeflow::oracle {

// Everything of a record that its decoding depends on.
struct Value {
  enum class Kind { kNull, kBool, kInteger, kFraction, kString, kNested } kind = Kind::kNull;
  std::string text;  // of a string or a number
};

// Keeps the members of the outer object, the first of equal keys; stops where it is nested too
// deep.
class Members : public nlohmann::json_sax<nlohmann::json> {
 public:
  std::map<std::string, Value> values;
  bool is_object = false;
  bool is_too_deep = false;
  int error = 0;  // nlohmann's number of it

  bool null() override { return take({Value::Kind::kNull, ""}); }
  bool boolean(bool) override { return take({Value::Kind::kBool, ""}); }
  // A sign makes a signed number of it: minus zero keeps its sign here, too.
  bool number_integer(number_integer_t number) override {
    return take({Value::Kind::kInteger, number == 0 ? "-0" : std::to_string(number)});
  }
  bool number_unsigned(number_unsigned_t number) override {
    return take({Value::Kind::kInteger, std::to_string(number)});
  }
  bool number_float(number_float_t, const string_t& text) override {
    const bool is_integer = text.find_first_of(".eE") == std::string::npos;  // of too many digits
    return take({is_integer ? Value::Kind::kInteger : Value::Kind::kFraction, text});
  }
  bool string(string_t& text) override { return take({Value::Kind::kString, text}); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override {
    if (depth_ == 0) is_object = true;
    return open();
  }
  bool start_array(std::size_t) override { return depth_ > 0 && open(); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& text) override {
    if (depth_ == 1) key_ = text;
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception& e) override {
    error = e.id;
    return false;
  }

 private:
  bool take(Value value) {
    if (depth_ == 1 && is_object) values.emplace(key_, std::move(value));
    return true;
  }
  bool open() {
    take({Value::Kind::kNested, ""});
    is_too_deep = ++depth_ > kMaxRecordDepth;
    return !is_too_deep;
  }
  bool close() {
    --depth_;
    return true;
  }

  int depth_ = 0;
  std::string key_;
};

// "\uD800" to "\uDFFF" as "\u0800" to "\u0FFF": the grammar has no surrogates, but the library has.
inline std::string without_surrogates(std::string_view record) {
  std::string out(record);
  for (std::size_t i = 0; i + 3 < out.size(); ++i) {
    if (out[i] != '\\') continue;
    if (out[i + 1] == 'u' && std::tolower(out[i + 2]) == 'd' &&
        std::string_view("89abcdefABCDEF").find(out[i + 3]) != std::string_view::npos) {
      out[i + 2] = '0';
    }
    ++i;  // an escaped character is no backslash
  }
  return out;
}

enum class Grammar { kValid, kTooDeep, kInvalid, kUnknown };

// Of a record that is UTF-8. `members` is filled in where it is valid, unless it has surrogates
// that only the grammar allows: then `are_values_known` is false.
inline Grammar check_grammar(std::string_view record, Members& members, bool& are_values_known) {
  constexpr int kNumberOutOfRange = 406;
  are_values_known = true;
  // What the library tolerates: a byte order mark, and any bytes after a NUL.
  const std::size_t nul = record.find('\0');
  if (record.starts_with("\xEF\xBB\xBF")) return Grammar::kInvalid;
  if (nul != std::string_view::npos) {
    nlohmann::json::sax_parse(record.substr(0, nul), &members);
    return members.is_too_deep ? Grammar::kTooDeep : Grammar::kInvalid;
  }
  bool is_valid = nlohmann::json::sax_parse(record, &members);
  if (!is_valid && !members.is_too_deep) {
    Members again;
    const std::string plain = without_surrogates(record);
    if (plain != record) {
      is_valid = nlohmann::json::sax_parse(plain, &again);
      are_values_known = false;
      members = again;
    }
  }
  if (members.is_too_deep) return Grammar::kTooDeep;
  if (members.error == kNumberOutOfRange) return Grammar::kUnknown;
  return is_valid && members.is_object ? Grammar::kValid : Grammar::kInvalid;
}

// The second library: whether it takes the record; nothing where it is stricter than the grammar.
inline std::optional<bool> simdjson_takes(std::string_view record) {
  simdjson::dom::parser parser;
  simdjson::dom::element element;
  const auto error = parser.parse(simdjson::padded_string(record)).get(element);
  if (error == simdjson::SUCCESS) return element.is_object();
  if (error == simdjson::NUMBER_ERROR || error == simdjson::STRING_ERROR ||
      error == simdjson::DEPTH_ERROR) {
    return std::nullopt;
  }
  return false;
}

// A decoding: an observation, or a reason.
struct Outcome {
  std::optional<Reason> reason{};
  std::string system{};
  std::string station_id{};
  Seconds observed_at = 0;
  Counts counts{};
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

inline bool is_name(const Value& value) {
  if (value.kind != Value::Kind::kString && value.kind != Value::Kind::kInteger) return false;
  if (value.text.empty() || value.text.size() > 128) return false;
  for (std::size_t i = 0; i < value.text.size(); ++i) {
    const int byte = static_cast<unsigned char>(value.text[i]);
    const int after = i + 1 < value.text.size() ? static_cast<unsigned char>(value.text[i + 1]) : 0;
    if (byte < 0x20 || byte == 0x7F || (byte == 0xC2 && after < 0xA0)) return false;
  }
  return true;
}

inline std::optional<std::int16_t> count_of(const Value& value) {
  if (value.kind != Value::Kind::kString && value.kind != Value::Kind::kInteger) return {};
  std::string digits = value.text;
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string::npos) return {};
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));
  if (digits.size() > 5 || std::stoi(digits) > 10000) return {};
  return static_cast<std::int16_t>(std::stoi(digits));
}

inline std::optional<Value> pick(const Members& members, const char* own, const char* topic) {
  auto found = members.values.find(own);
  if (found == members.values.end() && topic != nullptr) found = members.values.find(topic);
  if (found == members.values.end() || found->second.kind == Value::Kind::kNull) return {};
  return found->second;
}

inline Outcome decode_members(const Members& members, const Zone& zone, Seconds near) {
  Outcome outcome;
  const auto station = pick(members, "station_id", "stationId");
  if (!station) return {Reason::kMissingStation};
  if (!is_name(*station)) return {Reason::kBadStation};
  outcome.station_id = station->text;
  const auto system = pick(members, "system", nullptr);
  if (system && !(system->kind == Value::Kind::kString && system->text.empty())) {
    if (!is_name(*system)) return {Reason::kBadStation};
    outcome.system = system->text;
  }
  const auto bikes = pick(members, "bikes", "parkingBikeTotCnt");
  if (!bikes) return {Reason::kMissingBikes};
  if (!count_of(*bikes)) return {Reason::kBadBikes};
  outcome.counts.bikes = *count_of(*bikes);
  const auto racks = pick(members, "racks", "rackTotCnt");
  outcome.counts.racks = racks ? count_of(*racks).value_or(-1) : std::int16_t{-1};
  const auto time = pick(members, "observed_at", "timestamp");
  if (!time) return {Reason::kMissingTime};
  if (time->kind == Value::Kind::kBool || time->kind == Value::Kind::kNested) {
    return {Reason::kBadTime};
  }
  // The forms of times have tests of their own; here it is that the right text gets there.
  const auto seconds = TimeReader(zone).read(time->text, near);
  if (!seconds) return {seconds.error()};
  outcome.observed_at = *seconds;
  return outcome;
}

// What decoding must give; nothing where the libraries cannot tell.
inline std::optional<Outcome> expected(std::string_view record, const Zone& zone, Seconds near) {
  if (record.size() > kMaxRecordBytes) return Outcome{Reason::kTooLarge};
  if (!simdjson::validate_utf8(record)) return Outcome{Reason::kNotUtf8};
  Members members;
  bool are_values_known = true;
  switch (check_grammar(record, members, are_values_known)) {
    case Grammar::kInvalid:
      return Outcome{Reason::kNotJson};
    case Grammar::kTooDeep:
      return Outcome{Reason::kTooDeep};
    case Grammar::kUnknown:
      return std::nullopt;
    case Grammar::kValid:
      break;
  }
  if (!are_values_known) return std::nullopt;
  return decode_members(members, zone, near);
}

inline Outcome outcome_of(const Decoded& decoded) {
  if (!decoded) return {decoded.error().reason};
  return {std::nullopt, std::string(decoded->system), std::string(decoded->station_id),
          decoded->observed_at, decoded->counts};
}

}  // namespace bikeflow::oracle
