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
constexpr Seconds kMostTtl = kHour;          // believed of a station_status
constexpr Seconds kMostAhead = 5 * kMinute;  // of the clock
constexpr Seconds kStale = kHour;            // a document that old is worth a word
constexpr Seconds kMayPass = kHour;          // after it has worked, what else would be permanent
constexpr std::size_t kMostGiven = 16;       // times of documents that are known again
constexpr std::size_t kMostVersions = 4;     // tried before the one at hand is taken

// A time so far ahead that the clock must have been put back since is over, too.
bool is_over(Seconds due, Seconds most_ahead, Seconds now) {
  return now >= due || due - now > most_ahead;
}

}  // namespace

Result<GbfsSource> GbfsSource::open(GbfsSettings settings) {
  auto talk = GbfsTalk::open(std::move(settings));
  if (!talk) return std::unexpected(talk.error());
  return GbfsSource(*std::move(talk));
}

FeedStep GbfsSource::begin(Seconds now) {
  has_discovered_ = false;
  // Before the wait began there was another clock.
  if (is_restored_ && now >= waits_since_ &&
      !is_over(not_before_, GbfsTalk::kMostRetryAfter, now)) {
    return end(Unchanged{observed_at_, false}, not_before_ - now, now);
  }
  is_restored_ = false;
  root_.reset();
  return next(now);
}

// What the poll needs next.
FeedStep GbfsSource::next(Seconds now) {
  if (root_) {
    if (!root_->was_asked_for_versions && talk_.settings().takes_newest_version &&
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
    return settle(std::move(links), talk_.settings().url, now);
  }
  if (!links_ || (is_over(links_due_, kLinksLife, now) && !has_discovered_)) {
    has_discovered_ = true;
    return ask(Asked::kDiscovery, talk_.settings().url);
  }
  if (!links_->information_url.empty() && is_over(facts_due_, kDay, now)) {
    return ask(Asked::kInformation, links_->information_url, information_validators_);
  }
  return ask(Asked::kStatus, links_->status_url, status_validators_);
}

FeedStep GbfsSource::ask(Asked what, std::string url, const GbfsValidators& validators) {
  asked_ = what;
  return talk_.ask(std::move(url), validators);
}

FeedStep GbfsSource::answered(HttpOutcome outcome, Seconds now) {
  const Asked asked = std::exchange(asked_, Asked::kNothing);
  GbfsHeard heard = talk_.hear(std::move(outcome), now);
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

FeedStep GbfsSource::on_discovery(GbfsHeard heard, Seconds now) {
  if (!heard.document) return without_discovery(std::move(heard), now);
  GbfsDocument& document = *heard.document;
  if (const auto* discovery = std::get_if<GbfsDiscovery>(&document.content)) {
    root_ = Root{
        choose_links(*discovery, document.head.version, talk_.url(), talk_.settings().language),
        {},
        false};
    return next(now);
  }
  if (const auto* versions = std::get_if<GbfsVersions>(&document.content)) {
    // The address is of a list of versions: one of them must do.
    root_ =
        Root{{}, newer_versions(*versions, "", talk_.url(), "", talk_.settings().system_id), true};
    if (root_->newer.size() > kMostVersions) root_->newer.resize(kMostVersions);
    if (!root_->newer.empty()) return next(now);
    root_.reset();
    heard.failure = talk_.no_version(*versions);
  } else {
    heard.failure = talk_.not_wanted(document, "gbfs.json");
  }
  heard.document.reset();
  return without_discovery(std::move(heard), now);
}

// No gbfs.json: what was found before, or else its siblings under their usual names, may still do.
FeedStep GbfsSource::without_discovery(GbfsHeard heard, Seconds now) {
  // A host that refuses is not asked more in this poll.
  const bool is_refused =
      heard.failure.reason == "too_many_requests" || heard.failure.reason == "bad_key";
  if (links_) links_due_ = now + kLinksRetry;  // until then what it named before may do
  if (is_refused || (!links_ && heard.failure.reason != "gone")) {
    return end_failed(std::move(heard.failure), heard.wait_s, now);
  }
  if (links_) {
    talk_.say("old links", heard.failure.text + "; the addresses that it named before are read");
  } else {
    talk_.say("guess", heard.failure.text + "; its documents are looked for beside it");
    use(guess_links(talk_.settings().url), now, kLinksRetry);
  }
  return next(now);
}

FeedStep GbfsSource::on_versions(GbfsHeard heard, Seconds now) {
  if (const auto* versions =
          heard.document ? std::get_if<GbfsVersions>(&heard.document->content) : nullptr) {
    root_->newer = newer_versions(*versions, root_->links.version, talk_.url(),
                                  talk_.settings().url, talk_.settings().system_id);
    if (root_->newer.size() > kMostVersions) root_->newer.resize(kMostVersions);
  }
  if (heard.failure.reason == "too_many_requests") return stop_negotiating(heard, now);
  return next(now);
}

FeedStep GbfsSource::on_version(const GbfsHeard& heard, Seconds now) {
  const auto* discovery =
      heard.document ? std::get_if<GbfsDiscovery>(&heard.document->content) : nullptr;
  if (discovery != nullptr) {
    GbfsLinks links = choose_links(*discovery, heard.document->head.version, talk_.url(),
                                   talk_.settings().language);
    if (!links.status_url.empty()) {
      root_.reset();
      talk_.say("version", fmt::format("version {} of the feed is read, which {} offers",
                                       shown(links.version), shown_url_of(talk_.settings().url)));
      return settle(std::move(links), talk_.url(), now);
    }
  }
  if (heard.failure.reason == "too_many_requests") return stop_negotiating(heard, now);
  talk_.say(
      "dead version " + talk_.url(),
      fmt::format("{}: offered as a newer version of the feed, but {}; another one is read",
                  talk_.shown_url(),
                  heard.document ? "it lists no station_status" : "it does not answer with one"));
  const bool was_last = root_->newer.empty() && root_->links.status_url.empty();
  if (!was_last || heard.document) return next(now);
  root_.reset();
  return end_failed(heard.failure, heard.wait_s, now);
}

// The version at hand is good enough: the next poll goes on with it.
FeedStep GbfsSource::stop_negotiating(const GbfsHeard& heard, Seconds now) {
  if (!root_->links.status_url.empty()) use(std::move(root_->links), now, kLinksLife);
  root_.reset();
  return end_failed(heard.failure, heard.wait_s, now);
}

// The end of discovery.
FeedStep GbfsSource::settle(GbfsLinks links, std::string_view url, Seconds now) {
  if (links.has_vehicles && !links.status_url.empty()) {
    talk_.say("vehicles",
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

bool GbfsSource::is_to_rediscover(const GbfsHeard& heard, Seconds now) {
  if (heard.failure.reason != "gone" || has_discovered_) return false;
  links_due_ = now;
  return true;
}

FeedStep GbfsSource::on_information(GbfsHeard heard, Seconds now) {
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
      heard.document ? talk_.not_wanted(*heard.document, "station_information") : heard.failure;
  talk_.say("information", failure.text + "; names, places and racks stay as they are known");
  return next(now);
}

FeedStep GbfsSource::on_status(GbfsHeard heard, Seconds now) {
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
      return end_failed(
          {"no_stations",
           talk_.shown_url() + ": lists no station; a system without stations cannot be "
                               "read, any other is asked again",
           false},
          std::min(document.head.ttl_s, kMostTtl), now);
    }
    heard.failure = talk_.not_wanted(document, "station_status");
  }
  if (is_to_rediscover(heard, now)) return next(now);
  // It may have moved and left something else behind.
  links_due_ = std::min(links_due_, now + kLinksRetry);
  status_validators_ = {};
  return end_failed(std::move(heard.failure), heard.wait_s, now);
}

FeedStep GbfsSource::on_stations(GbfsHead head, GbfsStations stations, GbfsValidators validators,
                                 Seconds now) {
  if (head.ttl_s > kMostTtl) {
    talk_.say("ttl",
              fmt::format("{}: says that it does not change for {} s; it is asked every {} s",
                          talk_.shown_url(), head.ttl_s, kMostTtl));
  }
  status_ttl_s_ = std::min(head.ttl_s, kMostTtl);
  if (!head.last_updated) {
    talk_.say("no time",
              fmt::format("{}: last_updated is {}: no time; that of the answer is taken",
                          talk_.shown_url(),
                          head.last_updated_text.empty() ? "absent" : head.last_updated_text));
  }
  const Seconds observed_at = head.last_updated.value_or(now);
  if (observed_at > now + kMostAhead) {
    return end_failed(
        {"future",
         fmt::format("{}: last_updated is {}, {} s ahead of this machine's clock, {}; if the clock "
                     "is right, its operator should know",
                     talk_.shown_url(), format_utc(observed_at), observed_at - now,
                     format_utc(now)),
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
    talk_.may_say_again("stale");  // it may stop again
    return;
  }
  talk_.say("stale", fmt::format("{}: last_updated is {}, {} s ago: the feed may have stopped",
                                 talk_.shown_url(), format_utc(observed_at_), now - observed_at_));
}

PollEnd GbfsSource::end(std::variant<Round, Unchanged, PollFailure> what, Seconds wait_s,
                        Seconds now) {
  asked_ = Asked::kNothing;
  wait_s = std::max(wait_s, talk_.settings().floor_s);
  waits_since_ = now;
  not_before_ = now + wait_s;
  return {std::move(what), wait_s, talk_.take_notices()};
}

PollEnd GbfsSource::end_failed(PollFailure failure, Seconds wait_s, Seconds now) {
  // What has just worked may work again by itself, except for a key.
  if (worked_at_ != 0 && now - worked_at_ < kMayPass && failure.reason != "bad_key") {
    failure.is_permanent = false;
  }
  // A feed may echo a key anywhere, even in the name of one of its documents.
  failure.text = talk_.masked(std::move(failure.text));
  return end(std::move(failure), wait_s, now);
}

void GbfsSource::save(Writer& out) const {
  out.u8(kSavedForm);
  out.u64(hash64(talk_.settings().url));
  out.zigzag(waits_since_);
  out.zigzag(not_before_);
  out.zigzag(worked_at_);
  // A feed may put the key into the addresses that it names; then they are asked for anew.
  const bool is_saved =
      links_ && !talk_.has_key_in(links_->status_url) && !talk_.has_key_in(links_->information_url);
  out.u8(is_saved ? 1 : 0);
  if (!is_saved) return;
  out.zigzag(links_due_);
  out.string(links_->version);
  out.string(links_->status_url);
  out.string(links_->information_url);
}

bool GbfsSource::load(Reader& in) {
  if (in.u8() != kSavedForm) return false;
  const bool is_ours = in.u64() == hash64(talk_.settings().url);
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
  status_validators_ = {};
  observed_at_ = 0;
  given_.clear();
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
