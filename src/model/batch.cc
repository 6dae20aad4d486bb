#include "model/batch.h"

#include <algorithm>

#include <fmt/core.h>

namespace bikeflow {

std::string raw_record(const Batch& batch, const Record& record, std::string_view station_id) {
  if (record.raw_size > 0 && batch.raw != nullptr) {
    return batch.raw->substr(record.raw_begin,
                             std::min<std::size_t>(record.raw_size, kDeadLetterRecordBytes));
  }
  std::string text = fmt::format(R"({{"station_id":"{}","observed_at":{},"bikes":{})", station_id,
                                 record.observed_at, record.counts.bikes);
  if (record.counts.racks != Counts::kNoRacks) {
    text += fmt::format(R"(,"racks":{})", record.counts.racks);
  }
  return text + "}";
}

}  // namespace bikeflow
