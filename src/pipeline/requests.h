// What the owner of a partition asks of the world, and what it hears back.
//
// Each request has a number that no other of the process has. The world carries it out, in any
// order and with any delay, and reports its number and its outcome; an outcome that nobody waits
// for any more is ignored. Requests to the store are repeated until they succeed, so there is no
// outcome that says they failed: a store that is down only keeps the owner waiting.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "pipeline/job.h"

namespace bikeflow {

// The store. Paths are within the lake.
struct ListFiles {  // -> Listed
  std::string folder;
};
struct GetFile {  // -> Got
  std::string path;
};
struct PutFile {  // -> Stored; one PUT, whole or not at all
  std::string path;
  std::string bytes;
};
struct RemoveFiles {  // no outcome
  std::vector<std::string> paths;
};

// The group and the log.
struct AskGroup {};          // what is committed? -> Answered
struct LookAtLog {           // -> Seen
  std::int64_t offset = -1;  // the record there too; -1: none
};
struct StartReading {  // from this offset on; no outcome
  std::int64_t offset = 0;
};
struct PauseReading {
  bool is_paused = true;
};
struct CommitOffset {  // synchronously, on the thread that polls -> CommitOutcome
  std::int64_t offset = 0;
  std::string metadata;
};
// The outcome of a commit is not known and the client may still send it: the client is destroyed
// and a new one joins the group. Nobody waits for anything any more.
struct ReplaceClient {};
// This program is too old for what it found: leave the group and exit, so that a newer member takes
// over.
struct LeaveGroup {
  std::string reason;
};

using RequestWhat =
    std::variant<ListFiles, GetFile, PutFile, RemoveFiles, AskGroup, LookAtLog, StartReading,
                 PauseReading, CommitOffset, ReplaceClient, LeaveGroup>;

struct Request {
  std::uint64_t number = 0;
  std::int32_t partition = 0;
  RequestWhat what;
};

[[nodiscard]] inline bool has_outcome(const Request& request) {
  return !std::holds_alternative<RemoveFiles>(request.what) &&
         !std::holds_alternative<StartReading>(request.what) &&
         !std::holds_alternative<PauseReading>(request.what) &&
         !std::holds_alternative<ReplaceClient>(request.what) &&
         !std::holds_alternative<LeaveGroup>(request.what);
}

struct Listed {
  std::vector<std::string> paths;  // of the files below the folder, at any depth
};
struct Got {
  std::optional<std::string> bytes;  // nothing: there is no such file
};
struct Stored {};
struct Answered {
  struct Commit {
    std::int64_t offset = 0;
    std::string metadata;
    friend bool operator==(const Commit&, const Commit&) = default;
  };
  std::optional<Commit> commit;  // nothing: the group has none for the partition
};
struct Seen {
  std::int64_t low = 0;                       // the oldest offset that is still there
  std::int64_t high = 0;                      // one past the newest
  std::optional<LogPosition::Record> record;  // nothing: there is none of that offset
};
enum class CommitOutcome : std::uint8_t { kDone, kRefused, kUnknown };

using Outcome = std::variant<Listed, Got, Stored, Answered, Seen, CommitOutcome>;

}  // namespace bikeflow
