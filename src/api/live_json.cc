#include "api/live_json.h"

#include <iterator>
#include <string_view>

#include <fmt/format.h>

#include "api/csv_text.h"
#include "base/json_text.h"

namespace bikeflow {
namespace {

constexpr std::string_view kNull = "null";

std::string_view json_bool(bool value) { return value ? "true" : "false"; }

std::string_view json_bool(std::optional<bool> value) { return value ? json_bool(*value) : kNull; }

std::string text_or_null(const std::string& text) {
  return text.empty() ? std::string(kNull) : json_string(text);
}

bool was_seen(const LiveSeen& station) { return station.now.observed_at != LiveCounts::kNever; }

std::string_view fill_word(Counts counts) {
  switch (fill_of(counts)) {
    case Fill::kEmpty:
      return "empty";
    case Fill::kFull:
      return "full";
    case Fill::kNeither:
      return "some";
  }
  return "";
}

void append_station(std::string& out, const LiveSeen& station) {
  const auto to = std::back_inserter(out);
  const LiveCounts& now = station.now;
  fmt::format_to(to, R"({{"id":{},"name":{},)", json_string(station.id),
                 text_or_null(station.about.name));
  if (station.about.place) {
    fmt::format_to(to, R"("lat":{},"lon":{},)", station.about.place->latitude,
                   station.about.place->longitude);
  } else {
    out += R"("lat":null,"lon":null,)";
  }
  if (was_seen(station)) {
    fmt::format_to(to, R"("bikes":{},"racks":{},"observed_at":{},"fill":"{}",)", now.counts.bikes,
                   now.counts.racks == Counts::kNoRacks ? std::string(kNull)
                                                        : fmt::format("{}", now.counts.racks),
                   json_time(now.observed_at), fill_word(now.counts));
    fmt::format_to(to, R"("since":{},"since_is_exact":{},)", json_time(now.since),
                   json_bool(now.is_since_exact));
    fmt::format_to(to, R"("hour":{},"rentals":{},"returns":{},)", json_time(now.window_start),
                   now.rentals, now.returns);
  } else {
    out += R"("bikes":null,"racks":null,"observed_at":null,"fill":null,"since":null,)"
           R"("since_is_exact":false,"hour":null,"rentals":null,"returns":null,)";
  }
  fmt::format_to(to, R"("renting":{},"returning":{},"is_read":{}}})",
                 json_bool(station.about.is_renting), json_bool(station.about.is_returning),
                 json_bool(station.is_here));
}

std::string feed_json(const LiveFeed& feed) {
  const bool is_failing = feed.failures_in_a_row > 0;
  return fmt::format(
      R"({{"is_failing":{},"succeeded_at":{},"data_at":{},"failures_in_a_row":{},)"
      R"("reason":{},"text":{},"polls":{},"failures":{},"rounds_rejected":{},"frozen":{},)"
      R"("budget":{}}})",
      json_bool(is_failing), json_time(feed.succeeded_at), json_time(feed.data_at),
      feed.failures_in_a_row, is_failing ? text_or_null(feed.reason) : std::string(kNull),
      is_failing ? text_or_null(feed.text) : std::string(kNull), feed.polls, feed.failures,
      feed.rounds_rejected, feed.frozen, text_or_null(feed.budget));
}

std::string hour_json(Seconds start, std::int64_t rentals, std::int64_t returns) {
  return fmt::format(R"({{"start":{},"rentals":{},"returns":{}}})", json_time(start), rentals,
                     returns);
}

}  // namespace

std::string json_time(Seconds time) {
  return time == 0 ? std::string(kNull) : fmt::format("\"{}\"", format_utc(time));
}

std::string station_json(const LiveSeen& station) {
  std::string out;
  append_station(out, station);
  return out;
}

std::string stations_json(const std::string& system, Seconds now,
                          const std::vector<LiveSeen>& stations) {
  std::string out = "{";
  out.reserve(stations.size() * 330 + 100);
  if (!system.empty()) out += fmt::format(R"("system":{},)", json_string(system));
  out += fmt::format(R"("now":{},"stations":[)", json_time(now));
  for (const LiveSeen& station : stations) {
    if (&station != stations.data()) out += ',';
    append_station(out, station);
  }
  return out + "]}";
}

std::string seen_json(Seconds now, const LiveChanges& changes) {
  std::string out = fmt::format(R"({{"now":{},"seen":[)", json_time(now));
  for (const auto& [at, ids] : changes.seen_again) {
    if (out.back() != '[') out += ',';
    out += fmt::format(R"({{"at":{},"ids":[)", json_time(at));
    for (const std::string& id : ids) {
      if (out.back() != '[') out += ',';
      out += json_string(id);
    }
    out += "]}";
  }
  return out + "]}";
}

std::string movements_json(const std::vector<LiveMoved>& movements) {
  std::string out = R"({"movements":[)";
  for (const LiveMoved& moved : movements) {
    if (out.back() != '[') out += ',';
    out += fmt::format(R"({{"at":{},"id":{},"change":{},"bikes":{}}})", json_time(moved.at),
                       json_string(moved.station_id), moved.change, moved.bikes);
  }
  return out + "]}";
}

std::string trail_json(const LiveTrail& trail, Seconds max_gap, Seconds now) {
  std::string points, gaps;
  const auto& stretches = trail.stretches();
  for (std::size_t i = 0; i < stretches.size(); ++i) {
    const LiveTrail::Stretch& stretch = stretches[i];
    if (i > 0 && stretch.at - stretches[i - 1].until > max_gap) {
      gaps += fmt::format(R"({}{{"from":{},"to":{}}})", gaps.empty() ? "" : ",",
                          json_time(stretches[i - 1].until), json_time(stretch.at));
    }
    points += fmt::format(R"({}{{"at":{},"bikes":{}}})", points.empty() ? "" : ",",
                          json_time(stretch.at), stretch.bikes);
  }
  return fmt::format(R"({{"now":{},"known_from":{},"last_seen":{},"points":[{}],"gaps":[{}]}})",
                     json_time(now), json_time(stretches.empty() ? 0 : stretches.front().at),
                     json_time(stretches.empty() ? 0 : stretches.back().until), points, gaps);
}

std::string outlook_json(const LiveOutlook& outlook, Seconds now) {
  std::string soon, frozen, flapping;
  const auto comma = [](const std::string& list) { return list.empty() ? "" : ","; };
  for (const auto& [id, of] : outlook.soon) {
    soon += fmt::format(R"({}{{"id":{},"becomes":"{}","at":{},"net":{},"over_s":{}}})", comma(soon),
                        json_string(id), of.becomes == Fill::kEmpty ? "empty" : "full",
                        json_time(of.at), of.net, of.over);
  }
  for (const auto& [id, since] : outlook.frozen) {
    frozen += fmt::format(R"({}{{"id":{},"since":{}}})", comma(frozen), json_string(id),
                          json_time(since));
  }
  for (const auto& [id, of] : outlook.flapping) {
    flapping +=
        fmt::format(R"({}{{"id":{},"low":{},"high":{},"changes":{},"since":{}}})", comma(flapping),
                    json_string(id), of.low, of.high, of.changes, json_time(of.since));
  }
  return fmt::format(R"({{"now":{},"soon":[{}],"frozen":[{}],"flapping":[{}]}})", json_time(now),
                     soon, frozen, flapping);
}

std::string stations_csv(const std::vector<LiveSeen>& stations) {
  std::string out =
      "id,name,lat,lon,bikes,racks,observed_at,fill,since,since_is_exact,hour,rentals,returns,"
      "is_read\n";
  const auto time = [](Seconds t) { return t == 0 ? "" : format_utc(t); };
  for (const LiveSeen& station : stations) {
    const LiveCounts& now = station.now;
    const auto to = std::back_inserter(out);
    fmt::format_to(to, "{},{},", csv_text(station.id), csv_text(station.about.name));
    if (const auto& place = station.about.place) {
      fmt::format_to(to, "{},{},", place->latitude, place->longitude);
    } else {
      out += ",,";
    }
    if (was_seen(station)) {
      fmt::format_to(
          to, "{},{},{},{},{},{},{},{},{}", now.counts.bikes,
          now.counts.racks == Counts::kNoRacks ? "" : fmt::format("{}", now.counts.racks),
          time(now.observed_at), fill_word(now.counts), time(now.since), now.is_since_exact,
          time(now.window_start), now.rentals, now.returns);
    } else {
      out += ",,,,,,,,";
    }
    fmt::format_to(to, ",{}\n", station.is_here);
  }
  return out;
}

std::string state_json(const LiveState& state) {
  const LiveTotals& totals = state.totals;
  const bool is_known = totals.stale < totals.known;
  std::string waits;
  for (const Wait& wait : state.waits) waits += (waits.empty() ? "" : ",") + wait_json(wait);
  return fmt::format(
      R"({{"now":{},"speed":{},"data_at":{},"bikes":{},)"
      R"("stations":{{"known":{},"empty":{},"full":{},"stale":{}}},"hour":{},"last_week":{},)"
      R"("waits":[{}],"feed":{}}})",
      json_time(state.now), state.speed, json_time(totals.data_at),
      is_known ? fmt::format("{}", totals.bikes) : std::string(kNull), totals.known,
      is_known ? fmt::format("{}", totals.empty) : std::string(kNull),
      is_known ? fmt::format("{}", totals.full) : std::string(kNull), totals.stale,
      totals.hour_start == 0 || !is_known
          ? std::string(kNull)
          : hour_json(totals.hour_start, totals.rentals, totals.returns),
      state.last_week
          ? hour_json(state.last_week->start, state.last_week->rentals, state.last_week->returns)
          : std::string(kNull),
      waits, state.feed ? feed_json(*state.feed) : std::string(kNull));
}

}  // namespace bikeflow
