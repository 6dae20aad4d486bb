// The published catalogue of GBFS systems, systems.csv.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace bikeflow {

struct CatalogSystem {
  // How a key is sent; the catalogue's numbers.
  enum class Key : std::uint8_t { kNone = 0, kParameter = 1, kHeader = 2 };

  std::string id;  // the catalogue's; twice in it for a few
  std::string name, location;
  std::string country;  // two capital letters
  std::string discovery_url;
  std::vector<std::string> versions;  // "2.3", in the catalogue's order
  Key key = Key::kNone;
  std::vector<std::string> key_names;  // of the parameters or headers: all of them are wanted
  std::string key_info_url;            // how to get one
};

struct CatalogFilter {
  std::vector<std::string> countries;  // any case; empty: all
  std::vector<std::string> ids;        // exactly; empty: all
};

// The systems that fit both, in the catalogue's order. Columns are found by their names, in any
// order. An error says in which row the catalogue is broken, which column it lacks, or which id or
// country of the filter it does not have.
//
// Threads: a function of its arguments.
Result<std::vector<CatalogSystem>> read_catalog(std::string_view csv,
                                                const CatalogFilter& filter = {});

}  // namespace bikeflow
