// What went wrong with a poll, in words that all kinds of feed share.
#pragma once

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
inline constexpr std::string_view kNoAnswer = "no_answer";      // for another reason than those
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

// The answer's status is none that the feed can use.
PollFailure wrong_status(const HttpAnswer& answer, std::string_view shown_url);

// What a Retry-After header asks for: seconds, or a date; a day at most, and 0 where it says
// nothing.
Seconds retry_after_s(std::string_view header, Seconds now);

}  // namespace bikeflow
