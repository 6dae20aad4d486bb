// What an answer of HTTP means for a poll, where it is no document.
//
// Threads: functions of their arguments only.
#pragma once

#include <optional>
#include <string_view>

#include "base/time.h"
#include "feed/http.h"
#include "feed/source.h"

namespace bikeflow {

// The header Retry-After: seconds, or a date in any of HTTP's three forms. Nothing: neither; 0: now
// or in the past.
std::optional<Seconds> retry_after_s(std::string_view text, Seconds now);

// The reasons of a PollFailure:
//   timeout, no_host, refused, tls, cut, too_large, too_many_redirects, no_answer
//   bad_key               401, 403
//   too_many_requests     429
//   gone                  404, 410
//   http_status           any other but 200 and what is like it
// Permanent is what asking again will not mend; where the feed has worked before, its reader may
// know better. `shown_url` begins the text.
PollFailure failure_of(const HttpFailure& failure, std::string_view shown_url);
PollFailure failure_of_status(int status, std::string_view shown_url, bool has_key);

}  // namespace bikeflow
