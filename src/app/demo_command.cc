#include "app/demo_command.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <memory>

#include <fmt/format.h>

#include "app/dashboard.h"
#include "app/demo_view.h"
#include "app/live_side.h"
#include "app/times.h"
#include "app/voice.h"
#include "io/clock.h"
#include "io/interrupt.h"
#include "io/lake_session.h"
#include "io/live_hub.h"
#include "lake/parquet.h"
#include "pipeline/live_of.h"
#include "sim/city.h"
#include "sim/feed.h"
#include "sim/score.h"

namespace bikeflow {
namespace {

struct DemoOptions {
  std::string city = "seoul";
  std::optional<std::int64_t> stations;
  Seconds poll = 30;
  std::int64_t speed = 600;
  std::string lake;
  std::optional<Seconds> wall_time;
  std::int64_t seed = 1;
  std::optional<std::int64_t> port;
};

constexpr std::size_t kBusiest = 8;
constexpr std::int64_t kFrameMs = 250;

// 05:00 of the day before yesterday: the morning's peak comes within the first seconds, and the
// city's clock is never ahead of ours. The Bay Area's trips are played on the days on which they
// were made.
Seconds start_of(const City& city, const Zone& zone, Seconds now) {
  if (city.name == CityName::kBayArea) return kPublishedStart + 5 * kHour;
  const Seconds local_day = (now + zone.offset_at(now)) / kDay * kDay - 2 * kDay;
  return zone.from_local(local_day + 5 * kHour, now).value_or(local_day);
}

class Demo {
 public:
  Demo(const City& city, const Zone& zone, const CityFeedOptions& options, LakeSession& lake,
       LiveHub& hub)
      : city_(city),
        lake_(lake),
        hub_(hub),
        feed_(city, zone, options),
        job_({"demo", "demo", lake.lake_id(), LakeRule{}}),
        partition_(
            job_.add(city.id, zone,
                     {.windows = {kHour, kHour, zone.hour_phase()}, .max_gap = options.max_gap})),
        live_(live_rule_of(task().settings())),
        scorer_(city) {
    hub_.introduce(city.id, live_about_of(city.title, zone, task().settings()));
  }

  // Plays the next poll: observed, committed and published. False after the last.
  Result<bool> step() {
    if (!feed_.next(poll_)) return false;
    now_ = poll_.time;
    Batch batch;
    if (records_ == 0) {
      for (const CityStation& station : city_.stations) batch.new_stations.push_back(station.id);
    }
    batch.first = {0, records_};
    batch.records.reserve(poll_.observations.size());
    for (const CityObservation& seen : poll_.observations) {
      batch.records.push_back({.observed_at = seen.observed_at,
                               .counts = seen.counts,
                               .station = seen.station,
                               .offset = static_cast<std::uint32_t>(batch.records.size())});
    }
    records_ += static_cast<std::int64_t>(batch.records.size());
    task().observe(batch, "demo", now_);
    live_.observe(batch, now_);
    if (!batch.new_stations.empty()) describe();
    if (auto done = commit(); !done) return std::unexpected(done.error());
    tell_live();
    return true;
  }

  Result<void> end() {
    task().end_input(now_, true);
    if (auto done = commit(); !done) return done;
    return lake_.commit(job_);  // what was due is published: the state need not hold it any more
  }

  [[nodiscard]] Seconds now() const { return now_; }
  [[nodiscard]] const Score& score() const { return scorer_.score(); }
  [[nodiscard]] const FaultCounts& faults() const { return feed_.faults(); }
  [[nodiscard]] const Task& task() const { return partition_.task(); }

  DemoFrame frame() {
    task().catch_up();
    DemoFrame f;
    f.now = now_;
    f.stations = static_cast<std::int64_t>(city_.stations.size());
    f.observations = records_;
    f.watermark = task().watermark().value();
    f.hour_start = task().next_window().start;
    f.last_hour_start = last_hour_start_;
    f.last_rentals = last_rentals_;
    f.last_returns = last_returns_;
    f.files = job_.files();
    std::vector<StationIndex> order;
    for (StationIndex i = 0; i < city_.stations.size(); ++i) {
      const PaneTotals& pane = task().open_pane(i);
      f.rentals += pane.rentals;
      f.returns += pane.returns;
      if (task().newest_at(i) == Order::kNever) continue;
      const Counts counts = task().newest(i);
      f.bikes += counts.bikes;
      f.empty += counts.bikes == 0 ? 1 : 0;
      f.full += counts.racks > 0 && counts.bikes >= counts.racks ? 1 : 0;
      order.push_back(i);
    }
    const auto moved = [&](StationIndex i) {
      return task().open_pane(i).rentals + task().open_pane(i).returns;
    };
    const std::size_t shown = std::min(kBusiest, order.size());
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(shown),
                      order.end(), [&](StationIndex a, StationIndex b) {
                        return moved(a) != moved(b) ? moved(a) > moved(b) : a < b;
                      });
    for (std::size_t n = 0; n < shown; ++n) {
      const StationIndex i = order[n];
      const Counts counts = task().newest(i);
      f.busiest.push_back({city_.stations[i].id, city_.stations[i].name,
                           task().open_pane(i).rentals, task().open_pane(i).returns, counts.bikes,
                           std::max<int>(counts.racks, 0)});
    }
    return f;
  }

 private:
  [[nodiscard]] Task& task() { return partition_.task(); }

  void describe() {
    for (StationIndex i = 0; i < city_.stations.size(); ++i) {
      const CityStation& station = city_.stations[i];
      live_.describe(i,
                     {.name = station.name,
                      .place = Place{std::stod(station.latitude), std::stod(station.longitude)}});
    }
  }

  void tell_live() {
    const LivePart part{0, city_.id};
    if (live_.has_news()) hub_.tell(part, task().names(), live_.take_news());
    hub_.tell_progress(part, live_progress_of(task()));
  }

  // One poll is one step: a crash loses at most the poll that was not yet committed.
  Result<void> commit() {
    for (FileRequest& file : partition_.take_files()) {
      last_hour_start_ = file.rows.front().window.start;
      last_rentals_ = last_returns_ = 0;
      for (const HourlyRow& row : file.rows) {
        last_rentals_ += row.total_rental;
        last_returns_ += row.total_return;
      }
      const std::vector<HourTruth> truth = feed_.truth().take_until(file.rows.front().window.end);
      scorer_.add(truth, file.rows);
      auto bytes = encode_hourly(file.rows, file.metadata);
      if (!bytes) return with_context(file.path, bytes.error());
      job_.add_due({std::move(file.path), std::move(*bytes)});
    }
    return lake_.commit(job_);
  }

  const City& city_;
  LakeSession& lake_;
  LiveHub& hub_;
  CityFeed feed_;
  CityPoll poll_;
  Job job_;
  Partition& partition_;
  LiveStations live_;
  Scorer scorer_;
  Seconds now_ = 0;
  std::int64_t records_ = 0;
  Seconds last_hour_start_ = 0;
  std::int64_t last_rentals_ = 0;
  std::int64_t last_returns_ = 0;
};

// A live view that is drawn over itself.
class Screen {
 public:
  explicit Screen(const Terminal& terminal) : terminal_(terminal) {}
  void draw(const std::string& text) {
    if (!terminal_.is_terminal) return;
    if (lines_ > 0) fmt::print(stderr, "\033[{}F\033[J", lines_);
    fmt::print(stderr, "{}", text);
    std::fflush(stderr);
    lines_ = std::count(text.begin(), text.end(), '\n');
  }

 private:
  Terminal terminal_;
  std::ptrdiff_t lines_ = 0;
};

// A folder that is not there yet: a demo never writes into what someone keeps.
Result<std::string> lake_folder(const std::string& wanted) {
  std::error_code ignored;
  if (!wanted.empty()) {
    if (!std::filesystem::exists(wanted, ignored) || std::filesystem::is_empty(wanted, ignored)) {
      return wanted;
    }
    return fail(
        "{}: is not an empty folder; the demo begins a lake of its own: name another, or remove it",
        wanted);
  }
  for (int n = 1;; ++n) {
    std::string name = n == 1 ? "bikeflow-demo" : fmt::format("bikeflow-demo-{}", n);
    if (!std::filesystem::exists(name, ignored)) return name;
  }
}

std::string flow_line(std::string_view name, const FlowScore& f) {
  std::string text =
      fmt::format("  {:<8} true {:>9}   inferred {:>9}   ({:.3f} for each true one)\n", name,
                  grouped(f.riders), grouped(f.inferred), f.riders > 0 ? f.ratio() : 0.0);
  const auto part = [&](std::string_view what, std::int64_t n) {
    if (n != 0) text += fmt::format("           {:>+10} {}\n", n, what);
  };
  part("moved by trucks, which counts cannot tell from riders", f.trucks);
  part("by sensors that flap", f.sensors);
  part("cancelled: a rental and a return between two polls", -f.cancelled);
  part("in polls and pages that never came", -f.missed);
  part("across the first and the last hour's edge", f.edge);
  part("unexplained", f.unexplained());
  return text;
}

void say_how_it_went(const Demo& demo, Seconds start, const Zone& zone, const std::string& lake,
                     const City& city, Output& out) {
  const Score& score = demo.score();
  const TaskCounters& n = demo.task().counters();
  out.print("{} observations of {} stations -> {} rows in {}\n", grouped(n.records),
            grouped(static_cast<std::int64_t>(city.stations.size())), grouped(n.rows),
            counted(n.windows, "hour", "hours"));
  out.print("{} duplicates, {} conflicts, {} late; {} of {} polls and {} pages never came\n\n",
            grouped(n.duplicates), grouped(n.conflicts), grouped(n.late),
            grouped(demo.faults().missing_polls), grouped(demo.faults().polls),
            grouped(demo.faults().missing_pages));
  if (score.hours > 0) {
    out.print("Inferred against true, {} to {} ({}):\n{}{}", local_time(start, zone),
              local_time(demo.now(), zone), zone.name(), flow_line("rentals", score.rentals),
              flow_line("returns", score.returns));
    out.print("  off by {:.2f} rentals in a station's hour on average\n\n",
              score.mean_absolute_error());
  } else {
    out.print("Nothing was played; let it run longer (--for) or faster (--speed).\n\n");
  }
  out.print(
      "Go on with:\n  bikeflow show --lake {} --totals\n  bikeflow show --lake {} --top 10\n"
      "  bikeflow verify --lake {}\n"
      "or in SQL, with DuckDB in a Python environment (pip install duckdb):\n"
      "  python -c \"import duckdb; duckdb.sql('''SELECT hour, sum(total_rental) AS rentals, "
      "sum(total_return) AS returns FROM read_parquet('{}/hourly_summary/**/*.parquet', "
      "hive_partitioning = true) GROUP BY hour ORDER BY hour''').show()\"\n",
      lake, lake, lake, lake);
}

// The city's time, which passes faster than ours.
struct CityClock {
  Seconds start = 0;
  std::int64_t began_ms = 0;
  std::int64_t speed = 1;

  Seconds poll = 30;
  // Of the last poll: a machine that cannot keep up slows the city down.
  std::atomic<Seconds> polled_at = 0;

  [[nodiscard]] Seconds now() const {
    return std::min(start + (monotonic_ms() - began_ms) * speed / 1000, polled_at + poll);
  }
};

// Null where none is wanted.
Result<std::unique_ptr<Dashboard>> start_dashboard(const DemoOptions& options,
                                                   const std::string& lake, const CityClock& clock,
                                                   LiveHub& hub, Shell& shell) {
  DashboardSettings settings;
  settings.takes_any_port = !options.port;
  settings.listen_option = "--port";
  if (options.port) settings.listen = fmt::format("127.0.0.1:{}", *options.port);
  settings.api.lake = lake;
  settings.api.is_demo = true;
  settings.api.now = [&clock] { return clock.now(); };
  settings.api.speed = static_cast<double>(clock.speed);
  return Dashboard::start(std::move(settings), hub, system_random, voice_of(shell));
}

Result<ExitStatus> demo(const DemoOptions& options, Shell& shell) {
  auto name = parse_city_name(options.city);
  if (!name) return std::unexpected(name.error());
  auto city = make_city(
      *name, options.stations ? static_cast<std::uint32_t>(*options.stations) : kAllStations,
      static_cast<std::uint64_t>(options.seed));
  if (!city) return std::unexpected(city.error());
  auto zone = Zone::load(city->time_zone);
  if (!zone) return std::unexpected(zone.error());
  auto folder = lake_folder(options.lake);
  if (!folder) return std::unexpected(folder.error());
  auto lake = LakeSession::open(
      *folder, "demo", {LakeWriter::Kind::kRun, fmt::format("demo {}", city->id)}, system_random);
  if (!lake) return std::unexpected(lake.error());

  CityFeedOptions feed;
  feed.world.start = start_of(*city, *zone, wall_now());
  feed.world.seed = static_cast<std::uint64_t>(options.seed);
  feed.poll = options.poll;
  LiveHub hub;
  Demo demo(*city, *zone, feed, *lake, hub);
  CityClock clock{.start = feed.world.start,
                  .began_ms = monotonic_ms(),
                  .speed = options.speed,
                  .poll = options.poll,
                  .polled_at = feed.world.start};
  auto dashboard = start_dashboard(options, *folder, clock, hub, shell);
  if (!dashboard) return std::unexpected(dashboard.error());
  const std::string title =
      city->name == CityName::kSeoul
          ? "Seoul: real stations, simulated riders and racks; ids are ST-(number - 98)"
          : "Bay Area, June 2014: real stations and real trips";
  if (!shell.err_terminal.is_terminal) shell.log.info(fmt::format("{}; lake: {}", title, *folder));

  watch_for_interrupts();
  Screen screen(shell.err_terminal);
  const std::int64_t began_ms = clock.began_ms;
  const std::int64_t length_ms = options.wall_time.value_or(0) * 1000;
  std::int64_t next_frame_ms = began_ms;
  for (;;) {
    auto more = demo.step();
    if (!more) return std::unexpected(more.error());
    clock.polled_at = demo.now();
    const std::int64_t passed_ms = monotonic_ms() - began_ms;
    if (!*more || is_interrupted() || (length_ms > 0 && passed_ms >= length_ms)) break;
    if (shell.err_terminal.is_terminal && monotonic_ms() >= next_frame_ms) {
      DemoFrame frame = demo.frame();
      frame.title = title;
      frame.speed = static_cast<double>(frame.now - feed.world.start) * 1000 /
                    static_cast<double>(std::max<std::int64_t>(passed_ms, 1));
      if (length_ms > 0) {
        frame.done = static_cast<double>(passed_ms) / static_cast<double>(length_ms);
        frame.seconds_left = static_cast<double>(length_ms - passed_ms) / 1000;
      }
      screen.draw(render(frame, *zone, shell.err_terminal));
      next_frame_ms = monotonic_ms() + kFrameMs;
    }
    const Seconds next_poll = demo.now() + options.poll - feed.world.start;
    if (!sleep_until_ms(began_ms + next_poll * 1000 / options.speed)) break;
  }
  if (auto ended = demo.end(); !ended) return std::unexpected(ended.error());
  screen.draw("");
  say_how_it_went(demo, feed.world.start, *zone, *folder, *city, shell.out);
  return ExitStatus::kDone;
}

}  // namespace

void register_demo(CommandLine& line) {
  auto options = std::make_shared<DemoOptions>();
  Command& command = line.add(
      {.name = "demo",
       .summary = "a simulated city, faster than life, into a lake of its own",
       .description =
           "Plays a city whose true trips are known through the same pipeline as everything else, "
           "and says at the end how well the inferred rentals and returns agree with them, and "
           "why they differ.\n\nNeeds nothing else: no network, no server, no key.",
       .examples = {"bikeflow demo --for 30s",
                    "bikeflow demo --city bayarea --speed 3600 --for 60s"}},
      [options](Shell& shell) { return demo(*options, shell); });
  command.choice(
      {"--city", "CITY", "seoul (simulated riders) or bayarea (real trips of June 2014)"},
      {"seoul", "bayarea"}, &options->city);
  command.number({"--stations", "N", "only so many of its stations"}, 1, 1'000'000,
                 &options->stations);
  command.duration({"--poll", "TIME", "the time between two polls, in the city"}, 1,
                   &options->poll);
  command.number({"--speed", "N", "seconds of the city for each second of ours"}, 1, 1'000'000,
                 &options->speed);
  command.text({"--lake", "DIR",
                "where to write; a new or an empty folder (default: bikeflow-demo, or with a "
                "number where that exists)"},
               &options->lake);
  command.duration({"--for", "TIME", "end after so much of our time (default: at Ctrl-C)"}, 1,
                   &options->wall_time);
  command.number({"--port", "N",
                  "of the page, on 127.0.0.1 (default: 8080, or a free one where that is taken)"},
                 0, 65'535, &options->port);
  command.number({"--seed", "N", "another city"}, 0, INT64_MAX, &options->seed);
}

}  // namespace bikeflow
