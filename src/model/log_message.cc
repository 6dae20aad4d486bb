#include "model/log_message.h"

#include <string>

#include "base/hash.h"

namespace bikeflow {

std::uint64_t record_hash(std::string_view key, std::optional<std::string_view> value) {
  std::string bytes(key);
  bytes += value.value_or(std::string_view());
  return hash64(bytes);
}

}  // namespace bikeflow
