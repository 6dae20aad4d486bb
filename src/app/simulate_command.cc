#include "app/simulate_command.h"

#include <array>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/core.h>

#include "app/times.h"
#include "base/size.h"
#include "io/clock.h"
#include "io/interrupt.h"
#include "io/new_file.h"
#include "sim/calendar.h"
#include "sim/feed.h"
#include "sim/text.h"

namespace bikeflow {
namespace {

constexpr std::size_t kWriteBytes = std::size_t{1} << 18;
constexpr std::int64_t kProgressMs = 250;

// What is simulated: options that have been understood.
struct Plan {
  City city;
  Zone zone;
  CityFeedOptions feed;
  RecordForm form;
};

Result<Plan> make_plan(const SimulateOptions& options, Seconds now) {
  const auto name = parse_city_name(options.city);
  if (!name) return std::unexpected(name.error());
  const auto form = parse_record_form(options.form);
  if (!form) return std::unexpected(form.error());
  const auto seed = static_cast<std::uint64_t>(options.seed);
  const auto stations = static_cast<std::uint32_t>(options.stations.value_or(kAllStations));
  auto city = make_city(*name, stations, seed);
  if (!city) return with_context("--stations", city.error());
  auto zone = Zone::load(city->time_zone);
  if (!zone) return std::unexpected(zone.error());

  CityFeedOptions feed;
  feed.world.start = midnight_before(*zone, now) - options.span;
  if (options.start) {
    const auto start = parse_time_in(*options.start, *zone);
    if (!start) return with_context("--start", start.error());
    feed.world.start = *start;
  }
  if (feed.world.start < kEarliestTime) return fail("it would begin before the year 2000");
  if (options.span > kLatestTime - feed.world.start)
    return fail("--span: ends after the year 9999");
  feed.end = feed.world.start + options.span;
  feed.world.seed = seed;
  feed.poll = options.poll;
  if (options.no_faults) feed.faults = FeedFaults::none();
  if (options.truth == options.out) return fail("--out and --truth name the same file");
  return Plan{.city = *std::move(city), .zone = *std::move(zone), .feed = feed, .form = *form};
}

// Text on its way into a file or to standard output.
class Sink {
 public:
  static Result<Sink> open(const std::string& path, Output& out) {
    if (path == "-") return Sink(std::nullopt, out);
    auto file = NewFile::create(path);
    if (!file) return std::unexpected(file.error());
    return Sink(*std::move(file), out);
  }

  std::string text;  // to be written

  Result<void> write_if_much() { return text.size() < kWriteBytes ? Result<void>{} : write(); }

  Result<void> finish() {
    if (auto written = write(); !written) return written;
    return file_ ? file_->finish() : Result<void>{};
  }

  // Where it went, and how much that was: "a.ndjson.gz (1.2 MB)".
  [[nodiscard]] std::string described() const {
    return file_ ? fmt::format("{} ({})", file_->path(), format_size(file_->stored_bytes()))
                 : "standard output";
  }

 private:
  Sink(std::optional<NewFile> file, Output& out) : file_(std::move(file)), out_(out) {}

  Result<void> write() {
    if (file_) {
      if (auto written = file_->write(text); !written) return written;
    } else {
      out_.write(text);
    }
    text.clear();
    return {};
  }

  std::optional<NewFile> file_;
  Output& out_;
};

// A line on the terminal that is written over.
class Progress {
 public:
  Progress(const Plan& plan, const Terminal& terminal)
      : plan_(plan), shown_(terminal.is_terminal), next_ms_(monotonic_ms() + kProgressMs) {}
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() {
    if (drawn_) fmt::print(stderr, "\r\x1b[K");
  }

  void show(Seconds at, std::int64_t records) {
    if (!shown_ || monotonic_ms() < next_ms_) return;
    next_ms_ = monotonic_ms() + kProgressMs;
    drawn_ = true;
    const Seconds start = plan_.feed.world.start;
    fmt::print(stderr, "\r{} {}: {} of {}, {} records\x1b[K", plan_.city.title,
               local_time(at, plan_.zone), percent(at - start),
               format_duration(plan_.feed.end - start), grouped(records));
    std::fflush(stderr);
  }

 private:
  [[nodiscard]] std::string percent(Seconds done) const {
    return fmt::format("{} %", done * 100 / (plan_.feed.end - plan_.feed.world.start));
  }

  const Plan& plan_;
  bool shown_;
  bool drawn_ = false;
  std::int64_t next_ms_;
};

struct Totals {
  std::int64_t records = 0;
  std::array<std::int64_t, kCauseCount> trips{};  // begun, by cause
};

std::string fault_text(const FaultCounts& faults, Seconds longest_delay) {
  return fmt::format(
      "faults of the feed: {} of {} polls missing (outages: {}), {} of {} pages; {} records come "
      "twice, {} "
      "late by up to {}",
      grouped(faults.missing_polls), grouped(faults.polls), faults.outages,
      grouped(faults.missing_pages), grouped(faults.pages), grouped(faults.repeated_records),
      grouped(faults.delayed_records), format_duration(longest_delay));
}

void summarize(const Plan& plan, const Totals& totals, const CityFeed& feed, const Sink& out,
               const Sink* truth, Log& log) {
  log.info(fmt::format("{} records of {} stations, {} to {} ({}), in {}", grouped(totals.records),
                       grouped(std::ssize(plan.city.stations)),
                       local_time(plan.feed.world.start, plan.zone),
                       local_time(plan.feed.end, plan.zone), plan.zone.name(), out.described()));
  log.info(
      fmt::format("truth: {} trips, {} bikes moved by trucks, {} unseen by sensors for a while{}{}",
                  grouped(totals.trips[0]), grouped(totals.trips[1]), grouped(totals.trips[2]),
                  truth != nullptr ? ", in " : "", truth != nullptr ? truth->described() : ""));
  log.info(fault_text(feed.faults(), plan.feed.faults.longest_delay));
  if (feed.world().left_out() > 0) {
    log.warning(fmt::format("{} real trips could not be replayed: their station had no bike",
                            feed.world().left_out()));
  }
}

// Plays the feed to its end, or until nobody reads it any more.
Result<Totals> write_feed(const Plan& plan, CityFeed& feed, Sink& out, Sink* truth, Shell& shell) {
  RecordText records(plan.city, plan.zone, plan.form);
  TruthText trips(plan.city);
  if (truth != nullptr) truth->text = kTruthHeader;
  Totals totals;
  Progress progress(plan, shell.err_terminal);
  CityPoll poll;
  while (!shell.out.is_closed() && feed.next(poll)) {
    for (const CityObservation& seen : poll.observations) records.append(out.text, seen);
    totals.records += std::ssize(poll.observations);
    if (auto written = out.write_if_much(); !written) return std::unexpected(written.error());
    for (const CityEvent& event : poll.events) {
      if (event.change < 0) ++totals.trips[static_cast<std::size_t>(event.cause)];
      if (truth != nullptr) trips.append(truth->text, event);
    }
    if (truth != nullptr) {
      if (auto written = truth->write_if_much(); !written) return std::unexpected(written.error());
    }
    if (is_interrupted()) return fail("interrupted; no file was written");
    progress.show(poll.time, totals.records);
  }
  if (truth != nullptr) trips.append_open(truth->text);
  return totals;
}

}  // namespace

Result<ExitStatus> simulate(const SimulateOptions& options, Seconds now, Shell& shell) {
  auto plan = make_plan(options, now);
  if (!plan) {
    shell.log.error(plan.error().message);
    return ExitStatus::kUsage;
  }
  auto out = Sink::open(options.out, shell.out);
  if (!out) return std::unexpected(out.error());
  std::optional<Sink> truth;
  if (options.truth) {
    auto opened = Sink::open(*options.truth, shell.out);
    if (!opened) return std::unexpected(opened.error());
    truth.emplace(*std::move(opened));
  }

  CityFeed feed(plan->city, plan->zone, plan->feed);
  const auto totals = write_feed(*plan, feed, *out, truth ? &*truth : nullptr, shell);
  if (!totals) return std::unexpected(totals.error());
  if (shell.out.is_closed()) return ExitStatus::kDone;  // `| head` has what it wanted
  if (truth) {
    if (auto finished = truth->finish(); !finished) return std::unexpected(finished.error());
  }
  if (auto finished = out->finish(); !finished) return std::unexpected(finished.error());
  summarize(*plan, *totals, feed, *out, truth ? &*truth : nullptr, shell.log);
  return ExitStatus::kDone;
}

void register_simulate(CommandLine& line) {
  auto options = std::make_shared<SimulateOptions>();
  Command& command = line.add(
      {.name = "simulate",
       .summary = "a simulated city as files: its feed, and its true trips",
       .description =
           "seoul: the real stations, with riders, trucks and faulty sensors that are invented; "
           "racks "
           "are drawn from the seed, and ids are ST-(number - 98). bayarea: real stations and real "
           "trips of June 2014, repeated every two weeks; trucks and faulty sensors are "
           "invented.\n\n"
           "The feed misses polls and pages, repeats records and brings some late. The same seed, "
           "start and options give the same bytes. A name that ends in .gz or .zst is packed; - is "
           "standard output.\n\n"
           "The truth is a CSV file, a line for each trip in the order of their ends; what has not "
           "ended has an empty end. Its last column says who it was: rider, truck, or sensor (no "
           "movement: a bike that the sensor did not see for that time).",
       .examples = {"bikeflow simulate --out seoul.ndjson --truth trips.csv",
                    "bikeflow simulate --city bayarea --start 2014-06-05 --poll 60s --out "
                    "bayarea.ndjson.gz --truth trips.csv",
                    "bikeflow simulate --stations 100 --span 1h --form topic --out - | head"}},
      [options](Shell& shell) {
        watch_for_interrupts();
        return simulate(*options, wall_now(), shell);
      });
  command.choice({"--city", "", "which city"}, {"seoul", "bayarea"}, &options->city);
  command.number(
      {"--stations", "N",
       "the first N of Seoul's stations, or the N busiest of the Bay Area's (all: 2799, 70)"},
      1, 2799, &options->stations);
  command.duration({"--poll", "TIME", "from one poll to the next"}, 1, &options->poll);
  command.text({"--start", "TIME",
                "of the first poll, in the city's zone; without it, the span ends at the last "
                "midnight there"},
               &options->start);
  command.duration({"--span", "TIME", "how long"}, 1, &options->span);
  command.number({"--seed", "N", "of everything that is drawn"}, 0, INT64_MAX, &options->seed);
  command.flag({"--no-faults", "", "a feed without faults; trucks and sensors stay"},
               &options->no_faults);
  command.choice({"--form", "", "recorded: short fields; topic: the published messages"},
                 {"recorded", "topic"}, &options->form);
  command.text(
      {.name = "--out", .value = "FILE", .help = "the records, as NDJSON", .required = true},
      &options->out);
  command.text({"--truth", "FILE", "the true trips, as CSV"}, &options->truth);
}

}  // namespace bikeflow
