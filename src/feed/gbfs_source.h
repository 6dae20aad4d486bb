// A GBFS feed of any version from 1.0 to 3.1 as a source of rounds.
//
// The dialogue: gbfs.json; the newest version that it offers, if that answers; then, at every poll,
// station_status, and hourly before it station_information. A dead address sends it back to
// gbfs.json, once a poll; no gbfs.json at all makes it look for its siblings under their usual
// names. A round's time is the document's last_updated: where it has none, the time of the answer,
// and where it is more than five minutes ahead, the poll fails. The same time again is no new
// document.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "feed/gbfs_discovery.h"
#include "feed/gbfs_document.h"
#include "feed/gbfs_round.h"
#include "feed/gbfs_talk.h"
#include "feed/source.h"

namespace bikeflow {

// Besides the reasons of poll_failure.h: "not_json", "not_gbfs", "no_stations", "future".
//
// Threads: none; one owner.
class GbfsSource final : public FeedSource {
 public:
  // An error says which setting is wrong.
  static Result<GbfsSource> open(GbfsSettings settings);

  FeedStep begin(Seconds now) override;
  FeedStep answered(HttpOutcome outcome, Seconds now) override;

  // Addresses, and until when the feed asked not to be polled; no key. Nothing of the last
  // document: seen again it is a duplicate and harmless, wrongly taken as seen it would be lost.
  void save(Writer& out) const override;
  bool load(Reader& in) override;

  [[nodiscard]] std::string budget(Seconds now) const override;

 private:
  enum class Asked : std::uint8_t {
    kNothing,
    kDiscovery,
    kVersions,
    kVersion,
    kInformation,
    kStatus
  };
  // A gbfs.json on its way to be used: its newer versions are tried first.
  struct Root {
    GbfsLinks links;
    std::vector<GbfsLink> newer;  // not yet tried, newest first
    bool was_asked_for_versions = false;
  };

  explicit GbfsSource(GbfsTalk talk) : talk_(std::move(talk)) {}

  FeedStep next(Seconds now);
  FeedStep ask(Asked what, std::string url, const GbfsValidators& validators = {});

  FeedStep on_discovery(GbfsHeard heard, Seconds now);
  FeedStep on_versions(GbfsHeard heard, Seconds now);
  FeedStep on_version(const GbfsHeard& heard, Seconds now);
  FeedStep on_information(GbfsHeard heard, Seconds now);
  FeedStep on_status(GbfsHeard heard, Seconds now);
  FeedStep on_stations(GbfsHead head, GbfsStations stations, GbfsValidators validators,
                       Seconds now);
  FeedStep without_discovery(GbfsHeard heard, Seconds now);
  FeedStep stop_negotiating(const GbfsHeard& heard, Seconds now);
  // Whether a failure sends the poll back to gbfs.json, which next() then asks for.
  bool is_to_rediscover(const GbfsHeard& heard, Seconds now);
  FeedStep settle(GbfsLinks links, std::string_view url, Seconds now);
  void use(GbfsLinks links, Seconds now, Seconds life_s);

  PollEnd end(std::variant<Round, Unchanged, PollFailure> what, Seconds wait_s, Seconds now);
  PollEnd end_failed(PollFailure failure, Seconds wait_s, Seconds now);

  GbfsTalk talk_;
  Asked asked_ = Asked::kNothing;
  bool has_discovered_ = false;  // in this poll

  std::optional<Root> root_;
  std::optional<GbfsLinks> links_;
  Seconds links_due_ = 0;  // when gbfs.json is asked again

  GbfsFacts facts_;
  Seconds facts_due_ = 0;
  GbfsValidators information_validators_;

  GbfsValidators status_validators_;
  Seconds status_ttl_s_ = 0;
  Seconds observed_at_ = 0;  // of the last round; 0: none
  bool has_worked_ = false;

  Seconds not_before_ = 0;    // end of the last wait
  bool is_restored_ = false;  // and the wait before the restart may not be over
};

}  // namespace bikeflow
