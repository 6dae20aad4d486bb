// The dialogue with Seoul's bikeList: pages of 1000 rows until the list ends, and a round only
// where every page came. (doc: data.seoul.go.kr, OA-15493)
//
// The feed has no time of its own, so a round's is when its last page with rows was received: by
// then all of it had been seen, and nothing in it is younger than it says. (By the first page's
// time the last page would show what had not happened yet.) A round whose pages took longer than
// kLongestRound is none: its first pages would be that much too late, into another hour maybe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/zone.h"
#include "feed/seoul_document.h"
#include "feed/source.h"
#include "model/names.h"

namespace bikeflow {

struct SeoulSettings {
  std::string key;  // secret: never in a text; "sample" gives five stations. Never empty
  std::string base_url = "http://openapi.seoul.go.kr:8088";  // or a mirror's; without secrets
  std::int64_t rows_a_page = 1000;                           // more the host refuses
  int most_pages = 20;
  std::int64_t daily_calls = 0;  // 0: as many as it takes
  std::int64_t timeout_ms = 20'000;
};

// Threads: none; one owner.
class SeoulSource : public FeedSource {
 public:
  // From the first page's answer to the last's. A slow host is still read, and no count is of a time
  // that is further away than two polls in a row may be.
  static constexpr Seconds kLongestRound = 2 * kMinute;

  // `zone` is the host's, Asia/Seoul: at its midnight the calls of a day are counted anew.
  SeoulSource(SeoulSettings settings, Zone zone);

  FeedStep begin(Seconds now) override;
  FeedStep answered(HttpOutcome outcome, Seconds now) override;
  void save(Writer& out) const override;
  bool load(Reader& in) override;
  [[nodiscard]] std::string budget(Seconds now) const override;

 private:
  [[nodiscard]] bool is_sample() const { return settings_.key == "sample"; }
  [[nodiscard]] std::string url(std::string_view key) const;
  [[nodiscard]] std::string shown_url() const;
  [[nodiscard]] Seconds day_of(Seconds now) const;
  [[nodiscard]] Seconds seconds_to_midnight(Seconds now) const;
  [[nodiscard]] std::int64_t used_on(Seconds day) const { return day == day_ ? used_ : 0; }
  FeedStep ask(Seconds now, std::int64_t calls_needed);
  FeedStep took(SeoulPage page, Seconds now);
  bool is_first(std::string_view id);
  void add(SeoulPage page);
  FeedStep end_of_round();
  PollFailure refusal_of(const SeoulPage& page) const;
  PollEnd failed(PollFailure failure, Seconds wait_s = 0);
  void hide_key(std::string& text) const;

  SeoulSettings settings_;
  Zone zone_;
  std::string path_key_;  // the key as the path of a URL has it
  SeoulDocument document_;

  // The round that is being asked for.
  std::int64_t page_ = 0;  // its number, from 1
  Seconds first_page_at_ = 0;
  Round round_;
  // Stations are told apart by number, and a number was met in the poll that stands beside it.
  Names ids_;
  std::vector<std::uint64_t> met_in_;
  std::uint64_t poll_ = 0;
  std::uint32_t expected_ = 0;     // the number of the next station, if the list is as it was
  std::size_t last_stations_ = 0;  // of the round before
  std::vector<std::string> notices_;
  bool has_warned_of_sample_ = false;

  // The budget, which outlives the process.
  Seconds day_ = 0;               // of the host's calendar, since 1970
  std::int64_t used_ = 0;         // calls on that day
  std::int64_t round_calls_ = 1;  // what a whole round cost last
};

}  // namespace bikeflow
