#include "feed/seoul_source.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include <fmt/core.h>

#include "base/check.h"
#include "feed/poll_failure.h"
#include "feed/refusal.h"

namespace bikeflow {
namespace {

constexpr std::string_view kOk = "INFO-000";
constexpr std::string_view kNoSuchRows = "INFO-200";
constexpr std::int64_t kSampleRows = 5;
// Ids that are remembered besides those of a round; a feed may invent any number.
constexpr std::size_t kMostForeignIds = 10'000;
constexpr std::uint8_t kFormat = 1;
constexpr std::int64_t kMostCalls = 1'000'000'000;  // that a day can hold

// The host's table of codes: what each asks of us.
struct CodeMeaning {
  std::string_view code, reason, advice;
  bool is_permanent;
};
constexpr std::string_view kOurRequest =
    "this is not what bikeflow should ask: is the base URL that of the Seoul open API?";
// The host itself says so with a status of 200; these come from what stands before it, or in its
// place.
constexpr std::string_view kKeyRefused =
    "refused, by the host or by what stands before it; is the key the one that data.seoul.go.kr "
    "gave you?";
constexpr std::string_view kWhichHost =
    "is the base URL that of the Seoul open API, http://openapi.seoul.go.kr:8088?";
constexpr std::string_view kHostsTrouble = "the host has trouble of its own; asked again";
constexpr std::array<CodeMeaning, 15> kCodes = {{
    {"INFO-100", poll_reason::kBadKey,
     "the host does not know this key: set the one that data.seoul.go.kr gave you", true},
    {kNoSuchRows, poll_reason::kNoData,
     "the list is empty from its first row on, so nothing is known of any station; asked again",
     false},
    {"ERROR-300", poll_reason::kBadRequest, kOurRequest, true},
    {"ERROR-301", poll_reason::kBadRequest, kOurRequest, true},
    {"ERROR-310", poll_reason::kBadRequest,
     "the host has no service bikeList: is the base URL that of the Seoul open API?", true},
    {"ERROR-331", poll_reason::kBadRequest, kOurRequest, true},
    {"ERROR-332", poll_reason::kBadRequest, kOurRequest, true},
    {"ERROR-333", poll_reason::kBadRequest, kOurRequest, true},
    {"ERROR-334", poll_reason::kBadRequest, kOurRequest, true},
    {"ERROR-335", poll_reason::kBadRequest,
     "the key 'sample' gives rows 1 to 5 only: set a key of your own, from data.seoul.go.kr", true},
    {"ERROR-336", poll_reason::kBadRequest, "a page may have 1000 rows at most: set fewer", true},
    {"ERROR-500", poll_reason::kServerError, kHostsTrouble, false},
    {"ERROR-600", poll_reason::kServerError, kHostsTrouble, false},
    {"ERROR-601", poll_reason::kServerError, kHostsTrouble, false},
    // Any other.
    {"", poll_reason::kServerError, "a code that is not in the host's table; asked again", false},
}};

std::string percent_encoded(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool is_plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                          (c >= 'a' && c <= 'z') || c == '-' || c == '.' || c == '_' || c == '~';
    if (is_plain) {
      encoded += c;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

void hide(std::string& text, std::string_view secret) {
  for (std::size_t at = 0; (at = text.find(secret, at)) != std::string::npos;) {
    text.replace(at, secret.size(), "***");
    at += 3;
  }
}

}  // namespace

SeoulSource::SeoulSource(SeoulSettings settings, Zone zone)
    : settings_(std::move(settings)),
      zone_(std::move(zone)),
      path_key_(percent_encoded(settings_.key)) {
  CHECK(!settings_.key.empty());
  CHECK(settings_.rows_a_page > 0 && settings_.most_pages > 0);
  while (settings_.base_url.ends_with('/')) settings_.base_url.pop_back();
  // Beyond these the host refuses this key.
  if (is_sample()) settings_.rows_a_page = std::min(settings_.rows_a_page, kSampleRows);
}

std::string SeoulSource::url(std::string_view key) const {
  const std::int64_t begin = (page_ - 1) * settings_.rows_a_page + 1;
  return fmt::format("{}/{}/json/bikeList/{}/{}/", settings_.base_url, key, begin,
                     begin + settings_.rows_a_page - 1);
}

std::string SeoulSource::shown_url() const { return url(is_sample() ? "sample" : "***"); }

FeedStep SeoulSource::begin(Seconds now) {
  round_ = {};
  round_.stations.reserve(last_stations_);
  ++poll_;
  expected_ = 0;
  if (ids_.size() > 4 * last_stations_ + kMostForeignIds) {
    ids_ = {};
    met_in_.clear();
  }
  page_ = 1;
  if (is_sample() && !has_warned_of_sample_) {
    has_warned_of_sample_ = true;
    notices_.emplace_back(
        "sample key: only 5 stations; set a key of your own, from data.seoul.go.kr");
  }
  // The first round of a day is tried in any case, as it may be shorter than the last.
  return ask(now, used_on(day_of(now)) == 0 ? 1 : round_calls_);
}

// The request for page_. A budget that does not hold the whole round is not spent on a part of it.
FeedStep SeoulSource::ask(Seconds now, std::int64_t calls_needed) {
  const Seconds day = day_of(now);
  used_ = used_on(day);
  day_ = day;
  const std::int64_t limit = settings_.daily_calls;
  if (limit > 0 && used_ + calls_needed > limit) {
    const Seconds wait_s = seconds_to_midnight(now);
    const bool is_too_small = round_calls_ > limit;
    return failed(
        {std::string(poll_reason::kBudget),
         fmt::format("{}, and a round takes {}: {}; asked again after midnight in {}, in {}",
                     budget(now), round_calls_,
                     is_too_small ? "no day holds one, so set daily_calls higher"
                                  : "polled less often they would last the day",
                     zone_.name(), format_duration(wait_s)),
         is_too_small},
        wait_s);
  }
  ++used_;
  HttpRequest request;
  request.url = url(path_key_);
  request.shown_url = shown_url();
  request.timeout_ms = settings_.timeout_ms;
  return request;
}

FeedStep SeoulSource::answered(HttpOutcome outcome, Seconds now) {
  CHECK(page_ > 0);
  if (!outcome) return failed(no_answer(outcome.error(), shown_url()));
  if (outcome->status != 200) {
    return failed(wrong_status(outcome->status, shown_url(),
                               {.on_refused = kKeyRefused, .on_gone = kWhichHost}),
                  std::min(retry_after_s(outcome->retry_after, now).value_or(0), kDay));
  }
  auto page = document_.read(outcome->body);
  const bool is_usable = page && (page->code.empty() || page->code == kOk);
  if (!is_usable || !page->refused.empty()) {
    // Parts of it will be shown, and hosts repeat the key in what they say about it.
    hide_key(outcome->body);
    page = document_.read(outcome->body);
  }
  if (!page) {
    return failed({std::string(poll_reason::kNotJson),
                   fmt::format("{}: {}; is the URL right, and is there a proxy on the way?",
                               shown_url(), page.error()),
                   false});
  }
  return took(*std::move(page), now);
}

FeedStep SeoulSource::took(SeoulPage page, Seconds now) {
  if (page.code == kNoSuchRows && page_ > 1) return end_of_round();
  if (!page.code.empty() && page.code != kOk) return failed(refusal_of(page));
  // By the rows as they came: a page is not short because some of them are no stations. A mirror
  // that does not page gives more than was asked for, and then all of them.
  const std::int64_t rows = page.rows();
  if (rows == 0 && page_ == 1) {
    page.code = kNoSuchRows;
    return failed(refusal_of(page));
  }
  if (page_ == 1) first_page_at_ = now;
  if (rows > 0) round_.observed_at = now;
  if (round_.observed_at - first_page_at_ > kLongestRound) {
    return failed({std::string(poll_reason::kTimeout),
                   fmt::format("{}: this page came {} after the first, which is more than {}: the "
                               "counts of a round are to be of one time; asked again",
                               shown_url(), format_duration(now - first_page_at_),
                               format_duration(kLongestRound)),
                   false});
  }
  add(std::move(page));
  if (rows != settings_.rows_a_page || is_sample()) return end_of_round();
  if (page_ == settings_.most_pages) {
    return failed({std::string(poll_reason::kTooLarge),
                   fmt::format("{}: the list has not ended after {} full pages of {} rows; does "
                               "the host heed the numbers in the URL?",
                               shown_url(), page_, settings_.rows_a_page),
                   true});
  }
  ++page_;
  round_calls_ = std::max(round_calls_, page_);
  return ask(now, 1);
}

bool SeoulSource::is_first(std::string_view id) {
  const bool is_expected = expected_ < ids_.size() && ids_.at(expected_) == id;
  const std::uint32_t number = is_expected ? expected_ : ids_.intern(id);
  expected_ = number + 1;
  if (number == met_in_.size()) met_in_.push_back(0);
  return std::exchange(met_in_[number], poll_) != poll_;
}

// Rows may shift between two calls, so a station may come again on the next page.
void SeoulSource::add(SeoulPage page) {
  for (SeenStation& station : page.stations) {
    if (is_first(station.id)) {
      round_.stations.push_back(std::move(station));
    } else {
      ++round_.duplicates;
    }
  }
  std::ranges::move(page.refused, std::back_inserter(round_.refused));
}

FeedStep SeoulSource::end_of_round() {
  round_calls_ = page_;
  page_ = 0;
  last_stations_ = round_.stations.size();
  return PollEnd{std::exchange(round_, {}), 0, std::exchange(notices_, {})};
}

PollFailure SeoulSource::refusal_of(const SeoulPage& page) const {
  const auto* const meaning = std::ranges::find_if(
      kCodes, [&](const CodeMeaning& each) { return each.code.empty() || each.code == page.code; });
  return {std::string(meaning->reason),
          fmt::format("{}: {} {}; {}", shown_url(), shown(page.code), shown(page.message),
                      meaning->advice),
          meaning->is_permanent};
}

PollEnd SeoulSource::failed(PollFailure failure, Seconds wait_s) {
  page_ = 0;
  round_ = {};
  hide_key(failure.text);
  return {std::move(failure), wait_s, std::exchange(notices_, {})};
}

// In words that are not ours: the host's, the client's. A key of a few characters is nobody's, and
// words have those characters too.
void SeoulSource::hide_key(std::string& text) const {
  if (is_sample() || settings_.key.size() < 4) return;
  hide(text, settings_.key);
  hide(text, path_key_);
}

Seconds SeoulSource::day_of(Seconds now) const {
  const Seconds local = now + zone_.offset_at(now);
  return (local - ((local % kDay) + kDay) % kDay) / kDay;
}

Seconds SeoulSource::seconds_to_midnight(Seconds now) const {
  const Seconds local = (day_of(now) + 1) * kDay;
  // A midnight that a clock change leaves out is an hour later.
  const Seconds midnight =
      zone_.from_local(local, now).value_or(local + kHour - zone_.offset_at(now));
  return std::max<Seconds>(midnight - now, 1);
}

std::string SeoulSource::budget(Seconds now) const {
  const std::int64_t limit = settings_.daily_calls;
  if (limit == 0) return "";
  return fmt::format("{} of {} calls left today",
                     std::max<std::int64_t>(limit - used_on(day_of(now)), 0), limit);
}

// Format: its number (u8), the day, the calls on it, and those of a round (varint).
void SeoulSource::save(Writer& out) const {
  out.u8(kFormat);
  out.zigzag(day_);
  out.varint(static_cast<std::uint64_t>(used_));
  out.varint(static_cast<std::uint64_t>(round_calls_));
}

bool SeoulSource::load(Reader& in) {
  const std::uint8_t format = in.u8();
  const Seconds day = in.zigzag();
  const std::uint64_t used = in.varint();
  const std::uint64_t round_calls = in.varint();
  if (!in.ok() || format != kFormat || used > kMostCalls || round_calls == 0 ||
      round_calls > kMostCalls) {
    return false;
  }
  // What the host has answered since then it has counted.
  const auto used_then = static_cast<std::int64_t>(used);
  if (day >= day_) used_ = day == day_ ? std::max(used_, used_then) : used_then;
  day_ = std::max(day_, day);
  round_calls_ = static_cast<std::int64_t>(round_calls);
  return true;
}

}  // namespace bikeflow
