// The text of /metrics, in Prometheus's form. Names, types, labels and meanings are those of the
// page doc/metrics.md, which a test compares with it.
//
// Threads: none.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "io/process_numbers.h"
#include "io/redis_writer.h"
#include "io/web_counts.h"
#include "live/live_view.h"
#include "pipeline/run_numbers.h"

namespace bikeflow {

struct MetricsInput {
  RunNumbers run;
  std::map<std::string, LiveTotals> systems{};  // now
  HttpServerCounts http{};
  std::optional<RedisCounts> redis{};  // nothing where there is none
  ProcessNumbers process;
};

std::string metrics_text(const MetricsInput& input);

}  // namespace bikeflow
