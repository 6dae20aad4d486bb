// Where in the lake a file is, and what a file's name says.
//
//   hive   hourly_summary/system=seoul/year=2024/month=08/day=11/hour=22/<file>
//          late/system=seoul/year=2024/month=08/day=11/<file>
//   plain  hourly_summary/2024/08/11/22/<file> and late/2024/08/11/<file>, for one system only
//   both   dead_letter/year=2024/month=08/day=11/<file>, and dead_letter/2024/08/11/<file>
//
// Files of rows are <source>-<partition>-<start UTC>-<length>.parquet, those of late rows and dead
// letters <source>-<partition>-<offset of the first row>.parquet. The parts of hourly_summary are
// the civil time of the window's start (or end) in the system's zone; a window keeps its UTC start
// in its file's name, so two that a clock change maps to one hour share a directory and nothing
// else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/zone.h"
#include "model/observation.h"
#include "model/rows.h"

namespace bikeflow {

enum class Layout : std::uint8_t { kHive, kPlain };
enum class PathTime : std::uint8_t { kStart, kEnd };

std::string_view layout_word(Layout layout);          // "hive", "plain"
std::string_view path_time_word(PathTime path_time);  // "start", "end"
std::optional<Layout> layout_from_word(std::string_view word);
std::optional<PathTime> path_time_from_word(std::string_view word);

// What the paths of a lake depend on.
struct LakeRule {
  Layout layout = Layout::kHive;
  PathTime path_time = PathTime::kStart;
  friend bool operator==(const LakeRule&, const LakeRule&) = default;
};

inline constexpr std::string_view kHourlyFolder = "hourly_summary";
inline constexpr std::string_view kLateFolder = "late";
inline constexpr std::string_view kDeadLetterFolder = "dead_letter";
inline constexpr std::string_view kSuccessName = "_SUCCESS";
// Everything that is not data is below this folder; readers of Parquet do not look there.
inline constexpr std::string_view kInternalFolder = "_bikeflow";

// Systems and sources appear in paths as they are, but for bytes other than ASCII letters, digits,
// '.', '_',
// '~' and '-' (a leading '.' or '_' included: readers skip such names), which become %XX. In a
// file's name the '-' of a source stays: its last two or three parts are the program's own.
std::string escape_component(std::string_view text);
// Nothing where it is not the form that escape_component() gives.
std::optional<std::string> unescape_component(std::string_view component);

// "a/b" and "c" of the path "a/b/c". Where it has no folder that is "": the lake's own.
std::string_view folder_of(std::string_view path);
std::string_view name_of(std::string_view path);

std::string hourly_path(const LakeRule& rule, const Zone& zone, std::string_view system,
                        std::string_view source, std::int32_t partition, const Window& window);
std::string late_path(const LakeRule& rule, const Zone& zone, std::string_view system,
                      std::string_view source, Seconds watermark, const Position& first_row);
std::string dead_letter_path(const LakeRule& rule, std::string_view source, Seconds received_at,
                             const Position& first_row);

// The folder that the paths of a system's hours begin with; of all systems where there is one
// folder.
std::string hourly_folder(const LakeRule& rule, std::string_view system);

// What the name of a file of rows says of it; nothing where it is no such name.
struct HourlyName {
  std::string source;
  std::int32_t partition = 0;
  Window window;
  friend bool operator==(const HourlyName&, const HourlyName&) = default;
};
std::optional<HourlyName> parse_hourly_name(std::string_view file_name);

// The same for late rows and dead letters: where the first row was.
struct RecordsName {
  std::string source;
  Position first_row;
  friend bool operator==(const RecordsName&, const RecordsName&) = default;
};
std::optional<RecordsName> parse_records_name(std::string_view file_name);

// The system in a path of the hive layout: "seoul" of ".../system=seoul/...". Nothing where there
// is none.
std::optional<std::string> system_of_path(std::string_view path);

}  // namespace bikeflow
