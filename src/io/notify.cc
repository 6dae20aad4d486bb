#include "io/notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "io/file.h"

namespace bikeflow {
namespace {

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// 0 where it is no number.
std::int64_t number_of(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && number > 0 ? number : 0;
}

}  // namespace

ServiceNotifier::ServiceNotifier(std::string socket, std::int64_t watchdog_us)
    : socket_(std::move(socket)),
      every_ms_(watchdog_us > 0 ? std::max<std::int64_t>(watchdog_us / 4000, 1) : 0) {}

ServiceNotifier ServiceNotifier::from_environment() {
  const std::string_view pid = variable("WATCHDOG_PID");
  const bool is_for_us = pid.empty() || number_of(pid) == ::getpid();
  return {std::string(variable("NOTIFY_SOCKET")),
          is_for_us ? number_of(variable("WATCHDOG_USEC")) : 0};
}

void ServiceNotifier::status(std::string_view text) {
  std::string line = "STATUS=";
  line += text;
  std::ranges::replace(line, '\n', ' ');  // what follows one would be another assignment
  send(line);
}

void ServiceNotifier::alive(std::int64_t monotonic_ms) {
  if (every_ms_ == 0 || (sent_ms_ != INT64_MIN && monotonic_ms - sent_ms_ < every_ms_)) return;
  sent_ms_ = monotonic_ms;
  send("WATCHDOG=1");
}

// What cannot be sent is not: a service must not fail, nor wait, because nobody listens to how it
// does.
void ServiceNotifier::send(std::string_view text) const {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_.empty() || socket_.size() >= sizeof(address.sun_path)) return;
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  if (socket_.front() == '@') address.sun_path[0] = '\0';
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  const File sender(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (sender.descriptor() < 0) return;
  (void)::sendto(sender.descriptor(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                 reinterpret_cast<const sockaddr*>(&address), size);
}

}  // namespace bikeflow
