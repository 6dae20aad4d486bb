// Many systems in one process, through a clock that leaves idle time out: ./dev soak feeds
//
//   feeds_soak LAKE [--hours 10] [--systems 500] [--stations 300] [--sync]
//
// `bikeflow run` as it is, but for the clock, polls GBFS systems each minute for so many simulated
// hours. What takes time takes as long as it does; only the time in which nothing is under way is
// left out. A process of its own serves them (test/feeds_soak_server.h), so that what is measured
// is the run's alone. Prints memory and processor time of each simulated hour. Fails where a round
// was missed, failed or refused, where it needed more than one core of the simulated time, and
// where memory grew. bikeflow verify then judges the lake.
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "base/zone.h"
#include "feed/gbfs_source.h"
#include "io/clock.h"
#include "io/feed_run.h"
#include "io/interrupt.h"
#include "io/random.h"
#include "test/feeds_soak_server.h"

namespace bikeflow {
namespace {

constexpr Seconds kEvery = 60;
// A round that is later than this has missed its beat.
constexpr std::int64_t kLatestMs = 90'000;
constexpr std::int64_t kNamed = 5;  // of systems that missed rounds
// A busy machine may keep the server waiting, which is no failure of the run's.
constexpr std::int64_t kTimeoutMs = 45'000;
// What is learned in the first two hours is kept; then memory is flat but for the allocator's
// whims.
constexpr std::size_t kSettledHours = 2;
constexpr double kMostGrowth = 1.1;

struct Options {
  std::string lake;
  int hours = 10, systems = 500, stations = 300;
  bool sync = false;
};

[[noreturn]] void give_up(std::string_view message) {
  fmt::print(stderr, "feeds_soak: {}\n", message);
  std::exit(1);
}

Options options_of(int argc, char** argv) {
  Options options;
  if (argc < 2) give_up("names no lake");
  options.lake = argv[1];
  const std::pair<std::string_view, int*> numbers[] = {{"--hours", &options.hours},
                                                       {"--systems", &options.systems},
                                                       {"--stations", &options.stations}};
  for (int i = 2; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--sync") {
      options.sync = true;
      continue;
    }
    const auto* const found =
        std::ranges::find(numbers, name, [](const auto& each) { return each.first; });
    if (found == std::end(numbers) || ++i == argc || std::atoi(argv[i]) <= 0) {
      give_up(fmt::format("'{}': no such option, or no number for it", name));
    }
    *found->second = std::atoi(argv[i]);
  }
  return options;
}

double rss_mb() {
  long pages = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident;
  return static_cast<double>(resident * ::sysconf(_SC_PAGESIZE)) / 1e6;
}

double cpu_s() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Threads: none; one owner.
class PatientSource : public FeedSource {
 public:
  explicit PatientSource(GbfsSource source) : source_(std::move(source)) {}

  FeedStep begin(Seconds now) override { return patient(source_.begin(now)); }
  FeedStep answered(HttpOutcome outcome, Seconds now) override {
    return patient(source_.answered(std::move(outcome), now));
  }
  void save(Writer& out) const override { source_.save(out); }
  bool load(Reader& in) override { return source_.load(in); }
  [[nodiscard]] std::string budget(Seconds now) const override { return source_.budget(now); }

 private:
  static FeedStep patient(FeedStep step) {
    if (auto* request = std::get_if<HttpRequest>(&step)) request->timeout_ms = kTimeoutMs;
    return step;
  }

  GbfsSource source_;
};

std::vector<FeedSpec> specs_of(const Options& options, int port) {
  std::vector<FeedSpec> specs;
  for (int i = 0; i < options.systems; ++i) {
    GbfsSettings settings;
    settings.url = fmt::format("http://127.0.0.1:{}/{}/gbfs.json", port, i);
    auto source = GbfsSource::open(std::move(settings));
    if (!source) give_up(source.error().message);
    FeedSpec spec;
    spec.system = fmt::format("system-{}", i);
    spec.zone = *Zone::load("Europe/Oslo");
    spec.every = kEvery;
    spec.source = std::make_unique<PatientSource>(*std::move(source));
    specs.push_back(std::move(spec));
  }
  return specs;
}

// Prints an hour's figures when it has passed, and ends the run after the last one.
class Hours {
 public:
  Hours(const Options& options, const SoakBoard& board)
      : options_(options), board_(board), thread_([this] { watch(); }) {}
  Hours(const Hours&) = delete;
  Hours& operator=(const Hours&) = delete;
  ~Hours() {
    is_over_ = true;
    thread_.join();
  }

  // Requires: is over.
  [[nodiscard]] const std::vector<double>& rss() const { return rss_mb_; }

 private:
  void watch() {
    double before_s = cpu_s();
    for (int hour = 1; hour <= options_.hours; ++hour) {
      while (!is_over_ && board_.now_ms() - board_.wall_ms < hour * kHour * 1000) {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
      }
      if (is_over_) return;
      rss_mb_.push_back(rss_mb());
      const double used_s = cpu_s() - std::exchange(before_s, cpu_s());
      fmt::print("hour {:2}: {:.1f} MB, {:.1f} s of processor time ({:.1f} % of a core)\n", hour,
                 rss_mb_.back(), used_s, used_s / kHour * 100);
      std::fflush(stdout);
    }
    ::kill(::getpid(), SIGTERM);
  }

  const Options& options_;
  const SoakBoard& board_;
  std::atomic<bool> is_over_ = false;
  std::vector<double> rss_mb_;
  std::thread thread_;
};

// What is wrong; empty where nothing is.
std::vector<std::string> judge(const Options& options, const SoakBoard& board,
                               const FeedRunSummary& summary, const std::vector<double>& rss,
                               double cpu_before_s, std::int64_t end_ms) {
  std::vector<std::string> wrong;
  std::int64_t rounds = 0, latest_ms = 0, behind = 0;
  for (int i = 0; i < options.systems; ++i) {
    const SoakBoard::System& system = board.systems[i];
    rounds += system.rounds;
    latest_ms = std::max(latest_ms, system.longest_ms);
    const std::int64_t least = (end_ms - system.first_ms) / (kEvery * 1000);
    if (system.rounds >= least && system.longest_ms <= kLatestMs && system.rounds > 0) continue;
    if (++behind <= kNamed) {
      wrong.push_back(
          fmt::format("system-{}: {} rounds, at least {} expected, {:.1f} s between two", i,
                      system.rounds, least, static_cast<double>(system.longest_ms) / 1000));
    }
  }
  if (behind > 0) wrong.push_back(fmt::format("{} systems missed rounds", behind));
  fmt::print("{} rounds, at most {:.1f} s between two of a system; {} polls, {} observations\n",
             rounds, static_cast<double>(latest_ms) / 1000, summary.polls.polls,
             summary.observations);
  if (summary.polls.failures + summary.polls.rejected > 0) {
    wrong.push_back(fmt::format("{} polls failed, {} rejected", summary.polls.failures,
                                summary.polls.rejected));
  }
  const std::int64_t unread = rounds - summary.observations / options.stations;
  if (unread < 0 || unread > options.systems / 10) {
    wrong.push_back(fmt::format("{} rounds were served that are no observations", unread));
  }
  const double share =
      (cpu_s() - cpu_before_s) / (static_cast<double>(end_ms - board.wall_ms) / 1000);
  if (share > 1) wrong.push_back(fmt::format("{:.0f} % of a core", share * 100));
  if (rss.size() > kSettledHours && rss.back() > rss[kSettledHours - 1] * kMostGrowth) {
    wrong.push_back(
        fmt::format("memory grew from {:.1f} MB to {:.1f} MB", rss[kSettledHours - 1], rss.back()));
  }
  return wrong;
}

int run(int argc, char** argv) {
  const Options options = options_of(argc, argv);
  const SoakServer server(options.systems, options.stations);
  watch_for_interrupts();
  FeedRunSettings settings;
  settings.lake = options.lake;
  settings.syncs = options.sync ? Syncs::kOn : Syncs::kOff;
  settings.polls.skipped_ms = &server.board().skipped_ms;
  settings.polls.http.user_agent = "bikeflow-soak";
  settings.polls.http.most_connections_per_host =
      settings.polls.http.most_connections;  // one host has all
  const RunVoice voice{[](const std::string& text) { fmt::print("{}\n", text); },
                       [](const std::string& text) { fmt::print("warning: {}\n", text); },
                       [](const std::string& text) { fmt::print("error: {}\n", text); }};
  auto run =
      FeedRun::open(std::move(settings), specs_of(options, server.port()), system_random, voice);
  if (!run) give_up(run.error().message);
  fmt::print("{} feeds are open after {:.1f} s\n", options.systems,
             static_cast<double>(monotonic_ms() - server.board().began_ms) / 1000);
  std::fflush(stdout);
  const double cpu_before_s = cpu_s();
  Hours hours(options, server.board());
  const auto summary = (*run)->run();
  // It may have been ended early; and the last round of each may be on its way.
  const std::int64_t end_ms = server.board().now_ms() - kLatestMs;
  if (!summary) give_up(summary.error().message);
  const auto wrong = judge(options, server.board(), *summary, hours.rss(), cpu_before_s, end_ms);
  for (const std::string& text : wrong) fmt::print("wrong: {}\n", text);
  return wrong.empty() ? 0 : 1;
}

}  // namespace
}  // namespace bikeflow

int main(int argc, char** argv) { return bikeflow::run(argc, argv); }
