// The files of late rows and dead letters: can they be read, and are they where they belong?
#pragma once

#include "app/lake_view.h"
#include "app/verify_file.h"
#include "app/verify_report.h"

namespace bikeflow {

// `timezones`: of each system that is known, by id.
void verify_late(const LakeView& lake, const std::map<std::string, std::string>& timezones,
                 Zones& zones, VerifyReport& report);
void verify_dead_letters(const LakeView& lake, VerifyReport& report);

}  // namespace bikeflow
