// The key-value metadata of a file of hourly_summary: its names, in one place for writer and
// readers.
//
// Every value is text: times as format_utc(), durations as format_duration(), numbers in decimal.
// Changing a name changes the lake's format.
#pragma once

#include <string_view>

namespace bikeflow::metadata {

inline constexpr std::string_view kSource = "source";        // topic, feed, or "backfill"
inline constexpr std::string_view kPartition = "partition";  // number within the source
inline constexpr std::string_view kSystem = "system";
inline constexpr std::string_view kWindowStart = "window_start";
inline constexpr std::string_view kWindowEnd = "window_end";

// The settings that rows depend on.
inline constexpr std::string_view kLength = "length";
inline constexpr std::string_view kSlide = "slide";
inline constexpr std::string_view kDelay = "delay";
inline constexpr std::string_view kMaxGap = "max_gap";
inline constexpr std::string_view kTimezone = "timezone";   // IANA name
inline constexpr std::string_view kLayout = "layout";       // "hive" or "plain"
inline constexpr std::string_view kPathTime = "path_time";  // "start" or "end"

// What closed the window: "data" (the watermark), "idle" or "end" (of the input).
inline constexpr std::string_view kClosedBy = "closed_by";
// The offsets read while the window was the partition's next to close: a half-open span.
inline constexpr std::string_view kFirstOffset = "first_offset";
inline constexpr std::string_view kLastOffset = "last_offset";

inline constexpr std::string_view kRows = "rows";
inline constexpr std::string_view kRowHash = "row_hash";  // lake/row_hash.h
// The file before this one of the same system, source and partition: its path in the lake and its
// row_hash. Empty in the first.
inline constexpr std::string_view kPreviousName = "previous_name";
inline constexpr std::string_view kPreviousRowHash = "previous_row_hash";

inline constexpr std::string_view kLakeId = "lake_id";   // as in _bikeflow/lake.json
inline constexpr std::string_view kVersion = "version";  // of the program that wrote the file

}  // namespace bikeflow::metadata
