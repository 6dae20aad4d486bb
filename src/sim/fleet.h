// Several processes of the program in one consumer group, on one topic and one lake, until
// everything is read, closed and published: killed, paused past their session, woken, started
// again, their requests lost, applied twice, answered late or applied long after their death.
//
// A process here is the shell around the product's Member: it polls, executes requests and hands
// over outcomes. Time is simulated; each process has a wall clock of its own, which may jump.
//
// Threads: none; one owner.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "pipeline/member.h"
#include "sim/broker.h"
#include "sim/bucket.h"
#include "sim/fleet_conduct.h"
#include "sim/machine.h"
#include "sim/rng.h"

namespace bikeflow::sim {

// What became of one partition's records besides themselves, as far as it is committed.
struct LogHistory {
  std::vector<Seconds> clocks;    // of each record: the earlier of its timestamp and the wall clock
  std::vector<IdleClose> closes;  // before_poll: before the record of that offset
};

struct FleetCounts {
  std::int64_t kills = 0, kills_between = 0, pauses = 0, joins = 0, rebalances = 0;
  std::int64_t commits = 0, refused = 0, lost = 0, answers_lost = 0, held = 0, held_sent = 0;
  std::int64_t puts = 0, puts_repeated = 0, puts_after_death = 0, late_outcomes = 0;
  std::int64_t clock_jumps = 0, outages = 0, replaced = 0;
  void add(const FleetCounts& other);
  [[nodiscard]] std::string text() const;
};

class Fleet {
 public:
  // Requires: `input` and `conduct` outlive this.
  Fleet(const Input& input, FleetConduct& conduct, Rng rng, bool has_faults);

  // An Error where it does not come to an end: a user would be stuck.
  Result<void> run();

  [[nodiscard]] std::int32_t partitions() const { return topic_.partitions(); }
  [[nodiscard]] const Bucket& bucket() const { return bucket_; }
  [[nodiscard]] const LogHistory& history(std::int32_t partition) const;
  [[nodiscard]] const FleetCounts& counts() const { return counts_; }
  // Commits that moved an offset backwards: there must be none.
  [[nodiscard]] std::int64_t went_back() const { return group_.went_back(); }
  // The committed checkpoint of a partition.
  [[nodiscard]] Result<Job> job(std::int32_t partition) const;

 private:
  // A client of the group; gone with all that it holds when it is destroyed.
  struct Client {
    Group::MemberId member = 0;
    std::uint64_t generation = 0;  // that it has joined
    bool is_assigned = false;      // the callback was called
    struct Held {
      std::int32_t partition;
      Answered::Commit commit;
    };
    std::vector<Held> held;
  };
  struct Reading {
    std::int64_t offset = 0;
    bool is_paused = false;
  };
  struct Process {
    std::uint64_t id = 0;
    std::unique_ptr<Member> member;
    Client client;
    std::map<std::int32_t, Reading> reading;
    std::map<std::int32_t, LogHistory> histories;  // of what it has read
    Seconds clock_ahead = 0;
    Seconds paused_until = 0;
  };
  // A request on its way.
  struct Call {
    std::uint64_t process = 0;
    Request request;
    std::optional<Outcome> outcome;  // it was executed, and the answer is on its way
    Seconds not_before = 0;
  };
  struct Odds {
    double kill = 0, kill_between = 0, pause = 0, lose = 0, repeat = 0, delay = 0, commit = 0,
           jump = 0, outage = 0, orphan = 0;
  };

  void draw_odds();
  void step();
  void act(Process& process);
  bool serve_group(Process& process);
  void send_held(Client& client);
  void read(Process& process, std::int32_t partition);
  void watch_closes(Process& process, std::int32_t partition, const std::function<void()>& change);
  void execute(Process& process);
  void carry_out(Process& process, Request request);
  CommitOutcome commit(Process& process, std::int32_t partition, const CommitOffset& what);
  bool send_commit(const Client& client, std::int32_t partition, const Answered::Commit& commit);
  void take_call();
  void apply(Call& call);
  void start_process();
  void kill(Process& process);
  void pass_time();
  [[nodiscard]] bool is_all_done() const;
  [[nodiscard]] bool is_all_closed() const;
  [[nodiscard]] std::string where_it_stands() const;
  [[nodiscard]] Now now_of(const Process& process) const;
  [[nodiscard]] Process* find(std::uint64_t id);

  const Input& input_;
  FleetConduct& conduct_;
  Rng rng_;
  bool has_faults_;
  Odds odds_;
  Topic topic_;
  Group group_;
  Seconds time_ = 0, session_ = 0, stride_ = 0;
  Seconds quiet_until_ = 0;  // the store answers nobody before
  std::uint64_t next_process_ = 0;
  std::uint64_t wanted_processes_ = 1;
  std::vector<std::unique_ptr<Process>> processes_;
  std::deque<Call> calls_;
  Bucket bucket_;
  std::map<std::string, LogHistory> ledger_;  // by the path of a checkpoint
  LogHistory no_history_;
  FleetCounts counts_;
};

}  // namespace bikeflow::sim
