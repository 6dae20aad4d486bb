// The addresses of a host's name, for as long as somebody wants to wait for them: the system's
// resolver may take half a minute, and cannot be told to stop.
//
// Each lookup is done by a thread of its own, which nobody waits for: one that hangs may outlive
// this. Of a name there is never more than one at a time.
//
// Threads: one owner.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace bikeflow {

// As the system has them, in its order: "127.0.0.1", "::1". Takes as long as it takes.
Result<std::vector<std::string>> system_addresses(const std::string& host);

class HostLookup {
 public:
  // Called on other threads, and maybe after this has gone.
  using Ask = std::function<Result<std::vector<std::string>>(const std::string& host)>;

  // An answer that nobody has fetched for longer is none: a name may move.
  static constexpr std::int64_t kFreshMs = 60'000;

  explicit HostLookup(Ask ask = system_addresses, std::int64_t fresh_ms = kFreshMs)
      : ask_(std::move(ask)), fresh_ms_(fresh_ms) {}

  // Asks, or waits on for the answer to what was asked before. An Error where there is none in
  // time, where there is no such host, and where no thread can be started.
  Result<std::vector<std::string>> find(const std::string& host, int timeout_ms);

 private:
  struct Lookup;
  [[nodiscard]] Result<std::shared_ptr<Lookup>> begin(const std::string& host) const;
  [[nodiscard]] bool is_fresh(Lookup& lookup) const;

  Ask ask_;
  std::int64_t fresh_ms_;
  std::map<std::string, std::shared_ptr<Lookup>> open_;  // by host; whose answer was not fetched
};

}  // namespace bikeflow
