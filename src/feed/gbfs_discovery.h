// Which of the addresses that a GBFS feed names are read.
//
// Threads: functions of their arguments only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "feed/gbfs_document.h"

namespace bikeflow {

// What of one gbfs.json is read. An empty URL: it lists none.
struct GbfsLinks {
  std::string version;  // what it calls itself, for choosing among several and for messages
  std::string status_url;
  std::string information_url;
  std::string system_url;     // of system_information
  std::string versions_url;   // of gbfs_versions, else of manifest
  bool has_vehicles = false;  // it lists free-floating vehicles
  std::string names;  // all that it lists, for messages: "system_information, station_status"
  friend bool operator==(const GbfsLinks&, const GbfsLinks&) = default;
};

// Of lists in several languages one that has station_status: the asked one, else English, else the
// first. Of equal names the first counts. Requires: is_http_url(base), where the document was.
GbfsLinks choose_links(const GbfsDiscovery& discovery, std::string_view version,
                       std::string_view base, std::string_view language);

// Where the documents of most feeds are, beside their gbfs.json. Requires: is_http_url(base).
GbfsLinks guess_links(std::string_view base);

// What a list of versions offers that is newer than `than` and understood (up to 3; text compared
// as 2.3 < 3.1-RC2 < 3.1-RC3 < 3.1), newest first; URLs are whole ones. Of several data sets it is
// the one of `system_id`, else the one that lists `base_of_ours`, else the only one.
// Requires: is_http_url(base), where the document was.
std::vector<GbfsLink> newer_versions(const GbfsVersions& versions, std::string_view than,
                                     std::string_view base, std::string_view base_of_ours,
                                     std::string_view system_id);

}  // namespace bikeflow
