#include "app/live_side.h"

#include <utility>

#include "app/metrics.h"
#include "app/pipeline_settings.h"
#include "app/redis_settings_of.h"
#include "base/zone.h"
#include "io/clock.h"
#include "io/random.h"
#include "pipeline/live_of.h"

namespace bikeflow {

Result<std::unique_ptr<LiveSide>> LiveSide::start(const Config& config, const RunVoice& voice) {
  std::unique_ptr<LiveSide> side(new LiveSide);
  if (config.redis) {
    side->redis_ = std::make_unique<RedisWriter>(redis_settings_of(config), side->hub_, voice);
  }
  if (!config.dashboard) return side;
  DashboardSettings settings;
  settings.listen = config.dashboard->listen;
  settings.takes_any_port = config.dashboard->takes_any_port;
  settings.token = config.dashboard->token.reveal();
  settings.hosts = config.dashboard->hosts;
  settings.requests_per_s = config.dashboard->requests_per_s;
  ApiSettings& api = settings.api;
  api.lake = config.lake->url;
  api.rule = config.lake->rule;
  api.window_slide = config.window.slide;
  api.url = config.dashboard->url;
  api.tiles = {config.dashboard->tiles, config.dashboard->attribution};
  api.contact = config.http.contact;
  api.now = wall_now;
  api.metrics = [side = side.get()] { return side->metrics(); };
  auto dashboard = Dashboard::start(std::move(settings), side->hub_, system_random, voice);
  if (!dashboard) return std::unexpected(dashboard.error());
  side->dashboard_ = *std::move(dashboard);
  side->shown_ = side->dashboard_.get();
  return side;
}

std::string LiveSide::metrics() const {
  MetricsInput input{.run = board_.numbers(), .process = process_numbers()};
  const Seconds now = wall_now();
  for (const std::string& system : hub_.read([](const LiveView& view) { return view.systems(); })) {
    input.systems[system] =
        hub_.read([&](const LiveView& view) { return view.totals(system, now); });
  }
  if (const Dashboard* const shown = shown_) input.http = shown->counts();
  if (redis_) input.redis = redis_->counts();
  return metrics_text(input);
}

void LiveSide::introduce(const SystemConfig& system, const WindowConfig& window) {
  if (hub() == nullptr) return;
  const Zone zone = Zone::load(system.timezone).value();  // the configuration's check
  hub_.introduce(system.id, live_about_of(system.name, zone, task_settings_of(window)));
}

}  // namespace bikeflow
