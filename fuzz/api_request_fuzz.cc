// Any bytes as the target of a request to the API of a small city with a small lake: an answer that
// can be read, and never a fault of ours. The same target with each byte percent-encoded, as far as
// that may be, is the same request.

#include <array>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/api_handler.h"
#include "base/check.h"
#include "fuzz/require.h"
#include "io/open_store.h"
#include "io/web_gate.h"
#include "io/web_reply.h"
#include "lake/parquet.h"

namespace {

using namespace bikeflow;  // NOLINT(google-build-using-namespace): a program of one file

constexpr Seconds kNow = 1'723'383'000;  // 2024-08-11T13:30:00Z
constexpr Seconds kHourStart = kNow - kNow % kHour - kHour;
// Ids that have what a path, JSON and CSV write otherwise.
constexpr std::array<std::string_view, 3> kStations = {"ST-4", "a/b \"c\",%", "역"};

// A lake with one file, in a folder that goes with the process.
class Lake {
 public:
  Lake() {
    std::string name = (std::filesystem::temp_directory_path() / "bikeflow-fuzz-XXXXXX").string();
    CHECK(::mkdtemp(name.data()) != nullptr);
    folder_ = name;
    auto store = create_store(name, "fuzz");
    CHECK(store.has_value());
    const Window window{kHourStart, kHourStart + kHour};
    std::vector<HourlyRow> rows;
    for (const std::string_view id : kStations) {
      rows.push_back({.window = window, .station_id = std::string(id)});
    }
    const auto bytes = encode_hourly(rows, {});
    const std::string path =
        hourly_path(LakeRule{}, Zone::load("Asia/Seoul").value(), "seoul", "topic", 0, window);
    CHECK(bytes.has_value() && (*store)->put(path, *bytes).has_value());
  }
  Lake(const Lake&) = delete;
  Lake& operator=(const Lake&) = delete;
  ~Lake() { std::filesystem::remove_all(folder_); }

  [[nodiscard]] const std::string& folder() const { return folder_; }

 private:
  std::string folder_;
};

void tell_of_stations(LiveHub& hub) {
  hub.introduce("seoul", {.timezone = "Asia/Seoul"});
  hub.introduce("chicago", {.timezone = "America/Chicago"});
  Names names;
  LiveNews news;
  for (const std::string_view id : kStations) {
    const StationIndex index = names.intern(id);
    news.changes.push_back({index, {.observed_at = kNow - 60, .counts = {3, 10}}});
    news.movements.push_back({index, kNow - 60, -1, 3});
  }
  hub.tell({0, "seoul"}, names, news);
}

// What a target must not need to be written as, written so.
std::string encoded(std::string_view target) {
  std::string text;
  bool is_in_query = false;
  for (std::size_t i = 0; i < target.size(); ++i) {
    const char c = target[i];
    const bool has_meaning = is_in_query ? c == '&' || c == '=' || c == '+' : c == '/' || c == '?';
    is_in_query |= c == '?';
    if (c == '%') {
      text += target.substr(i, 3);
      i += 2;
    } else if (has_meaning) {
      text += c;
    } else {
      text += fmt::format("%{:02x}", static_cast<unsigned char>(c));
    }
  }
  return text;
}

void check_answer(const WebRequest& request, const WebAnswer& answer) {
  switch (answer.status) {
    case 200:
    case 400:
    case 404:
      break;
    default:
      require(false, "a status that the API's description does not have");
  }
  if (!answer.is_gzipped && answer.content_type == "application/json") {
    require(nlohmann::json::accept(answer.body), "JSON that cannot be read");
  }
  if (!answer.is_gzipped && answer.content_type != "application/vnd.apache.parquet") {
    require(is_utf8(answer.body), "text that cannot be read");
  }
  require(web_reply(request, answer, true, kNow).has_value(), "an answer that cannot be sent");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Lake kLake;
  static LiveHub hub;
  static ApiHandler handler = [] {
    tell_of_stations(hub);
    ApiSettings settings;
    settings.lake = kLake.folder();
    settings.now = [] { return kNow; };
    return ApiHandler(std::move(settings), hub, "life1");
  }();
  static const WebGate kGate({}, false);

  const std::string target(reinterpret_cast<const char*>(data), size);
  WebHead head{.method = "GET", .target = target, .host = "localhost", .hosts = 1};
  const auto request = kGate.admit(head, "127.0.0.1");
  if (!request) return 0;
  const auto events = handler.events(*request);
  if (events) {
    const EventText text = events->take();
    require(text && is_utf8(*text) && text->starts_with("event: "), "events");
  }
  const WebAnswer answer = handler.answer(*request);
  check_answer(*request, answer);

  if (!target.starts_with('/')) return 0;
  head.target = encoded(target);
  const auto same = kGate.admit(head, "127.0.0.1");
  require(same.has_value() && same->path == request->path && same->query == request->query,
          "another request when it is encoded");
  return 0;
}
