// JSON records from any bytes, judged by two JSON libraries (test/json_oracle.h).
//
// The input is two records, with a line end between them: the second is decoded both anew and by a
// decoder that has learned the shape of the first.

#include <cstdint>
#include <string_view>

#include "feed/json_record.h"
#include "fuzz/require.h"
#include "test/json_oracle.h"

namespace {

using namespace bikeflow;  // NOLINT(google-build-using-namespace): a program of one file

constexpr Seconds kNear = 1'723'383'000;

void judge(std::string_view record, const Zone& zone) {
  JsonRecordDecoder decoder(zone);
  const Decoded decoded = decoder.decode(record, kNear);
  const oracle::Outcome outcome = oracle::outcome_of(decoded);
  const auto expected = oracle::expected(record, zone, kNear);
  require(!expected || outcome == *expected, "nlohmann::json says otherwise");
  const auto taken = oracle::simdjson_takes(record);
  const bool is_valid = outcome.reason != Reason::kNotUtf8 && outcome.reason != Reason::kNotJson;
  require(!taken || outcome.reason == Reason::kTooDeep || *taken == is_valid,
          "simdjson says otherwise");
  if (decoded) return;
  const Refusal& refusal = decoded.error();
  require_readable(refusal);
  require(refusal.byte.has_value() == (refusal.reason <= Reason::kTooDeep), "byte, or none");
  require(!refusal.byte ||
              (*refusal.byte >= 0 && static_cast<std::size_t>(*refusal.byte) <= record.size()),
          "byte outside the record");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Zone kZone = Zone::load("Asia/Seoul").value();
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t end = std::min(input.find('\n'), size);
  const std::string_view first = input.substr(0, end);
  const std::string_view second = input.substr(std::min(end + 1, size));
  judge(first, kZone);
  judge(second, kZone);

  JsonRecordDecoder anew(kZone);
  JsonRecordDecoder used(kZone);
  (void)used.decode(first, kNear);
  const Decoded one = anew.decode(second, kNear);
  const Decoded other = used.decode(second, kNear);
  require(oracle::outcome_of(one) == oracle::outcome_of(other),
          "a shape that changes what is read");
  require(one || one.error() == other.error(), "a shape that changes what is said");
  return 0;
}
