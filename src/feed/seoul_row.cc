#include "feed/seoul_row.h"

#include <cstddef>
#include <cstring>

#include "feed/json_tokens.h"

namespace bikeflow {
namespace {

// Requires: 32 readable bytes behind `end`.
class Matcher {
 public:
  Matcher(const char* at, const char* end) : at_(at), end_(end) {}

  // What leads to a value, and the value up to the quote that ends it. False: another form.
  template <std::size_t Size>
  [[gnu::always_inline]] bool value(const char (&lead)[Size], SeoulValue& value) {
    static_assert(Size - 1 <= 32);
    // What lies behind the end may match, and is then no value.
    if (at_ > end_ || std::memcmp(at_, lead, Size - 1) != 0) return false;
    at_ += Size - 1;
    if (at_ >= end_) return false;
    const char* const stop = find_string_stop(at_, at_, end_).at;
    if (stop == end_ || *stop != '"') return false;
    value.kind = SeoulValue::Kind::kString;
    value.written = {at_, static_cast<std::size_t>(stop - at_)};
    at_ = stop + 1;
    return true;
  }

  // Behind the '}' that is next; null where none is.
  [[nodiscard]] const char* end() const { return at_ < end_ && *at_ == '}' ? at_ + 1 : nullptr; }

 private:
  const char* at_;
  const char* end_;
};

}  // namespace

const char* match_usual_row(const char* at, const char* end, SeoulRow& row) {
  Matcher matcher(at, end);
  SeoulValue shared;
  const bool is_usual = matcher.value(R"({"rackTotCnt":")", row.racks) &&
                        matcher.value(R"(,"stationName":")", row.name) &&
                        matcher.value(R"(,"parkingBikeTotCnt":")", row.bikes) &&
                        matcher.value(R"(,"shared":")", shared) &&
                        matcher.value(R"(,"stationLatitude":")", row.latitude) &&
                        matcher.value(R"(,"stationLongitude":")", row.longitude) &&
                        matcher.value(R"(,"stationId":")", row.id);
  return is_usual ? matcher.end() : nullptr;
}

}  // namespace bikeflow
