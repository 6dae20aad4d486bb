#include "io/text_chunks.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "feed/csv_framer.h"
#include "feed/format.h"

namespace bikeflow {

Result<TextChunks> TextChunks::open(const std::string& path, const ReaderSettings& settings,
                                    std::stop_token stop) {
  auto source = ByteSource::open(path, std::move(stop));
  if (!source) return std::unexpected(source.error());
  TextChunks chunks(*std::move(source));
  if (auto begun = chunks.begin(settings); !begun) return std::unexpected(begun.error());
  return chunks;
}

Result<TextChunks> TextChunks::resume(const std::string& path, const ReaderSettings& settings,
                                      std::stop_token stop, std::int64_t bytes) {
  auto chunks = open(path, settings, stop);
  if (!chunks || bytes <= chunks->begin_of_left()) return chunks;
  auto source = ByteSource::open(path, std::move(stop));
  if (!source) return std::unexpected(source.error());
  if (auto skipped = source->skip_to(bytes); !skipped) return std::unexpected(skipped.error());
  chunks->source_ = *std::move(source);
  chunks->left_.clear();
  chunks->source_is_at_end_ = false;
  chunks->fault_.reset();
  return chunks;
}

// Tells the format, and takes what comes before the first record: a byte order mark, a header.
Result<void> TextChunks::begin(const ReaderSettings& settings) {
  left_ = read_more(kChunkBytes);
  if (left_.empty()) return fault_ ? Result<void>(std::unexpected(*fault_)) : Result<void>();
  format_ = format_of(source_.name(), left_);
  if (format_ == Format::kParquet) {
    return fail(
        "{}: is Parquet, which cannot be read from a pipe, as its index is at its end; write it to "
        "a file first",
        source_.name());
  }
  if (format_ != Format::kNdjson && format_ != Format::kCsv) {
    return fail("{}: is {}", source_.name(), describe_unknown(left_));
  }
  left_.erase(0, byte_order_mark_size(left_));
  return format_ == Format::kCsv ? read_header(settings) : Result<void>();
}

Result<void> TextChunks::read_header(const ReaderSettings& settings) {
  CsvFramer framer;
  while (true) {
    std::string_view rest = left_;
    const auto header = framer.next(rest, source_is_at_end_);
    if (!header && !source_is_at_end_ && !fault_) {
      left_ = read_more(kChunkBytes);
      continue;
    }
    if (!header && fault_) return std::unexpected(*fault_);
    auto decoder = !header ? fail("no header: there is nothing but a byte order mark")
                   : header->is_too_large
                       ? fail("no header: {}", too_large().detail)
                       : CsvRecordDecoder::open(header->record, settings.zone, settings.names);
    if (!decoder) return with_context(source_.name(), decoder.error());
    cutter_ = RecordCutter::of_csv(decoder->separator());
    csv_ = std::make_shared<const CsvRecordDecoder>(*std::move(decoder));
    left_.erase(0, left_.size() - rest.size());
    return {};
  }
}

// What is left over and `size` bytes more; fewer only at the end or where fault_ is set.
std::string TextChunks::read_more(std::size_t size) {
  std::string bytes;
  const std::size_t from = left_.size();
  // As resize() would, but without writing zeros first.
  bytes.resize_and_overwrite(from + size, [&](char* room, std::size_t) {
    std::memcpy(room, left_.data(), from);
    std::size_t filled = from;
    while (filled < from + size) {
      const auto got = source_.read({room + filled, from + size - filled});
      if (!got) {
        fault_ = got.error();
        break;
      }
      source_is_at_end_ = *got == 0;
      if (source_is_at_end_) break;
      filled += *got;
    }
    return filled;
  });
  left_.clear();
  return bytes;
}

Result<std::optional<TextChunk>> TextChunks::next() {
  if (is_done_) return std::nullopt;
  TextChunk chunk;
  cut(chunk);
  if (chunk.records.empty() && fault_ && !source_.was_stopped()) {
    is_done_ = true;
    return std::unexpected(*fault_);
  }
  chunk.csv = csv_;
  chunk.end_bytes = begin_of_left();
  chunk.stored_bytes_read = source_.stored_bytes_read();
  is_done_ = source_is_at_end_ && left_.empty();
  chunk.ends_input = is_done_;
  return chunk;
}

// The next whole records; none only at the end or at fault_.
void TextChunks::cut(TextChunk& chunk) {
  for (;;) {
    const bool has_more = !source_is_at_end_ && !fault_;
    auto bytes =
        std::make_shared<std::string>(has_more ? read_more(kChunkBytes) : std::exchange(left_, {}));
    const RecordCutter::Cut cut = cutter_.next(*bytes, source_is_at_end_);
    left_ = std::string_view(*bytes).substr(cut.taken);
    chunk.records = cut.records;
    chunk.bytes = std::move(bytes);
    if (!cut.records.empty()) break;
    if (cut.taken == 0 && (source_is_at_end_ || fault_)) return;
  }
  if (!chunk.records.ends_with('\n')) skip_record();
}

// Of a record that is too large the rest is of no use, but a run can be resumed between records
// only.
void TextChunks::skip_record() {
  while (!source_is_at_end_ && !fault_) {
    CHECK(left_.empty());
    const std::string block = read_more(kChunkBytes);
    const std::size_t line_end = block.find('\n');
    const std::string_view rest =
        std::string_view(block).substr(0, std::min(line_end, block.size() - 1) + 1);
    if (!block.empty()) CHECK(cutter_.next(rest, false).taken == rest.size());
    left_ = block.substr(rest.size());
    if (line_end != std::string::npos) return;
  }
}

}  // namespace bikeflow
