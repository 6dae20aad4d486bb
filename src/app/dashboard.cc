#include "app/dashboard.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "feed/gbfs_url.h"
#include "io/web_gate.h"
#include "io/web_listen.h"

namespace bikeflow {
namespace {

constexpr const char* kAnyPort = "127.0.0.1:0";
constexpr std::int64_t kRequestsPerSecond = 50;
// What may come at once: that of so many seconds, and always a page with all that it loads.
constexpr std::int64_t kSecondsAtOnce = 4, kLeastAtOnce = 50;

}  // namespace

Result<std::unique_ptr<Dashboard>> Dashboard::start(DashboardSettings settings, LiveHub& hub,
                                                    RandomSource random, const RunVoice& voice) {
  const auto place = parse_listen(settings.listen);
  if (!place) return with_context("[dashboard] listen", place.error());
  // A proxy may pass on the name that it was called by. Where any name will do it still does.
  if (!settings.api.url.empty() && (place->is_loopback || !settings.hosts.empty())) {
    settings.hosts.emplace_back(host_name(host_of_url(settings.api.url)));
  }
  std::unique_ptr<Dashboard> dashboard(
      new Dashboard(std::move(settings.api), hub, fmt::format("{:016x}", random())));
  HttpServerSettings server;
  server.listen = settings.listen;
  server.listen_option = settings.listen_option;
  server.gate.hosts = std::move(settings.hosts);
  server.gate.token = settings.token;
  server.gate.is_open = ApiHandler::is_open;
  server.warn = voice.warning;
  const std::int64_t requests_per_s =
      settings.requests_per_s.value_or(place->is_loopback ? 0 : kRequestsPerSecond);
  server.requests_per_s = static_cast<double>(requests_per_s);
  server.requests_at_once =
      static_cast<double>(std::max(kSecondsAtOnce * requests_per_s, kLeastAtOnce));
  auto started = HttpServer::start(server, dashboard->handler_);
  if (!started && settings.takes_any_port) {
    server.listen = kAnyPort;
    started = HttpServer::start(server, dashboard->handler_);
  }
  if (!started) return std::unexpected(started.error());
  dashboard->server_ = *std::move(started);
  hub.on_change([server = dashboard->server_.get()] { server->wake(); });
  if (!place->is_loopback && settings.token.empty()) {
    voice.warning(
        fmt::format("[dashboard] listen = \"{}\": anybody who reaches this machine can read all of "
                    "it; [dashboard] "
                    "token asks for one",
                    settings.listen));
  }
  voice.info(fmt::format("dashboard: {}", dashboard->url()));
  return dashboard;
}

Dashboard::~Dashboard() { hub_.on_change({}); }

std::string Dashboard::url() const { return fmt::format("http://{}/", server_->place()); }

}  // namespace bikeflow
