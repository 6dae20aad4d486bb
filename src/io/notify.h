// Tells the service manager how a service does, by the protocol of systemd's sd_notify(3): a
// datagram to the socket that NOTIFY_SOCKET names. Where nobody listens nothing is sent.
//
// Threads: none; one owner, the thread whose loop is to be watched.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace bikeflow {

class ServiceNotifier {
 public:
  // `socket`: a path, or with '@' before it a name that is no file; empty: nobody listens.
  // `watchdog_us`: without a sign of life for so long the service is taken to hang; 0: not watched.
  ServiceNotifier(std::string socket, std::int64_t watchdog_us);

  // As the environment has it: NOTIFY_SOCKET, WATCHDOG_USEC, and WATCHDOG_PID if it is this
  // process.
  static ServiceNotifier from_environment();

  // The service does its work from now on.
  void ready() { send("READY=1"); }
  // A line for people: what systemctl status shows.
  void status(std::string_view text);
  // Its loop turns. Sent four times within the watchdog's time, so it may be called at each turn.
  void alive(std::int64_t monotonic_ms);
  // It ends by itself, or has been asked to.
  void stopping() { send("STOPPING=1"); }

 private:
  void send(std::string_view text) const;

  std::string socket_;
  std::int64_t every_ms_;  // 0: no watchdog
  std::int64_t sent_ms_ = INT64_MIN;
};

}  // namespace bikeflow
