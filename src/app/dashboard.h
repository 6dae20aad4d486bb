// The page and its API, served beside a pipeline: what `run`, `demo` and `serve` start.
//
// Threads: one owner; it has threads of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/api_handler.h"
#include "base/result.h"
#include "io/http_server.h"
#include "io/live_hub.h"
#include "io/random.h"
#include "io/run_voice.h"

namespace bikeflow {

struct DashboardSettings {
  std::string listen = "127.0.0.1:8080";
  std::string_view listen_option = "[dashboard] listen";  // what says so
  bool takes_any_port = false;     // of this machine, where that one is taken
  std::string token;               // empty: none is asked for
  std::vector<std::string> hosts;  // names that browsers call it by; that of api.url is another
  // Of one address; 0: as many as come. Where nobody has said: a bound that no person reaches, and
  // none for an address of this machine, as behind a proxy here all clients have that one.
  std::optional<std::int64_t> requests_per_s = {};
  ApiSettings api;
};

class Dashboard {
 public:
  // `hub` outlives it. Says where the page is, and warns where anybody may read it.
  static Result<std::unique_ptr<Dashboard>> start(DashboardSettings settings, LiveHub& hub,
                                                  RandomSource random, const RunVoice& voice);
  ~Dashboard();
  Dashboard(const Dashboard&) = delete;
  Dashboard& operator=(const Dashboard&) = delete;

  [[nodiscard]] std::string url() const;
  [[nodiscard]] HttpServerCounts counts() const { return server_->counts(); }

 private:
  Dashboard(ApiSettings settings, LiveHub& hub, std::string life)
      : hub_(hub), handler_(std::move(settings), hub, std::move(life)) {}

  LiveHub& hub_;
  ApiHandler handler_;
  std::unique_ptr<HttpServer> server_;
};

}  // namespace bikeflow
