#include "feed/seoul_document.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <optional>

#include <fmt/core.h>
#include <simdjson.h>

#include "feed/json_cursor.h"
#include "feed/refusal.h"
#include "feed/value.h"

namespace bikeflow {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr std::string_view kBlank = " \t\r\n";

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

// What is between <NAME> and </NAME>, and in its CDATA; empty where there is no such element.
std::string_view xml_text(std::string_view xml, std::string_view name) {
  const std::size_t open = xml.find(fmt::format("<{}>", name));
  if (open == std::string_view::npos) return {};
  std::string_view text = xml.substr(open + name.size() + 2);
  const std::size_t close = text.find(fmt::format("</{}>", name));
  if (close == std::string_view::npos) return {};
  text = trimmed(text.substr(0, close));
  constexpr std::string_view kBegin = "<![CDATA[";
  constexpr std::string_view kEnd = "]]>";
  if (text.starts_with(kBegin) && text.ends_with(kEnd)) {
    text = text.substr(kBegin.size(), text.size() - kBegin.size() - kEnd.size());
  }
  return trimmed(text);
}

std::expected<SeoulPage, std::string> read_xml(std::string_view xml) {
  SeoulPage page;
  page.code = xml_text(xml, "CODE");
  page.message = xml_text(xml, "MESSAGE");
  if (page.code.empty()) {
    return std::unexpected(
        fmt::format("HTML, or XML without a code: it begins with '{}'", shown(xml)));
  }
  return page;
}

// A value as the document has it.
struct Value {
  enum class Kind : std::uint8_t { kAbsent, kString, kNumber, kOther };
  Kind kind = Kind::kAbsent;      // null is absent too
  std::string_view written = {};  // a string without its quotes
};

Value value_of(std::string_view token) {
  while (!token.empty() && kBlank.find(token.back()) != std::string_view::npos) {
    token.remove_suffix(1);
  }
  if (token.empty() || token == "null") return {};
  if (token.front() == '"') {
    if (token.size() < 2 || token.back() != '"') return {Value::Kind::kOther, token};
    return {Value::Kind::kString, token.substr(1, token.size() - 2)};
  }
  const bool is_number = token.front() == '-' || (token.front() >= '0' && token.front() <= '9');
  return {is_number ? Value::Kind::kNumber : Value::Kind::kOther, token};
}

// The text of a string with escapes; nothing where it has no meaning.
std::optional<std::string> unescaped(std::string_view written) {
  const std::string record = fmt::format(R"({{"":"{}"}})", written);
  JsonCursor cursor(record);
  JsonMember member;
  std::string text;
  if (!cursor.next(member) || !unescape_json(member.value.text, text)) return std::nullopt;
  return text;
}

std::optional<double> degrees(std::string_view text, double most) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  // NaN is within no bounds.
  if (!is_number || !(std::fabs(value) <= most) || value == 0) return std::nullopt;
  return value;
}

struct Row {
  Value id, name, bikes, racks, latitude, longitude;
};

// Whether a key, read on from behind its first quote, is `name`, which ends with the second one.
// Requires: padding behind the document.
template <std::size_t size>
bool is_key(const char* key, const char (&name)[size]) {
  return std::memcmp(key, name, size - 1) == 0;
}

Value* field_of(Row& row, const char* key) {
  switch (*key) {
    case 'r':
      return is_key(key, "rackTotCnt\"") ? &row.racks : nullptr;
    case 'p':
      return is_key(key, "parkingBikeTotCnt\"") ? &row.bikes : nullptr;
    case 's':
      if (is_key(key, "stationName\"")) return &row.name;
      if (is_key(key, "stationId\"")) return &row.id;
      if (is_key(key, "stationLatitude\"")) return &row.latitude;
      return is_key(key, "stationLongitude\"") ? &row.longitude : nullptr;
    default:
      return nullptr;
  }
}

}  // namespace

class SeoulDocument::Parser {
 public:
  std::expected<SeoulPage, std::string> read(std::string_view json);

 private:
  using Error = simdjson::error_code;

  Error read_root();
  Error read_members(ondemand::object object, bool is_list);
  Error read_member(ondemand::field& field, std::string_view key, bool is_list);
  Error read_rows(ondemand::array rows);
  Error read_row(ondemand::object object, const char* begin);
  void take(const Row& row, const char* begin);
  std::optional<Refusal> station_of(const Row& row, SeenStation& station);
  std::optional<std::string_view> text_of(const Value& value, std::string& scratch) const;
  void refuse(Refusal refusal, const char* begin);

  ondemand::parser parser_;
  std::string padded_;
  ondemand::document document_;
  bool has_escapes_ = false;
  bool has_rows_ = false;
  SeoulPage page_;
};

std::expected<SeoulPage, std::string> SeoulDocument::Parser::read(std::string_view json) {
  padded_.reserve(json.size() + simdjson::SIMDJSON_PADDING);
  padded_ = json;
  has_escapes_ = json.find('\\') != std::string_view::npos;
  has_rows_ = false;
  page_ = {};
  if (const Error error = read_root(); error != simdjson::SUCCESS) {
    return std::unexpected(fmt::format("no JSON object ({}): it begins with '{}'",
                                       simdjson::error_message(error), shown(json)));
  }
  if (page_.code.empty() && !has_rows_) {
    return std::unexpected(
        fmt::format("JSON with neither a code nor rentBikeStatus.row: '{}'", shown(json)));
  }
  return std::move(page_);
}

simdjson::error_code SeoulDocument::Parser::read_root() {
  if (const Error error =
          parser_
              .iterate(padded_.data(), padded_.size(), padded_.size() + simdjson::SIMDJSON_PADDING)
              .get(document_)) {
    return error;
  }
  ondemand::object root;
  if (const Error error = document_.get_object().get(root)) return error;
  if (const Error error = read_members(root, false)) return error;
  const char* rest = nullptr;
  const bool is_whole = document_.current_location().get(rest) == simdjson::OUT_OF_BOUNDS;
  return is_whole ? simdjson::SUCCESS : simdjson::TRAILING_CONTENT;
}

// `is_list`: of rentBikeStatus, where the rows are.
simdjson::error_code SeoulDocument::Parser::read_members(ondemand::object object, bool is_list) {
  for (auto member : object) {
    ondemand::field field;
    if (const Error error = std::move(member).get(field)) return error;
    std::string_view key;
    if (const Error error = field.unescaped_key().get(key)) return error;
    if (const Error error = read_member(field, key, is_list)) return error;
  }
  return simdjson::SUCCESS;
}

simdjson::error_code SeoulDocument::Parser::read_member(ondemand::field& field,
                                                        std::string_view key, bool is_list) {
  ondemand::value value = field.value();
  ondemand::json_type type{};
  if (const Error error = value.type().get(type)) return error;
  if (type == ondemand::json_type::object && (key == "rentBikeStatus" || key == "RESULT")) {
    ondemand::object object;
    if (const Error error = value.get_object().get(object)) return error;
    return read_members(object, key == "rentBikeStatus");
  }
  if (is_list && key == "row" && type == ondemand::json_type::array) {
    ondemand::array rows;
    if (const Error error = value.get_array().get(rows)) return error;
    has_rows_ = true;
    return read_rows(rows);
  }
  const bool is_code = key == "CODE" || key == "RESULT.CODE";
  if (is_code || key == "MESSAGE" || key == "RESULT.MESSAGE") {
    std::string scratch;
    const auto text = text_of(value_of(value.raw_json_token()), scratch);
    std::string& target = is_code ? page_.code : page_.message;
    if (text && target.empty()) target = *text;
  }
  return simdjson::SUCCESS;  // a value that was not consumed is skipped by the next step
}

simdjson::error_code SeoulDocument::Parser::read_rows(ondemand::array rows) {
  for (auto element : rows) {
    ondemand::value value;
    if (const Error error = std::move(element).get(value)) return error;
    ondemand::json_type type{};
    if (const Error error = value.type().get(type)) return error;
    const char* begin = nullptr;
    if (const Error error = value.current_location().get(begin)) return error;
    if (type != ondemand::json_type::object) {
      std::string_view token = trimmed(value.raw_json_token());
      RefusedStation refused{malformed(Reason::kNotJson, token, 0, "an object"), {}};
      refused.record = token.substr(0, kDeadLetterRecordBytes);
      page_.refused.push_back(std::move(refused));
      continue;
    }
    ondemand::object object;
    if (const Error error = value.get_object().get(object)) return error;
    if (const Error error = read_row(object, begin)) return error;
  }
  return simdjson::SUCCESS;
}

simdjson::error_code SeoulDocument::Parser::read_row(ondemand::object object, const char* begin) {
  Row row;
  for (auto member : object) {
    ondemand::field field;
    if (const Error error = std::move(member).get(field)) return error;
    Value* const target = field_of(row, field.key().raw());
    // As in a record: the first of equal keys counts.
    if (target == nullptr || target->kind != Value::Kind::kAbsent) continue;
    *target = value_of(field.value().raw_json_token());
  }
  take(row, begin);
  return simdjson::SUCCESS;
}

inline void SeoulDocument::Parser::take(const Row& row, const char* begin) {
  SeenStation& station = page_.stations.emplace_back();
  if (std::optional<Refusal> refusal = station_of(row, station)) {
    page_.stations.pop_back();
    refuse(*std::move(refusal), begin);
  }
}

// Of several wrong fields the first of station, bikes gives the reason.
std::optional<Refusal> SeoulDocument::Parser::station_of(const Row& row, SeenStation& station) {
  const auto bad = [](Reason reason, std::string_view name, const Value& value,
                      std::string_view expected) {
    return bad_field(reason, name, value.written, value.kind == Value::Kind::kString, expected);
  };
  std::string scratch;
  if (row.id.kind == Value::Kind::kAbsent) {
    return missing_field(Reason::kMissingStation, "stationId");
  }
  const bool is_id_like = row.id.kind != Value::Kind::kNumber ||
                          row.id.written.find_first_of(".eE") == std::string_view::npos;
  const auto id = is_id_like ? text_of(row.id, scratch) : std::nullopt;
  if (!id || !is_station_id(*id)) {
    return bad(Reason::kBadStation, "stationId", row.id, kStationIdForm);
  }
  station.id = *id;

  const auto count_of = [&](const Value& value) -> std::optional<std::int16_t> {
    const auto text = text_of(value, scratch);
    return text ? parse_count(*text) : std::nullopt;
  };
  if (row.bikes.kind == Value::Kind::kAbsent) {
    return missing_field(Reason::kMissingBikes, "parkingBikeTotCnt");
  }
  const auto bikes = count_of(row.bikes);
  if (!bikes) return bad(Reason::kBadBikes, "parkingBikeTotCnt", row.bikes, kCountForm);
  station.counts = {*bikes, count_of(row.racks).value_or(Counts::kNoRacks)};

  if (row.name.kind == Value::Kind::kString) {
    if (const auto name = text_of(row.name, scratch)) station.name = *name;
  }
  const auto degrees_of = [&](const Value& value, double most) -> std::optional<double> {
    const auto text = text_of(value, scratch);
    return text ? degrees(*text, most) : std::nullopt;
  };
  const auto latitude = degrees_of(row.latitude, 90);
  const auto longitude = degrees_of(row.longitude, 180);
  if (latitude && longitude) station.place = Place{*latitude, *longitude};
  return std::nullopt;
}

// The text of a string or a number. `scratch` holds it where it has escapes.
inline std::optional<std::string_view> SeoulDocument::Parser::text_of(const Value& value,
                                                                      std::string& scratch) const {
  if (value.kind == Value::Kind::kNumber) return value.written;
  if (value.kind != Value::Kind::kString) return std::nullopt;
  if (!has_escapes_ || value.written.find('\\') == std::string_view::npos) return value.written;
  auto text = unescaped(value.written);
  if (!text) return std::nullopt;
  scratch = *std::move(text);
  return scratch;
}

// Requires: the row that begins there has just been read.
void SeoulDocument::Parser::refuse(Refusal refusal, const char* begin) {
  const char* end = padded_.data() + padded_.size();
  const char* location = nullptr;
  if (document_.current_location().get(location) == simdjson::SUCCESS) end = location;
  std::string_view record(begin, static_cast<std::size_t>(end - begin));
  record = record.substr(0, record.rfind('}') + 1);
  page_.refused.push_back(
      {std::move(refusal), std::string(record.substr(0, kDeadLetterRecordBytes))});
}

SeoulDocument::SeoulDocument() : parser_(std::make_unique<Parser>()) {}
SeoulDocument::SeoulDocument(SeoulDocument&&) noexcept = default;
SeoulDocument& SeoulDocument::operator=(SeoulDocument&&) noexcept = default;
SeoulDocument::~SeoulDocument() = default;

std::expected<SeoulPage, std::string> SeoulDocument::read(std::string_view bytes) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (bytes.starts_with(kByteOrderMark)) bytes.remove_prefix(kByteOrderMark.size());
  bytes = trimmed(bytes);
  if (bytes.empty()) return std::unexpected(std::string("an empty answer"));
  if (bytes.front() == '<') return read_xml(bytes);
  return parser_->read(bytes);
}

}  // namespace bikeflow
