// CSV from any bytes: the same records however the bytes are cut; the fields that a parser of a few
// lines finds, where no quote is broken; and each record an observation or a refusal that can be
// read.
//
// The first two bytes of the input choose the pieces.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "feed/csv_fields.h"
#include "feed/csv_framer.h"
#include "feed/csv_record.h"
#include "feed/record_cutter.h"
#include "feed/record_reader.h"
#include "feed/utf8.h"
#include "fuzz/require.h"

namespace {

using namespace bikeflow;  // NOLINT(google-build-using-namespace): a program of one file

using Fields = std::vector<std::string>;
using Records = std::vector<std::string>;

void frame(CsvFramer& framer, std::string_view& rest, bool is_last, Records& records) {
  while (const auto record = framer.next(rest, is_last)) records.emplace_back(record->record);
}

// `fill` is given what is left over and the bytes that follow it, piece by piece.
template <class Fill>
void in_pieces(std::string_view bytes, std::size_t piece, std::size_t step, const Fill& fill) {
  std::string kept;
  for (std::size_t at = 0; at <= bytes.size(); at += piece, piece = piece % 97 + step) {
    kept += bytes.substr(at, piece);
    const std::size_t taken = fill(std::string_view(kept), at + piece > bytes.size());
    kept.erase(0, taken);
  }
  require(kept.empty(), "bytes left over");
}

// RFC 4180 as one would write it down. Nothing where a quote is broken.
std::optional<std::vector<Fields>> parse(std::string_view text) {
  std::vector<Fields> records;
  std::size_t i = 0;
  while (i < text.size()) {
    Fields& fields = records.emplace_back();
    for (bool has_more = true; has_more;) {
      std::string& field = fields.emplace_back();
      if (i < text.size() && text[i] == '"') {
        for (++i;; ++i) {
          if (i == text.size()) return std::nullopt;
          if (text[i] == '"' && (++i == text.size() || text[i] != '"')) break;
          field += text[i];
        }
      } else {
        while (i < text.size() && text[i] != ',' && text[i] != '\n') field += text[i++];
        if (field.ends_with('\r') && (i == text.size() || text[i] == '\n')) field.pop_back();
      }
      if (text.substr(i) == "\r" || text.substr(i).starts_with("\r\n")) ++i;
      if (i < text.size() && text[i] != ',' && text[i] != '\n') return std::nullopt;
      has_more = i < text.size() && text[i] == ',';
      ++i;
    }
  }
  return records;
}

Fields fields_of(std::string_view record) {
  Fields fields;
  CsvCursor cursor(record, ',');
  for (CsvField field; cursor.next(field);) {
    fields.emplace_back(field.has_doubled_quotes ? "" : field.text);
    if (field.has_doubled_quotes) append_unquoted(field.text, fields.back());
  }
  require(cursor.expected() == nullptr, "a quote that is broken for the decoder only");
  return fields;
}

void decode(std::string_view bytes, const Zone& zone) {
  CsvFramer framer;
  const auto header = framer.next(bytes, true);
  if (!header) return;
  const auto decoder = CsvRecordDecoder::open(header->record, zone);
  if (!decoder) {
    require(is_utf8(decoder.error().message), "an error that nobody can read");
    return;
  }
  RecordReader reader(*decoder);
  while (const auto record = reader.next(bytes)) {
    const Decoded decoded = reader.decode(*record, 0);
    if (decoded) {
      require(!decoded->station_id.empty() && is_utf8(decoded->station_id), "a bad station");
      require(decoded->counts.bikes >= 0 && decoded->counts.bikes <= Counts::kMost, "bad bikes");
    } else {
      require(!decoded.error().detail.empty() && is_utf8(decoded.error().detail), "a bad detail");
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Zone kZone = Zone::load("Asia/Seoul").value();
  if (size < 2) return 0;
  const std::size_t piece = 1 + data[0] % 64;
  const std::size_t step = 1 + data[1] % 16;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);

  Records whole;
  CsvFramer whole_framer(',');
  std::string_view rest = bytes;
  frame(whole_framer, rest, true, whole);

  Records pieces;
  CsvFramer framer(',');
  in_pieces(bytes, piece, step, [&](std::string_view kept, bool is_last) {
    std::string_view left = kept;
    frame(framer, left, is_last, pieces);
    return kept.size() - left.size();
  });
  require(pieces == whole, "other records in pieces");

  Records stretches;
  RecordCutter cutter = RecordCutter::of_csv(',');
  in_pieces(bytes, piece, step, [&](std::string_view kept, bool is_last) {
    const RecordCutter::Cut cut = cutter.next(kept, is_last);
    std::string_view records = cut.records;
    frame(framer, records, true, stretches);
    return cut.taken;
  });
  require(stretches == whole, "other records in stretches");

  if (const auto parsed = parse(bytes)) {
    require(parsed->size() == whole.size(), "another number of records");
    for (std::size_t i = 0; i < whole.size(); ++i) {
      require(fields_of(whole[i]) == (*parsed)[i], "other fields");
    }
  }
  decode(bytes, kZone);
  return 0;
}
