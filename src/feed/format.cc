#include "feed/format.h"

#include <algorithm>
#include <array>

namespace bikeflow {
namespace {

struct Signature {
  std::string_view bytes;
  std::string_view what;
};

// Of what people do hand in by mistake.
constexpr std::array kForeign = {
    Signature{"\xFF\xFE", "UTF-16 text; save it as UTF-8"},
    Signature{"\xFE\xFF", "UTF-16 text; save it as UTF-8"},
    Signature{"PK\x03\x04", "a zip archive or a spreadsheet; unpack it, or save it as CSV"},
    Signature{"BZh", "compressed by bzip2; gzip and zstd are read"},
    Signature{"\xFD"
              "7zXZ",
              "compressed by xz; gzip and zstd are read"},
    Signature{"\x04\x22\x4D\x18", "compressed by lz4; gzip and zstd are read"},
    Signature{"ARROW1", "an Arrow file; write it as Parquet"},
    Signature{"ORC", "an ORC file; write it as Parquet"},
    Signature{"Obj\x01", "an Avro file; write it as Parquet"},
    Signature{"SQLite format 3", "an SQLite database; export it as CSV"},
};

// The first byte that is not blank; NUL where there is none.
char first_character(std::string_view bytes) {
  const std::size_t at = bytes.find_first_not_of(" \t\r\n", byte_order_mark_size(bytes));
  return at == std::string_view::npos ? '\0' : bytes[at];
}

bool is_text(std::string_view bytes) {
  return std::ranges::all_of(bytes, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 || byte == '\t' || byte == '\r' || byte == '\n';
  });
}

const Signature* foreign(std::string_view bytes) {
  const auto* const found = std::ranges::find_if(
      kForeign, [bytes](const Signature& known) { return bytes.starts_with(known.bytes); });
  return found == kForeign.end() ? nullptr : found;
}

}  // namespace

std::size_t byte_order_mark_size(std::string_view first_bytes) {
  return first_bytes.starts_with("\xEF\xBB\xBF") ? 3 : 0;
}

Format sniff_format(std::string_view first_bytes) {
  if (first_bytes.starts_with("PAR1") || first_bytes.starts_with("PARE")) return Format::kParquet;
  if (first_bytes.starts_with("\x1F\x8B")) return Format::kGzip;
  if (first_bytes.starts_with("\x28\xB5\x2F\xFD")) return Format::kZstd;
  if (foreign(first_bytes) != nullptr) return Format::kUnknown;
  const char first = first_character(first_bytes);
  if (first == '{') return Format::kNdjson;
  if (first == '\0' || first == '[' || first == '<') return Format::kUnknown;
  return is_text(first_bytes.substr(0, kSniffBytes)) ? Format::kCsv : Format::kUnknown;
}

std::string_view describe_unknown(std::string_view first_bytes) {
  if (first_bytes.empty()) return "empty";
  if (const Signature* known = foreign(first_bytes)) return known->what;
  switch (first_character(first_bytes)) {
    case '[':
      return "a JSON array; write one object a line";
    case '<':
      return "XML or HTML";
    default:
      return is_text(first_bytes) ? "nothing but blanks" : "neither text nor Parquet";
  }
}

}  // namespace bikeflow
