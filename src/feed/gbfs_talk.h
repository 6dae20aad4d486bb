// What every dialogue with a GBFS feed needs: requests that carry its keys, and what its answers
// are, in words without them.
//
// The keys go to every address that the feed names, but never by plain http where `url` is https,
// and are never shown. So is what the query of `url` holds.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "feed/gbfs_document.h"
#include "feed/http.h"
#include "feed/secrets.h"
#include "feed/source.h"

namespace bikeflow {

struct GbfsSettings {
  std::string url = {};              // of gbfs.json, or of a list of versions
  std::string language = {};         // of names; empty: English, else the first
  std::string system_id = {};        // which system, where the URL is of a manifest with several
  bool takes_newest_version = true;  // false: the one at `url`, for as long as it is there
  Seconds floor_s = 15;              // the least time between polls, whatever the feed says
  std::vector<HttpHeader> headers = {};     // keys
  std::vector<HttpHeader> parameters = {};  // keys in the URL; not yet encoded
};

// The headers by which an address answers "not modified" next time.
struct GbfsValidators {
  std::string etag, last_modified;
};

// What an answer was: a document, "not modified", or a failure.
struct GbfsHeard {
  std::optional<GbfsDocument> document;
  bool is_not_modified = false;
  PollFailure failure;
  Seconds wait_s = 0;  // after a failure
  GbfsValidators validators;
};

// Threads: none; one owner.
class GbfsTalk {
 public:
  static constexpr Seconds kMostRetryAfter = kDay;  // believed

  // An error says which setting is wrong.
  static Result<GbfsTalk> open(GbfsSettings settings);

  [[nodiscard]] const GbfsSettings& settings() const { return settings_; }

  // Requires: is_http_url(url).
  HttpRequest ask(std::string url, const GbfsValidators& validators = {});
  // What came of it.
  [[nodiscard]] GbfsHeard hear(HttpOutcome outcome, Seconds now) const;

  // What was asked last: as the feed names it, and for messages.
  [[nodiscard]] const std::string& url() const { return url_; }
  [[nodiscard]] const std::string& shown_url() const { return shown_url_; }

  // Its document is none of those that are `wanted`.
  [[nodiscard]] PollFailure not_wanted(const GbfsDocument& found, std::string_view wanted) const;
  // It is of versions, and none can be taken.
  [[nodiscard]] PollFailure no_version(const GbfsVersions& versions) const;

  // Without what must not be shown.
  [[nodiscard]] std::string masked(std::string text) const {
    return secrets_.masked(std::move(text));
  }
  [[nodiscard]] bool has_key_in(std::string_view text) const { return secrets_.are_in(text); }

  // A notice, once in a life for each `what`.
  void say(std::string_view what, std::string text);
  std::vector<std::string> take_notices() { return std::exchange(notices_, {}); }

 private:
  explicit GbfsTalk(GbfsSettings settings);

  [[nodiscard]] std::string outgoing(const std::string& url) const;
  [[nodiscard]] GbfsHeard hear_document(const HttpAnswer& answer) const;

  GbfsSettings settings_;
  Secrets secrets_;
  std::string url_;
  std::string shown_url_;
  bool asked_on_condition_ = false;  // that it has changed
  std::set<std::string, std::less<>> said_;
  std::vector<std::string> notices_;
};

}  // namespace bikeflow
