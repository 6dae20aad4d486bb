#include "api/gbfs_json.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "api/live_json.h"
#include "base/json_text.h"

namespace bikeflow {
namespace {

constexpr int kTtl = 10;  // seconds; what is told changes with each poll of the source

// Of names: what the source calls them in is not known here, and the field is required.
std::string_view language_of(const LiveSystemAbout& about) {
  return about.timezone == "Asia/Seoul" ? "ko" : "en";
}

std::string document(Seconds last_updated, const std::string& data) {
  return fmt::format(R"({{"last_updated":{},"ttl":{},"version":"3.0","data":{{{}}}}})",
                     json_time(last_updated), kTtl, data);
}

Seconds newest(const std::vector<LiveSeen>& stations, Seconds otherwise) {
  Seconds newest = 0;
  for (const LiveSeen& station : stations) newest = std::max(newest, station.now.observed_at);
  return newest == 0 ? otherwise : newest;
}

std::string text_in(std::string_view language, const std::string& text) {
  return fmt::format(R"([{{"text":{},"language":"{}"}}])", json_string(text), language);
}

}  // namespace

std::string gbfs_json(const GbfsOut& out) {
  std::string feeds;
  for (const std::string_view name :
       {"system_information", "station_information", "station_status"}) {
    feeds += fmt::format(R"({}{{"name":"{}","url":{}}})", feeds.empty() ? "" : ",", name,
                         json_string(fmt::format("{}/{}.json", out.base_url, name)));
  }
  return document(out.now, fmt::format(R"("feeds":[{}])", feeds));
}

std::string gbfs_system_information(const GbfsOut& out) {
  const std::string& name = out.about.name.empty() ? out.system : out.about.name;
  return document(
      out.now, fmt::format(R"("system_id":{},"languages":["{}"],"name":{},"opening_hours":"24/7",)"
                           R"("feed_contact_email":{},"timezone":{})",
                           json_string(out.system), language_of(out.about),
                           text_in(language_of(out.about), name),
                           json_string(out.contact.empty() ? "nobody@example.org" : out.contact),
                           json_string(out.about.timezone)));
}

std::string gbfs_station_information(const GbfsOut& out, const std::vector<LiveSeen>& stations) {
  std::string list;
  for (const LiveSeen& station : stations) {
    const auto& place = station.about.place;
    if (!place || station.about.name.empty()) continue;
    fmt::format_to(std::back_inserter(list), R"({}{{"station_id":{},"name":{},"lat":{},"lon":{})",
                   list.empty() ? "" : ",", json_string(station.id),
                   text_in(language_of(out.about), station.about.name), place->latitude,
                   place->longitude);
    if (station.now.counts.racks > 0) {
      list += fmt::format(R"(,"capacity":{})", station.now.counts.racks);
    }
    list += '}';
  }
  return document(newest(stations, out.now), fmt::format(R"("stations":[{}])", list));
}

std::string gbfs_station_status(const GbfsOut& out, const std::vector<LiveSeen>& stations) {
  std::string list;
  for (const LiveSeen& station : stations) {
    if (is_stale(station, out.about.max_gap, out.now)) continue;
    const Counts counts = station.now.counts;
    fmt::format_to(std::back_inserter(list),
                   R"({}{{"station_id":{},"num_vehicles_available":{},"is_installed":true,)"
                   R"("is_renting":{},"is_returning":{},"last_reported":{})",
                   list.empty() ? "" : ",", json_string(station.id), counts.bikes,
                   station.about.is_renting.value_or(true),
                   station.about.is_returning.value_or(true), json_time(station.now.observed_at));
    if (counts.racks > 0) {
      list += fmt::format(R"(,"num_docks_available":{})", std::max(0, counts.racks - counts.bikes));
    }
    list += '}';
  }
  return document(newest(stations, out.now), fmt::format(R"("stations":[{}])", list));
}

}  // namespace bikeflow
