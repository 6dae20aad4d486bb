#include "feed/gbfs_answer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <string>
#include <utility>

#include <fmt/core.h>

namespace bikeflow {
namespace {

std::optional<int> digits(std::string_view text) {
  int number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || stop != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

std::optional<int> month_of(std::string_view text) {
  constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto found = std::ranges::find(kMonths, text);
  if (found == kMonths.end()) return std::nullopt;
  return static_cast<int>(found - kMonths.begin()) + 1;
}

struct DateParts {
  std::optional<int> year, month, day;
  std::string_view time_of_day;

  // The words of a date tell by themselves what they are; its day goes before its year.
  void take(std::string_view word) {
    const auto number = digits(word);
    if (word.find(':') != std::string_view::npos) {
      time_of_day = word;
    } else if (const auto found = month_of(word)) {
      month = found;
    } else if (number && !day) {
      day = number;
    } else if (number && !year) {
      // Two digits are of RFC 850, which nothing wrote before 1970.
      year = word.size() != 2 ? *number : *number < 70 ? 2000 + *number : 1900 + *number;
    }
  }
};

// "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994".
std::optional<Seconds> http_date(std::string_view text) {
  DateParts parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(" ,-"), text.size());
    if (end > 0) parts.take(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (!parts.year || !parts.month || !parts.day) return std::nullopt;
  // parse_time() knows which dates exist.
  const auto written = parse_time(fmt::format("{:04}-{:02}-{:02}T{}Z", *parts.year, *parts.month,
                                              *parts.day, parts.time_of_day));
  if (!written || !written->offset) return std::nullopt;
  return written->utc();
}

struct FailureWords {
  HttpFailure::Kind kind;
  std::string_view reason;
};
constexpr std::array kFailureWords = {
    FailureWords{HttpFailure::Kind::kTimeout, "timeout"},
    FailureWords{HttpFailure::Kind::kNoHost, "no_host"},
    FailureWords{HttpFailure::Kind::kRefused, "refused"},
    FailureWords{HttpFailure::Kind::kTls, "tls"},
    FailureWords{HttpFailure::Kind::kCut, "cut"},
    FailureWords{HttpFailure::Kind::kTooLarge, "too_large"},
    FailureWords{HttpFailure::Kind::kTooManyRedirects, "too_many_redirects"},
    FailureWords{HttpFailure::Kind::kOther, "no_answer"},
};

}  // namespace

std::optional<Seconds> retry_after_s(std::string_view text, Seconds now) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  if (const auto seconds = digits(text)) return *seconds;
  const auto date = http_date(text);
  if (!date) return std::nullopt;
  return std::max<Seconds>(0, *date - now);
}

PollFailure failure_of(const HttpFailure& failure, std::string_view shown_url) {
  const auto words = std::ranges::find(kFailureWords, failure.kind, &FailureWords::kind);
  const bool is_permanent = failure.kind == HttpFailure::Kind::kTooLarge ||
                            failure.kind == HttpFailure::Kind::kTooManyRedirects;
  return {words == kFailureWords.end() ? "no_answer" : std::string(words->reason),
          fmt::format("{}: no answer: {}", shown_url, failure.text), is_permanent};
}

PollFailure failure_of_status(int status, std::string_view shown_url, bool has_key) {
  const std::string what = fmt::format("{}: HTTP {}", shown_url, status);
  if (status == 401 || status == 403) {
    return {"bad_key",
            what + (has_key ? ": the feed refuses the key; check the headers and parameters set "
                              "for it, and ask its operator whether they are still good"
                            : ": the feed wants a key; ask its operator for one, and set the "
                              "header or the parameter that carries it"),
            true};
  }
  if (status == 429) {
    return {"too_many_requests",
            what + ": polled too often for this host; a longer poll interval helps", false};
  }
  if (status == 404 || status == 410) {
    return {"gone", what + ": nothing is there; look up the feed's address in systems.csv", true};
  }
  // 408 and 425 ask for the same request again; 5xx is the server's trouble.
  const bool is_permanent = status >= 400 && status < 500 && status != 408 && status != 425;
  return {"http_status",
          what + (status >= 500 ? ": the server fails; it is asked again" : ": not a document"),
          is_permanent};
}

}  // namespace bikeflow
