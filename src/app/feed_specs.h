// The live feeds that a configuration names, ready to be polled.
#pragma once

#include <string>
#include <vector>

#include "app/config.h"
#include "base/result.h"
#include "io/feed_spec.h"
#include "io/http_client.h"

namespace bikeflow {

struct FeedSpecs {
  std::vector<FeedSpec> specs;       // each system once
  std::vector<std::string> notices;  // systems of a catalogue that are left out, and why
};

// An Error where a catalogue cannot be read or nothing of it is wanted, and where the file's
// settings of a feed cannot be.
Result<FeedSpecs> feed_specs_of(const Config& config);

// What `run --feed URL` polls: id and time zone are as the feed says.
Result<FeedSpecs> feed_specs_of(const std::string& url);

// An Error where the id or the time zone of a feed's system is not in the configuration: records of
// a topic do not have them. Requires: there is a topic.
Result<void> systems_are_known(const Config& config);

// Who polls, for the feeds' operators: "bikeflow/0.1.0 (ops@example.org)".
HttpClientSettings http_settings_of(const HttpConfig& config);

}  // namespace bikeflow
