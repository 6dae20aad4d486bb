// What http_client.cc says of a request: where it goes and why it failed, without its secrets.
//
// Only http_*.cc include this header, and only this header includes libcurl.
#pragma once

#include <curl/curl.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "feed/http.h"

namespace bikeflow {

struct HttpPlace {
  std::string origin;  // "https://example.org:443"
  std::string shown;   // without credentials, query and fragment
  bool is_tls = false;
};

// Nothing where it is no URL of http or https.
std::optional<HttpPlace> place_of(const std::string& url);

// A header that another host may get as well: it tells what is wanted, not who wants it.
bool is_for_everyone(std::string_view header_name);

// What shown_url has *** or nothing for, and the values of all headers that are not for everyone.
std::vector<std::string> secrets_of(const HttpRequest& request);
// With *** for each of them.
std::string masked(std::string text, const std::vector<std::string>& secrets);

// Where it was when it failed: "http://a/" or "http://a/, redirected to http://b/".
HttpFailure http_failure(HttpFailure::Kind kind, std::string_view where, std::string_view what);

// `easy` is the handle whose transfer ended with `code`, `words` what libcurl wrote of it, masked.
HttpFailure http_failure_of(CURLcode code, CURL* easy, std::string_view where,
                            std::string_view words);

}  // namespace bikeflow
