#include "io/input_plan.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <limits>
#include <span>
#include <stop_token>
#include <tuple>

#include "base/hash.h"
#include "io/byte_source.h"
#include "io/os_error.h"
#include "io/parquet_file.h"
#include "io/parquet_input.h"
#include "io/text_chunks.h"
#include "io/text_decoder.h"

namespace bikeflow {
namespace {

constexpr std::size_t kHeadBytes = std::size_t{1} << 20;

bool ends_with_any(std::string_view name, std::span<const std::string_view> endings) {
  return std::ranges::any_of(endings, [&](std::string_view end) { return name.ends_with(end); });
}

// Size, hash of the first bytes, as stored, and the format that they tell.
Result<Format> identify(const File& file, InputState& state) {
  struct stat status{};
  if (::fstat(file.descriptor(), &status) != 0) return os_failure("open", state.name, errno);
  state.size_bytes = status.st_size;
  std::string head(std::min(kHeadBytes, static_cast<std::size_t>(status.st_size)), '\0');
  if (auto done = read_exactly(file, head, state.name); !done) {
    return std::unexpected(done.error());
  }
  state.head_hash = hash64(head);
  return sniff_format(std::string_view(head).substr(0, kSniffBytes));
}

// Reads up to the first observation.
Result<void> recognise_parquet(const File& file, const ReaderSettings& settings, InputFile& input) {
  input.format = Format::kParquet;
  SystemNames names;
  auto parquet = ParquetInput::open(file, parquet_settings(input.state.name, 0, settings), names);
  if (!parquet) return std::unexpected(parquet.error());
  input.estimated_records = parquet->records();
  while (!input.first_system) {
    auto chunk = parquet->next();
    if (!chunk) return std::unexpected(chunk.error());
    if (!*chunk) return {};
    std::int64_t first = std::numeric_limits<std::int64_t>::max();
    for (const Batch& batch : (*chunk)->batches) {
      if (batch.records.empty() || batch.position(batch.records.front()).offset >= first) continue;
      first = batch.position(batch.records.front()).offset;
      input.state.first_time = batch.records.front().observed_at;
      input.first_system = names.systems().at(batch.system);
    }
  }
  return {};
}

Result<bool> is_packed_parquet(const std::string& path) {
  auto source = ByteSource::open(path);
  if (!source) return std::unexpected(source.error());
  std::array<char, 4> head{};
  auto got = source->is_compressed() ? source->read(head) : Result<std::size_t>(0);
  // Damage is told by who reads it.
  return got && sniff_format(std::string_view(head.data(), *got)) == Format::kParquet;
}

}  // namespace

ColumnSettings parquet_settings(const std::string& path, std::size_t index,
                                const ReaderSettings& settings) {
  return {.source = path,
          .input = index,
          .names = settings.names,
          .system = settings.system,
          .zone_of = [zone = settings.zone](std::string_view) -> Result<Zone> { return zone; },
          .now = settings.now};
}

Format format_of(std::string_view name, std::string_view first_bytes) {
  for (const std::string_view packed : {".gz", ".zst"}) {
    if (name.ends_with(packed)) name.remove_suffix(packed.size());
  }
  constexpr std::array<std::string_view, 2> kJson = {".ndjson", ".jsonl"};
  constexpr std::array<std::string_view, 2> kCsv = {".csv", ".tsv"};
  const Format format = sniff_format(first_bytes);
  // Empty lines, or the zeros that a power cut leaves, say nothing about what follows.
  const bool is_blank =
      !first_bytes.empty() && std::string_view(" \t\r\n\0", 5).contains(first_bytes.front());
  const bool is_text = format == Format::kNdjson || format == Format::kCsv;
  if (!is_text && !(is_blank && format == Format::kUnknown)) return format;
  if (ends_with_any(name, kJson)) return Format::kNdjson;
  if (ends_with_any(name, kCsv)) return Format::kCsv;
  return format;
}

Result<InputFile> recognise_input(const std::string& path, const ReaderSettings& settings) {
  InputFile input;
  input.state.name = path;
  input.state.first_time = kLatestTime;
  // A pipe must not even be opened: what is read from it is gone, and who writes to it would see it
  // closed.
  struct stat status{};
  input.is_pipe = path == "-" || (::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode) &&
                                  !S_ISDIR(status.st_mode));
  if (input.is_pipe) return input;
  auto file = open_file(path, O_RDONLY);
  if (file && S_ISREG(status.st_mode)) {
    auto format = identify(*file, input.state);
    if (!format) return std::unexpected(format.error());
    if (*format == Format::kParquet) {
      auto done = recognise_parquet(*file, settings, input);
      return done ? Result<InputFile>(input) : std::unexpected(done.error());
    }
  }
  auto packed = is_packed_parquet(path);
  if (!packed) return std::unexpected(packed.error());
  if (*packed) {
    auto unpacked = open_parquet_file(path);
    if (!unpacked) return std::unexpected(unpacked.error());
    auto done = recognise_parquet(*unpacked, settings, input);
    return done ? Result<InputFile>(input) : std::unexpected(done.error());
  }
  auto chunks = TextChunks::open(path, settings, {});
  if (!chunks) return std::unexpected(chunks.error());
  input.format = chunks->format();
  TextDecoder decoder(settings);
  for (bool is_first = true;; is_first = false) {
    auto chunk = chunks->next();
    if (!chunk) return std::unexpected(chunk.error());
    if (!*chunk) return input;
    const DecodedChunk decoded = decoder.decode(**chunk, kEarliestTime);
    if (is_first && (*chunk)->stored_bytes_read > 0) {
      input.estimated_records =
          input.state.size_bytes * decoded.records / (*chunk)->stored_bytes_read;
    }
    if (decoded.parts.empty()) continue;
    // The parts are in the order of their first records.
    input.state.first_time = decoded.parts.front().records.front().observed_at;
    input.first_system = decoded.new_systems.front();
    return input;
  }
}

Result<void> order_inputs(std::vector<InputFile>& inputs) {
  std::ranges::stable_sort(inputs, {}, [](const InputFile& input) {
    return std::tuple(input.state.first_time, input.is_pipe, std::string_view(input.state.name));
  });
  for (std::size_t i = 1; i < inputs.size(); ++i) {
    if (inputs[i].state.name == inputs[i - 1].state.name) {
      return fail("{}: is named twice", inputs[i].state.name);
    }
  }
  return {};
}

bool is_same_file(const InputState& a, const InputState& b) {
  return a.name == b.name && a.size_bytes == b.size_bytes && a.head_hash == b.head_hash;
}

}  // namespace bikeflow
