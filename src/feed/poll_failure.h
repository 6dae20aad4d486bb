// What went wrong with a poll, in words that all kinds of feed share.
#pragma once

#include <optional>
#include <string_view>

#include "base/time.h"
#include "feed/http.h"
#include "feed/source.h"

namespace bikeflow {

// PollFailure::reason is one of these; metrics are labelled with them.
namespace poll_reason {
inline constexpr std::string_view kTimeout = "timeout";
inline constexpr std::string_view kNoHost = "no_host";
inline constexpr std::string_view kRefused = "refused";
inline constexpr std::string_view kTls = "tls";
inline constexpr std::string_view kCut = "cut";
inline constexpr std::string_view kTooLarge = "too_large";
inline constexpr std::string_view kRedirects = "redirects";
inline constexpr std::string_view kNoAnswer = "no_answer";  // for another reason than those
inline constexpr std::string_view kTooManyRequests = "too_many_requests";  // 429
inline constexpr std::string_view kGone = "gone";                          // 404, 410
inline constexpr std::string_view kHttpStatus = "http_status";  // an answer, and not of 200
inline constexpr std::string_view kNotJson = "not_json";  // or JSON that is not the feed's document
inline constexpr std::string_view kBadKey = "bad_key";
inline constexpr std::string_view kBadRequest = "bad_request";
inline constexpr std::string_view kNoData = "no_data";
inline constexpr std::string_view kServerError = "server_error";  // the host says so of itself
inline constexpr std::string_view kBudget = "budget";
}  // namespace poll_reason

// No answer came. Both texts are without secrets already.
PollFailure no_answer(const HttpFailure& failure, std::string_view shown_url);

// What each kind of feed has to say of its own.
struct StatusAdvice {
  std::string_view on_refused;  // the key, or that there is none
  std::string_view on_gone;     // nothing is at the address
};

// The answer's status is none that the feed can use. Permanent is what asking again will not mend;
// where the feed has worked before, its reader may know better.
PollFailure wrong_status(int status, std::string_view shown_url, const StatusAdvice& advice);

// The header Retry-After: seconds, or a date in any of HTTP's three forms. Nothing: neither; 0: now
// or in the past.
std::optional<Seconds> retry_after_s(std::string_view text, Seconds now);

}  // namespace bikeflow
