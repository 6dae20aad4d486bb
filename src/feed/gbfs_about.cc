#include "feed/gbfs_about.h"

#include <algorithm>
#include <cstddef>

#include <fmt/core.h>

#include "base/check.h"
#include "feed/gbfs_discovery.h"
#include "feed/gbfs_url.h"
#include "feed/poll_failure.h"
#include "feed/refusal.h"
#include "model/system_id.h"

namespace bikeflow {
namespace {

constexpr std::size_t kMostVersions = 4;  // asked for what the one at hand does not say

// A host that refuses is not asked more.
bool is_refusal(const PollFailure& failure) {
  return failure.reason == poll_reason::kTooManyRequests || failure.reason == poll_reason::kBadKey;
}

PollFailure no_system(std::string text, std::string_view keys) {
  return {"no_system", fmt::format("{}; set {} in the configuration", text, keys), true};
}

}  // namespace

Result<GbfsInquiry> GbfsInquiry::open(GbfsSettings settings, GbfsGiven given) {
  CHECK(given.system_id.empty() || is_system_id(given.system_id));
  auto talk = GbfsTalk::open(std::move(settings));
  if (!talk) return std::unexpected(talk.error());
  return GbfsInquiry(*std::move(talk), std::move(given));
}

GbfsAboutStep GbfsInquiry::begin(Seconds /*now*/) {
  has_versions_ = false;
  versions_url_.clear();
  versions_.clear();
  failure_.reset();
  return ask(Asked::kDiscovery, talk_.settings().url);
}

GbfsAboutStep GbfsInquiry::ask(Asked what, std::string url) {
  asked_ = what;
  return talk_.ask(std::move(url));
}

GbfsAboutStep GbfsInquiry::answered(HttpOutcome outcome, Seconds now) {
  const Asked asked = std::exchange(asked_, Asked::kNothing);
  CHECK(asked != Asked::kNothing);  // an answer to a question that nobody asked
  GbfsHeard heard = talk_.hear(std::move(outcome), now);
  if (!heard.document && is_refusal(heard.failure)) {
    return end(std::unexpected(std::move(heard.failure)), heard.wait_s);
  }
  switch (asked) {
    case Asked::kDiscovery:
      return on_discovery(std::move(heard));
    case Asked::kVersions:
      return on_versions(std::move(heard));
    case Asked::kVersion:
      return on_version(std::move(heard));
    case Asked::kSystem:
    case Asked::kNothing:
      break;
  }
  return on_system(std::move(heard));
}

GbfsAboutStep GbfsInquiry::on_discovery(GbfsHeard heard) {
  if (!heard.document) {
    if (heard.failure.reason != poll_reason::kGone) {
      return end(std::unexpected(std::move(heard.failure)), heard.wait_s);
    }
    failure_ = std::move(heard.failure);
    return ask(Asked::kSystem, guess_links(talk_.settings().url).system_url);
  }
  if (const auto* discovery = std::get_if<GbfsDiscovery>(&heard.document->content)) {
    return use(*discovery, heard.document->head.version);
  }
  if (const auto* versions = std::get_if<GbfsVersions>(&heard.document->content)) {
    take_versions(*versions);
    if (versions_.empty()) return end(std::unexpected(talk_.no_version(*versions)), 0);
    return ask_next_version();
  }
  return end(std::unexpected(talk_.not_wanted(*heard.document, "gbfs.json")), 0);
}

GbfsAboutStep GbfsInquiry::use(const GbfsDiscovery& discovery, std::string_view version) {
  GbfsLinks links = choose_links(discovery, version, talk_.url(), talk_.settings().language);
  if (!has_versions_) versions_url_ = std::move(links.versions_url);
  if (!links.system_url.empty()) return ask(Asked::kSystem, std::move(links.system_url));
  return go_on(
      no_system(fmt::format("{}: lists no system_information (it lists: {})", talk_.shown_url(),
                            links.names.empty() ? "nothing" : links.names),
                keys_to_set()),
      0);
}

// What a list of versions offers is asked once: a version's own list is not followed.
void GbfsInquiry::take_versions(const GbfsVersions& versions) {
  has_versions_ = true;
  const GbfsSettings& settings = talk_.settings();
  versions_ = newer_versions(versions, "", talk_.url(), settings.url, settings.system_id);
  versions_.resize(std::min(versions_.size(), kMostVersions));
}

GbfsAboutStep GbfsInquiry::on_versions(GbfsHeard heard) {
  if (!heard.document) return go_on(std::move(heard.failure), heard.wait_s);
  if (const auto* versions = std::get_if<GbfsVersions>(&heard.document->content)) {
    take_versions(*versions);
  }
  return go_on(talk_.not_wanted(*heard.document, "list of versions"), 0);
}

GbfsAboutStep GbfsInquiry::on_version(GbfsHeard heard) {
  if (!heard.document) return go_on(std::move(heard.failure), heard.wait_s);
  if (const auto* discovery = std::get_if<GbfsDiscovery>(&heard.document->content)) {
    return use(*discovery, heard.document->head.version);
  }
  return go_on(talk_.not_wanted(*heard.document, "gbfs.json"), 0);
}

GbfsAboutStep GbfsInquiry::on_system(GbfsHeard heard) {
  if (!heard.document) {
    // What may be mended by itself is waited for.
    if (!heard.failure.is_permanent && versions_.empty()) {
      return end(std::unexpected(std::move(heard.failure)), heard.wait_s);
    }
    heard.failure.text += fmt::format("; or set {} in the configuration", keys_to_set());
    return go_on(std::move(heard.failure), heard.wait_s);
  }
  const auto* const system = std::get_if<GbfsSystem>(&heard.document->content);
  if (system == nullptr) {
    PollFailure failure = talk_.not_wanted(*heard.document, "system_information");
    return go_on(no_system(std::move(failure.text), keys_to_set()), 0);
  }
  return end(judge(*system), 0);
}

GbfsAboutStep GbfsInquiry::go_on(PollFailure failure, Seconds wait_s) {
  if (!failure_) failure_ = std::move(failure);
  if (!versions_.empty()) return ask_next_version();
  if (!versions_url_.empty()) return ask(Asked::kVersions, std::exchange(versions_url_, {}));
  return end(std::unexpected(*std::exchange(failure_, {})), wait_s);
}

GbfsAboutStep GbfsInquiry::ask_next_version() {
  std::string url = std::move(versions_.front().url);
  versions_.erase(versions_.begin());
  return ask(Asked::kVersion, std::move(url));
}

std::expected<GbfsAbout, PollFailure> GbfsInquiry::judge(const GbfsSystem& system) {
  std::string id = given_.system_id;
  if (id.empty()) {
    id = system_id_from(system.system_id);
    if (id.empty()) {
      return std::unexpected(no_system(
          system.system_id.empty()
              ? fmt::format("{}: has no system_id", talk_.shown_url())
              : fmt::format("{}: system_id is '{}', and nothing of it can be the name of a folder",
                            talk_.shown_url(), shown(system.system_id)),
          "`id`"));
    }
    if (id != system.system_id) {
      talk_.say("id", fmt::format("{}: system_id is '{}': it is called '{}' here",
                                  talk_.shown_url(), shown(system.system_id), id));
    }
  }
  if (given_.timezone) return GbfsAbout{std::move(id), *given_.timezone, system.name};
  if (system.timezone.empty()) {
    return std::unexpected(
        no_system(fmt::format("{}: has no timezone", talk_.shown_url()), "`timezone`"));
  }
  // What is changed by being made fit to be shown is no zone's name.
  auto zone = Zone::load(shown(system.timezone));
  if (!zone) {
    return std::unexpected(no_system(
        fmt::format("{}: timezone: {}", talk_.shown_url(), zone.error().message), "`timezone`"));
  }
  return GbfsAbout{std::move(id), *std::move(zone), system.name};
}

std::string_view GbfsInquiry::keys_to_set() const {
  if (!given_.system_id.empty()) return "`timezone`";
  return given_.timezone ? "`id`" : "`id` and `timezone`";
}

GbfsAboutEnd GbfsInquiry::end(std::expected<GbfsAbout, PollFailure> what, Seconds wait_s) {
  // A feed may echo a key anywhere, even in the name of one of its documents.
  if (!what) what.error().text = talk_.masked(std::move(what.error().text));
  return {std::move(what), wait_s, talk_.take_notices()};
}

}  // namespace bikeflow
