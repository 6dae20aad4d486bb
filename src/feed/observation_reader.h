// The fields of a record -> an observation or a refusal: the part of decoding in which all text
// formats are the same.
//
// Of several wrong fields the first of station, system, bikes, time gives the reason.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "feed/fields.h"
#include "feed/record.h"
#include "feed/value.h"

namespace bikeflow {

// A field that a record has.
struct FoundField {
  std::string_view text;     // without quotes and escapes
  std::string_view written;  // as the record has it, for messages
  FieldLookup::Slot slot;    // the name under which it has it
  bool is_quoted;
  bool has_text = true;  // false: a value of a kind that this field never has
};

// Threads: none; one owner.
class ObservationReader {
 public:
  ObservationReader(const FieldNames& names, Zone zone) : fields_(names), time_(std::move(zone)) {}

  // Local times of records that name this system are of its zone. Requires: called once for each.
  void add_zone(std::string system, Zone zone) {
    of_systems_.emplace(std::move(system), std::move(zone));
  }

  [[nodiscard]] const FieldLookup& fields() const { return fields_; }

  // `find(Field)` gives an std::optional<FoundField>, whose text lives as long as the observation.
  template <class Find>
  Decoded read(Find&& find, Seconds near) {
    Decoded decoded;
    const bool is_observation = read_station(find(Field::kStation), *decoded) &&
                                read_system(find(Field::kSystem), *decoded) &&
                                read_bikes(find(Field::kBikes), *decoded) &&
                                read_time(find(Field::kTime), near, *decoded);
    if (is_observation) {
      read_racks(find(Field::kRacks), *decoded);
    } else {
      decoded = std::unexpected(std::move(refusal_));
    }
    return decoded;
  }

 private:
  using Found = std::optional<FoundField>;

  bool read_station(const Found& found, Observation& observation) {
    if (!found) return refuse_missing(Reason::kMissingStation, Field::kStation);
    if (!found->has_text || !is_station_id(found->text)) return refuse_name(*found);
    observation.station_id = found->text;
    return true;
  }
  bool read_system(const Found& found, Observation& observation) {
    if (!found || (found->has_text && found->text.empty())) return true;
    if (!found->has_text || !is_station_id(found->text)) return refuse_name(*found);
    observation.system = found->text;
    return true;
  }
  bool read_bikes(const Found& found, Observation& observation) {
    if (!found) return refuse_missing(Reason::kMissingBikes, Field::kBikes);
    const auto count = found->has_text ? parse_count(found->text) : std::nullopt;
    if (!count) return refuse_bikes(*found);
    observation.counts.bikes = *count;
    return true;
  }
  static void read_racks(const Found& found, Observation& observation) {
    const auto count = found && found->has_text ? parse_count(found->text) : std::nullopt;
    observation.counts.racks = count.value_or(Counts::kNoRacks);
  }
  bool read_time(const Found& found, Seconds near, Observation& observation) {
    if (!found) return refuse_missing(Reason::kMissingTime, Field::kTime);
    TimeReader& reader = time_of(observation.system);
    const auto time =
        found->has_text ? reader.read(found->text, near) : std::unexpected(Reason::kBadTime);
    if (!time) return refuse_time(*found, time.error(), reader.zone());
    observation.observed_at = *time;
    return true;
  }
  TimeReader& time_of(std::string_view system) {
    if (of_systems_.empty() || system.empty()) return time_;
    const auto found = of_systems_.find(system);
    return found == of_systems_.end() ? time_ : found->second;
  }

  // Each returns false.
  bool refuse_missing(Reason reason, Field field);
  bool refuse_name(const FoundField& found);
  bool refuse_bikes(const FoundField& found);
  bool refuse_time(const FoundField& found, Reason reason, const Zone& zone);
  bool refuse(Reason reason, const FoundField& found, std::string_view expected);

  FieldLookup fields_;
  TimeReader time_;
  std::map<std::string, TimeReader, std::less<>> of_systems_;
  Refusal refusal_;
};

}  // namespace bikeflow
