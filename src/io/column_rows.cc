#include "io/column_rows.h"

#include "feed/refusal.h"
#include "io/column_values.h"

namespace bikeflow {

ColumnRows::ColumnRows(const ColumnSettings& settings, SystemNames& names,
                       const Names& system_names, const Names& station_names)
    : settings_(settings),
      names_(names),
      system_names_(system_names),
      station_names_(station_names),
      default_system_(kNoName) {}

Result<void> ColumnRows::take(const RowColumns& rows, const RowTexts& texts,
                              std::int64_t first_record, std::size_t begin, InputChunk& chunk) {
  const std::uint32_t systems_before = names_.systems().size();
  stations_before_.clear();
  const auto input = static_cast<std::int32_t>(settings_.input);
  const Position first{input, first_record + static_cast<std::int64_t>(begin)};
  const std::size_t count = rows.stations.size();
  Batch* batch = nullptr;
  for (std::size_t row = 0; row < count; ++row) {
    const auto time = time_of(rows, row);
    if (!time || !is_readable(rows, row)) {
      if (zone_error_) return std::unexpected(*zone_error_);
      if (row < begin) continue;
      chunk.refused.push_back(
          dead_letter(rows, texts, row, time ? Reason::kBadTime : time.error()));
      chunk.refused.back().position = {input, first_record + static_cast<std::int64_t>(row)};
      continue;
    }
    last_time_ = *time;
    if (row < begin) continue;
    const std::uint32_t system = system_of(rows, row);
    if (batch == nullptr || batch->system != system) {
      batch = &batch_of(system, first, count - begin, chunk);
    }
    Record& record = batch->records.emplace_back();
    record.observed_at = *time;
    record.counts.bikes = rows.bikes[row];
    record.counts.racks = rows.racks[row] < 0 ? Counts::kNoRacks : rows.racks[row];
    record.station = station_of(system, rows.stations[row]);
    record.offset = static_cast<std::uint32_t>(row - begin);
  }
  for (std::uint32_t i = systems_before; i < names_.systems().size(); ++i) {
    chunk.new_systems.emplace_back(names_.systems().at(i));
  }
  for (std::size_t i = 0; i < chunk.batches.size(); ++i) {
    const Names& stations = names_.stations(chunk.batches[i].system);
    for (std::uint32_t station = stations_before_[i]; station < stations.size(); ++station) {
      chunk.batches[i].new_stations.emplace_back(stations.at(station));
    }
  }
  return {};
}

Batch& ColumnRows::batch_of(std::uint32_t system, const Position& first, std::size_t rows,
                            InputChunk& chunk) {
  for (Batch& batch : chunk.batches) {
    if (batch.system == system) return batch;
  }
  Batch& batch = chunk.batches.emplace_back();
  batch.system = system;
  batch.first = first;
  if (chunk.batches.size() == 1) batch.records.reserve(rows);
  stations_before_.push_back(names_.stations(system).size());
  return batch;
}

// Station, system and bikes; the time is looked at by itself.
bool ColumnRows::is_readable(const RowColumns& rows, std::size_t row) {
  if (rows.stations[row] >= kEmptyName || rows.bikes[row] < 0) return false;
  return rows.systems.empty() || rows.systems[row] != kBadName;
}

// Requires: the row's system is readable.
std::uint32_t ColumnRows::system_of(const RowColumns& rows, std::size_t row) {
  const std::uint32_t name = rows.systems.empty() ? kNoName : rows.systems[row];
  if (name >= kEmptyName) {
    if (default_system_ == kNoName) default_system_ = names_.intern(settings_.system);
    return default_system_;
  }
  if (name >= systems_.size()) systems_.resize(system_names_.size(), kNoName);
  if (systems_[name] == kNoName) systems_[name] = names_.intern(system_names_.at(name));
  return systems_[name];
}

StationIndex ColumnRows::station_of(std::uint32_t system, std::uint32_t name) {
  if (system >= stations_.size()) stations_.resize(system + 1);
  std::vector<StationIndex>& numbers = stations_[system];
  if (name >= numbers.size()) numbers.resize(station_names_.size(), kNoName);
  if (numbers[name] == kNoName) {
    numbers[name] = names_.stations(system).intern(station_names_.at(name));
  }
  return numbers[name];
}

std::expected<Seconds, Reason> ColumnRows::time_of(const RowColumns& rows, std::size_t row) {
  if (rows.times_are != RowColumns::Times::kReady) return zoned_time_of(rows, row);
  const Seconds time = rows.times[row];
  if (time >= 0) return time;
  return std::unexpected(time == kNoTime ? Reason::kMissingTime : Reason::kBadTime);
}

std::expected<Seconds, Reason> ColumnRows::zoned_time_of(const RowColumns& rows, std::size_t row) {
  if (!rows.systems.empty() && rows.systems[row] == kBadName)
    return std::unexpected(Reason::kBadTime);
  const std::uint32_t system = system_of(rows, row);
  TimeReader* reader = time_reader(system);
  if (reader == nullptr) return std::unexpected(Reason::kBadTime);
  if (rows.times_are == RowColumns::Times::kText) {
    const std::string_view text = rows.time_texts[row];
    if (text.data() == nullptr) return std::unexpected(Reason::kMissingTime);
    return reader->read(text, last_time_);
  }
  const Seconds local = rows.times[row];
  if (local == kNoTime) return std::unexpected(Reason::kMissingTime);
  if (local == kBadTime) return std::unexpected(Reason::kBadTime);
  return local_time_of(local, system, reader->zone());
}

std::expected<Seconds, Reason> ColumnRows::local_time_of(Seconds local, std::uint32_t system,
                                                         const Zone& zone) {
  // The local time of the row before is the same time again, whichever of two it is.
  if (!last_local_ || last_local_->local != local || last_local_->system != system) {
    const std::optional<Seconds> time = zone.from_local(local, last_time_);
    if (!time) return std::unexpected(Reason::kNoSuchLocalTime);
    if (!is_time_in_range(*time)) return std::unexpected(Reason::kBadTime);
    last_local_ = LocalTime{local, system, *time};
  }
  return last_local_->time;
}

// Null where the system's zone cannot be had; then zone_error_ says why.
TimeReader* ColumnRows::time_reader(std::uint32_t system) {
  if (system >= time_readers_.size()) time_readers_.resize(system + 1);
  std::unique_ptr<TimeReader>& reader = time_readers_[system];
  if (reader == nullptr) {
    auto zone = settings_.zone_of(names_.systems().at(system));
    if (!zone) {
      zone_error_ = zone.error();
      return nullptr;
    }
    reader = std::make_unique<TimeReader>(*std::move(zone));
  }
  return reader.get();
}

// The first of station, system, bikes and time that is wrong gives the reason, as in text.
DeadLetter ColumnRows::dead_letter(const RowColumns& rows, const RowTexts& texts, std::size_t row,
                                   Reason time_reason) const {
  DeadLetter letter;
  letter.source = settings_.source;
  letter.received_at = settings_.now;
  letter.record = texts.record(row);
  letter.record.resize(std::min(letter.record.size(), kDeadLetterRecordBytes));
  const auto missing = [&](Reason reason, Field field) {
    letter.refusal = missing_field(reason, texts.column_name(field));
  };
  const auto bad = [&](Reason reason, Field field, std::string_view expected) {
    letter.refusal =
        bad_field(reason, texts.column_name(field), texts.cell(field, row), false, expected);
  };
  constexpr std::string_view kName = "1 to 128 bytes of UTF-8 without control characters";
  if (rows.stations[row] == kNoName) {
    missing(Reason::kMissingStation, Field::kStation);
  } else if (rows.stations[row] >= kEmptyName) {
    bad(Reason::kBadStation, Field::kStation, kName);
  } else if (!rows.systems.empty() && rows.systems[row] == kBadName) {
    bad(Reason::kBadStation, Field::kSystem, kName);
  } else if (rows.bikes[row] == kNoCount) {
    missing(Reason::kMissingBikes, Field::kBikes);
  } else if (rows.bikes[row] == kBadCount) {
    bad(Reason::kBadBikes, Field::kBikes, "a whole number from 0 to 10000");
  } else if (time_reason == Reason::kMissingTime) {
    missing(time_reason, Field::kTime);
  } else if (time_reason == Reason::kNoSuchLocalTime) {
    bad(time_reason, Field::kTime, "a local time that exists in the system's time zone");
  } else {
    bad(time_reason, Field::kTime, "a time from 2000 to 9999");
  }
  return letter;
}

}  // namespace bikeflow
