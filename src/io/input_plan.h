// What a backfill is given to read: files recognised, dated, and put in order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/zone.h"
#include "feed/fields.h"
#include "feed/format.h"
#include "io/column_rows.h"
#include "pipeline/job.h"

namespace bikeflow {

// How records are read.
struct ReaderSettings {
  FieldNames names;
  Zone zone;           // of local times
  std::string system;  // of records that name none
  Seconds now = 0;     // when they are read: DeadLetter::received_at
};

struct InputFile {
  // name, size, hash and first_time are filled in; first_time is kLatestTime where there is none.
  InputState state;
  Format format = Format::kUnknown;  // kNdjson, kCsv or kParquet
  // Standard input or a pipe: it has no identity, cannot be looked into and is never resumed.
  bool is_pipe = false;
  std::optional<std::string> first_system;  // of its first observation
  std::int64_t estimated_records = 0;       // by its size and its first bytes; 0 for a pipe
};

// By its first bytes; where they say only that it is text, by the name (".ndjson", ".jsonl",
// ".csv",
// ".tsv", each also with ".gz" or ".zst").
Format format_of(std::string_view name, std::string_view first_bytes);

// Opens the file, hashes its first MiB and reads up to its first observation. Errors: missing, a
// folder, not permitted, of a format that is not read, a CSV header without the columns that are
// needed, damaged before the first observation.
Result<InputFile> recognise_input(const std::string& path, const ReaderSettings& settings);

// By the time of their first observation, then by name; those without one last. The same file twice
// is an Error.
Result<void> order_inputs(std::vector<InputFile>& inputs);

// What a Parquet input is read with.
ColumnSettings parquet_settings(const std::string& path, std::size_t index,
                                const ReaderSettings& settings);

// Whether they are the same file: by name, size and hash.
bool is_same_file(const InputState& a, const InputState& b);

}  // namespace bikeflow
