#include "app/api_handler.h"

#include <algorithm>
#include <cctype>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "api/gbfs_json.h"
#include "api/live_json.h"
#include "api/openapi.h"
#include "api/rows_json.h"
#include "api/waits.h"
#include "app/times.h"
#include "base/json_text.h"
#include "base/version.h"
#include "io/clock.h"
#include "lake/parquet.h"
#include "page/page.h"

namespace bikeflow {
namespace {

constexpr const char* kJson = "application/json";
constexpr const char* kCsv = "text/csv; charset=utf-8";
constexpr const char* kText = "text/plain; charset=utf-8";

WebAnswer fresh(std::string content_type, std::string body) {
  return {.content_type = std::move(content_type),
          .body = std::move(body),
          .headers = {{"Cache-Control", "no-cache"}}};
}

WebAnswer json_answer(std::string body) { return fresh(kJson, std::move(body)); }

std::optional<std::string> parameter(const WebRequest& request, std::string_view name) {
  for (const auto& [key, value] : request.query) {
    if (key == name) return value;
  }
  return std::nullopt;
}

// Nothing where the form is none of them.
std::optional<std::string> form_of(const WebRequest& request,
                                   std::initializer_list<std::string_view> forms) {
  const std::string form = parameter(request, "format").value_or("json");
  for (const std::string_view each : forms) {
    if (form == each) return form;
  }
  return std::nullopt;
}

// So that a browser saves it under a name that says what it is.
void name_file(WebAnswer& answer, std::string_view system, std::string_view what,
               std::string_view form) {
  std::string name;
  for (const char c : system) name += (std::isalnum(static_cast<unsigned char>(c)) != 0) ? c : '-';
  answer.headers.emplace_back("Content-Disposition",
                              fmt::format("attachment; filename=\"{}-{}.{}\"", name, what, form));
}

struct RangeOrRefusal {
  TimeRange range;
  std::optional<WebAnswer> refusal;
};

// Of all stations, by column: a civil day, which has 25 hours at most.
constexpr Seconds kLongestOfColumns = 25 * kHour;
// A day of 2,800 stations in windows of a quarter of an hour is 270,000 rows.
constexpr std::size_t kMostRowsOfColumns = 400'000;
constexpr std::size_t kMostRows = 200'000;
constexpr Seconds kOutlookKept = 2;

WebAnswer too_many_rows(std::size_t most) {
  return web_error(400, fmt::format("asks for more than {} rows; ask for less at a time, or read "
                                    "the lake itself: it is plain Parquet",
                                    most));
}

// Both ends are needed: nobody means all of a lake.
RangeOrRefusal range_of(const WebRequest& request, const Zone& zone,
                        Seconds longest = LakeHours::kLongest) {
  const auto from = parameter(request, "from"), to = parameter(request, "to");
  if (!from || !to) {
    return {{}, web_error(400, "from and to: expected two times, such as 2024-08-11T13:00:00Z")};
  }
  const auto range = parse_range(from, to, zone);
  if (!range) return {{}, web_error(400, range.error().message)};
  if (range->from < 0) return {{}, web_error(400, "from: expected a time from 1970 on")};
  if (range->to - range->from > longest) {
    return {
        {},
        web_error(400, fmt::format("from and to: at most {} at a time", format_duration(longest)))};
  }
  return {*range, std::nullopt};
}

class Stream final : public EventSource {
 public:
  Stream(std::shared_ptr<EventStream> stream, std::string_view last_event_id)
      : stream_(std::move(stream)), told_(stream_->told_of(last_event_id)) {}
  EventText take() override { return stream_->take(told_, monotonic_ms()); }

 private:
  std::shared_ptr<EventStream> stream_;
  EventStream::Told told_;
};

}  // namespace

ApiHandler::ApiHandler(ApiSettings settings, const LiveHub& hub, std::string life)
    : settings_(std::move(settings)),
      hub_(hub),
      life_(std::move(life)),
      lake_(settings_.lake, settings_.rule),
      last_week_(lake_) {}

bool ApiHandler::is_open(const std::string& path) {
  return !path.starts_with("/api/") && !path.starts_with("/gbfs/") && path != "/metrics";
}

WebAnswer ApiHandler::answer(const WebRequest& request) {
  const Path path = request.segments;
  if (path.empty()) return page(request);
  if (path[0] == "api") {
    if (path.size() < 3 || path[1] != "v1") return web_error(404, "the API is below /api/v1");
    return api(request, path.subspan(2));
  }
  if (path[0] == "gbfs") return gbfs(request, path.subspan(1));
  if (request.path == "/metrics") {
    if (!settings_.metrics) return web_error(404, "a demo has no metrics; run and serve have");
    return fresh("text/plain; version=0.0.4; charset=utf-8", settings_.metrics());
  }
  return page(request);
}

std::optional<WebAnswer> ApiHandler::at_once(const WebRequest& request) {
  if (request.path == "/healthz") return fresh(kText, "ok\n");
  if (request.path == "/readyz") return ready();
  return std::nullopt;
}

std::unique_ptr<EventSource> ApiHandler::events(const WebRequest& request) {
  const auto& path = request.segments;
  if (path.size() != 5 || path[0] != "api" || path[1] != "v1" || path[2] != "systems" ||
      path[4] != "events" || !knows(path[3])) {
    return nullptr;
  }
  const std::string& system = path[3];
  std::shared_ptr<EventStream> stream = streams_[system].lock();
  if (stream == nullptr) {
    stream = std::make_shared<EventStream>(
        life_,
        EventSources{
            .version =
                [this, system] {
                  return hub_.read([&](const LiveView& view) { return view.version_of(system); });
                },
            .changes =
                [this, system](std::uint64_t after) {
                  return hub_.read([&](const LiveView& view) { return view.since(system, after); });
                },
            .state_json = [this, system] { return state(system); },
            .time = settings_.now});
    streams_[system] = stream;
  }
  return std::make_unique<Stream>(std::move(stream), request.last_event_id);
}

bool ApiHandler::knows(const std::string& system) const {
  return hub_.read([&](const LiveView& view) { return view.version_of(system) > 0; });
}

std::string ApiHandler::page_policy() const {
  // Of the tiles' URL what comes before its path.
  const std::string& tiles = settings_.tiles.url;
  const std::string host = tiles.substr(0, tiles.find('/', tiles.find("//") + 2));
  const std::string also = tiles.empty() ? "" : " " + host;
  return fmt::format(
      "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; "
      "img-src 'self' data: blob:{0}; connect-src 'self'{0}; worker-src 'self' blob:; "
      "manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
      also);
}

WebAnswer ApiHandler::page(const WebRequest& request) const {
  const std::string path = request.segments.empty() ? "/index.html" : request.path;
  const auto files = page_files();
  const auto found = std::ranges::lower_bound(files, path, {}, &PageFile::path);
  if (found == files.end() || found->path != path) {
    return web_error(404, files.empty() ? "this program was built without its page"
                                        : "nothing is here; the page is at /");
  }
  WebAnswer answer{
      .content_type = std::string(found->content_type),
      .body = std::string(found->gzip),
      .headers = {{"ETag", std::string(found->etag)},
                  {"Cache-Control",
                   found->is_immutable ? "public, max-age=31536000, immutable" : "no-cache"},
                  {"Content-Security-Policy", page_policy()}},
      .is_gzipped = true};
  return answer;
}

WebAnswer ApiHandler::ready() const {
  const bool has_data = hub_.read([](const LiveView& view) {
    const auto systems = view.systems();
    return std::ranges::any_of(
        systems, [&](const std::string& each) { return view.station_count(each) > 0; });
  });
  if (has_data) return fresh(kText, "ready\n");
  return web_error(503, "no station has been seen yet");
}

std::string ApiHandler::about() const {
  const std::string systems = hub_.read([&](const LiveView& view) {
    std::string list;
    for (const std::string& id : view.systems()) {
      const LiveSystemAbout& about = view.about(id);
      list += fmt::format(
          R"({}{{"id":{},"name":{},"timezone":{},"stations":{},"stale_after_s":{},"window_s":{},"slide_s":{}}})",
          list.empty() ? "" : ",", json_string(id),
          json_string(about.name.empty() ? id : about.name), json_string(about.timezone),
          view.station_count(id), about.max_gap, about.window_length, settings_.window_slide);
    }
    return list;
  });
  const std::string tiles =
      settings_.tiles.url.empty()
          ? "null"
          : fmt::format(R"({{"url":{},"attribution":{}}})", json_string(settings_.tiles.url),
                        json_string(settings_.tiles.attribution));
  return fmt::format(R"({{"version":"{}","now":{},"is_demo":{},"tiles":{},"systems":[{}]}})",
                     program_version(), json_time(settings_.now()), settings_.is_demo, tiles,
                     systems);
}

std::string ApiHandler::state(const std::string& system) {
  LiveState state{.now = settings_.now(), .speed = settings_.speed};
  std::map<std::int32_t, LiveProgress> progress;
  hub_.read([&](const LiveView& view) {
    state.totals = view.totals(system, state.now);
    state.feed = view.feed(system);
    progress = view.progress(system);
  });
  if (const auto of = hours_of(system)) {
    state.waits = waits_of(progress, of->slide, of->zone, state.now);
    if (state.totals.hour_start != 0) {
      state.last_week = last_week_.of(*of, state.totals.hour_start);
    }
  }
  return state_json(state);
}

std::string ApiHandler::outlook(const std::string& system) {
  const std::scoped_lock lock(outlooks_mutex_);
  const Seconds now = settings_.now();
  ToldOutlook& told = outlooks_[system];
  if (told.at > now || now - told.at >= kOutlookKept) {
    told = {now,
            outlook_json(hub_.read([&](const LiveView& view) { return view.outlook(system, now); }),
                         now)};
  }
  return told.text;
}

Result<Zone> ApiHandler::zone_of(const std::string& name) {
  const std::scoped_lock lock(zones_mutex_);
  if (const auto found = zones_.find(name); found != zones_.end()) return found->second;
  auto zone = Zone::load(name);
  if (zone) zones_.emplace(name, *zone);
  return zone;
}

Result<LakeHoursOf> ApiHandler::hours_of(const std::string& system) {
  const LiveSystemAbout about = hub_.read([&](const LiveView& view) { return view.about(system); });
  auto zone = zone_of(about.timezone);
  if (!zone) return std::unexpected(zone.error());
  return LakeHoursOf{system, *std::move(zone), about.window_length, settings_.window_slide};
}

WebAnswer ApiHandler::api(const WebRequest& request, Path path) {
  if (path[0] == "about" && path.size() == 1) return json_answer(about());
  if (path[0] == "openapi.json" && path.size() == 1)
    return json_answer(std::string(openapi_json()));
  if (path[0] == "systems" && path.size() >= 3) {
    if (!knows(path[1])) {
      return web_error(404, fmt::format("no system '{}'; /api/v1/about lists them", path[1]));
    }
    return of_system(request, path[1], path.subspan(2));
  }
  return web_error(404, "nothing is here; /api/v1/openapi.json says what there is");
}

WebAnswer ApiHandler::of_system(const WebRequest& request, const std::string& system, Path path) {
  if (path[0] == "stations" && path.size() == 1) return stations(request, system);
  if (path[0] == "stations" && path.size() <= 3) return of_station(system, path.subspan(1));
  if (path.size() == 1) {
    if (path[0] == "hours") return hours(request, system);
    if (path[0] == "totals") return totals(request, system);
    if (path[0] == "hour-columns") return hour_columns(request, system);
    if (path[0] == "outlook") return json_answer(outlook(system));
    if (path[0] == "state") return json_answer(state(system));
    if (path[0] == "movements") {
      return json_answer(
          movements_json(hub_.read([&](const LiveView& view) { return view.movements(system); })));
    }
  }
  return web_error(404, "nothing is here; /api/v1/openapi.json says what there is");
}

WebAnswer ApiHandler::stations(const WebRequest& request, const std::string& system) {
  const auto form = form_of(request, {"json", "csv"});
  if (!form) return web_error(400, "format: expected json or csv");
  const LiveChanges all = hub_.read([&](const LiveView& view) { return view.since(system, 0); });
  if (*form == "json") return json_answer(stations_json(system, settings_.now(), all.stations));
  WebAnswer answer = fresh(kCsv, stations_csv(all.stations));
  name_file(answer, system, "stations", *form);
  return answer;
}

WebAnswer ApiHandler::of_station(const std::string& system, Path path) {
  const auto station =
      hub_.read([&](const LiveView& view) { return view.station(system, path[0]); });
  if (!station) return web_error(404, fmt::format("no station '{}' in {}", path[0], system));
  if (path.size() == 1) return json_answer(station_json(*station));
  if (path[1] != "bikes") {
    return web_error(404, "nothing is here; /api/v1/openapi.json says what there is");
  }
  LiveTrail trail;
  Seconds max_gap = 0;
  hub_.read([&](const LiveView& view) {
    trail = *view.trail(system, path[0]);
    max_gap = view.about(system).max_gap;
  });
  return json_answer(trail_json(trail, max_gap, settings_.now()));
}

WebAnswer ApiHandler::hours(const WebRequest& request, const std::string& system) {
  const auto of = hours_of(system);
  if (!of) return web_error(500, of.error().message);
  auto [range, refusal] = range_of(request, of->zone);
  if (refusal) return *std::move(refusal);
  const auto form = form_of(request, {"json", "csv", "parquet"});
  if (!form) return web_error(400, "format: expected json, csv or parquet");
  const auto rows = lake_.rows(*of, range, parameter(request, "station"), kMostRows);
  if (!rows) return web_error(503, rows.error().message);
  if (rows->size() > kMostRows) return too_many_rows(kMostRows);
  if (*form == "json") return json_answer(rows_json(system, *rows));
  WebAnswer answer = fresh(kCsv, {});
  if (*form == "csv") {
    answer.body = rows_csv(*rows);
  } else {
    auto bytes = encode_hourly(*rows, {});
    if (!bytes) return web_error(500, bytes.error().message);
    answer = fresh("application/vnd.apache.parquet", *std::move(bytes));
  }
  name_file(answer, system, "hours", *form);
  return answer;
}

template <class Hour>
void ApiHandler::name_waits(const LakeHoursOf& of, std::vector<Hour>& hours) {
  const auto progress = hub_.read([&](const LiveView& view) { return view.progress(of.system); });
  for (const Wait& wait : waits_of(progress, of.slide, of.zone, settings_.now())) {
    for (HourState& hour : hours) {
      if (hour.state == "final" || hour.window.start != wait.start) continue;
      hour.state = "waiting";
      hour.why = wait.text;
    }
  }
}

WebAnswer ApiHandler::totals(const WebRequest& request, const std::string& system) {
  const auto of = hours_of(system);
  if (!of) return web_error(500, of.error().message);
  auto [range, refusal] = range_of(request, of->zone);
  if (refusal) return *std::move(refusal);
  auto sums = lake_.sums(*of, range);
  if (!sums) return web_error(503, sums.error().message);
  name_waits(*of, *sums);
  return json_answer(sums_json(system, *sums));
}

WebAnswer ApiHandler::hour_columns(const WebRequest& request, const std::string& system) {
  const auto of = hours_of(system);
  if (!of) return web_error(500, of.error().message);
  auto [range, refusal] = range_of(request, of->zone, kLongestOfColumns);
  if (refusal) return *std::move(refusal);
  // States first: what is published in between is there too, and never an hour that is called final
  // without all of its rows.
  auto states = lake_.states(*of, range);
  if (!states) return web_error(503, states.error().message);
  name_waits(*of, *states);
  const auto rows = lake_.rows(*of, range, std::nullopt, kMostRowsOfColumns);
  if (!rows) return web_error(503, rows.error().message);
  if (rows->size() > kMostRowsOfColumns) return too_many_rows(kMostRowsOfColumns);
  return json_answer(hour_columns_json(system, *states, *rows));
}

WebAnswer ApiHandler::gbfs(const WebRequest& request, Path path) {
  if (path.size() != 2 || !knows(path[0])) {
    return web_error(404, "GBFS 3.0 is at /gbfs/SYSTEM/gbfs.json; /api/v1/about lists the systems");
  }
  const std::string& system = path[0];
  const std::string here =
      settings_.url.empty() ? fmt::format("http://{}", request.host) : settings_.url;
  const GbfsOut out{.system = system,
                    .about = hub_.read([&](const LiveView& view) { return view.about(system); }),
                    .contact = settings_.contact,
                    .base_url = fmt::format("{}/gbfs/{}", here, system),
                    .now = settings_.now()};
  const auto all = [&] {
    return hub_.read([&](const LiveView& view) { return view.since(system, 0); }).stations;
  };
  if (path[1] == "gbfs.json") return json_answer(gbfs_json(out));
  if (path[1] == "system_information.json") return json_answer(gbfs_system_information(out));
  if (path[1] == "station_information.json") {
    return json_answer(gbfs_station_information(out, all()));
  }
  if (path[1] == "station_status.json") return json_answer(gbfs_station_status(out, all()));
  return web_error(404, "no such document; gbfs.json lists them");
}

}  // namespace bikeflow
