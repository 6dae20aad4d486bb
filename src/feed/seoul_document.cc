#include "feed/seoul_document.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <optional>

#include <fmt/core.h>
#include <simdjson.h>

#include "feed/json_cursor.h"
#include "feed/refusal.h"
#include "feed/seoul_row.h"
#include "feed/utf8.h"
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

using Value = SeoulValue;
using Row = SeoulRow;

[[gnu::always_inline]] inline Value value_of(std::string_view token) {
  while (!token.empty() && is_json_blank(token.back())) token.remove_suffix(1);
  if (token.empty()) return {};
  switch (token.front()) {
    case '"':
      if (token.size() < 2 || token.back() != '"') return {Value::Kind::kOther, token};
      return {Value::Kind::kString, token.substr(1, token.size() - 2)};
    case 'n':
      return {token == "null" ? Value::Kind::kAbsent : Value::Kind::kOther, token};
    default:
      const bool is_number = token.front() == '-' || (token.front() >= '0' && token.front() <= '9');
      return {is_number ? Value::Kind::kNumber : Value::Kind::kOther, token};
  }
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

// Eight digits as their number; nothing where one of them is none. (Of bytes that lie as digits do,
// each pair, then each four, then all eight are added up within one word.)
std::optional<std::uint32_t> eight_digits(const char* text) {
  static_assert(std::endian::native == std::endian::little);
  std::uint64_t word = 0;
  std::memcpy(&word, text, sizeof word);
  word -= 0x3030303030303030;
  if (((word | (word + 0x7676767676767676)) & 0x8080808080808080) != 0) return std::nullopt;
  word = word * 10 + (word >> 8);
  word = ((word & 0x000000FF000000FF) * 0x000F424000000064 +
          (word >> 16 & 0x000000FF000000FF) * 0x0000271000000001) >>
         32;
  return static_cast<std::uint32_t>(word);
}

// "37.55564880", as all coordinates are in this feed: a number that a double holds, divided by a
// power of ten that it holds, is as near as a double can be. Nothing for any other form.
std::optional<double> usual_decimal(std::string_view text) {
  constexpr std::size_t kDecimals = 8;
  if (text.size() < kDecimals + 2 || text.size() > kDecimals + 4) return std::nullopt;
  const std::size_t whole_digits = text.size() - kDecimals - 1;
  const auto decimals = eight_digits(text.data() + whole_digits + 1);
  if (!decimals || text[whole_digits] != '.') return std::nullopt;
  std::int64_t whole = 0;
  for (const char c : text.substr(0, whole_digits)) {
    if (c < '0' || c > '9') return std::nullopt;
    whole = whole * 10 + (c - '0');
  }
  return static_cast<double>(whole * 100'000'000 + *decimals) / 1e8;
}

std::optional<double> degrees(std::string_view text, double most) {
  std::optional<double> value = usual_decimal(text);
  if (!value) {
    double slowly = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), slowly);
    if (error == std::errc() && end == text.data() + text.size()) value = slowly;
  }
  // NaN is within no bounds.
  if (!value || !(std::fabs(*value) <= most) || *value == 0) return std::nullopt;
  return value;
}

// Whether a key, read on from behind its first quote, is `name`, which ends with the second one.
// Requires: padding behind the document.
template <std::size_t Size>
bool is_key(const char* key, const char (&name)[Size]) {
  return std::memcmp(key, name, Size - 1) == 0;
}

[[gnu::always_inline]] inline Value* field_of(Row& row, const char* key) {
  switch (*key) {
    case 'r':
      return is_key(key, "rackTotCnt\"") ? &row.racks : nullptr;
    case 'p':
      return is_key(key, "parkingBikeTotCnt\"") ? &row.bikes : nullptr;
    case 's':
      if (!is_key(key, "station")) return nullptr;
      switch (key[7]) {
        case 'N':
          return is_key(key, "stationName\"") ? &row.name : nullptr;
        case 'I':
          return is_key(key, "stationId\"") ? &row.id : nullptr;
        default:
          if (is_key(key, "stationLatitude\"")) return &row.latitude;
          return is_key(key, "stationLongitude\"") ? &row.longitude : nullptr;
      }
    default:
      return nullptr;
  }
}

}  // namespace

class SeoulDocument::Parser {
 public:
  // Requires: padding behind `json`.
  std::expected<SeoulPage, std::string> read(std::string_view json);

 private:
  using Error = simdjson::error_code;
  static constexpr std::size_t kNone = std::string_view::npos;

  bool read_usual();
  bool read_usual_rows(const char* at, const char*& list_end);
  Error read_root(std::string_view json);
  Error read_members(ondemand::object object, bool is_list);
  Error read_member(ondemand::field& field, std::string_view key, bool is_list);
  Error read_rows(ondemand::array rows);
  Error read_row(ondemand::object object, const char* begin);
  bool take(const Row& row);
  std::optional<std::int16_t> count_of(const Value& value);
  std::optional<Place> place_of(const Row& row);
  std::optional<std::string_view> text_of(const Value& value, std::string& scratch) const;
  std::optional<std::string_view> id_of(const Value& value);
  std::string_view row_from(const char* begin);
  void refuse(std::string_view record);
  Refusal refusal_of(const Row& row);

  ondemand::parser parser_;
  std::string_view json_;
  std::string rest_;             // json_ without its rows, where they were read before it
  std::size_t rows_at_ = kNone;  // in rest_: the list that they were in
  ondemand::document document_;
  bool has_escapes_ = false;
  bool has_rows_ = false;
  std::size_t last_rows_ = 0;  // of the page before, which is often as long
  SeoulPage page_;
  Row row_;
  std::string id_scratch_, name_scratch_, scratch_;  // texts without their escapes
};

std::expected<SeoulPage, std::string> SeoulDocument::Parser::read(std::string_view json) {
  json_ = json;
  has_escapes_ = json.find('\\') != std::string_view::npos;
  if (!read_usual()) {
    page_ = {};
    rows_at_ = kNone;
    has_rows_ = false;
    if (const Error error = read_root(json); error != simdjson::SUCCESS) {
      return std::unexpected(fmt::format("no JSON object ({}): it begins with '{}'",
                                         simdjson::error_message(error), shown(json)));
    }
  }
  if (page_.code.empty() && !has_rows_) {
    return std::unexpected(
        fmt::format("JSON with neither a code nor rentBikeStatus.row: '{}'", shown(json)));
  }
  last_rows_ = page_.stations.size();
  return std::move(page_);
}

// The rows of the usual form take a third of the time that simdjson needs to find their fields. So
// they are read first, and the document then with an empty list in their place: what is left is
// JSON if and only if the whole is. False where anything is not as usual: nothing is known then.
bool SeoulDocument::Parser::read_usual() {
  constexpr std::string_view kRows = R"("row":[)";
  const std::size_t key = json_.find(kRows);
  // Within a string its second quote would have a backslash before it; the first is looked at.
  if (key == kNone || key == 0 || json_[key - 1] == '\\') return false;
  page_ = {};
  page_.stations.reserve(last_rows_);
  rows_at_ = key + kRows.size() - 1;
  const char* const rows_begin = json_.data() + key + kRows.size();
  const char* rows_end = nullptr;
  if (!read_usual_rows(rows_begin, rows_end)) return false;
  if (!is_utf8({rows_begin, static_cast<std::size_t>(rows_end - rows_begin)})) return false;
  rest_ = json_.substr(0, rows_at_ + 1);
  rest_ += json_.substr(static_cast<std::size_t>(rows_end - json_.data()));
  rest_.reserve(rest_.size() + simdjson::SIMDJSON_PADDING);
  has_rows_ = false;
  // That the list was met where it should be.
  return read_root(rest_) == simdjson::SUCCESS && rows_at_ == kNone;
}

// Until the ']' that ends the list.
bool SeoulDocument::Parser::read_usual_rows(const char* at, const char*& list_end) {
  const char* const end = json_.data() + json_.size();
  while (at < end) {
    const char* const row_end = match_usual_row(at, end, row_);
    if (row_end == nullptr) return false;
    if (!take(row_)) refuse({at, static_cast<std::size_t>(row_end - at)});
    at = row_end;
    if (at < end && *at == ']') {
      list_end = at;
      return true;
    }
    if (at == end || *at != ',') return false;
    for (++at; at < end && is_json_blank(*at);) ++at;
  }
  return false;
}

// Requires: padding behind `json`.
simdjson::error_code SeoulDocument::Parser::read_root(std::string_view json) {
  if (const Error error =
          parser_.iterate(json.data(), json.size(), json.size() + simdjson::SIMDJSON_PADDING)
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
    const char* begin = nullptr;
    if (const Error error = value.current_location().get(begin)) return error;
    if (rows_at_ != kNone && begin == rest_.data() + rows_at_) rows_at_ = kNone;
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
  row_.clear();
  for (auto member : object) {
    ondemand::field field;
    if (const Error error = std::move(member).get(field)) return error;
    Value* const target = field_of(row_, field.key().raw());
    // As in a record: the first of equal keys counts.
    if (target == nullptr || target->kind != Value::Kind::kAbsent) continue;
    *target = value_of(field.value().raw_json_token());
  }
  if (!take(row_)) refuse(row_from(begin));
  return simdjson::SUCCESS;
}

inline bool SeoulDocument::Parser::take(const Row& row) {
  const auto id = id_of(row.id);
  if (!id) return false;
  const auto bikes = count_of(row.bikes);
  if (!bikes) return false;
  const bool is_named = row.name.kind == Value::Kind::kString;
  const std::string_view name =
      is_named ? text_of(row.name, name_scratch_).value_or("") : std::string_view();
  page_.stations.emplace_back(std::string(*id), std::string(name), place_of(row),
                              Counts{*bikes, count_of(row.racks).value_or(Counts::kNoRacks)});
  return true;
}

inline std::optional<std::string_view> SeoulDocument::Parser::id_of(const Value& value) {
  const bool is_integer = value.kind != Value::Kind::kNumber ||
                          value.written.find_first_of(".eE") == std::string_view::npos;
  const auto id = is_integer ? text_of(value, id_scratch_) : std::nullopt;
  return id && is_station_id(*id) ? id : std::nullopt;
}

inline std::optional<std::int16_t> SeoulDocument::Parser::count_of(const Value& value) {
  const auto text = text_of(value, scratch_);
  return text ? parse_count(*text) : std::nullopt;
}

inline std::optional<Place> SeoulDocument::Parser::place_of(const Row& row) {
  const auto degrees_of = [&](const Value& value, double most) -> std::optional<double> {
    const auto text = text_of(value, scratch_);
    return text ? degrees(*text, most) : std::nullopt;
  };
  const auto latitude = degrees_of(row.latitude, 90);
  const auto longitude = degrees_of(row.longitude, 180);
  if (!latitude || !longitude) return std::nullopt;
  return Place{*latitude, *longitude};
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
std::string_view SeoulDocument::Parser::row_from(const char* begin) {
  const char* end = nullptr;  // at the next token, where there is one
  if (document_.current_location().get(end) != simdjson::SUCCESS) return {};
  const std::string_view row(begin, static_cast<std::size_t>(end - begin));
  return row.substr(0, row.rfind('}') + 1);
}

// Requires: row_ is what the record holds.
void SeoulDocument::Parser::refuse(std::string_view record) {
  page_.refused.push_back(
      {refusal_of(row_), std::string(record.substr(0, kDeadLetterRecordBytes))});
}

// Of several wrong fields the first of station, bikes gives the reason.
Refusal SeoulDocument::Parser::refusal_of(const Row& row) {
  const auto bad = [](Reason reason, std::string_view name, const Value& value,
                      std::string_view expected) {
    return bad_field(reason, name, value.written, value.kind == Value::Kind::kString, expected);
  };
  if (row.id.kind == Value::Kind::kAbsent) {
    return missing_field(Reason::kMissingStation, "stationId");
  }
  if (!id_of(row.id)) {
    return bad(Reason::kBadStation, "stationId", row.id, kStationIdForm);
  }
  if (row.bikes.kind == Value::Kind::kAbsent) {
    return missing_field(Reason::kMissingBikes, "parkingBikeTotCnt");
  }
  return bad(Reason::kBadBikes, "parkingBikeTotCnt", row.bikes, kCountForm);
}

SeoulDocument::SeoulDocument() : parser_(std::make_unique<Parser>()) {}
SeoulDocument::SeoulDocument(SeoulDocument&&) noexcept = default;
SeoulDocument& SeoulDocument::operator=(SeoulDocument&&) noexcept = default;
SeoulDocument::~SeoulDocument() = default;

std::expected<SeoulPage, std::string> SeoulDocument::read(std::string& bytes) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  bytes.reserve(bytes.size() + simdjson::SIMDJSON_PADDING);
  std::string_view text = bytes;
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  text = trimmed(text);
  if (text.empty()) return std::unexpected(std::string("an empty answer"));
  if (text.front() == '<') return read_xml(text);
  return parser_->read(text);
}

}  // namespace bikeflow
