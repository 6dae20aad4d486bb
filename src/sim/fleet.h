// Several processes of the program in one consumer group, on one topic and one lake, until
// everything is read, closed and published: killed, paused past their session, woken, asked to end,
// started again, their requests lost, applied twice, answered late or applied long after their
// death. Meanwhile partitions are added, records age out, and an operator gives orders.
//
// A process here is the shell around the product's Member: it polls, executes requests and hands
// over outcomes. Time is simulated; each process has a wall clock of its own, which may jump.
//
// fleet.cc: the processes; fleet_store.cc: their requests to the store; fleet_operator.cc: what is
// done to the topic and to the partitions' state; fleet_end.cc: whether all is done.
//
// Threads: none; one owner.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "pipeline/member.h"
#include "sim/broker.h"
#include "sim/bucket.h"
#include "sim/fleet_conduct.h"
#include "sim/fleet_counts.h"
#include "sim/machine.h"
#include "sim/rng.h"

namespace bikeflow::sim {

inline constexpr std::string_view kFleetTopic = "feed";  // the source that the judge looks for

// What became of one partition's records besides themselves, as far as it is committed.
struct LogHistory {
  // As a clock: the record aged out before it was read.
  static constexpr Seconds kLost = INT64_MIN;

  std::vector<Seconds> clocks;    // of each record: the earlier of its timestamp and the wall clock
  std::vector<IdleClose> closes;  // before_poll: before the record of that offset
  bool has_skipped = false;       // lost records were passed over, and nobody had ordered it
};

class Fleet {
 public:
  // Requires: `input` and `conduct` outlive this.
  Fleet(const Input& input, FleetConduct& conduct, Rng rng, bool has_faults);

  // An Error where it does not come to an end, or a partition stops without need: a user would be
  // stuck.
  Result<void> run();

  [[nodiscard]] std::int32_t partitions() const { return topic_.partitions(); }
  [[nodiscard]] const Bucket& bucket() const { return bucket_; }
  [[nodiscard]] const LogHistory& history(std::int32_t partition) const;
  [[nodiscard]] const FleetCounts& counts() const { return counts_; }
  [[nodiscard]] const PartitionCounts& partition_counts() const { return topic_.counts(); }
  // What was wrong before the end.
  [[nodiscard]] const std::vector<std::string>& complaints() const { return complaints_; }
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
    bool catches_up = false;           // --until-caught-up
    std::optional<Seconds> finish_by;  // it was asked to end, and is cut short then
    std::int32_t known_partitions = 0;
    // What it knew when it said last how far a partition has closed.
    std::map<std::int32_t, std::int32_t> known_at_closing;
    std::set<std::int32_t> told_stopped;
  };
  // A request on its way.
  struct Call {
    std::uint64_t process = 0;
    Request request;
    std::optional<Outcome> outcome;  // it was executed, and the answer is on its way
    Seconds not_before = 0;
    std::int32_t known_partitions = INT32_MAX;  // as of Sight
  };
  struct Odds {
    double kill = 0, kill_between = 0, pause = 0, lose = 0, repeat = 0, delay = 0, commit = 0,
           jump = 0, outage = 0, orphan = 0, copy = 0, finish = 0, age = 0;
  };

  void draw_odds();
  void step();
  void disturb(Process& process);
  void act(Process& process);
  bool serve_group(Process& process);
  void send_held(Client& client);
  void read(Process& process, std::int32_t partition);
  void watch_closes(Process& process, std::int32_t partition, const std::function<void()>& change);
  void start_reading(Process& process, std::int32_t partition, std::int64_t offset);
  void execute(Process& process);
  void carry_out(Process& process, Request request);
  CommitOutcome commit(Process& process, std::int32_t partition, const CommitOffset& what);
  bool send_commit(const Client& client, std::int32_t partition, const Answered::Commit& commit);
  void start_process();
  void tell_partitions(Process& process);
  void kill(Process& process);
  void end(Process& process);
  void pass_time();

  // fleet_end.cc
  [[nodiscard]] bool is_all_done() const;
  [[nodiscard]] bool is_all_closed() const;
  [[nodiscard]] bool is_all_told() const;
  [[nodiscard]] bool is_word_missing() const;
  [[nodiscard]] std::string where_it_stands() const;

  // fleet_store.cc
  void call_store(Process& process, Request request);
  void take_call();
  void let_land_again(const Call& call);
  void apply(Call& call);
  [[nodiscard]] Listed list(const std::string& folder);

  // fleet_operator.cc
  void look_after(Process& process);
  void look_at_end_of(const Process& process);
  void look_at_finished(const Owner& owner);
  void give_order(StateOrder order, std::int32_t partition);
  [[nodiscard]] bool has_order(std::int32_t partition) const;
  void age_out();
  void work_on_state();
  void undo(std::int32_t partition, const Job* target);
  [[nodiscard]] std::vector<std::string> rewind_targets(std::int32_t partition) const;
  [[nodiscard]] std::vector<std::string> files_beyond(std::int32_t partition,
                                                      const Job* target) const;

  [[nodiscard]] Now now_of(const Process& process) const;
  [[nodiscard]] Process* find(std::uint64_t id);
  [[nodiscard]] static std::string path_of(std::int32_t partition, std::string_view checkpoint);
  // Of the checkpoint that is committed; nothing: none is.
  [[nodiscard]] std::optional<std::string> committed_path(std::int32_t partition) const;

  const Input& input_;
  FleetConduct& conduct_;
  Rng rng_;
  bool has_faults_;
  Odds odds_;
  Topic topic_;
  Group group_;
  Seconds time_ = 0, session_ = 0, stride_ = 0;
  Seconds quiet_until_ = 0;  // the store answers nobody before
  Seconds stale_for_ = 0;    // so long a list may not show what was put
  bool catches_up_ = false;  // some processes end at the end of the log
  std::int64_t gaps_left_ = 0, orders_left_ = 0;
  std::set<std::int32_t> has_gap_;  // partitions that may stop
  std::set<std::uint64_t> orders_;  // the ids of those that were given
  std::vector<std::string> complaints_;
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
