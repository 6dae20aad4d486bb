// Why an hour is not final yet, in the words of the log and of the API:
// "hour 14 open: watermark 14:52:10, needs 15:00:00".
//
// Times are those of the system's clock, with their day where it is not that of `now`.
//
// Threads: none; pure functions.
#pragma once

#include <string>

#include "base/time.h"
#include "base/zone.h"

namespace bikeflow {

// A window's: "hour 14", "14:15" of one that is no whole hour; "hour 14 of 2024-08-11".
std::string hour_words(Seconds start, Seconds end, const Zone& zone, Seconds now);

// "watermark 14:52:10, needs 15:00:00"
std::string wait_words(Seconds watermark, Seconds end, const Zone& zone, Seconds now);

}  // namespace bikeflow
