#include "io/http_words.h"

#include <strings.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>

#include <fmt/core.h>

namespace bikeflow {
namespace {

using Kind = HttpFailure::Kind;

constexpr std::string_view kMask = "***";

template <auto Free>
struct CurlDelete {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using CurlUrl = std::unique_ptr<CURLU, CurlDelete<curl_url_cleanup>>;
using CurlText = std::unique_ptr<char, CurlDelete<curl_free>>;

// Empty where the URL has no such part.
std::string part_of(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return "";
  return CurlText(text).get();
}

curl_off_t number_of(CURL* easy, CURLINFO info) {
  curl_off_t number = 0;
  curl_easy_getinfo(easy, info, &number);
  return number;
}

// How far it came before its time was over.
std::string stage_of(CURL* easy) {
  const char* url = nullptr;
  curl_easy_getinfo(easy, CURLINFO_EFFECTIVE_URL, &url);
  const bool is_tls = url != nullptr && std::string_view(url).starts_with("https");
  if (number_of(easy, CURLINFO_STARTTRANSFER_TIME_T) > 0) {
    return fmt::format("only {} bytes of the answer had come",
                       number_of(easy, CURLINFO_SIZE_DOWNLOAD_T));
  }
  if (number_of(easy, CURLINFO_PRETRANSFER_TIME_T) > 0) return "connected, but no answer came";
  if (number_of(easy, CURLINFO_NAMELOOKUP_TIME_T) > 0) {
    return fmt::format(
        "no connection was made{}; is the port right, and is no firewall in the way?",
        is_tls ? ", or no TLS agreed upon on it" : "");
  }
  return "its host's name was not resolved; does DNS work here?";
}

HttpFailure timed_out(CURL* easy, std::string_view where) {
  const double seconds = static_cast<double>(number_of(easy, CURLINFO_TOTAL_TIME_T)) / 1e6;
  return http_failure(Kind::kTimeout, where,
                      fmt::format("given up after {:.1f} s: {}", seconds, stage_of(easy)));
}

HttpFailure not_connected(CURL* easy, std::string_view where) {
  long error = 0;
  curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &error);
  if (error == ETIMEDOUT) return timed_out(easy, where);
  if (error == ECONNREFUSED || error == 0) {
    return http_failure(Kind::kRefused, where,
                        "nothing listens there, or it refuses; are host and port (and a proxy in "
                        "the environment) right?");
  }
  return http_failure(
      Kind::kRefused, where,
      fmt::format("no connection: {}", std::generic_category().message(static_cast<int>(error))));
}

HttpFailure tls_failed(CURLcode code, std::string_view where, std::string_view words) {
  const auto says = [&](std::string_view what) { return words.find(what) != words.npos; };
  std::string_view advice;
  if (code == CURLE_SSL_CACERT_BADFILE) {
    advice = "; install the package ca-certificates, or correct the file of authorities";
  } else if (code != CURLE_PEER_FAILED_VERIFICATION) {
    advice = "; does that port speak TLS?";
  } else if (says("subject name")) {
    advice = "; is the host's name right?";
  } else if (says("expired") || says("not yet valid")) {
    advice = "; is this machine's clock right? If so, the server's operator must renew it";
  } else {
    advice = "; if its authority is your own, name that in the file of authorities to trust";
  }
  const char* what = code == CURLE_PEER_FAILED_VERIFICATION ? "its certificate is not trusted"
                                                            : "TLS was not agreed upon";
  if (words.empty()) words = curl_easy_strerror(code);
  return http_failure(Kind::kTls, where, fmt::format("{}: {}{}", what, words, advice));
}

HttpFailure cut(CURL* easy, std::string_view where) {
  long proxy_status = 0;
  curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &proxy_status);
  if (proxy_status >= 300) {
    return http_failure(
        Kind::kOther, where,
        fmt::format("the proxy of the environment answered {}; look at https_proxy and all_proxy",
                    proxy_status));
  }
  return http_failure(Kind::kCut, where,
                      fmt::format("the connection ended within the answer, after {} bytes of it",
                                  number_of(easy, CURLINFO_SIZE_DOWNLOAD_T)));
}

}  // namespace

std::optional<HttpPlace> place_of(const std::string& url) {
  const CurlUrl parsed(curl_url());
  if (!parsed || curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) {
    return std::nullopt;
  }
  const std::string scheme = part_of(parsed.get(), CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") return std::nullopt;
  std::string host = part_of(parsed.get(), CURLUPART_HOST);
  std::ranges::transform(host, host.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
  const std::string port = part_of(parsed.get(), CURLUPART_PORT);
  return HttpPlace{.origin = fmt::format("{}://{}:{}", scheme, host,
                                         part_of(parsed.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT)),
                   .shown = fmt::format("{}://{}{}{}{}", scheme, host, port.empty() ? "" : ":",
                                        port, part_of(parsed.get(), CURLUPART_PATH)),
                   .is_tls = scheme == "https"};
}

bool is_for_everyone(std::string_view header_name) {
  constexpr std::array<const char*, 4> kNames = {"Accept", "Accept-Language", "If-Modified-Since",
                                                 "If-None-Match"};
  const std::string name(header_name);
  return std::ranges::any_of(
      kNames, [&](const char* known) { return ::strcasecmp(known, name.c_str()) == 0; });
}

std::vector<std::string> secrets_of(const HttpRequest& request) {
  std::vector<std::string> secrets;
  const auto add = [&](std::string_view secret) {
    if (!secret.empty()) secrets.emplace_back(secret);
  };
  std::string_view url = request.url, shown = request.shown_url;
  // What stands before, between and behind the masks stands in the URL too, in the same order.
  for (bool is_first = true;; is_first = false) {
    const std::size_t mask = shown.find(kMask);
    const bool is_last = mask == shown.npos;
    const std::string_view piece = shown.substr(0, mask);
    std::size_t at = is_first ? (url.starts_with(piece) ? 0 : url.npos) : url.find(piece);
    if (is_last && !is_first && url.ends_with(piece)) at = url.size() - piece.size();
    if (at == url.npos) {  // it is another URL that is shown
      add(url);
      break;
    }
    add(url.substr(0, at));
    url.remove_prefix(at + piece.size());
    if (is_last) {
      add(url);
      break;
    }
    shown.remove_prefix(mask + kMask.size());
  }
  for (const HttpHeader& header : request.headers) {
    if (!is_for_everyone(header.name)) add(header.value);
  }
  // One may be a part of another.
  std::ranges::sort(secrets, std::ranges::greater{}, &std::string::size);
  return secrets;
}

std::string masked(std::string text, const std::vector<std::string>& secrets) {
  for (const std::string& secret : secrets) {
    for (std::size_t at = 0; (at = text.find(secret, at)) != text.npos; at += kMask.size()) {
      text.replace(at, secret.size(), kMask);
    }
  }
  return text;
}

HttpFailure http_failure(Kind kind, std::string_view where, std::string_view what) {
  return {kind, fmt::format("{}: {}", where, what)};
}

HttpFailure http_failure_of(CURLcode code, CURL* easy, std::string_view where,
                            std::string_view words) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return timed_out(easy, where);
    case CURLE_COULDNT_RESOLVE_HOST:
      return http_failure(Kind::kNoHost, where,
                          "its host's name does not resolve; is it right, and does DNS work here?");
    case CURLE_COULDNT_RESOLVE_PROXY:
      return http_failure(Kind::kNoHost, where,
                          "the proxy's name does not resolve; look at http_proxy, https_proxy and "
                          "all_proxy in the environment");
    case CURLE_COULDNT_CONNECT:
      return not_connected(easy, where);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
      return tls_failed(code, where, words);
    case CURLE_GOT_NOTHING:
      return http_failure(Kind::kCut, where, "the connection ended before an answer");
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
      return cut(easy, where);
    case CURLE_OUT_OF_MEMORY:  // so libcurl before 8.6 calls it
      return http_failure(Kind::kTooLarge, where, "its headers are longer than HTTP's may be");
    case CURLE_UNSUPPORTED_PROTOCOL:  // "HTTP/0.9": there was no status line
    case CURLE_WEIRD_SERVER_REPLY:
      return http_failure(Kind::kOther, where,
                          "what answers there does not speak HTTP; is the port right?");
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_WRITE_ERROR:  // what we did not refuse ourselves could not be unpacked
      return http_failure(Kind::kOther, where, "its compressed body is damaged");
    default:
      return http_failure(Kind::kOther, where, curl_easy_strerror(code));
  }
}

}  // namespace bikeflow
