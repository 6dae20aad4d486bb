#include "lake/paths.h"

#include <charconv>

#include <fmt/format.h>

namespace bikeflow {
namespace {

constexpr std::string_view kEnding = ".parquet";
constexpr std::string_view kSystemKey = "system=";

std::string day_folder(const LakeRule& rule, const Civil& civil) {
  return rule.layout == Layout::kHive
             ? fmt::format("year={:04}/month={:02}/day={:02}", civil.year, civil.month, civil.day)
             : fmt::format("{:04}/{:02}/{:02}", civil.year, civil.month, civil.day);
}

std::string system_folder(const LakeRule& rule, std::string_view data_set,
                          std::string_view system) {
  return rule.layout == Layout::kHive
             ? fmt::format("{}/{}{}", data_set, kSystemKey, escape_component(system))
             : std::string(data_set);
}

std::string records_name(std::string_view source, const Position& first_row) {
  return fmt::format("{}-{}-{}{}", escape_component(source), first_row.partition, first_row.offset,
                     kEnding);
}

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  if (number < 0 || fmt::format("{}", number) != text) return std::nullopt;
  return number;
}

// Splits the part after the last '-' off.
std::optional<std::string_view> cut_last(std::string_view& text) {
  const std::size_t dash = text.rfind('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const std::string_view part = text.substr(dash + 1);
  text = text.substr(0, dash);
  return part;
}

std::string compact_utc(Seconds t) {
  const Civil c = civil_from_seconds(t);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", c.year, c.month, c.day, c.hour, c.minute,
                     c.second);
}

std::optional<Seconds> parse_compact_utc(std::string_view text) {
  if (text.size() != 16 || text[8] != 'T') return std::nullopt;
  const auto at = [&](std::size_t i, std::size_t n) { return text.substr(i, n); };
  const auto time = parse_time(fmt::format("{}-{}-{}T{}:{}:{}{}", at(0, 4), at(4, 2), at(6, 2),
                                           at(9, 2), at(11, 2), at(13, 2), at(15, 1)));
  if (!time || !time->offset) return std::nullopt;
  return time->utc();
}

}  // namespace

std::string_view layout_word(Layout layout) { return layout == Layout::kHive ? "hive" : "plain"; }
std::string_view path_time_word(PathTime path_time) {
  return path_time == PathTime::kStart ? "start" : "end";
}
std::optional<Layout> layout_from_word(std::string_view word) {
  if (word == "hive") return Layout::kHive;
  if (word == "plain") return Layout::kPlain;
  return std::nullopt;
}
std::optional<PathTime> path_time_from_word(std::string_view word) {
  if (word == "start") return PathTime::kStart;
  if (word == "end") return PathTime::kEnd;
  return std::nullopt;
}

std::string escape_component(std::string_view text) {
  std::string escaped;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || c == '-' || c == '~' ||
                          (i > 0 && (c == '.' || c == '_'));
    if (is_plain) {
      escaped.push_back(c);
    } else {
      escaped += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return escaped;
}

std::optional<std::string> unescape_component(std::string_view component) {
  std::string text;
  for (std::size_t i = 0; i < component.size(); ++i) {
    if (component[i] != '%') {
      text.push_back(component[i]);
      continue;
    }
    unsigned value = 0;
    if (i + 2 >= component.size()) return std::nullopt;
    const char* digits = component.data() + i + 1;
    if (std::from_chars(digits, digits + 2, value, 16).ptr != digits + 2) return std::nullopt;
    text.push_back(static_cast<char>(value));
    i += 2;
  }
  if (escape_component(text) != component) return std::nullopt;
  return text;
}

std::string_view folder_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}
std::string_view name_of(std::string_view path) { return path.substr(path.rfind('/') + 1); }

std::string hourly_folder(const LakeRule& rule, std::string_view system) {
  return system_folder(rule, kHourlyFolder, system);
}

std::string hourly_path(const LakeRule& rule, const Zone& zone, std::string_view system,
                        std::string_view source, std::int32_t partition, const Window& window) {
  const Civil civil = zone.civil(rule.path_time == PathTime::kStart ? window.start : window.end);
  return fmt::format("{}/{}/{}{:02}/{}-{}-{}-{}{}", hourly_folder(rule, system),
                     day_folder(rule, civil), rule.layout == Layout::kHive ? "hour=" : "",
                     civil.hour, escape_component(source), partition, compact_utc(window.start),
                     format_duration(window.end - window.start), kEnding);
}

std::string late_path(const LakeRule& rule, const Zone& zone, std::string_view system,
                      std::string_view source, Seconds watermark, const Position& first_row) {
  return fmt::format("{}/{}/{}", system_folder(rule, kLateFolder, system),
                     day_folder(rule, zone.civil(watermark)), records_name(source, first_row));
}

std::string dead_letter_path(const LakeRule& rule, std::string_view source, Seconds received_at,
                             const Position& first_row) {
  return fmt::format("{}/{}/{}", kDeadLetterFolder,
                     day_folder(rule, civil_from_seconds(received_at)),
                     records_name(source, first_row));
}

std::optional<HourlyName> parse_hourly_name(std::string_view file_name) {
  if (!file_name.ends_with(kEnding)) return std::nullopt;
  std::string_view rest = file_name.substr(0, file_name.size() - kEnding.size());
  const auto length_text = cut_last(rest);
  const auto start_text = cut_last(rest);
  const auto partition_text = cut_last(rest);
  if (!length_text || !start_text || !partition_text) return std::nullopt;
  const auto length = parse_duration(*length_text);
  const auto start = parse_compact_utc(*start_text);
  const auto partition = parse_number<std::int32_t>(*partition_text);
  auto source = unescape_component(rest);
  if (!length || *length <= 0 || !start || !partition || !source || source->empty() ||
      format_duration(*length) != *length_text) {
    return std::nullopt;
  }
  return HourlyName{std::move(*source), *partition, {*start, *start + *length}};
}

std::optional<RecordsName> parse_records_name(std::string_view file_name) {
  if (!file_name.ends_with(kEnding)) return std::nullopt;
  std::string_view rest = file_name.substr(0, file_name.size() - kEnding.size());
  const auto offset_text = cut_last(rest);
  const auto partition_text = cut_last(rest);
  if (!offset_text || !partition_text) return std::nullopt;
  const auto offset = parse_number<std::int64_t>(*offset_text);
  const auto partition = parse_number<std::int32_t>(*partition_text);
  auto source = unescape_component(rest);
  if (!offset || !partition || !source || source->empty()) return std::nullopt;
  return RecordsName{std::move(*source), {*partition, *offset}};
}

std::optional<std::string> system_of_path(std::string_view path) {
  const std::size_t slash = path.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::string_view rest = path.substr(slash + 1);
  if (!rest.starts_with(kSystemKey)) return std::nullopt;
  return unescape_component(rest.substr(kSystemKey.size(), rest.find('/') - kSystemKey.size()));
}

}  // namespace bikeflow
