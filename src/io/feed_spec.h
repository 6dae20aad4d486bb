// A live feed that is to be polled.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/zone.h"
#include "feed/gbfs_source.h"
#include "feed/source.h"

namespace bikeflow {

struct FeedSpec {
  std::string system;        // empty: as the feed says
  std::string name;          // for people; empty: as the feed says
  std::optional<Zone> zone;  // nothing: as the feed says
  Seconds every = 30;
  std::unique_ptr<FeedSource> source;
  // What to ask where one of the two is to be found out.
  std::optional<GbfsSettings> gbfs;
};

}  // namespace bikeflow
