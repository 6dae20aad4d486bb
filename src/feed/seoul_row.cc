#include "feed/seoul_row.h"

#include <cstddef>
#include <cstring>

#include "feed/json_tokens.h"

namespace bikeflow {
namespace {

// Goes on from what leads to a value, which is compared, to behind the quote that ends it. Null:
// another form.
template <std::size_t size>
[[gnu::always_inline]] inline const char* match_value(const char* at, const char* end,
                                                      const char (&lead)[size], SeoulValue& value) {
  static_assert(size - 1 <= 32);
  // What lies behind the end may match, and is then no value.
  if (at > end || std::memcmp(at, lead, size - 1) != 0) return nullptr;
  at += size - 1;
  if (at >= end) return nullptr;
  const char* const stop = find_string_stop(at, at, end).at;
  if (stop == end || *stop != '"') return nullptr;
  value.kind = SeoulValue::Kind::kString;
  value.written = {at, static_cast<std::size_t>(stop - at)};
  return stop + 1;
}

}  // namespace

const char* match_usual_row(const char* at, const char* end, SeoulRow& row) {
  SeoulValue shared;
  if ((at = match_value(at, end, R"({"rackTotCnt":")", row.racks)) == nullptr ||
      (at = match_value(at, end, R"(,"stationName":")", row.name)) == nullptr ||
      (at = match_value(at, end, R"(,"parkingBikeTotCnt":")", row.bikes)) == nullptr ||
      (at = match_value(at, end, R"(,"shared":")", shared)) == nullptr ||
      (at = match_value(at, end, R"(,"stationLatitude":")", row.latitude)) == nullptr ||
      (at = match_value(at, end, R"(,"stationLongitude":")", row.longitude)) == nullptr ||
      (at = match_value(at, end, R"(,"stationId":")", row.id)) == nullptr) {
    return nullptr;
  }
  return at < end && *at == '}' ? at + 1 : nullptr;
}

}  // namespace bikeflow
