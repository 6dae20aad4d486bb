// What goes wrong, and when: drawn from a seed, operation by operation.
//
// A process is killed before, in the middle of or after any operation on the disk, or between two
// of them; an operation fails, before it did anything or half done; the disk is full for a while;
// and between two lives of the process the power may be cut, which takes what was seen but not yet
// durable.
//
// Threads: none; one owner.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "sim/rng.h"

namespace bikeflow::sim {

enum class Operation : std::uint8_t { kWriteCheckpoint, kSetCurrent, kPut, kRemoveOld };
inline constexpr std::size_t kOperations = 4;

enum class Fault : std::uint8_t {
  kNone,
  kKilledBefore,
  kKilledMidway,
  kKilledAfter,
  kFailsBefore,
  kFailsMidway,
  kDiskFull,
};
inline constexpr std::size_t kFaults = 7;

// How much of everything happened; of many seeds, where they are added up.
struct FaultCounts {
  std::array<std::array<std::int64_t, kFaults>, kOperations> of_operation{};
  std::int64_t killed_reading = 0;    // between two operations
  std::int64_t torn_checkpoints = 0;  // some bytes under the name, not all
  std::int64_t groups_in_part = 0;    // some of a group's files were seen, others not
  std::int64_t currents_unsure = 0;   // a failed or killed SetCurrent
  std::int64_t power_cuts = 0;
  std::int64_t files_taken_back = 0;  // seen, and gone by a power cut
  std::int64_t lives = 0;

  [[nodiscard]] std::int64_t of(Operation operation, Fault fault) const {
    return of_operation[static_cast<std::size_t>(operation)][static_cast<std::size_t>(fault)];
  }
  void add(const FaultCounts& other);
  // A line for each operation and one for the rest.
  [[nodiscard]] std::string text() const;
};

class Faults {
 public:
  // How often: `rng` draws it, so that some seeds are calm and some are one crash after another.
  explicit Faults(Rng rng);
  static Faults none();

  // What becomes of the next operation.
  Fault next(Operation operation);
  // The process is killed while it reads.
  bool kills_reading();
  // The process ended and will start again: is the power cut before it does?
  bool cuts_power();
  // From now on everything succeeds.
  void stop() { is_on_ = false; }

  [[nodiscard]] int most_lives() const { return most_lives_; }
  // Draws for how a fault looks: how much was written, which files were seen.
  [[nodiscard]] Rng& shape() { return shape_; }
  [[nodiscard]] FaultCounts& counts() { return counts_; }
  [[nodiscard]] const FaultCounts& counts() const { return counts_; }

 private:
  Fault draw(Operation operation);

  Rng rng_;
  Rng shape_;
  bool is_on_ = true;
  double kill_ = 0, fail_ = 0, fill_ = 0, kill_reading_ = 0, cut_power_ = 0, storm_ = 0;
  int most_lives_ = 1;  // then stop()
  int full_for_ = 0;    // operations that need room
  int storm_for_ = 0;   // operations
  FaultCounts counts_;
};

}  // namespace bikeflow::sim
