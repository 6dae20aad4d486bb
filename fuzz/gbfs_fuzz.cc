// Polls of a GBFS feed that answers with any bytes, and what such a feed says of its system.
//
// The input is answers, with byte 1E between them, given in turn; one that begins with "HTTP 404\n"
// has that status. Where there is one answer only, a good gbfs.json comes before it, so that a
// recorded document is a seed as it is.

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include "feed/gbfs_about.h"
#include "feed/gbfs_document.h"
#include "feed/gbfs_source.h"
#include "feed/gbfs_url.h"
#include "feed/systems_csv.h"
#include "feed/utf8.h"
#include "feed/value.h"
#include "fuzz/require.h"
#include "model/system_id.h"

namespace {

using namespace bikeflow;  // NOLINT(google-build-using-namespace): a program of one file

constexpr Seconds kNow = 1'723'383'000;
constexpr std::string_view kSecret = "s3cret-key";
constexpr std::string_view kGoodDiscovery =
    R"({"data":{"feeds":[{"name":"station_status","url":"s"},)"
    R"({"name":"station_information","url":"i"}]}})";

void require_text(const std::string& text, const char* what) {
  require(!text.empty() && is_utf8(text), what);
  require(text.find(kSecret) == std::string::npos, "a text shows the key");
}

bool is_count(std::int16_t count, std::int16_t least) {
  return count >= least && count <= Counts::kMost;
}

void judge(const Round& round) {
  require(round.observed_at >= kEarliestTime && round.observed_at <= kNow + 10'000, "its time");
  std::unordered_set<std::string> ids;
  for (const SeenStation& station : round.stations) {
    require(is_utf8(station.id) && is_station_id(station.id), "a station id");
    require(ids.insert(station.id).second, "an id twice");
    require(is_utf8(station.name), "a name");
    require(is_count(station.counts.bikes, 0), "bikes");
    require(station.counts.racks == Counts::kNoRacks || is_count(station.counts.racks, 1), "racks");
  }
  for (const RefusedStation& refused : round.refused) {
    require(!refused.refusal.detail.empty() && is_utf8(refused.refusal.detail), "a detail");
    require(refused.record.size() <= kDeadLetterRecordBytes, "a long record");
  }
  require(round.duplicates >= 0, "duplicates");
}

void judge(const PollEnd& end) {
  require(end.wait_s >= 15 && end.wait_s <= kDay, "its wait");
  for (const std::string& notice : end.notices) require_text(notice, "a notice");
  if (const auto* const round = std::get_if<Round>(&end.what)) judge(*round);
  if (const auto* const failure = std::get_if<PollFailure>(&end.what)) {
    require(!failure->reason.empty(), "a failure without reason");
    require_text(failure->text, "the text of a failure");
  }
}

std::vector<std::string_view> answers_in(std::string_view input) {
  std::vector<std::string_view> answers;
  for (std::size_t end = 0; end != std::string_view::npos;) {
    end = input.find('\x1E');
    answers.push_back(input.substr(0, end));
    input.remove_prefix(std::min(end, input.size() - 1) + 1);
    if (input.empty()) break;
  }
  if (answers.size() == 1) answers.insert(answers.begin(), kGoodDiscovery);
  return answers;
}

HttpAnswer answer_of(std::string_view text) {
  constexpr std::string_view kStatus = "HTTP ";
  HttpAnswer answer;
  answer.status = 200;
  if (text.starts_with(kStatus) && text.size() > 8 && text[8] == '\n') {
    answer.status = std::atoi(std::string(text.substr(kStatus.size(), 3)).c_str());
    text.remove_prefix(9);
    answer.retry_after = text.substr(0, 40);
  }
  answer.etag = text.substr(0, text.size() % 3);
  answer.body = text;
  return answer;
}

void judge_saved(const GbfsSource& source, const GbfsSettings& settings) {
  Writer saved;
  source.save(saved);
  GbfsSource restored = GbfsSource::open(settings).value();
  Reader in(saved.bytes());
  require(restored.load(in) && in.at_end(), "what was saved is not loaded");
  Writer again;
  restored.save(again);
  require(again.bytes() == saved.bytes(), "what was loaded is saved otherwise");
}

void judge(const GbfsAboutEnd& end) {
  for (const std::string& notice : end.notices) require_text(notice, "a notice of an inquiry");
  require(!end.what || is_system_id(end.what->system_id), "a system's id");
  require(!end.what || is_utf8(end.what->name), "a system's name");
  if (!end.what) require_text(end.what.error().text, "why a system is not known");
}

void inquire(const GbfsSettings& settings, const std::vector<std::string_view>& answers) {
  GbfsInquiry inquiry = GbfsInquiry::open(settings).value();
  GbfsAboutStep step = inquiry.begin(kNow);
  std::size_t asked = 0;
  for (; std::holds_alternative<HttpRequest>(step); ++asked) {
    require(asked < 20, "an inquiry without end");
    require(is_http_url(std::get<HttpRequest>(step).url), "an inquiry without an address");
    step = inquiry.answered(answer_of(answers[asked % answers.size()]), kNow);
  }
  judge(std::get<GbfsAboutEnd>(step));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  (void)read_catalog(input);
  if (const auto document = read_gbfs(input, "fr")) {
    require(!gbfs_kind(*document).empty() && is_utf8(gbfs_kind(*document)), "its kind");
  }
  if (input.empty()) return 0;

  const GbfsSettings settings{.url = "https://a.b/gbfs.json",
                              .headers = {{"X-Key", std::string(kSecret)}}};
  GbfsSource source = GbfsSource::open(settings).value();
  const std::vector<std::string_view> answers = answers_in(input);
  inquire(settings, answers);
  std::size_t asked = 0;
  for (Seconds now = kNow; now < kNow + 9'000; now += 4'000) {
    FeedStep step = source.begin(now);
    for (int requests = 0; std::holds_alternative<HttpRequest>(step); ++requests) {
      require(requests < 20, "a poll without end");
      require(is_http_url(std::get<HttpRequest>(step).url), "a request without an address");
      require_text(std::get<HttpRequest>(step).shown_url, "an address as it is shown");
      step = source.answered(answer_of(answers[asked++ % answers.size()]), now);
    }
    judge(std::get<PollEnd>(step));
    judge_saved(source, settings);
  }
  return 0;
}
