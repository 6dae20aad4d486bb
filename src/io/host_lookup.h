// The addresses of a host's name, for as long as somebody wants to wait for them: the system's
// resolver may take half a minute, and cannot be told to stop.
//
// Each lookup is done by a thread of its own, which nobody waits for: one that hangs may outlive
// this. Of a name there is never more than one at a time.
//
// Threads: one owner.
#pragma once

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

  explicit HostLookup(Ask ask = system_addresses) : ask_(std::move(ask)) {}

  // Asks, or waits on for the answer to what was asked before. An Error where there is none in
  // time, and where there is no such host.
  Result<std::vector<std::string>> find(const std::string& host, int timeout_ms);

 private:
  struct Lookup;
  Ask ask_;
  std::map<std::string, std::shared_ptr<Lookup>> open_;  // by host; those without an answer yet
};

}  // namespace bikeflow
