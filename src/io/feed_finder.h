// Asks many GBFS feeds at once what systems they are of (feed/gbfs_about.h), until each has said
// so.
//
// It waits for nothing: whoever owns the HttpClient moves it and hands over what came, so that
// feeds that are known can be polled by the same client meanwhile:
//
//   finder.step(now);
//   http.wait(min(timeout, finder.next_due_ms() - now));
//   for (HttpDone& done : http.take_done()) {
//     if (finder.is_mine(done.id)) finder.answered(std::move(done), now); else ...
//   }
//   for (FoundFeed& found : finder.take_found()) ...
//
// A feed that fails is asked again after kFirstRetryMs, then after twice as long each time, up to
// kLastRetryMs; later where it wants that.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/now.h"
#include "base/result.h"
#include "feed/gbfs_about.h"
#include "io/http_client.h"
#include "io/run_voice.h"

namespace bikeflow {

struct FoundFeed {
  std::size_t number = 0;
  GbfsAbout about;
};

struct MissingFeed {
  std::size_t number = 0;
  PollFailure why;  // of the last try
};

// Threads: none; one owner, that of the client.
class FeedFinder {
 public:
  static constexpr std::int64_t kFirstRetryMs = 60'000;
  static constexpr std::int64_t kLastRetryMs = 600'000;
  // When many feeds fail for one reason that may pass (the network is gone), so many are named.
  static constexpr int kMostNamed = 10;

  // Requires: the client outlives it, and nobody else uses ids from `first_id` on.
  FeedFinder(HttpClient& http, HttpId first_id, RunVoice voice)
      : http_(http), first_id_(first_id), voice_(std::move(voice)) {}
  // What is under way is cancelled.
  ~FeedFinder();
  FeedFinder(const FeedFinder&) = delete;
  FeedFinder& operator=(const FeedFinder&) = delete;

  // It is asked at the next step(). `number` is of the caller's choice. An error says which setting
  // is wrong.
  Result<void> add(std::size_t number, GbfsSettings settings, GbfsGiven given = {});

  // Starts what is due.
  void step(const Now& now);
  [[nodiscard]] bool is_mine(HttpId id) const {
    return id >= first_id_ && id - first_id_ < sought_.size();
  }
  // Requires: is_mine(done.id).
  void answered(HttpDone done, const Now& now);

  // Each once, in the order in which they were found.
  std::vector<FoundFeed> take_found() { return std::exchange(found_, {}); }

  static constexpr std::int64_t kNothingDue = INT64_MAX;
  // By the monotonic clock when step() is next of use; 0: at once.
  [[nodiscard]] std::int64_t next_due_ms() const;

  // Whether each feed was asked once, with whatever came of it.
  [[nodiscard]] bool has_tried_all() const;
  [[nodiscard]] bool has_found_all() const { return found_count_ == sought_.size(); }
  // Those that failed the last time.
  [[nodiscard]] std::vector<MissingFeed> missing() const;

 private:
  struct Sought {
    std::size_t number = 0;
    std::string label;                   // "oslo: ", or nothing where no id is given
    std::optional<GbfsInquiry> inquiry;  // nothing once it has been answered
    bool is_under_way = false;
    std::int64_t due_ms = 0;
    int failures = 0;  // in a row
    PollFailure why;
    std::set<std::string, std::less<>> said;  // reasons
  };

  void go_on(HttpId id, GbfsAboutStep step, const Now& now);
  void ended(Sought& sought, GbfsAboutEnd end, const Now& now);
  void say(Sought& sought);

  HttpClient& http_;
  HttpId first_id_;
  RunVoice voice_;
  std::vector<Sought> sought_;  // by id, less first_id_
  std::vector<FoundFeed> found_;
  std::size_t found_count_ = 0;
  std::map<std::string, int, std::less<>> named_;  // feeds, by reasons that may pass
};

}  // namespace bikeflow
