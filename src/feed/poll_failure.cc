#include "feed/poll_failure.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>

#include <fmt/core.h>

namespace bikeflow {
namespace {

// A whole number that fills the text.
std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// "Sun, 06 Nov 1994 08:49:37 GMT", the form that RFC 9110 has all servers send.
std::optional<Seconds> http_date(std::string_view text) {
  constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (text.size() != 29 || !text.ends_with(" GMT")) return std::nullopt;
  const auto* const month = std::ranges::find(kMonths, text.substr(8, 3));
  if (month == kMonths.end()) return std::nullopt;
  const auto time =
      parse_time(fmt::format("{}-{:02}-{}T{}Z", text.substr(12, 4), month - kMonths.begin() + 1,
                             text.substr(5, 2), text.substr(17, 8)));
  return time ? std::optional(time->utc()) : std::nullopt;
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
  return {std::string(meaning.reason),
          fmt::format("{}: {}; {}", shown_url, failure.text.empty() ? "no answer" : failure.text,
                      meaning.advice),
          meaning.is_permanent};
}

PollFailure wrong_status(const HttpAnswer& answer, std::string_view shown_url) {
  const int status = answer.status;
  // Of those that blame the client these say themselves that later may be better.
  const bool is_busy = status == 408 || status == 425 || status == 429;
  const bool is_permanent = status >= 400 && status < 500 && !is_busy;
  const std::string_view advice = [&]() -> std::string_view {
    if (status == 401 || status == 403) return "the host wants a key, or another one";
    if (status == 404 || status == 410) return "is the URL right? The feed may have moved";
    if (status == 429) return "the host is asked too often: ask less often";
    if (is_permanent) return "the host does not take this request";
    return "asked again at the next beat";
  }();
  return {std::string(poll_reason::kHttpStatus),
          fmt::format("{}: HTTP status {}; {}", shown_url, status, advice), is_permanent};
}

Seconds retry_after_s(std::string_view header, Seconds now) {
  if (const auto seconds = number(header)) return std::clamp<Seconds>(*seconds, 0, kDay);
  if (const auto date = http_date(header)) return std::clamp<Seconds>(*date - now, 0, kDay);
  return 0;
}

}  // namespace bikeflow
