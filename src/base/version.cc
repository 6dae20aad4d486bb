#include "base/version.h"

namespace bikeflow {

std::string_view program_version() { return BIKEFLOW_VERSION; }

}  // namespace bikeflow
