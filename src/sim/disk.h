// A simulated disk: the files of a lake, the checkpoints of its writer, and CURRENT, with what the
// real ones promise (io/store.h, io/state_dir.h) and no more:
//   - a file of the lake is seen whole or not at all, from some time before put() returns;
//   - a checkpoint whose writing did not succeed may be there in part;
//   - CURRENT names the old or the new checkpoint, and after a failure nobody knows which;
//   - what was seen before it was durable may be gone after a power cut.
// It keeps what a reader of the lake could have seen, in order.
//
// Threads: none; one owner.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/job.h"
#include "sim/faults.h"

namespace bikeflow::sim {

// Everything but kYes is the end of an honest process.
enum class Done : std::uint8_t { kYes, kFailed, kKilled };

// A change of the lake as its readers see it.
struct Sight {
  enum class What : std::uint8_t {
    kCame,
    kChanged,
    kWent,
    kRemoved,  // by an operator, who wants it written anew
  };
  What what;
  std::string path;
  // Of a _SUCCESS: so many partitions of the topic were known to whoever found the hour complete.
  std::int32_t partitions = INT32_MAX;
};

class Disk {
 public:
  explicit Disk(const Faults& faults) : faults_(faults) {}

  Done write_checkpoint(const std::string& name, std::string_view bytes);
  Done set_current(const std::string& name);
  Done put(std::span<const DueFile* const> files);
  // Checkpoints at least three sequences below `current`'s.
  Done remove_old(std::string_view current);

  // What a new process starts from. Durable afterwards, because what it publishes follows from it.
  std::optional<std::string> load_current();

  // Between two processes. What was not durable goes, or becomes durable, one by one.
  void cut_power();

  [[nodiscard]] const std::optional<std::string>& current() const { return current_; }
  [[nodiscard]] const std::map<std::string, std::string>& checkpoints() const {
    return checkpoints_;
  }
  // The lake as a reader sees it now, and how it came to be.
  using Lake = std::map<std::string, std::string>;
  [[nodiscard]] const Lake& lake() const { return lake_; }
  [[nodiscard]] const std::vector<Sight>& sights() const { return sights_; }

  [[nodiscard]] Faults& faults() { return faults_; }
  [[nodiscard]] const Faults& faults() const { return faults_; }

  // For planted bugs: what an honest disk does not do.
  void remove_checkpoint(const std::string& name) { checkpoints_.erase(name); }
  void show(const std::string& path, std::string_view bytes) { see(path, std::string(bytes)); }
  void set_durable_current(std::optional<std::string> name) { durable_current_ = std::move(name); }

 private:
  void see(const std::string& path, std::string bytes);

  Faults faults_;
  std::map<std::string, std::string> checkpoints_;
  std::optional<std::string> current_, durable_current_;
  Lake lake_;
  std::map<std::string, std::optional<std::string>>
      durable_;  // of paths where lake_ is ahead of it
  std::vector<Sight> sights_;
};

}  // namespace bikeflow::sim
