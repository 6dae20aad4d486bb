// Answers of Seoul's host from any bytes: a page, or words about what they are.
//
// Where a document has rows of the usual form, it is read once more with a blank before each row's
// first key, which makes them unusual and changes nothing: both ways must find the same.

#include <cstdint>
#include <string>
#include <string_view>

#include "feed/seoul_document.h"
#include "feed/seoul_source.h"
#include "feed/utf8.h"
#include "feed/value.h"
#include "fuzz/require.h"

namespace {

using namespace bikeflow;  // NOLINT(google-build-using-namespace): a program of one file

constexpr Seconds kNow = 1'723'383'000;

void judge(const SeoulPage& page) {
  for (const SeenStation& station : page.stations) {
    require(is_station_id(station.id) && is_utf8(station.id), "a bad id");
    require(is_utf8(station.name), "a bad name");
    require(station.counts.bikes >= 0 && station.counts.bikes <= Counts::kMost, "bad bikes");
    require(station.counts.racks >= Counts::kNoRacks && station.counts.racks <= Counts::kMost,
            "bad racks");
    if (!station.place) continue;
    require(station.place->latitude >= -90 && station.place->latitude <= 90, "a bad latitude");
    require(station.place->longitude >= -180 && station.place->longitude <= 180, "a bad longitude");
  }
  for (const RefusedStation& refused : page.refused) {
    require_readable(refused.refusal);
    require(!refused.record.empty() && refused.record.size() <= kDeadLetterRecordBytes,
            "no record");
  }
}

// A blank can stand there, as no string without escapes has `{"` in it; XML has no such strings.
std::string with_blanks(std::string_view bytes) {
  constexpr std::string_view kRow = R"({"rackTotCnt")";
  std::string spaced;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t row = bytes.find(kRow, at);
    if (row == std::string_view::npos) return spaced.append(bytes.substr(at));
    spaced.append(bytes.substr(at, row - at)).append("{ ");
    at = row + 1;
  }
  return spaced;
}

void compare(const SeoulPage& one, const SeoulPage& other) {
  require(one.code == other.code && one.message == other.message, "another code");
  require(one.stations == other.stations, "other stations");
  require(one.refused.size() == other.refused.size(), "other refusals");
  for (std::size_t i = 0; i < one.refused.size(); ++i) {
    require(one.refused[i].refusal == other.refused[i].refusal, "another refusal");
  }
}

void poll(const std::string& body) {
  static const Zone kZone = Zone::load("Asia/Seoul").value();
  SeoulSettings settings;
  settings.key = "0123456789abcdef";
  settings.rows_a_page = 3;
  SeoulSource source(settings, kZone);
  FeedStep step = source.begin(kNow);
  for (int i = 0; i < 3 && std::holds_alternative<HttpRequest>(step); ++i) {
    HttpAnswer answer;
    answer.status = 200;
    answer.body = body;
    step = source.answered(std::move(answer), kNow);
  }
  const auto* const end = std::get_if<PollEnd>(&step);
  const auto* const failure = end == nullptr ? nullptr : std::get_if<PollFailure>(&end->what);
  if (failure != nullptr) {
    require(!failure->reason.empty() && is_utf8(failure->text), "a failure that says nothing");
    require(failure->text.find(settings.key) == std::string::npos, "the key in a text");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  SeoulDocument document;
  const auto page = document.read(bytes);
  if (page) {
    judge(*page);
  } else {
    require(!page.error().empty() && is_utf8(page.error()), "an error that says nothing");
  }
  if (bytes.find_first_of("\\<") == std::string::npos) {
    std::string spaced = with_blanks(bytes);
    const auto other = document.read(spaced);
    require(page.has_value() == other.has_value(), "a blank that matters");
    if (page) compare(*page, *other);
  }
  poll(bytes);
  return 0;
}
