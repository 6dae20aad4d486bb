// The topic read again from its beginning, and the lake compared with what it says.
//
// Each partition is read up to where its newest checkpoint has read it, and goes through the same
// task. What a clock decided cannot be found in the log, so it is taken from the lake: which
// windows were closed because nothing came (closed_by and last_offset in the files' metadata, and
// the watermarks of late rows), and which records were from the future (dead letters).
//
// Threads: one owner.
#pragma once

#include <string>
#include <vector>

#include "app/checkpoints.h"
#include "app/lake_view.h"
#include "app/shell.h"
#include "app/times.h"
#include "app/verify_report.h"
#include "io/kafka_settings.h"

namespace bikeflow {

struct ReplaySettings {
  KafkaSettings kafka;
  // Hours that begin then are compared; late rows and dead letters always.
  TimeRange range;
};

// What could not be compared (no broker, another cluster, a beginning that is gone) is unverified.
void verify_replay(const LakeView& lake, const HourListing& hours,
                   const std::vector<JobCheckpoint>& checkpoints, const ReplaySettings& settings,
                   VerifyReport& report, const Shell& shell);

}  // namespace bikeflow
