// One JSON document of a GBFS feed -> what is in it.
//
// What a document is, is told by its content and never by its version or by the name under which it
// was found: feeds that call themselves 2.2 have the 1/0 flags of 1.0, and 2.3 the names of 3.0.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "feed/round.h"

namespace bikeflow {

// What all documents have. In 1.0 there is no version.
struct GbfsHead {
  // Unix seconds or milliseconds, or RFC 3339 with any offset. Nothing where there is none of those
  // from 2000 on; then the text is what stands there, for messages.
  std::optional<Seconds> last_updated;
  std::string last_updated_text;
  Seconds ttl_s = 0;
  std::string version;
};

struct GbfsLink {
  std::string name;  // of a feed; or a version
  std::string url;   // as written
};

// gbfs.json. Its lists of feeds, by language up to 2.3; one without language from 3.0 on.
struct GbfsDiscovery {
  struct List {
    std::string language;
    std::vector<GbfsLink> feeds;
  };
  std::vector<List> lists;
};

// gbfs_versions.json: one data set without id. manifest.json: one for each system of an operator.
struct GbfsVersions {
  struct Dataset {
    std::string system_id;
    std::vector<GbfsLink> versions;
  };
  std::vector<Dataset> datasets;
};

struct GbfsStation {
  SeenStation seen;
  bool is_installed = true;
};

// station_status.json (has_counts) or station_information.json: both may have any field of the
// other, and do.
//
// Bikes are what can be rented: those that are disabled are not counted, as pybikes does not,
// because not all feeds say them, and a bike that is repaired at the station would look like a
// return. num_vehicles_available goes before num_bikes_available: who writes both keeps the old one
// for old readers. If the total is absent or 0 while vehicle_types_available says more, their sum
// is taken. num_docks_available is never used: it counts what is free only, and 999 stands there
// for "any number".
//
// Racks are capacity, or else, not for a virtual station (a painted area), the sum of its docks by
// type; 0 is unknown.
struct GbfsStations {
  bool has_counts = false;
  std::vector<GbfsStation> stations;  // no id twice
  std::vector<RefusedStation> refused;
  std::int64_t duplicates = 0;
};

// free_bike_status.json or vehicle_status.json.
struct GbfsVehicles {};

// system_information.json. What it does not say is empty; nothing of it is checked.
struct GbfsSystem {
  std::string system_id, timezone, name;
};

struct GbfsOther {
  std::string found;  // for messages: "an object with CODE, MESSAGE"
};

struct GbfsDocument {
  GbfsHead head;
  std::variant<GbfsOther, GbfsDiscovery, GbfsVersions, GbfsStations, GbfsVehicles, GbfsSystem>
      content;
};

// An error is about bytes that are no JSON, and shows none of them. `language` chooses among names
// in several; else English, else the first.
//
// Threads: a function of its arguments.
Result<GbfsDocument> read_gbfs(std::string_view bytes, std::string_view language);

// For messages: "a station_status", "a list of versions", ...
std::string gbfs_kind(const GbfsDocument& document);

}  // namespace bikeflow
