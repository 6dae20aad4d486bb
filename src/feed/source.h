// Where a system's rounds come from: the dialogue with one live feed, without its sockets.
//
// A poll is a chain of requests, one at a time: begin() gives the first, and answered() the next,
// or the poll's end. A source keeps what it needs between polls: links, validators, a budget.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "feed/http.h"
#include "feed/round.h"

namespace bikeflow {

// The document is one that was seen before, so it is no new observation.
struct Unchanged {
  Seconds observed_at = 0;  // of the newest that was seen; 0: unknown
  bool is_asked = true;     // false: the feed asked to be left alone, and it was
};

// No round. `reason` is a fixed word for metrics: "bad_key", "timeout", "http_status", "not_json".
struct PollFailure {
  std::string reason;
  std::string text;           // what was found and what to do, without secrets
  bool is_permanent = false;  // the same request will not do better: someone must act
};

struct PollEnd {
  std::variant<Round, Unchanged, PollFailure> what;
  // Not polled again before so long after this end: what the feed asks for (ttl, Retry-After), or
  // its budget.
  Seconds wait_s = 0;
  std::vector<std::string> notices;  // what is worth a line in the log, each said once in a life
};

using FeedStep = std::variant<HttpRequest, PollEnd>;

// Threads: none; one owner.
class FeedSource {
 public:
  virtual ~FeedSource() = default;

  // `now` is the wall clock's time, here and below.
  virtual FeedStep begin(Seconds now) = 0;
  // What came of the request that was given last.
  virtual FeedStep answered(HttpOutcome outcome, Seconds now) = 0;

  // What must outlive the process, for the checkpoint.
  virtual void save(Writer& out) const = 0;
  // It goes on from there, as in another process: what it has given since is given again. False
  // where the bytes are none of save(): then nothing is changed. Requires: no poll is under way.
  virtual bool load(Reader& in) = 0;

  // For status lines: "3 of 1000 calls left today"; empty where there is nothing to say.
  [[nodiscard]] virtual std::string budget(Seconds now) const = 0;
};

}  // namespace bikeflow
