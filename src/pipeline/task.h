// One partition's work, pure: decoded records in, rows of closed windows, late rows and dead
// letters out.
//
// A task has no clock, no thread and no file. Its result is a function of the batches that it was
// given, of `now` where a record is from the future, and of close_up_to() and end_input().
//
// Threads: none; one owner.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "flow/order.h"
#include "model/batch.h"
#include "model/dead_letter.h"
#include "model/names.h"
#include "model/rows.h"
#include "pipeline/held.h"
#include "window/panes.h"
#include "window/rule.h"
#include "window/watermark.h"

namespace bikeflow {

inline constexpr Seconds kFutureTolerance = 5 * kMinute;
inline constexpr Seconds kTimeJump = 24 * kHour;

// What the rows depend on, besides the observations.
struct TaskSettings {
  WindowRule windows{};
  Seconds delay = 10 * kMinute;    // at least 1
  Seconds max_gap = 10 * kMinute;  // at least 1
  // Recorded files have no clock of their own: a jump ahead in time waits for another station
  // (held.h).
  bool is_recorded = false;

  friend bool operator==(const TaskSettings&, const TaskSettings&) = default;
};

// Length divides an hour, slide divides length, delay and max_gap are 1 s to kMostDelay.
bool is_valid(const TaskSettings& settings);
inline constexpr Seconds kMostDelay = 7 * kDay;

enum class ClosedBy : std::uint8_t { kData, kIdle, kEnd };
std::string_view closed_by_word(ClosedBy cause);  // "data", "idle", "end"

struct ClosedWindow {
  Window window;
  std::vector<HourlyRow> rows;  // by station id; never empty
  ClosedBy closed_by = ClosedBy::kData;
  Position from, to;  // what was read while this was the next window with rows: [from, to)
};

struct TaskCounters {
  std::int64_t records = 0;  // taken, whatever became of them
  std::int64_t accepted = 0;
  std::int64_t duplicates = 0;
  std::int64_t conflicts = 0;
  std::int64_t late = 0;
  std::int64_t refused = 0;  // future and time_jump
  std::int64_t windows = 0;
  std::int64_t rows = 0;
  std::int64_t rentals = 0;
  std::int64_t returns = 0;

  friend bool operator==(const TaskCounters&, const TaskCounters&) = default;
};

class Task {
 public:
  explicit Task(const TaskSettings& settings);

  // Takes the batch's records in order. `source` names the input in late rows and dead letters;
  // `now` is the wall clock's (or a simulation's) time, where the batch has none for each record.
  // Requires: the batch's new stations continue names().
  void observe(const Batch& batch, std::string_view source, Seconds now);

  // The clock's decision that nothing more will come from before `t`: closes what ends by then.
  void close_up_to(Seconds t, ClosedBy cause);

  // Applies what the watermark has passed, which otherwise waits until there is need: for a look at
  // open_pane(). Changes no result.
  void catch_up();

  // No record will follow: what was held is decided. With `close_windows`, every window that holds
  // an accepted observation is closed; later input may go on where they end.
  void end_input(Seconds now, bool close_windows);

  // What came out since it was last taken; both are empty afterwards.
  std::vector<ClosedWindow> take_closed();
  std::vector<LateRow> take_late();
  std::vector<DeadLetter> take_refused();
  [[nodiscard]] std::size_t waiting_to_be_taken() const {
    return closed_.size() + late_.size() + refused_.size();
  }

  [[nodiscard]] const TaskSettings& settings() const { return settings_; }
  [[nodiscard]] const Names& names() const { return names_; }
  [[nodiscard]] const TaskCounters& counters() const { return counters_; }
  // As they were when it was loaded: what is above them was counted since.
  [[nodiscard]] const TaskCounters& loaded_counters() const { return loaded_counters_; }
  // Stations' silences longer than max_gap, of those that the watermark has passed since then.
  [[nodiscard]] std::int64_t gaps() const { return gaps_; }
  [[nodiscard]] const Watermark& watermark() const { return watermark_; }
  [[nodiscard]] bool has_started() const { return watermark_.latest() != Watermark::kNone; }
  // The next window to close. Requires: has_started().
  [[nodiscard]] Window next_window() const {
    return {panes_.end() - settings_.windows.length, panes_.end()};
  }
  // The open pane so far, of what the watermark has passed; and the newest counts, which it may not
  // have.
  [[nodiscard]] const PaneTotals& open_pane(StationIndex station) const {
    return panes_.open_pane(station);
  }
  [[nodiscard]] Seconds newest_at(StationIndex station) const { return order_.newest_at(station); }
  [[nodiscard]] Counts newest(StationIndex station) const { return order_.newest(station); }
  [[nodiscard]] std::size_t held() const { return held_.size(); }
  [[nodiscard]] std::size_t memory_bytes() const;

  // Requires: everything was taken.
  void save(Writer& out) const;
  // A task as it was saved with the same settings. An error where the bytes are not that.
  static Result<Task> load(const TaskSettings& settings, Reader& in);

 private:
  void add_station(std::string_view name);
  void accept(StationIndex station, Seconds at, Counts counts, Position position,
              std::string_view source);
  void apply(StationIndex station, const Step& step) {
    if (step.first) {
      panes_.apply_first(station, step.counts);
    } else {
      gaps_ += step.at - step.previous_at > settings_.max_gap ? 1 : 0;
      panes_.apply(station, step.previous_at, step.previous, step.at, step.counts);
    }
  }
  void drain(StationIndex station, Seconds limit);
  void advance(ClosedBy cause);
  void close_pane(ClosedBy cause);
  void skip_empty_panes();
  void hold(HeldRecord record);
  void release(const std::vector<HeldRecord>& records);
  void refuse(const HeldRecord& record);
  void update_limit(Seconds now);

  TaskSettings settings_;
  Names names_;
  Watermark watermark_;
  Order order_;
  Panes panes_;
  Held held_;
  TaskCounters counters_, loaded_counters_;
  std::int64_t gaps_ = 0;
  Position read_to_;                   // one past the last record taken
  Position window_from_;               // read_to_ when the last window with rows was closed
  Seconds now_ = 0;                    // of the batch in hand
  Seconds plain_until_ = 0;            // a time up to here is neither from the future nor a jump
  std::vector<StationIndex> by_name_;  // stations in the order of their ids; stale while shorter
  std::vector<StationRow> station_rows_;

  std::vector<ClosedWindow> closed_;
  std::vector<LateRow> late_;
  std::vector<DeadLetter> refused_;
};

}  // namespace bikeflow
