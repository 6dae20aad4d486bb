// Says how far a partition has closed its hours, and writes _SUCCESS where all partitions have.
//
// A partition writes its file (lake/closed_hours.h) once everything that is due up to a time has
// been acknowledged, then reads those of the others. A store shows what was written to whoever
// reads afterwards, so of two that close an hour at once at least one sees both. Its lists too have
// to show the files with rows that were put before.
//
// Pure: what is wanted goes out by take_wanted(), outcomes come in. Threads: none; one owner.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "lake/closed_hours.h"
#include "lake/paths.h"
#include "pipeline/log_reader.h"
#include "pipeline/requests.h"
#include "window/rule.h"

namespace bikeflow {

class HourMarker {
 public:
  // How far a system's windows are closed: the ends of the first and of the last.
  struct Closed {
    Seconds first = 0;
    Seconds to = 0;
    friend bool operator==(const Closed&, const Closed&) = default;
  };
  using ClosedBySystem = std::map<std::string, Closed>;

  // Requires: `systems` outlives this.
  HourMarker(std::string topic, std::int32_t partition, const std::vector<LogSystem>& systems,
             LakeRule lake, WindowRule windows);

  // Of the topic; 0 before they are known.
  void set_partitions(std::int32_t partitions);

  // All that is due up to there has been acknowledged.
  void closed(const ClosedBySystem& closed);

  // Each is to be given a number, which asked() tells.
  [[nodiscard]] std::vector<RequestWhat> take_wanted();
  void asked(std::uint64_t number) { waiting_.insert(number); }
  [[nodiscard]] bool waits_for(std::uint64_t number) const { return waiting_.contains(number); }
  void outcome(std::uint64_t number, const Outcome& outcome);

  [[nodiscard]] bool is_idle() const { return step_ == Step::kIdle; }

 private:
  // In this order; the next round begins where more has been closed meanwhile.
  enum class Step : std::uint8_t { kIdle, kGetOwn, kPutOwn, kGetOthers, kListHours, kPutMarkers };

  void start();
  void put_own();
  void take(const Got& got);
  void find_complete();
  void find_complete_of(const LogSystem& system);
  void plan_lists();
  void list_next();
  void take(const Listed& listed);
  void put_next();

  std::string topic_;
  std::int32_t partition_;
  std::int32_t partitions_ = 0;
  const std::vector<LogSystem>& systems_;
  LakeRule lake_;
  WindowRule windows_;

  Step step_ = Step::kIdle;
  std::vector<RequestWhat> wanted_;
  std::set<std::uint64_t> waiting_;
  ClosedBySystem closed_;                        // as it was said last
  bool is_news_ = false;                         // it was said since the last round began
  bool knows_own_ = false;                       // own_ was read
  ClosedHours own_;                              // as it is in the store, or is put now
  std::vector<ClosedHours> all_;                 // of this round
  bool is_any_missing_ = false;                  // a partition has closed nothing yet
  std::set<std::string, std::less<>> complete_;  // folders of hours that all partitions have closed
  std::vector<std::string> lists_;               // folders that hold those, still to be listed
  std::vector<std::string> markers_;             // still to be put
};

}  // namespace bikeflow
