// One JSON record, from a file or a topic -> an observation or a refusal.
//
// Both forms are read, whichever keys a record has: that of files,
// {"system":"seoul","station_id":"ST-4", "observed_at":1723383000,"bikes":16,"racks":15}, and the
// topic's, {"stationId":"ST-4", "timestamp":"2024-08-11
// 22:30:00","parkingBikeTotCnt":"16","rackTotCnt":"15"}.
//
// Where several things are wrong, the reason is the first of: too_large; not_utf8; not_json or
// too_deep, whichever comes first in the record; missing_station, bad_station; missing_bikes,
// bad_bikes; missing_time; bad_time, no_such_local_time. The rules beyond the contract's table:
//  - null is as good as absent; so is an empty system;
//  - an integer is taken as a station id too, as in CSV and Parquet: its text as written;
//  - a system obeys the rules of a station id, and its reason is bad_station;
//  - the time's number or digits may have a fraction, which is cut off, but no sign or exponent;
//  - half of a surrogate pair ("\ud800") is no character, so no value; in a key or a value that is
//  not
//    needed it does no harm, as the JSON grammar allows it.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "feed/fields.h"
#include "feed/json_cursor.h"
#include "feed/json_shape.h"
#include "feed/observation_reader.h"
#include "feed/record.h"

namespace bikeflow {

// Threads: none; one owner. An observation's views are of the record or of the decoder, and good
// until the next decode().
class JsonRecordDecoder {
 public:
  explicit JsonRecordDecoder(Zone zone, const FieldNames& names = {})
      : reader_(names, std::move(zone)) {}

  // As ObservationReader::add_zone().
  void add_zone(std::string system, Zone zone) {
    reader_.add_zone(std::move(system), std::move(zone));
  }

  // `near` settles a local time that occurs twice: the record's timestamp, or in a file the time of
  // the observation before it.
  Decoded decode(std::string_view record, Seconds near);

 private:
  // The members that carry fields -> values_. A refusal where the record is malformed.
  std::optional<Refusal> collect(std::string_view record);
  FieldLookup::Slot slot_of(const JsonMember& member);
  std::optional<FoundField> find(Field field);

  ObservationReader reader_;
  FieldValues values_;
  JsonShape shape_;
  int patience_ = 0;  // how many records more may have another shape before theirs is learned
  std::array<std::string, kFieldCount> unescaped_;  // texts of fields that have escapes
  std::string unescaped_key_;
};

}  // namespace bikeflow
