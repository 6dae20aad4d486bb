// The simulated feed as text: records in the two forms that can be read back, and the true trips.
//
// Threads: none; one owner.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/zone.h"
#include "sim/city.h"
#include "sim/feed.h"

namespace bikeflow {

enum class RecordForm : std::uint8_t { kRecorded, kTopic };
Result<RecordForm> parse_record_form(std::string_view text);  // "recorded", "topic"

// One line of NDJSON for each observation:
//   recorded  {"system":"seoul","station_id":"ST-4","observed_at":1723383000,"bikes":16,"racks":15}
//   topic     {"rackTotCnt":"15","stationName":"102. ...","parkingBikeTotCnt":"16","shared":"107",
//             "stationLatitude":"37.55564880","stationLongitude":"126.91062927","stationId":"ST-4",
//             "timestamp":"2024-08-11 22:30:00"}    (without the line ends)
// The timestamp is local; in a zone whose clocks change it has its offset:
// "2014-06-02T08:00:00-07:00".
class RecordText {
 public:
  // Requires: `zone` lives longer.
  RecordText(const City& city, const Zone& zone, RecordForm form);

  void append(std::string& out, const CityObservation& observation);

 private:
  void set_time(Seconds time);

  const Zone& zone_;
  RecordForm form_;
  // By station, what comes before the count of bikes and after it (topic: after "shared").
  std::vector<std::array<std::string, 2>> parts_;
  Seconds time_ = -1;
  std::string time_text_;
};

inline constexpr std::string_view kTruthHeader =
    "trip_id,started_at,start_station_id,ended_at,end_station_id,kind\n";

// The true trips as CSV, a line for each when it ends: Unix seconds, and one of three kinds:
//   rider   a trip
//   truck   a bike moved by the operator
//   sensor  no movement: a bike that a sensor did not see from the start to the end
class TruthText {
 public:
  // Requires: `city` lives longer.
  explicit TruthText(const City& city) : city_(city) {}

  void append(std::string& out, const CityEvent& event);
  // Lines for what has begun and not ended, by trip: their end is empty.
  void append_open(std::string& out) const;

 private:
  void append_start(std::string& out, std::uint32_t trip, const CityEvent& departure) const;

  const City& city_;
  std::unordered_map<std::uint32_t, CityEvent> open_;  // departures, by trip
};

}  // namespace bikeflow
