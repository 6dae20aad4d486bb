#include "pipeline/log_reader.h"

#include <algorithm>
#include <memory>
#include <utility>

#include <fmt/core.h>

#include "base/check.h"
#include "feed/topic_about.h"
#include "pipeline/task.h"

namespace bikeflow {
namespace {

constexpr Seconds kDescribeEvery = kHour;

Decoded decode(JsonRecordDecoder& decoder, const LogMessage& message, Seconds near) {
  if (!message.value) {
    return std::unexpected(Refusal{Reason::kNotJson, "a tombstone: no value", std::nullopt});
  }
  if (message.value->size() > kMaxRecordBytes) return std::unexpected(too_large());
  return decoder.decode(*message.value, near);
}

}  // namespace

LogReader::LogReader(std::vector<LogSystem> systems, std::int32_t partition, std::string source,
                     bool has_live_view)
    : systems_(std::move(systems)),
      partition_(partition),
      source_(std::move(source)),
      decoder_(systems_.at(0).zone),
      has_live_view_(has_live_view),
      stations_(systems_.size()),
      described_(systems_.size()),
      batches_(systems_.size()),
      raw_(systems_.size()) {
  for (const LogSystem& system : systems_) decoder_.add_zone(system.name, system.zone);
}

void LogReader::know(std::string_view system, const Names& stations) {
  const auto found = std::ranges::find(systems_, system, &LogSystem::name);
  if (found == systems_.end()) return;  // no longer in the configuration
  Names& known = stations_[static_cast<std::size_t>(found - systems_.begin())];
  CHECK(known.size() == 0);
  for (std::uint32_t i = 0; i < stations.size(); ++i) known.intern(stations.at(i));
}

LogReader::Read LogReader::read(std::span<const LogMessage> messages, Seconds now) {
  for (const LogMessage& message : messages) {
    Arrived arrived{now, now};
    if (message.timestamp_ms >= 0 && message.timestamp_ms / 1000 <= kLatestTime) {
      arrived.received_at = message.timestamp_ms / 1000;
      arrived.clock = std::min(now, arrived.received_at);
    }
    Decoded decoded = decode(decoder_, message, arrived.received_at);
    const std::size_t system = decoded ? index_of(decoded->system) : systems_.size();
    if (decoded && system == systems_.size()) {
      decoded = std::unexpected(
          Refusal{Reason::kBadStation,
                  fmt::format("its system '{}' is not in the configuration", decoded->system),
                  std::nullopt});
    }
    if (decoded) {
      add(*decoded, system, message, arrived, messages.front().offset);
    } else {
      read_.refused.push_back(
          {source_,
           {partition_, message.offset},
           arrived.received_at,
           std::move(decoded.error()),
           std::string(message.value.value_or("").substr(0, kDeadLetterRecordBytes))});
    }
  }
  for (std::size_t i = 0; i < systems_.size(); ++i) {
    if (batches_[i].records.empty()) continue;
    batches_[i].raw = std::make_shared<const std::string>(std::exchange(raw_[i], {}));
    read_.batches.push_back(std::exchange(batches_[i], {}));
  }
  return std::exchange(read_, {});
}

std::size_t LogReader::index_of(std::string_view system) const {
  if (system.empty()) return 0;
  return static_cast<std::size_t>(std::ranges::find(systems_, system, &LogSystem::name) -
                                  systems_.begin());
}

void LogReader::add(const Observation& observation, std::size_t system, const LogMessage& message,
                    const Arrived& arrived, std::int64_t first_offset) {
  Batch& batch = batches_[system];
  if (batch.records.empty()) {
    batch.system = static_cast<std::uint32_t>(system);
    batch.first = {partition_, first_offset};
  }
  CHECK(message.offset - batch.first.offset <= UINT32_MAX);
  const std::uint32_t known = stations_[system].size();
  Record record{.observed_at = observation.observed_at,
                .counts = observation.counts,
                .station = stations_[system].intern(observation.station_id),
                .offset = static_cast<std::uint32_t>(message.offset - first_offset)};
  if (record.station == known) batch.new_stations.emplace_back(observation.station_id);
  // Only a record that will be a dead letter is asked for its bytes.
  if (observation.observed_at > arrived.clock + kFutureTolerance) {
    record.raw_begin = static_cast<std::uint32_t>(raw_[system].size());
    const auto kept = message.value->substr(0, kDeadLetterRecordBytes);
    record.raw_size = static_cast<std::uint32_t>(kept.size());
    raw_[system] += kept;
  }
  batch.records.push_back(record);
  batch.arrived.push_back(arrived);
  if (has_live_view_) describe(system, record.station, message, arrived.clock);
}

// Reading all of a record takes much longer than what rows need of it, and names hardly change.
void LogReader::describe(std::size_t system, StationIndex station, const LogMessage& message,
                         Seconds now) {
  std::vector<Seconds>& described = described_[system];
  if (described.size() <= station) described.resize(station + 1, 0);
  if (now - described[station] < kDescribeEvery) [[likely]]
    return;
  described[station] = now;
  if (auto about = topic_about(*message.value)) {
    batches_[system].about.emplace_back(station, *std::move(about));
  }
}

}  // namespace bikeflow
