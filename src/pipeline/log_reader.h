// Messages of a partition of a topic -> batches of observations, and dead letters.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/zone.h"
#include "feed/json_record.h"
#include "model/batch.h"
#include "model/log_message.h"
#include "model/names.h"

namespace bikeflow {

// A system whose stations a topic tells of.
struct LogSystem {
  std::string name;
  Zone zone;
};

// Threads: none; one owner.
class LogReader {
 public:
  // A record that names no system is of the first.
  // Requires: at least one system.
  // `has_live_view`: batches say what else is known of the stations, of each about once an hour.
  LogReader(std::vector<LogSystem> systems, std::int32_t partition, std::string source,
            bool has_live_view = false);

  // The stations of a system, as a task that was restored numbers them. Before the first read().
  void know(std::string_view system, const Names& stations);

  struct Read {
    std::vector<Batch> batches;  // Batch::system is an index into systems(); none is empty
    std::vector<DeadLetter> refused;
  };
  // `now` is the wall clock's time.
  Read read(std::span<const LogMessage> messages, Seconds now);

  [[nodiscard]] const std::vector<LogSystem>& systems() const { return systems_; }

 private:
  // Of a record that names none, the first's; of one that is not known, one past the last.
  [[nodiscard]] std::size_t index_of(std::string_view system) const;
  void add(const Observation& observation, std::size_t system, const LogMessage& message,
           const Arrived& arrived, std::int64_t first_offset);
  void describe(std::size_t system, StationIndex station, const LogMessage& message, Seconds now);

  std::vector<LogSystem> systems_;
  std::int32_t partition_;
  std::string source_;
  JsonRecordDecoder decoder_;
  bool has_live_view_;
  std::vector<Names> stations_;                  // by system
  std::vector<std::vector<Seconds>> described_;  // when, by system and station
  std::vector<Batch> batches_;                   // by system, being filled
  std::vector<std::string> raw_;
  Read read_;
};

}  // namespace bikeflow
