#include "model/names.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace bikeflow {
namespace {

std::uint64_t hash_of(std::string_view name) { return XXH3_64bits(name.data(), name.size()); }

}  // namespace

std::size_t Names::slot_of(std::string_view name, std::uint64_t hash) const {
  const std::size_t mask = slots_.size() - 1;
  const auto upper = static_cast<std::uint32_t>(hash >> 32);
  std::size_t i = hash & mask;
  while (slots_[i].number != kNone &&
         (slots_[i].hash != upper || names_[slots_[i].number] != name)) {
    i = (i + 1) & mask;
  }
  return i;
}

std::uint32_t Names::intern(std::string_view name) {
  if (slots_.size() < 2 * (names_.size() + 1)) grow();
  const std::uint64_t hash = hash_of(name);
  Slot& slot = slots_[slot_of(name, hash)];
  if (slot.number == kNone) {
    slot = {size(), static_cast<std::uint32_t>(hash >> 32)};
    names_.emplace_back(name);
  }
  return slot.number;
}

std::uint32_t Names::find(std::string_view name) const {
  if (slots_.empty()) return kNone;
  return slots_[slot_of(name, hash_of(name))].number;
}

void Names::grow() {
  slots_.assign(slots_.empty() ? 64 : 2 * slots_.size(), Slot{});
  for (std::uint32_t i = 0; i < size(); ++i) {
    const std::uint64_t hash = hash_of(names_[i]);
    slots_[slot_of(names_[i], hash)] = {i, static_cast<std::uint32_t>(hash >> 32)};
  }
}

std::size_t Names::memory_bytes() const {
  std::size_t bytes = slots_.capacity() * sizeof(Slot) + names_.size() * sizeof(std::string);
  for (const std::string& name : names_) {
    if (name.capacity() > 15) bytes += name.capacity() + 1;
  }
  return bytes;
}

}  // namespace bikeflow
