#include "feed/poll_failure.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <optional>
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

}  // namespace

PollFailure no_answer(const HttpFailure& failure, std::string_view shown_url) {
  using Kind = HttpFailure::Kind;
  struct Meaning {
    std::string_view reason, advice;
    bool is_permanent;
  };
  const auto meaning = [&]() -> Meaning {
    switch (failure.kind) {
      case Kind::kTimeout:
        return {poll_reason::kTimeout, "asked again at the next beat", false};
      case Kind::kNoHost:
        return {poll_reason::kNoHost, "is the host's name right, and is there a network?", false};
      case Kind::kRefused:
        return {poll_reason::kRefused, "is the port right, and does the network let it through?",
                false};
      case Kind::kTls:
        return {poll_reason::kTls, "look at the host's certificate and at this machine's clock",
                true};
      case Kind::kCut:
        return {poll_reason::kCut, "asked again at the next beat", false};
      case Kind::kTooLarge:
        return {poll_reason::kTooLarge, "no feed is so large: is the URL right?", true};
      case Kind::kTooManyRedirects:
        return {poll_reason::kRedirects, "open the URL in a browser and use the one it ends at",
                true};
      case Kind::kOther:
        break;
    }
    return {poll_reason::kNoAnswer, "asked again at the next beat", false};
  }();
  // The client says itself of which URL it speaks, and what to do.
  std::string text = failure.text;
  if (text.empty() || !text.starts_with(shown_url)) {
    text = fmt::format("{}: {}; {}", shown_url, text.empty() ? "no answer" : text, meaning.advice);
  }
  return {std::string(meaning.reason), std::move(text), meaning.is_permanent};
}

PollFailure wrong_status(int status, std::string_view shown_url, const StatusAdvice& advice) {
  const std::string what = fmt::format("{}: HTTP {}", shown_url, status);
  if (status == 401 || status == 403) {
    return {std::string(poll_reason::kBadKey), fmt::format("{}: {}", what, advice.on_refused),
            true};
  }
  if (status == 429) {
    return {std::string(poll_reason::kTooManyRequests),
            what + ": polled too often for this host; a longer poll interval helps", false};
  }
  if (status == 404 || status == 410) {
    return {std::string(poll_reason::kGone),
            fmt::format("{}: nothing is there; {}", what, advice.on_gone), true};
  }
  // 408 and 425 ask for the same request again; 5xx is the server's trouble.
  const bool is_permanent = status >= 400 && status < 500 && status != 408 && status != 425;
  return {std::string(poll_reason::kHttpStatus),
          what + (status >= 500 ? ": the server fails; it is asked again" : ": not a document"),
          is_permanent};
}

std::optional<Seconds> retry_after_s(std::string_view text, Seconds now) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  if (const auto seconds = digits(text)) return *seconds;
  const auto date = http_date(text);
  if (!date) return std::nullopt;
  return std::max<Seconds>(0, *date - now);
}

}  // namespace bikeflow
