#include "io/interrupt.h"

#include <atomic>
#include <csignal>
#include <ctime>

#include "io/clock.h"

namespace bikeflow {
namespace {

// The one global of the program: a signal handler can reach nothing else.
std::atomic<bool> interrupted = false;  // NOLINT(*-avoid-non-const-global-variables)
static_assert(std::atomic<bool>::is_always_lock_free);

void remember(int signal) {
  interrupted.store(true);
  std::signal(signal, SIG_DFL);
}

}  // namespace

void watch_for_interrupts() {
  std::signal(SIGINT, remember);
  std::signal(SIGTERM, remember);
}

void interrupt() { interrupted.store(true); }

bool is_interrupted() { return interrupted.load(); }

bool sleep_until_ms(std::int64_t ms) {
  for (;;) {
    if (is_interrupted()) return false;
    const std::int64_t left = ms - monotonic_ms();
    if (left <= 0) return true;
    // In short pieces: a signal that comes just before the sleep does not cut it.
    const std::int64_t piece = left < 200 ? left : 200;
    const timespec span{.tv_sec = piece / 1000, .tv_nsec = piece % 1000 * 1'000'000};
    nanosleep(&span, nullptr);
  }
}

}  // namespace bikeflow
