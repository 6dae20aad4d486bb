// For tests of those who read a topic: a topic, a group and a store in memory, which carry out what
// an owner asks for and keep the story of it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "base/hash.h"
#include "pipeline/checkpoint_name.h"
#include "pipeline/commit_metadata.h"
#include "pipeline/owner.h"

namespace bikeflow {

inline const Seconds kTen = parse_time("2024-08-11T22:00:00+09:00")->utc();  // p. m. in Seoul
inline constexpr Seconds kNoCadence = 30 * kDay;

inline std::string first_checkpoint_of(std::uint64_t sequence) {
  return checkpoint_name(sequence, sequence);
}

// "feed-0-20240811T130000Z-1h.parquet" with its folders: the file of the hour that begins then.
inline std::string hour_path(Seconds start, std::int32_t partition = 0,
                             std::string_view topic = "feed") {
  return hourly_path({}, *Zone::load("Asia/Seoul"), "seoul", topic, partition,
                     {start, start + kHour});
}

// What is written about a path in the story: a checkpoint by its sequence.
inline std::string told(std::string_view path) {
  const auto sequence = checkpoint_sequence(name_of(path));
  return sequence ? fmt::format("checkpoint {}", *sequence) : std::string(path);
}

struct LogWorld {
  struct LogRecord {
    std::int64_t timestamp_ms = 0;
    std::optional<std::string> value;
  };
  struct Part {
    std::vector<LogRecord> log;  // by offset
    std::int64_t low = 0;        // the records below have aged out
    std::int64_t control = 0;    // offsets after the last record that no record has
    std::optional<Answered::Commit> committed;
    std::int64_t reading = -1;  // the offset that the client delivers next; -1: none
    bool is_paused = false;

    [[nodiscard]] std::int64_t high() const { return std::ssize(log) + control; }
  };
  struct State {
    std::map<std::string, std::string> files;
    std::map<std::int32_t, Part> parts;
  };

  State state;
  std::vector<std::string> story;
  CommitOutcome commit_outcome = CommitOutcome::kDone;
  std::set<std::string> unlisted;              // what was put, and no list shows yet
  std::function<void(const Request&)> before;  // called before each that is carried out

  // A station is seen: the record is at the end of the topic's partition.
  void see(Seconds at, int bikes, std::int32_t partition = 0, std::string_view station = "A") {
    state.parts[partition].log.push_back(
        {at * 1000, fmt::format(R"({{"station_id":"{}","observed_at":{},"bikes":{},"racks":10}})",
                                station, at, bikes)});
  }
  void see_in(std::string_view system, Seconds at, int bikes) {
    state.parts[0].log.push_back(
        {at * 1000,
         fmt::format(R"({{"system":"{}","station_id":"A","observed_at":{},"bikes":{},"racks":10}})",
                     system, at, bikes)});
  }
  // And is seen each ten minutes.
  void see_from_to(Seconds from, Seconds to, std::int32_t partition = 0) {
    for (Seconds t = from; t <= to; t += 10 * kMinute) {
      see(t, static_cast<int>(t / 600 % 7), partition);
    }
  }

  std::optional<Outcome> carry_out(const Request& request) {
    if (before) before(request);
    return std::visit([&](const auto& what) { return carry_out(request.partition, what); },
                      request.what);
  }

  // As the client delivers them, until `to`.
  [[nodiscard]] std::vector<LogMessage> messages(std::int32_t partition, std::int64_t to) const {
    const Part& part = state.parts.at(partition);
    std::vector<LogMessage> messages;
    for (std::int64_t i = part.reading; i < std::min(to, std::ssize(part.log)); ++i) {
      const LogRecord& record = part.log.at(static_cast<std::size_t>(i));
      messages.push_back({i, record.timestamp_ms, {}, record.value});
    }
    return messages;
  }

  [[nodiscard]] std::int64_t times_told(std::string_view line) const {
    return std::ranges::count(story, line);
  }
  // Of the files in the lake, those of rows; in order.
  [[nodiscard]] std::vector<std::string> rows_in_the_lake() const {
    std::vector<std::string> paths;
    for (const auto& [path, bytes] : state.files) {
      if (path.starts_with(kHourlyFolder) && path.ends_with(".parquet")) paths.push_back(path);
    }
    return paths;
  }

 private:
  void tell(std::string line) { story.push_back(std::move(line)); }

  std::optional<Outcome> carry_out(std::int32_t, const ListFiles& what) {
    tell("list " + what.folder);
    Listed listed;
    for (const auto& [path, bytes] : state.files) {
      if (unlisted.contains(path)) continue;
      if (what.folder.empty() || path.starts_with(what.folder + "/")) listed.paths.push_back(path);
    }
    return listed;
  }
  std::optional<Outcome> carry_out(std::int32_t, const GetFile& what) {
    tell("get " + told(what.path));
    const auto file = state.files.find(what.path);
    return file == state.files.end() ? Got{} : Got{file->second};
  }
  std::optional<Outcome> carry_out(std::int32_t, const PutFile& what) {
    tell("put " + told(what.path));
    state.files[what.path] = what.bytes;
    return Stored{};
  }
  std::optional<Outcome> carry_out(std::int32_t, const RemoveFiles& what) {
    for (const std::string& path : what.paths) {
      tell("remove " + told(path));
      state.files.erase(path);
    }
    return std::nullopt;
  }
  std::optional<Outcome> carry_out(std::int32_t partition, const AskGroup&) {
    tell("ask the group");
    return Answered{state.parts[partition].committed};
  }
  std::optional<Outcome> carry_out(std::int32_t partition, const LookAtLog& what) {
    tell(fmt::format("look at {}", what.offset));
    const Part& part = state.parts[partition];
    Seen seen{part.low, part.high(), std::nullopt};
    if (what.offset >= part.low && what.offset < std::ssize(part.log)) {
      const LogRecord& record = part.log[static_cast<std::size_t>(what.offset)];
      seen.record = {what.offset, record.timestamp_ms, record_hash({}, record.value)};
    }
    return seen;
  }
  std::optional<Outcome> carry_out(std::int32_t partition, const StartReading& what) {
    tell(fmt::format("read from {}", what.offset));
    state.parts[partition].reading = what.offset;
    state.parts[partition].is_paused = false;
    return std::nullopt;
  }
  std::optional<Outcome> carry_out(std::int32_t partition, const PauseReading& what) {
    tell(what.is_paused ? "pause" : "resume");
    state.parts[partition].is_paused = what.is_paused;
    return std::nullopt;
  }
  std::optional<Outcome> carry_out(std::int32_t partition, const CommitOffset& what) {
    tell(fmt::format("commit {} {}", what.offset,
                     told(CommitMetadata::parse(what.metadata)->checkpoint)));
    if (commit_outcome == CommitOutcome::kDone) {
      state.parts[partition].committed = Answered::Commit{what.offset, what.metadata};
    }
    return commit_outcome;
  }
  std::optional<Outcome> carry_out(std::int32_t, const ReplaceClient&) {
    tell("replace the client");
    return std::nullopt;
  }
  std::optional<Outcome> carry_out(std::int32_t, const LeaveGroup& what) {
    tell("leave: " + what.reason);
    return std::nullopt;
  }
};

inline OwnerSettings settings_of_feed() {
  OwnerSettings settings;
  settings.topic = "feed";
  settings.cluster = "cluster-1";
  settings.lake_id = "1a4e";
  settings.systems = {{"seoul", *Zone::load("Asia/Seoul")}};
  settings.checkpoint_every = kNoCadence;
  return settings;
}

// And one owner, of partition 0, that works in it.
class OwnerWorld : public LogWorld {
 public:
  explicit OwnerWorld(OwnerSettings of_owner = settings_of_feed())
      : settings(std::move(of_owner)) {}
  OwnerWorld(const OwnerWorld&) = delete;
  OwnerWorld& operator=(const OwnerWorld&) = delete;

  OwnerSettings settings;
  Now now{kTen + 6 * kHour, 0};
  std::function<bool(const Request&)> holds;  // those that are not carried out yet
  std::vector<Request> held;
  std::int32_t partitions = 0;  // of the topic; 0: no hour is marked

  [[nodiscard]] Owner& owner() { return *owner_; }
  [[nodiscard]] Part& part() { return state.parts[0]; }
  [[nodiscard]] std::string state_path(std::uint64_t sequence) const {
    return fmt::format("{}/{}", state_folder_of(settings.topic, 0), first_checkpoint_of(sequence));
  }
  [[nodiscard]] Job checkpoint(std::uint64_t sequence) const {
    return *Job::restore(state.files.at(state_path(sequence)));
  }

  // The one that there was is dead, with all that it waited for.
  void start() {
    story.clear();
    held.clear();
    part().reading = -1;
    owner_.reset();
    owner_ = std::make_unique<Owner>(settings, 0, next_request_, random_);
    if (partitions > 0) owner_->set_partitions(partitions);
    owner_->begin();
    work();
  }
  // Carries out all that the owner asks for, and what it asks for then.
  void work() {
    for (std::vector<Request> requests; !(requests = owner_->take_requests()).empty();) {
      for (Request& request : requests) {
        if (holds && holds(request)) {
          held.push_back(std::move(request));
        } else {
          finish(request);
        }
      }
    }
  }
  void release() {
    holds = nullptr;
    for (const Request& request : std::exchange(held, {})) finish(request);
    work();
  }
  // One message after the other, as far as the owner wants them.
  void read(std::int64_t to = INT64_MAX) {
    while (part().reading >= 0 && !part().is_paused) {
      const std::vector<LogMessage> one =
          messages(0, std::min<std::int64_t>(to, part().reading + 1));
      if (one.empty()) return;
      ++part().reading;
      owner_->messages(one, now);
      work();
    }
  }
  void read(Seconds from, Seconds until) {
    see_from_to(from, until);
    read();
  }
  void pass(Seconds time) {
    now.wall += time;
    now.monotonic_ms += time * 1000;
    owner_->tick(now);
    work();
  }
  // The broker says that there is nothing more.
  void confirm() {
    owner_->at_end(part().high(), now);
    work();
  }
  // Again and again, each half minute.
  void confirm_for(Seconds time) {
    confirm();
    for (; time > 0; time -= 30) {
      pass(std::min<Seconds>(time, 30));
      confirm();
    }
  }

 private:
  void finish(const Request& request) {
    if (auto outcome = carry_out(request)) {
      owner_->outcome(request.number, *std::move(outcome), now);
    }
  }

  std::uint64_t next_request_ = 0, next_random_ = 0;
  // Names of checkpoints: their digits are their sequence, as long as none is made twice.
  const std::function<std::uint64_t()> random_ = [this] { return ++next_random_; };
  std::unique_ptr<Owner> owner_;
};

inline bool is_put_of_data(const Request& request) {
  const auto* put = std::get_if<PutFile>(&request.what);
  return put != nullptr && !put->path.starts_with(kInternalFolder);
}
inline bool is_put_of_checkpoint(const Request& request) {
  const auto* put = std::get_if<PutFile>(&request.what);
  return put != nullptr && checkpoint_sequence(name_of(put->path)).has_value();
}

}  // namespace bikeflow
