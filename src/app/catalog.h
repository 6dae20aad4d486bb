// The catalogue of GBFS systems (feed/systems_csv.h) -> feeds that can be asked for.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "feed/gbfs_talk.h"
#include "feed/systems_csv.h"

namespace bikeflow {

struct CatalogFeed {
  std::string id;  // is_system_id(); what it is not, system_id_from() makes of the catalogue's
  std::string name;
  GbfsSettings settings;
};

struct CatalogFeeds {
  std::vector<CatalogFeed> feeds;    // in the catalogue's order, no id twice
  std::vector<std::string> notices;  // for people: what was left out, and why
};

// The systems that fit the filter. Left out and noticed are: one that wants a key, one whose id an
// earlier one has, and one without an address or an id that can be used.
// Where that leaves none, or read_catalog() finds an error, it is an error.
//
// Threads: a function of its arguments.
Result<CatalogFeeds> catalog_feeds(std::string_view csv, const CatalogFilter& filter);

}  // namespace bikeflow
