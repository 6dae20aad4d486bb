#include "feed/observation_reader.h"

#include "feed/refusal.h"

namespace bikeflow {

bool ObservationReader::refuse_missing(Reason reason, Field field) {
  refusal_ = missing_field(reason, fields_.names_of(field));
  return false;
}

bool ObservationReader::refuse(Reason reason, const FoundField& found, std::string_view expected) {
  refusal_ = bad_field(reason, fields_.name(found.slot), found.written, found.is_quoted, expected);
  return false;
}

bool ObservationReader::refuse_name(const FoundField& found) {
  return refuse(Reason::kBadStation, found, kStationIdForm);
}

bool ObservationReader::refuse_bikes(const FoundField& found) {
  return refuse(Reason::kBadBikes, found, kCountForm);
}

bool ObservationReader::refuse_time(const FoundField& found, Reason reason, const Zone& zone) {
  if (reason == Reason::kNoSuchLocalTime) {
    return refuse(reason, found, "a local time that exists in " + zone.name());
  }
  return refuse(
      reason, found,
      "Unix seconds or milliseconds, or a date and time such as 2024-08-11T22:30:00+09:00, "
      "from 2000 to 9999");
}

}  // namespace bikeflow
