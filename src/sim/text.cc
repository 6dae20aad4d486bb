#include "sim/text.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "base/check.h"

namespace bikeflow {
namespace {

std::string_view kind_word(Cause cause) {
  switch (cause) {
    case Cause::kRider:
      return "rider";
    case Cause::kTruck:
      return "truck";
    case Cause::kSensor:
      return "sensor";
  }
  CHECK(false);
  return {};
}

// Names of our own cities need no escapes but these.
std::string json_escaped(std::string_view text) {
  std::string escaped;
  for (char c : text) {
    CHECK(static_cast<unsigned char>(c) >= 0x20);
    if (c == '"' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

void append_number(std::string& out, std::int64_t number) {
  const fmt::format_int text(number);
  out.append(text.data(), text.size());
}

// Percent of racks in use, as the feed gives it: rounded, above 100 where bikes stand beside racks.
int shared_percent(const Counts& counts) {
  return counts.racks > 0 ? (200 * counts.bikes + counts.racks) / (2 * counts.racks) : 0;
}

}  // namespace

Result<RecordForm> parse_record_form(std::string_view text) {
  if (text == "recorded") return RecordForm::kRecorded;
  if (text == "topic") return RecordForm::kTopic;
  return fail("unknown form '{}'; there are recorded and topic", text);
}

RecordText::RecordText(const City& city, const Zone& zone, RecordForm form)
    : zone_(zone), form_(form) {
  for (const CityStation& station : city.stations) {
    const std::string id = json_escaped(station.id);
    if (form == RecordForm::kRecorded) {
      parts_.push_back(
          {fmt::format(R"({{"system":"{}","station_id":"{}","observed_at":)", city.id, id),
           fmt::format(R"(,"racks":{}}})"
                       "\n",
                       station.racks)});
    } else {
      parts_.push_back(
          {fmt::format(R"({{"rackTotCnt":"{}","stationName":"{}","parkingBikeTotCnt":")",
                       station.racks, json_escaped(station.name)),
           fmt::format(R"(","stationLatitude":"{}","stationLongitude":"{}","stationId":"{}",)"
                       R"("timestamp":")",
                       station.latitude, station.longitude, id)});
    }
  }
}

void RecordText::append(std::string& out, const CityObservation& observation) {
  if (observation.observed_at != time_) set_time(observation.observed_at);
  const auto& [before, after] = parts_[observation.station];
  out += before;
  if (form_ == RecordForm::kRecorded) {
    out += time_text_;
    out += R"(,"bikes":)";
    append_number(out, observation.counts.bikes);
    out += after;
  } else {
    append_number(out, observation.counts.bikes);
    out += R"(","shared":")";
    append_number(out, shared_percent(observation.counts));
    out += after;
    out += time_text_;
    out += "\"}\n";
  }
}

void RecordText::set_time(Seconds time) {
  time_ = time;
  time_text_ = form_ == RecordForm::kRecorded ? fmt::format("{}", time) : zone_.record_time(time);
}

void TruthText::append(std::string& out, const CityEvent& event) {
  if (event.change < 0) {
    open_.emplace(event.trip, event);
    return;
  }
  const auto departure = open_.find(event.trip);
  CHECK(departure != open_.end());
  append_start(out, event.trip, departure->second);
  fmt::format_to(std::back_inserter(out), "{},{},{}\n", event.at, city_.stations[event.station].id,
                 kind_word(event.cause));
  open_.erase(departure);
}

void TruthText::append_open(std::string& out) const {
  std::vector<std::uint32_t> trips;
  for (const auto& [trip, departure] : open_) trips.push_back(trip);
  std::ranges::sort(trips);
  for (std::uint32_t trip : trips) {
    const CityEvent& departure = open_.at(trip);
    append_start(out, trip, departure);
    fmt::format_to(std::back_inserter(out), ",,{}\n", kind_word(departure.cause));
  }
}

void TruthText::append_start(std::string& out, std::uint32_t trip,
                             const CityEvent& departure) const {
  fmt::format_to(std::back_inserter(out), "{},{},{},", trip, departure.at,
                 city_.stations[departure.station].id);
}

}  // namespace bikeflow
