// A station as the topic has it: what a producer writes and the pipeline reads. UTF-8 JSON, all
// values strings:
//
//   {"rackTotCnt":"15","stationName":"102. ...","parkingBikeTotCnt":"16","shared":"107",
//    "stationLatitude":"37.55564880","stationLongitude":"126.91062927","stationId":"ST-4",
//    "timestamp":"2024-08-11 22:30:00"}    (without the line ends)
//
// What is not known of a station is an empty string, as in Seoul's own feed. With a system's name,
// which a topic of several systems needs, "system" comes first.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "base/zone.h"
#include "feed/round.h"

namespace bikeflow {

// Names and values, in the record's order.
using TopicFields = std::array<std::pair<std::string_view, std::string>, 8>;
TopicFields topic_fields(const SeenStation& station, Seconds observed_at, const Zone& zone);

// `system` is empty where the topic is of one only.
std::string topic_record(const SeenStation& station, Seconds observed_at, const Zone& zone,
                         std::string_view system);

}  // namespace bikeflow
