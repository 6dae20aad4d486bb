// What is known of a system as GBFS 3.0 documents (https://github.com/MobilityData/gbfs), for
// whoever already reads those. A station whose counts are not known is not in station_status, one
// whose place or name is not known is not in station_information.
//
// Threads: none; pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "live/live_view.h"

namespace bikeflow {

struct GbfsOut {
  std::string system{};
  LiveSystemAbout about{};
  std::string contact{};   // an address for who runs this; empty: a placeholder of example.org
  std::string base_url{};  // of the documents: "http://localhost:8080/gbfs/seoul"
  Seconds now = 0;
};

std::string gbfs_json(const GbfsOut& out);
std::string gbfs_system_information(const GbfsOut& out);
std::string gbfs_station_information(const GbfsOut& out, const std::vector<LiveSeen>& stations);
std::string gbfs_station_status(const GbfsOut& out, const std::vector<LiveSeen>& stations);

}  // namespace bikeflow
