#include "feed/gbfs_source.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include <fmt/core.h>

#include "base/check.h"
#include "base/hash.h"
#include "feed/gbfs_url.h"
#include "feed/poll_failure.h"
#include "feed/refusal.h"

namespace bikeflow {
namespace {

constexpr std::uint8_t kSavedForm = 2;

constexpr Seconds kLinksLife = kDay;    // then gbfs.json is asked whether anything moved
constexpr Seconds kLinksRetry = kHour;  // after it could not say so, or was guessed
constexpr Seconds kFactsLife = kHour;   // station_information, unless its ttl is longer
constexpr Seconds kFactsRetry = 5 * kMinute;
constexpr Seconds kMostTtl = kHour;  // believed of a station_status
constexpr Seconds kMostRetryAfter = kDay;
constexpr Seconds kTooManyWait = kMinute;    // after 429 without Retry-After
constexpr Seconds kMostAhead = 5 * kMinute;  // of the clock
constexpr Seconds kStale = kHour;            // a document that old is worth a word
constexpr Seconds kMayPass = kHour;          // after it has worked, what else would be permanent
constexpr std::size_t kMostGiven = 16;       // times of documents that are known again
constexpr std::size_t kMostSaid = 100;       // kinds of notices in a life
constexpr std::size_t kMostVersions = 4;     // tried before the one at hand is taken

// A time so far ahead that the clock must have been put back since is over, too.
bool is_over(Seconds due, Seconds most_ahead, Seconds now) {
  return now >= due || due - now > most_ahead;
}

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

Result<GbfsSource> GbfsSource::open(GbfsSettings settings) {
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
  return GbfsSource(std::move(settings));
}

GbfsSource::GbfsSource(GbfsSettings settings)
    : settings_(std::move(settings)), secrets_(secrets_of(settings_)) {}

FeedStep GbfsSource::begin(Seconds now) {
  has_discovered_ = false;
  // Before the wait began there was another clock.
  if (is_restored_ && now >= waits_since_ && !is_over(not_before_, kMostRetryAfter, now)) {
    return end(Unchanged{observed_at_, false}, not_before_ - now, now);
  }
  is_restored_ = false;
  root_.reset();
  return next(now);
}

// What the poll needs next.
FeedStep GbfsSource::next(Seconds now) {
  if (root_) {
    if (!root_->was_asked_for_versions && settings_.takes_newest_version &&
        !root_->links.versions_url.empty()) {
      root_->was_asked_for_versions = true;
      return ask(Asked::kVersions, root_->links.versions_url);
    }
    if (!root_->newer.empty()) {
      std::string url = std::move(root_->newer.front().url);
      root_->newer.erase(root_->newer.begin());
      return ask(Asked::kVersion, std::move(url));
    }
    GbfsLinks links = std::move(root_->links);
    root_.reset();
    return settle(std::move(links), settings_.url, now);
  }
  if (!links_ || (is_over(links_due_, kLinksLife, now) && !has_discovered_)) {
    has_discovered_ = true;
    return ask(Asked::kDiscovery, settings_.url);
  }
  if (!links_->information_url.empty() && is_over(facts_due_, kDay, now)) {
    return ask(Asked::kInformation, links_->information_url, information_validators_);
  }
  return ask(Asked::kStatus, links_->status_url, status_validators_);
}

// With what the feed wants on each of its addresses: the settings' parameters, and those of
// gbfs.json.
std::string GbfsSource::outgoing(const std::string& url) const {
  if (is_https(settings_.url) && !is_https(url)) return url;
  std::string out = with_query(url, query_of(settings_.url));
  for (const HttpHeader& parameter : settings_.parameters) {
    out = with_query(out, fmt::format("{}={}", percent_encoded(parameter.name),
                                      percent_encoded(parameter.value)));
  }
  return out;
}

FeedStep GbfsSource::ask(Asked what, std::string url, const Validators& validators) {
  asked_ = what;
  asked_url_ = std::move(url);
  asked_on_condition_ = !validators.etag.empty() || !validators.last_modified.empty();
  HttpRequest request;
  request.url = outgoing(asked_url_);
  request.shown_url = asked_shown_ = secrets_.masked(shown_url_of(request.url));
  if (!is_https(settings_.url) || is_https(asked_url_)) {
    request.headers = settings_.headers;
  } else if (!settings_.headers.empty() || !settings_.parameters.empty()) {
    say("plain http", fmt::format("{} is named by a feed that came by https: its key is not sent "
                                  "there",
                                  asked_shown_));
  }
  if (!validators.etag.empty()) request.headers.push_back({"If-None-Match", validators.etag});
  if (!validators.last_modified.empty()) {
    request.headers.push_back({"If-Modified-Since", validators.last_modified});
  }
  return request;
}

FeedStep GbfsSource::answered(HttpOutcome outcome, Seconds now) {
  const Asked asked = std::exchange(asked_, Asked::kNothing);
  Heard heard = hear(std::move(outcome), now);
  switch (asked) {
    case Asked::kDiscovery:
      return on_discovery(std::move(heard), now);
    case Asked::kVersions:
      return on_versions(std::move(heard), now);
    case Asked::kVersion:
      return on_version(heard, now);
    case Asked::kInformation:
      return on_information(std::move(heard), now);
    case Asked::kStatus:
      return on_status(std::move(heard), now);
    case Asked::kNothing:
      break;
  }
  CHECK(asked != Asked::kNothing);  // an answer to a question that nobody asked
  return end_failed({"no_answer", "", false}, 0, now);
}

GbfsSource::Heard GbfsSource::hear(HttpOutcome outcome, Seconds now) {
  Heard heard;
  if (!outcome) {
    heard.failure = no_answer(outcome.error(), asked_shown_);
    return heard;
  }
  if (outcome->status == 200 || outcome->status == 203) return hear_document(*outcome);
  if (outcome->status == 304 && asked_on_condition_) {
    heard.is_not_modified = true;
    return heard;
  }
  const bool has_key = !settings_.headers.empty() || !settings_.parameters.empty() ||
                       !query_of(settings_.url).empty();
  heard.failure = wrong_status(outcome->status, asked_shown_, has_key);
  heard.wait_s = outcome->status == 429 ? kTooManyWait : 0;
  if (const auto wait = retry_after_s(outcome->retry_after, now)) {
    heard.wait_s = std::min(*wait, kMostRetryAfter);
  }
  return heard;
}

GbfsSource::Heard GbfsSource::hear_document(const HttpAnswer& answer) const {
  Heard heard;
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
                   fmt::format("{}: {}: found '{}'; it is asked again", asked_shown_,
                               document.error().message, shown(body)),
                   false};
  return heard;
}

FeedStep GbfsSource::on_discovery(Heard heard, Seconds now) {
  if (!heard.document) return without_discovery(std::move(heard), now);
  GbfsDocument& document = *heard.document;
  if (const auto* discovery = std::get_if<GbfsDiscovery>(&document.content)) {
    root_ = Root{
        choose_links(*discovery, document.head.version, asked_url_, settings_.language), {}, false};
    return next(now);
  }
  if (const auto* versions = std::get_if<GbfsVersions>(&document.content)) {
    // The address is of a list of versions: one of them must do.
    root_ = Root{{}, newer_versions(*versions, "", asked_url_, "", settings_.system_id), true};
    if (root_->newer.size() > kMostVersions) root_->newer.resize(kMostVersions);
    if (!root_->newer.empty()) return next(now);
    root_.reset();
    heard.failure = {"not_gbfs",
                     fmt::format("{}: a list of versions of {} systems, and none of it can be "
                                 "taken; name the system, or give the address of its gbfs.json",
                                 asked_shown_, versions->datasets.size()),
                     true};
  } else {
    heard.failure = not_wanted(document, "gbfs.json");
  }
  heard.document.reset();
  return without_discovery(std::move(heard), now);
}

// No gbfs.json: what was found before, or else its siblings under their usual names, may still do.
FeedStep GbfsSource::without_discovery(Heard heard, Seconds now) {
  // A host that refuses is not asked more in this poll.
  const bool is_refused =
      heard.failure.reason == "too_many_requests" || heard.failure.reason == "bad_key";
  if (links_) links_due_ = now + kLinksRetry;  // until then what it named before may do
  if (is_refused || (!links_ && heard.failure.reason != "gone")) {
    return end_failed(std::move(heard.failure), heard.wait_s, now);
  }
  if (links_) {
    say("old links", heard.failure.text + "; the addresses that it named before are read");
  } else {
    say("guess", heard.failure.text + "; its documents are looked for beside it");
    use(guess_links(settings_.url), now, kLinksRetry);
  }
  return next(now);
}

FeedStep GbfsSource::on_versions(Heard heard, Seconds now) {
  if (const auto* versions =
          heard.document ? std::get_if<GbfsVersions>(&heard.document->content) : nullptr) {
    root_->newer = newer_versions(*versions, root_->links.version, asked_url_, settings_.url,
                                  settings_.system_id);
    if (root_->newer.size() > kMostVersions) root_->newer.resize(kMostVersions);
  }
  if (heard.failure.reason == "too_many_requests") return stop_negotiating(heard, now);
  return next(now);
}

FeedStep GbfsSource::on_version(const Heard& heard, Seconds now) {
  const auto* discovery =
      heard.document ? std::get_if<GbfsDiscovery>(&heard.document->content) : nullptr;
  if (discovery != nullptr) {
    GbfsLinks links =
        choose_links(*discovery, heard.document->head.version, asked_url_, settings_.language);
    if (!links.status_url.empty()) {
      root_.reset();
      say("version", fmt::format("version {} of the feed is read, which {} offers",
                                 shown(links.version), shown_url_of(settings_.url)));
      return settle(std::move(links), asked_url_, now);
    }
  }
  if (heard.failure.reason == "too_many_requests") return stop_negotiating(heard, now);
  say("dead version " + asked_url_,
      fmt::format("{}: offered as a newer version of the feed, but {}; another one is read",
                  asked_shown_,
                  heard.document ? "it lists no station_status" : "it does not answer with one"));
  const bool was_last = root_->newer.empty() && root_->links.status_url.empty();
  if (!was_last || heard.document) return next(now);
  root_.reset();
  return end_failed(heard.failure, heard.wait_s, now);
}

// The version at hand is good enough: the next poll goes on with it.
FeedStep GbfsSource::stop_negotiating(const Heard& heard, Seconds now) {
  if (!root_->links.status_url.empty()) use(std::move(root_->links), now, kLinksLife);
  root_.reset();
  return end_failed(heard.failure, heard.wait_s, now);
}

// The end of discovery.
FeedStep GbfsSource::settle(GbfsLinks links, std::string_view url, Seconds now) {
  if (links.has_vehicles && !links.status_url.empty()) {
    say("vehicles",
        "the feed has free-floating vehicles too; they stand at no station and are not "
        "counted");
  }
  if (links.status_url.empty()) {
    // What it named before may still do; a system that never had any gets none soon.
    if (links_) links_due_ = now + kLinksRetry;
    const Seconds wait_s = links_ ? 0 : kLinksRetry;
    return end_failed(
        {"no_stations",
         fmt::format("{}: lists no station_status (it lists: {}); bikes are counted "
                     "at stations, and a system without any cannot be read",
                     shown_url_of(url), links.names.empty() ? "nothing" : links.names),
         true},
        wait_s, now);
  }
  use(std::move(links), now, kLinksLife);
  return next(now);
}

void GbfsSource::use(GbfsLinks links, Seconds now, Seconds life_s) {
  if (!links_ || links_->information_url != links.information_url) {
    information_validators_ = {};
    facts_due_ = now;
  }
  if (!links_ || links_->status_url != links.status_url) status_validators_ = {};
  links_ = std::move(links);
  links_due_ = now + life_s;
}

bool GbfsSource::is_to_rediscover(const Heard& heard, Seconds now) {
  if (heard.failure.reason != "gone" || has_discovered_) return false;
  links_due_ = now;
  return true;
}

FeedStep GbfsSource::on_information(Heard heard, Seconds now) {
  if (is_to_rediscover(heard, now)) return next(now);
  if (heard.is_not_modified) {
    facts_due_ = now + kFactsLife;
    return next(now);
  }
  auto* const stations =
      heard.document ? std::get_if<GbfsStations>(&heard.document->content) : nullptr;
  if (stations != nullptr) {
    facts_ = facts_of(std::move(*stations));
    facts_due_ = now + std::clamp(heard.document->head.ttl_s, kFactsLife, kDay);
    information_validators_ = std::move(heard.validators);
    return next(now);
  }
  facts_due_ = now + kFactsRetry;
  if (heard.failure.reason == "too_many_requests") {
    return end_failed(std::move(heard.failure), heard.wait_s, now);
  }
  const PollFailure failure =
      heard.document ? not_wanted(*heard.document, "station_information") : heard.failure;
  say("information", failure.text + "; names, places and racks stay as they are known");
  return next(now);
}

FeedStep GbfsSource::on_status(Heard heard, Seconds now) {
  if (heard.is_not_modified) {
    say_if_stale(now);
    worked_at_ = now;
    return end(Unchanged{observed_at_}, status_ttl_s_, now);
  }
  if (heard.document) {
    GbfsDocument& document = *heard.document;
    auto* const stations = std::get_if<GbfsStations>(&document.content);
    if (stations != nullptr && stations->has_counts) {
      return on_stations(std::move(document.head), std::move(*stations),
                         std::move(heard.validators), now);
    }
    if (stations != nullptr && stations->stations.empty() && stations->refused.empty()) {
      return end_failed({"no_stations",
                         asked_shown_ + ": lists no station; a system without stations cannot be "
                                        "read, any other is asked again",
                         false},
                        std::min(document.head.ttl_s, kMostTtl), now);
    }
    heard.failure = not_wanted(document, "station_status");
  }
  if (is_to_rediscover(heard, now)) return next(now);
  // It may have moved and left something else behind.
  links_due_ = std::min(links_due_, now + kLinksRetry);
  status_validators_ = {};
  return end_failed(std::move(heard.failure), heard.wait_s, now);
}

FeedStep GbfsSource::on_stations(GbfsHead head, GbfsStations stations, Validators validators,
                                 Seconds now) {
  if (head.ttl_s > kMostTtl) {
    say("ttl", fmt::format("{}: says that it does not change for {} s; it is asked every {} s",
                           asked_shown_, head.ttl_s, kMostTtl));
  }
  status_ttl_s_ = std::min(head.ttl_s, kMostTtl);
  if (!head.last_updated) {
    say("no time",
        fmt::format("{}: last_updated is {}: no time; that of the answer is taken", asked_shown_,
                    head.last_updated_text.empty() ? "absent" : head.last_updated_text));
  }
  const Seconds observed_at = head.last_updated.value_or(now);
  if (observed_at > now + kMostAhead) {
    return end_failed(
        {"future",
         fmt::format("{}: last_updated is {}, {} s ahead of this machine's clock, {}; if the clock "
                     "is right, its operator should know",
                     asked_shown_, format_utc(observed_at), observed_at - now, format_utc(now)),
         false},
        status_ttl_s_, now);
  }
  status_validators_ = std::move(validators);
  worked_at_ = now;
  observed_at_ = head.last_updated ? std::max(observed_at_, observed_at) : observed_at;
  say_if_stale(now);
  if (head.last_updated && was_given(observed_at)) {
    return end(Unchanged{observed_at_}, status_ttl_s_, now);
  }
  return end(make_round(std::move(stations), facts_, observed_at), status_ttl_s_, now);
}

// Whether a document of that time has been a round lately; from now on it has.
bool GbfsSource::was_given(Seconds observed_at) {
  const bool was_given = std::erase(given_, observed_at) > 0;
  if (given_.size() == kMostGiven) given_.erase(given_.begin());
  given_.push_back(observed_at);
  return was_given;
}

void GbfsSource::say_if_stale(Seconds now) {
  if (now - observed_at_ <= kStale) {
    said_.erase("stale");  // it may stop again
    return;
  }
  say("stale", fmt::format("{}: last_updated is {}, {} s ago: the feed may have stopped",
                           asked_shown_, format_utc(observed_at_), now - observed_at_));
}

PollFailure GbfsSource::not_wanted(const GbfsDocument& found, std::string_view wanted) const {
  std::string text = fmt::format("{}: {}, expected a {}", asked_shown_, gbfs_kind(found), wanted);
  if (wanted == "gbfs.json" && !std::holds_alternative<GbfsOther>(found.content)) {
    text += fmt::format(
        "; give the address of the system's gbfs.json, which names this one "
        "(often {})",
        shown_url_of(sibling_url(asked_url_, "gbfs")));
  }
  return {"not_gbfs", std::move(text), true};
}

PollEnd GbfsSource::end(std::variant<Round, Unchanged, PollFailure> what, Seconds wait_s,
                        Seconds now) {
  asked_ = Asked::kNothing;
  wait_s = std::max(wait_s, settings_.floor_s);
  waits_since_ = now;
  not_before_ = now + wait_s;
  return {std::move(what), wait_s, std::exchange(notices_, {})};
}

PollEnd GbfsSource::end_failed(PollFailure failure, Seconds wait_s, Seconds now) {
  // What has just worked may work again by itself, except for a key.
  if (worked_at_ != 0 && now - worked_at_ < kMayPass && failure.reason != "bad_key") {
    failure.is_permanent = false;
  }
  // A feed may echo a key anywhere, even in the name of one of its documents.
  failure.text = secrets_.masked(std::move(failure.text));
  return end(std::move(failure), wait_s, now);
}

void GbfsSource::say(std::string_view what, std::string text) {
  if (said_.size() < kMostSaid && said_.emplace(what).second)
    notices_.push_back(secrets_.masked(std::move(text)));
}

void GbfsSource::save(Writer& out) const {
  out.u8(kSavedForm);
  out.u64(hash64(settings_.url));
  out.zigzag(waits_since_);
  out.zigzag(not_before_);
  out.zigzag(worked_at_);
  // A feed may put the key into the addresses that it names; then they are asked for anew.
  const bool is_saved =
      links_ && !secrets_.are_in(links_->status_url) && !secrets_.are_in(links_->information_url);
  out.u8(is_saved ? 1 : 0);
  if (!is_saved) return;
  out.zigzag(links_due_);
  out.string(links_->version);
  out.string(links_->status_url);
  out.string(links_->information_url);
}

bool GbfsSource::load(Reader& in) {
  if (in.u8() != kSavedForm) return false;
  const bool is_ours = in.u64() == hash64(settings_.url);
  const auto time = [&] {
    const Seconds value = in.zigzag();
    if (value < -kLatestTime || value > kLatestTime) in.set_failed();
    return value;
  };
  const Seconds waits_since = time();
  const Seconds not_before = time();
  const Seconds worked_at = time();
  const std::uint8_t has_links = in.u8();
  if (has_links > 1) in.set_failed();
  Seconds links_due = 0;
  GbfsLinks links;
  if (has_links == 1) {
    links_due = time();
    links.version = in.string();
    links.status_url = in.string();
    links.information_url = in.string();
    if (!is_http_url(links.status_url)) in.set_failed();
    if (!links.information_url.empty() && !is_http_url(links.information_url)) in.set_failed();
  }
  if (!in.ok()) return false;
  if (!is_ours) return true;  // of the address that was set before
  waits_since_ = waits_since;
  not_before_ = not_before;
  is_restored_ = true;
  worked_at_ = worked_at;
  if (has_links == 1) {
    links_ = std::move(links);
    links_due_ = links_due;
  }
  return true;
}

std::string GbfsSource::budget(Seconds /*now*/) const { return ""; }

}  // namespace bikeflow
