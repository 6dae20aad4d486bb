// What looks on while a pipeline runs: the live view, and who shows it.
//
// Threads: one owner.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "app/config.h"
#include "app/dashboard.h"
#include "base/result.h"
#include "io/live_hub.h"
#include "io/redis_writer.h"
#include "io/run_board.h"
#include "io/run_voice.h"

namespace bikeflow {

class LiveSide {
 public:
  // With what the configuration names; its lake, windows, dashboard and Redis are looked at. Nobody
  // may be looking on: then hub() is null, and the pipeline spares itself the view.
  static Result<std::unique_ptr<LiveSide>> start(const Config& config, const RunVoice& voice);

  // Systems of which all is known before anything is read.
  void introduce(const SystemConfig& system, const WindowConfig& window);

  [[nodiscard]] LiveHub* hub() { return dashboard_ || redis_ ? &hub_ : nullptr; }
  // Of metrics; null where nobody can ask for them.
  [[nodiscard]] RunBoard* board() { return dashboard_ ? &board_ : nullptr; }

 private:
  LiveSide() = default;
  [[nodiscard]] std::string metrics() const;

  LiveHub hub_;
  RunBoard board_;
  std::unique_ptr<RedisWriter> redis_;
  // The dashboard, for its own workers, who may ask before it is there.
  std::atomic<const Dashboard*> shown_ = nullptr;
  std::unique_ptr<Dashboard> dashboard_;
};

}  // namespace bikeflow
