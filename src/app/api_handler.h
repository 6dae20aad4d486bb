// What the HTTP server answers: the page's files, the API (api/openapi.json describes it), GBFS,
// health and metrics.
//
// Threads: as of WebHandler.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/event_stream.h"
#include "app/lake_hours.h"
#include "app/last_week.h"
#include "io/live_hub.h"
#include "io/web_handler.h"

namespace bikeflow {

// A map's pictures, from another host.
struct Tiles {
  std::string url;  // with {z}, {x} and {y}; empty: none
  std::string attribution;
};

struct ApiSettings {
  std::string lake;  // a folder, or s3://bucket/prefix
  LakeRule rule;
  Seconds window_slide = kHour;
  bool is_demo = false;
  Tiles tiles;
  // Where a proxy before the server is reached, such as "https://bikes.example.org": of documents
  // that name each other. Empty: as the request's Host says, by http. What a request says of a
  // proxy (X-Forwarded-Proto, X-Forwarded-Host) is anybody's, and is not looked at.
  std::string url;
  std::string contact;                   // for GBFS; may be empty
  std::function<Seconds()> now;          // the time of the data: a demo has a clock of its own
  double speed = 1;                      // of that clock
  std::function<std::string()> metrics;  // of /metrics; none: not found
};

class ApiHandler final : public WebHandler {
 public:
  // `hub` outlives this. `life`: of EventStream.
  ApiHandler(ApiSettings settings, const LiveHub& hub, std::string life);

  WebAnswer answer(const WebRequest& request) override;
  std::unique_ptr<EventSource> events(const WebRequest& request) override;
  std::optional<WebAnswer> at_once(const WebRequest& request) override;

  // Needs no token: health, and the page itself, which has no data.
  static bool is_open(const std::string& path);

 private:
  using Path = std::span<const std::string>;
  WebAnswer api(const WebRequest& request, Path path);
  WebAnswer of_system(const WebRequest& request, const std::string& system, Path path);
  WebAnswer of_station(const std::string& system, Path path);
  WebAnswer stations(const WebRequest& request, const std::string& system);
  WebAnswer hours(const WebRequest& request, const std::string& system);
  WebAnswer totals(const WebRequest& request, const std::string& system);
  WebAnswer hour_columns(const WebRequest& request, const std::string& system);
  WebAnswer gbfs(const WebRequest& request, Path path);
  [[nodiscard]] WebAnswer ready() const;
  [[nodiscard]] WebAnswer page(const WebRequest& request) const;
  [[nodiscard]] std::string page_policy() const;
  [[nodiscard]] std::string about() const;
  std::string outlook(const std::string& system);
  [[nodiscard]] std::string state(const std::string& system);
  [[nodiscard]] bool knows(const std::string& system) const;
  Result<LakeHoursOf> hours_of(const std::string& system);
  Result<Zone> zone_of(const std::string& name);
  // Says in the states of open hours what they wait for.
  template <class Hour>
  void name_waits(const LakeHoursOf& of, std::vector<Hour>& hours);

  ApiSettings settings_;
  const LiveHub& hub_;
  std::string life_;
  LakeHours lake_;
  LastWeek last_week_;
  std::mutex zones_mutex_;
  std::map<std::string, Zone> zones_;
  // Each page asks for it now and then, and to make one is to go through all trails.
  struct ToldOutlook {
    Seconds at = 0;
    std::string text;
  };
  std::mutex outlooks_mutex_;
  std::map<std::string, ToldOutlook> outlooks_;
  // The socket thread's. A stream goes with its last reader, and what it keeps for them.
  std::map<std::string, std::weak_ptr<EventStream>> streams_;
};

}  // namespace bikeflow
