// How a program goes about the protocol. The honest conduct is the protocol's; each planted bug
// leaves one thing of it out, to show that the simulation would find it.
//
// Threads: none; one owner.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/job.h"
#include "sim/disk.h"
#include "sim/planted.h"

namespace bikeflow::sim {

class Conduct {
 public:
  virtual ~Conduct() = default;

  // The name of the checkpoint to start from; nothing: a first start.
  virtual std::optional<std::string> choose_checkpoint(Disk& disk) { return disk.load_current(); }
  // What was loaded, before anything is done with it.
  virtual void look_over(Job& /*job*/) {}
  virtual bool publishes_due_at_start() { return true; }
  virtual bool skips_a_batch_at_start() { return false; }
  // The effects of a commit, or of a start.
  virtual void arrange(std::vector<Effect>& /*effects*/) {}

  virtual Done write_checkpoint(Disk& disk, const WriteCheckpoint& effect) {
    return disk.write_checkpoint(effect.name, effect.bytes);
  }
  virtual Done set_current(Disk& disk, const SetCurrent& effect) {
    return disk.set_current(effect.name);
  }
  virtual Done put(Disk& disk, const PutFiles& effect) { return disk.put(effect.files); }
  virtual Done remove_old(Disk& disk, const std::string& current) {
    return disk.remove_old(current);
  }
};

const std::vector<Planted<Conduct>>& planted_bugs();

}  // namespace bikeflow::sim
