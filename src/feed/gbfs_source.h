// A GBFS feed of any version from 1.0 to 3.1 as a source of rounds.
//
// The dialogue: gbfs.json; the newest version that it offers, if that answers; then, at every poll,
// station_status, and hourly before it station_information. A dead address sends it back to
// gbfs.json, once a poll; no gbfs.json at all makes it look for its siblings under their usual
// names. A round's time is the document's last_updated: where it has none, the time of the answer,
// and where it is more than five minutes ahead, the poll fails. The same time again is no new
// document, and not either where others were in between: a feed may have several servers.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "feed/gbfs_discovery.h"
#include "feed/gbfs_document.h"
#include "feed/gbfs_round.h"
#include "feed/secrets.h"
#include "feed/source.h"

namespace bikeflow {

struct GbfsSettings {
  std::string url = {};              // of gbfs.json, or of a list of versions
  std::string language = {};         // of names; empty: English, else the first
  std::string system_id = {};        // which system, where the URL is of a manifest with several
  bool takes_newest_version = true;  // false: the one at `url`, for as long as it is there
  Seconds floor_s = 15;              // the least time between polls, whatever the feed says
  // Keys. They go to every address that the feed names, but never by plain http where `url` is
  // https, and are never shown. So is what the query of `url` holds.
  std::vector<HttpHeader> headers = {};
  std::vector<HttpHeader> parameters = {};  // of the URL; not yet encoded
};

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
  // The headers by which an address answers "not modified" next time.
  struct Validators {
    std::string etag, last_modified;
  };
  // What an answer was: a document, "not modified", or a failure.
  struct Heard {
    std::optional<GbfsDocument> document;
    bool is_not_modified = false;
    PollFailure failure;
    Seconds wait_s = 0;  // after a failure
    Validators validators;
  };
  // A gbfs.json on its way to be used: its newer versions are tried first.
  struct Root {
    GbfsLinks links;
    std::vector<GbfsLink> newer;  // not yet tried, newest first
    bool was_asked_for_versions = false;
  };

  explicit GbfsSource(GbfsSettings settings);

  FeedStep next(Seconds now);
  FeedStep ask(Asked what, std::string url, const Validators& validators = {});
  [[nodiscard]] std::string outgoing(const std::string& url) const;
  Heard hear(HttpOutcome outcome, Seconds now);
  [[nodiscard]] Heard hear_document(const HttpAnswer& answer) const;

  FeedStep on_discovery(Heard heard, Seconds now);
  FeedStep on_versions(Heard heard, Seconds now);
  FeedStep on_version(const Heard& heard, Seconds now);
  FeedStep on_information(Heard heard, Seconds now);
  FeedStep on_status(Heard heard, Seconds now);
  FeedStep on_stations(GbfsHead head, GbfsStations stations, Validators validators, Seconds now);
  FeedStep without_discovery(Heard heard, Seconds now);
  FeedStep stop_negotiating(const Heard& heard, Seconds now);
  // Whether a failure sends the poll back to gbfs.json, which next() then asks for.
  bool is_to_rediscover(const Heard& heard, Seconds now);
  FeedStep settle(GbfsLinks links, std::string_view url, Seconds now);
  void use(GbfsLinks links, Seconds now, Seconds life_s);

  PollEnd end(std::variant<Round, Unchanged, PollFailure> what, Seconds wait_s, Seconds now);
  PollEnd end_failed(PollFailure failure, Seconds wait_s, Seconds now);
  [[nodiscard]] PollFailure not_wanted(const GbfsDocument& found, std::string_view wanted) const;
  bool was_given(Seconds observed_at);
  void say_if_stale(Seconds now);
  // A notice, once in a life for each `what`.
  void say(std::string_view what, std::string text);

  GbfsSettings settings_;
  Secrets secrets_;

  Asked asked_ = Asked::kNothing;
  std::string asked_url_;            // as the feed names it
  bool asked_on_condition_ = false;  // that it has changed
  std::string asked_shown_;          // for messages
  bool has_discovered_ = false;      // in this poll

  std::optional<Root> root_;
  std::optional<GbfsLinks> links_;
  Seconds links_due_ = 0;  // when gbfs.json is asked again

  GbfsFacts facts_;
  Seconds facts_due_ = 0;
  Validators information_validators_;

  Validators status_validators_;
  Seconds status_ttl_s_ = 0;
  Seconds observed_at_ = 0;     // of the newest round; 0: none
  std::vector<Seconds> given_;  // the times of the last rounds, the one that was seen last behind
  Seconds worked_at_ = 0;       // last; 0: never

  Seconds waits_since_ = 0, not_before_ = 0;  // the last wait
  bool is_restored_ = false;                  // and the wait before the restart may not be over

  std::set<std::string, std::less<>> said_;
  std::vector<std::string> notices_;
};

}  // namespace bikeflow
