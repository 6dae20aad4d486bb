// How often each address may ask: so many requests at once, and so many a second from then on.
//
// Threads: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>

namespace bikeflow {

class WebRates {
 public:
  // per_s 0: no limit. Addresses above `most_addresses` at a time share what one may.
  WebRates(double per_s, double burst, std::size_t most_addresses);

  // 0: allowed, and counted. Else not, and after so many milliseconds it will be.
  std::int64_t wait_ms(const std::string& address, std::int64_t monotonic_ms);

  // Forgets those that have all of their burst again.
  void forget_rested(std::int64_t monotonic_ms);

  [[nodiscard]] std::size_t addresses() const { return rested_at_us_.size(); }

 private:
  std::int64_t step_us_;   // between two requests at the lasting rate; 0: no limit
  std::int64_t burst_us_;  // how far ahead of that rate one may be
  std::size_t most_addresses_;
  std::unordered_map<std::string, std::int64_t> rested_at_us_;
};

}  // namespace bikeflow
