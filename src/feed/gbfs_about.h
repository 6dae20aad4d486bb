// What a GBFS feed says of its system: id, time zone and name. So a feed can be read of which
// nothing but the URL is known.
//
// The dialogue: gbfs.json; the system_information that it lists. Where that is gone, the one of
// another version that the feed offers; where gbfs.json is gone, one beside it. Other than for
// stations no newer version is looked for while the one at hand answers: the id names a system in
// the lake, and what the feed's operator adds must not change it.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/zone.h"
#include "feed/gbfs_document.h"
#include "feed/gbfs_talk.h"

namespace bikeflow {

struct GbfsAbout {
  std::string system_id;  // is_system_id(); what it is not, system_id_from() makes of the feed's
  Zone timezone;
  std::string name;  // as the feed has it; empty: unknown
};

// What is known already, and goes before what the feed says.
struct GbfsGiven {
  std::string system_id = {};  // empty, or is_system_id()
  std::optional<Zone> timezone = {};
};

struct GbfsAboutEnd {
  std::expected<GbfsAbout, PollFailure> what;
  Seconds wait_s = 0;                // not asked again before: the feed's Retry-After
  std::vector<std::string> notices;  // each said once in a life
};

using GbfsAboutStep = std::variant<HttpRequest, GbfsAboutEnd>;

// Reasons besides those of poll_failure.h: "not_json", "not_gbfs", "no_system" (what the feed says
// of itself is not enough: someone must say it for it).
//
// Threads: none; one owner.
class GbfsInquiry {
 public:
  // An error says which setting is wrong. Requires: given.system_id is empty or is_system_id().
  static Result<GbfsInquiry> open(GbfsSettings settings, GbfsGiven given = {});

  // `now` is the wall clock's time, here and below.
  GbfsAboutStep begin(Seconds now);
  // What came of the request that was given last.
  GbfsAboutStep answered(HttpOutcome outcome, Seconds now);

 private:
  enum class Asked : std::uint8_t { kNothing, kDiscovery, kVersions, kVersion, kSystem };

  GbfsInquiry(GbfsTalk talk, GbfsGiven given) : talk_(std::move(talk)), given_(std::move(given)) {}

  GbfsAboutStep ask(Asked what, std::string url);
  GbfsAboutStep on_discovery(GbfsHeard heard);
  GbfsAboutStep on_versions(GbfsHeard heard);
  GbfsAboutStep on_version(GbfsHeard heard);
  GbfsAboutStep on_system(GbfsHeard heard);
  GbfsAboutStep use(const GbfsDiscovery& discovery, std::string_view version);
  void take_versions(const GbfsVersions& versions);
  // Another way to it, or the end where there is none.
  GbfsAboutStep go_on(PollFailure failure, Seconds wait_s);
  GbfsAboutStep ask_next_version();

  [[nodiscard]] std::expected<GbfsAbout, PollFailure> judge(const GbfsSystem& system);
  // What must be in the configuration where the feed says nothing of itself.
  [[nodiscard]] std::string_view keys_to_set() const;
  GbfsAboutEnd end(std::expected<GbfsAbout, PollFailure> what, Seconds wait_s);

  GbfsTalk talk_;
  GbfsGiven given_;

  // Of this dialogue:
  Asked asked_ = Asked::kNothing;
  bool has_versions_ = false;
  std::string versions_url_;            // not asked yet; empty: none
  std::vector<GbfsLink> versions_;      // not asked yet
  std::optional<PollFailure> failure_;  // the first: what the feed's operator can mend
};

}  // namespace bikeflow
