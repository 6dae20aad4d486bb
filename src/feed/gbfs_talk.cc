#include "feed/gbfs_talk.h"

#include <algorithm>
#include <cstddef>

#include <fmt/core.h>

#include "feed/gbfs_url.h"
#include "feed/poll_failure.h"
#include "feed/refusal.h"

namespace bikeflow {
namespace {

constexpr Seconds kTooManyWait = kMinute;  // after 429 without Retry-After
constexpr std::string_view kKeyRefused =
    "the feed refuses the key; check the headers and parameters set for it, and ask its operator "
    "whether they are still good";
constexpr std::string_view kKeyWanted =
    "the feed wants a key; ask its operator for one, and set the header or the parameter that "
    "carries it";

Secrets secrets_of(const GbfsSettings& settings) {
  Secrets secrets;
  for (const HttpHeader& header : settings.headers) secrets.add(header.value);
  for (const HttpHeader& parameter : settings.parameters) {
    secrets.add(parameter.value);
    secrets.add(percent_encoded(parameter.value));
  }
  std::string_view query = query_of(settings.url);
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view parameter = query.substr(0, end);
    secrets.add(parameter.substr(std::min(parameter.find('=') + 1, parameter.size())));
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return secrets;
}

bool is_header_text(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

}  // namespace

Result<GbfsTalk> GbfsTalk::open(GbfsSettings settings) {
  if (!is_http_url(settings.url)) {
    return fail(
        "'{}' is no address of a feed; expected one such as "
        "https://example.com/gbfs/gbfs.json",
        shown(settings.url.substr(0, settings.url.find('?'))));
  }
  if (has_user(settings.url)) {
    return fail(
        "{}: a user and password in the address do not reach the feed's other documents; "
        "set the header Authorization instead",
        shown_url_of(settings.url));
  }
  for (const HttpHeader& header : settings.headers) {
    const bool has_name =
        !header.name.empty() && header.name.find_first_of(" :") == std::string::npos;
    if (!has_name || !is_header_text(header.name) || !is_header_text(header.value)) {
      return fail("header '{}': expected a name without blanks and colons, and a value of one line",
                  shown(header.name));
    }
  }
  for (const HttpHeader& parameter : settings.parameters) {
    if (parameter.name.empty()) return fail("a URL parameter without a name");
  }
  return GbfsTalk(std::move(settings));
}

GbfsTalk::GbfsTalk(GbfsSettings settings)
    : settings_(std::move(settings)), secrets_(secrets_of(settings_)) {}

// With what the feed wants on each of its addresses: the settings' parameters, and those of
// gbfs.json.
std::string GbfsTalk::outgoing(const std::string& url) const {
  if (is_https(settings_.url) && !is_https(url)) return url;
  std::string out = with_query(url, query_of(settings_.url));
  for (const HttpHeader& parameter : settings_.parameters) {
    out = with_query(out, fmt::format("{}={}", percent_encoded(parameter.name),
                                      percent_encoded(parameter.value)));
  }
  return out;
}

HttpRequest GbfsTalk::ask(std::string url, const GbfsValidators& validators) {
  url_ = std::move(url);
  asked_on_condition_ = !validators.etag.empty() || !validators.last_modified.empty();
  HttpRequest request;
  request.url = outgoing(url_);
  request.shown_url = shown_url_ = secrets_.masked(shown_url_of(request.url));
  if (!is_https(settings_.url) || is_https(url_)) {
    request.headers = settings_.headers;
  } else if (!settings_.headers.empty() || !settings_.parameters.empty()) {
    say("plain http", fmt::format("{} is named by a feed that came by https: its key is not sent "
                                  "there",
                                  shown_url_));
  }
  if (!validators.etag.empty()) request.headers.push_back({"If-None-Match", validators.etag});
  if (!validators.last_modified.empty()) {
    request.headers.push_back({"If-Modified-Since", validators.last_modified});
  }
  return request;
}

GbfsHeard GbfsTalk::hear(HttpOutcome outcome, Seconds now) const {
  GbfsHeard heard;
  if (!outcome) {
    heard.failure = no_answer(outcome.error(), shown_url_);
    return heard;
  }
  if (outcome->status == 200 || outcome->status == 203) return hear_document(*outcome);
  if (outcome->status == 304 && asked_on_condition_) {
    heard.is_not_modified = true;
    return heard;
  }
  const bool has_key = !settings_.headers.empty() || !settings_.parameters.empty() ||
                       !query_of(settings_.url).empty();
  heard.failure = wrong_status(outcome->status, shown_url_,
                               {.on_refused = has_key ? kKeyRefused : kKeyWanted,
                                .on_gone = "look up the feed's address in systems.csv"});
  heard.wait_s = outcome->status == 429 ? kTooManyWait : 0;
  if (const auto wait = retry_after_s(outcome->retry_after, now)) {
    heard.wait_s = std::min(*wait, kMostRetryAfter);
  }
  return heard;
}

GbfsHeard GbfsTalk::hear_document(const HttpAnswer& answer) const {
  GbfsHeard heard;
  heard.validators = {answer.etag, answer.last_modified};
  auto document = read_gbfs(answer.body, settings_.language);
  if (document) {
    heard.document = std::move(*document);
    return heard;
  }
  // More than is shown is masked, so that a key at the edge is not shown in part.
  constexpr std::size_t kMasked = 4096;
  const std::string body = secrets_.masked(answer.body.substr(0, kMasked));
  heard.failure = {"not_json",
                   fmt::format("{}: {}: found '{}'; it is asked again", shown_url_,
                               document.error().message, shown(body)),
                   false};
  return heard;
}

PollFailure GbfsTalk::not_wanted(const GbfsDocument& found, std::string_view wanted) const {
  std::string text = fmt::format("{}: {}, expected a {}", shown_url_, gbfs_kind(found), wanted);
  if (wanted == "gbfs.json" && !std::holds_alternative<GbfsOther>(found.content)) {
    text += fmt::format(
        "; give the address of the system's gbfs.json, which names this one "
        "(often {})",
        shown_url_of(sibling_url(url_, "gbfs")));
  }
  return {"not_gbfs", std::move(text), true};
}

PollFailure GbfsTalk::no_version(const GbfsVersions& versions) const {
  return {"not_gbfs",
          fmt::format("{}: a list of versions of {} systems, and none of it can be taken; name the "
                      "system, or give the address of its gbfs.json",
                      shown_url_, versions.datasets.size()),
          true};
}

void GbfsTalk::say(std::string_view what, std::string text) {
  if (said_.size() < kMostSaid && said_.emplace(what).second) {
    notices_.push_back(secrets_.masked(std::move(text)));
  }
}

void GbfsTalk::may_say_again(std::string_view what) {
  if (const auto found = said_.find(what); found != said_.end()) said_.erase(found);
}

}  // namespace bikeflow
