// How long it takes from the last byte of a feed's answer to its checkpoint on the disk.
//
//   feed_commit FOLDER POLLS
//
// One process has a server that plays Seoul's feed, three pages and 2,738 stations of which a
// twentieth move, the pipeline as `bikeflow run` has it, polling each second, and a reader that
// waits for the live view, which is told of a poll after its checkpoint is on the disk. Half way to
// the next poll, when the disk has rested as long, the reader brings as many bytes to it in the
// same way, which is what the disk alone takes. Prints both, in milliseconds.

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "base/zone.h"
#include "bench/percentiles.h"
#include "feed/seoul_source.h"
#include "io/feed_run.h"
#include "io/interrupt.h"
#include "io/live_hub.h"
#include "io/random.h"
#include "io/state_dir.h"
#include "pipeline/checkpoint_name.h"
#include "test/played_server.h"

namespace bikeflow {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kStations = 2738;
constexpr int kPage = 1000;
constexpr int kWaitMs = 20'000;  // for a poll
constexpr int kRestMs = 450;

[[noreturn]] void give_up(std::string_view message) {
  fmt::print(stderr, "feed_commit: {}\n", message);
  std::exit(1);
}

// Threads: the server's and the reader's, as the two take turns.
struct City {
  std::array<int, kStations> bikes{};
  std::uint64_t random = 1;
  std::atomic<Clock::time_point> answered;  // when the last page was sent

  void move() {
    for (int& each : bikes) {
      random = random * 6364136223846793005U + 1442695040888963407U;
      const std::uint64_t chance = random >> 40;
      if (chance % 20 == 0) each = std::clamp(each + (chance / 20 % 2 == 0 ? 1 : -1), 0, 30);
    }
  }

  [[nodiscard]] std::string page(int first) const {
    std::string rows;
    const int last = std::min(first + kPage, kStations + 1);
    for (int i = first; i < last; ++i) {
      fmt::format_to(std::back_inserter(rows),
                     R"({}{{"rackTotCnt":"15","stationName":"{}. a station of the usual length",)"
                     R"("parkingBikeTotCnt":"{}","shared":"107","stationLatitude":"37.55564880",)"
                     R"("stationLongitude":"126.91062927","stationId":"ST-{}"}})",
                     i == first ? "" : ",", i, bikes[static_cast<std::size_t>(i - 1)], i);
    }
    return fmt::format(R"({{"rentBikeStatus":{{"list_total_count":{},"RESULT":{{"CODE":"INFO-000",)"
                       R"("MESSAGE":"ok"}},"row":[{}]}}}})",
                       last - first, rows);
  }

  // "/key/json/bikeList/1001/2000/"
  void play(const PlayedRequest& request, HttpPeer& peer) {
    constexpr std::string_view kBefore = "/key/json/bikeList/";
    const int first = std::atoi(request.path().substr(kBefore.size()).c_str());
    if (first == 1) move();
    peer.answer("200 OK", "", page(first));
    if (first + kPage > kStations) answered = Clock::now();
  }
};

double ms_between(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double, std::milli>(to - from).count();
}

// The size of the newest checkpoint of the run.
std::size_t checkpoint_bytes(const std::string& state) {
  std::size_t size = 0;
  std::uint64_t newest = 0;
  for (const auto& entry : std::filesystem::directory_iterator(state)) {
    const auto sequence = checkpoint_sequence(entry.path().filename().string());
    if (!sequence || *sequence < newest) continue;
    newest = *sequence;
    size = entry.file_size();
  }
  return size;
}

struct Took {
  std::vector<double> commit_ms, disk_ms;
};

// Requires: the run is polling.
Took watch(const LiveHub& hub, const City& city, const std::string& folder, std::size_t polls) {
  auto state = StateDir::open(folder + "/disk");
  if (!state) give_up(state.error().message);
  Took took;
  std::uint64_t version = hub.wait(0, kWaitMs);  // of a first poll, which asks for more
  for (std::uint64_t sequence = 1; took.commit_ms.size() < polls; ++sequence) {
    const std::uint64_t now = hub.wait(version, kWaitMs);
    const Clock::time_point committed = Clock::now();
    if (now == version) give_up("a poll did not come");
    version = now;
    took.commit_ms.push_back(ms_between(city.answered.load(), committed));

    const std::string bytes(checkpoint_bytes(state_folder(folder + "/lake", "seoul")),
                            static_cast<char>(sequence));
    const std::string name = checkpoint_name(sequence, system_random());
    std::this_thread::sleep_for(std::chrono::milliseconds(kRestMs));
    const Clock::time_point begin = Clock::now();
    if (!state->write(name, bytes) || !state->commit(name)) give_up("cannot write");
    took.disk_ms.push_back(ms_between(begin, Clock::now()));
    if (!state->collect(name)) give_up("cannot remove");
  }
  return took;
}

void print(std::string_view what, const Percentiles& ms) {
  fmt::print("  {}: p50 {:.1f} ms, p99 {:.1f} ms, least {:.1f} ms\n", what, ms.at(0.5), ms.at(0.99),
             ms.at(0));
}

int run(const std::string& folder, std::size_t polls) {
  City city;
  city.bikes.fill(10);
  const PlayedServer server(
      [&](const PlayedRequest& request, HttpPeer& peer) { city.play(request, peer); });
  LiveHub hub;
  FeedRunSettings settings;
  settings.lake = folder + "/lake";
  settings.polls.http.user_agent = "bikeflow-bench";
  settings.live = &hub;
  std::vector<FeedSpec> feeds(1);
  feeds[0].system = "seoul";
  feeds[0].zone = *Zone::load("Asia/Seoul");
  feeds[0].every = 1;
  SeoulSettings seoul;
  seoul.key = "key";
  seoul.base_url = server.url("");
  feeds[0].source = std::make_unique<SeoulSource>(std::move(seoul), *feeds[0].zone);
  auto pipeline = FeedRun::open(
      std::move(settings), std::move(feeds), system_random,
      {[](const std::string&) {}, [](const std::string& text) { fmt::print(stderr, "{}\n", text); },
       [](const std::string& text) { give_up(text); }});
  if (!pipeline) give_up(pipeline.error().message);
  watch_for_interrupts();
  std::thread running([&] {
    if (const auto done = (*pipeline)->run(); !done) give_up(done.error().message);
  });
  const Took took = watch(hub, city, folder, polls);
  std::raise(SIGTERM);
  running.join();
  fmt::print("{} polls of {} stations, checkpoints of {} bytes:\n", polls, kStations,
             checkpoint_bytes(state_folder(folder + "/lake", "seoul")));
  print("last byte to the checkpoint on the disk", Percentiles(took.commit_ms));
  print("the disk alone, the same bytes         ", Percentiles(took.disk_ms));
  return 0;
}

}  // namespace
}  // namespace bikeflow

int main(int argc, char** argv) {
  if (argc != 3 || std::atoi(argv[2]) <= 0) bikeflow::give_up("FOLDER POLLS");
  return bikeflow::run(argv[1], static_cast<std::size_t>(std::atoi(argv[2])));
}
