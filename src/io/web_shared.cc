#include "io/web_shared.h"

#include <utility>

#include <fmt/core.h>

#include "io/clock.h"

namespace bikeflow {
namespace {
constexpr std::size_t kMostAddresses = 20'000;
}

void SeldomVoice::say(const char* kind, std::string_view text) {
  if (!say_) return;
  int unsaid = 0;
  {
    const std::scoped_lock lock(mutex_);
    const std::int64_t now_ms = monotonic_ms();
    const auto [said, is_first] = said_.try_emplace(kind);
    if (!is_first && now_ms - said->second.at_ms < kEveryMs) {
      ++said->second.unsaid;
      return;
    }
    unsaid = std::exchange(said->second.unsaid, 0);
    said->second.at_ms = now_ms;
  }
  say_(unsaid == 0 ? std::string(text)
                   : fmt::format("{} (and {} times more of the kind before)", text, unsaid));
}

WebShared::WebShared(HttpServerSettings given, WebHandler& who, bool is_on_loopback)
    : settings(std::move(given)),
      handler(who),
      gate(settings.gate, is_on_loopback),
      voice(settings.warn),
      rates(settings.requests_per_s, settings.requests_at_once, kMostAddresses) {}

}  // namespace bikeflow
