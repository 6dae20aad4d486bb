// The fields of an observation, and the keys or columns that carry them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace bikeflow {

enum class Field : std::uint8_t { kSystem, kStation, kTime, kBikes, kRacks };
inline constexpr std::size_t kFieldCount = 5;

// The names under which a file carries the fields.
struct FieldNames {
  std::string system = "system";
  std::string station_id = "station_id";
  std::string observed_at = "observed_at";
  std::string bikes = "bikes";
  std::string racks = "racks";
};

// Its name where nothing else is said: "station_id".
std::string_view field_name(Field field);

// What `--map` says, each "FIELD=NAME" as in "bikes=num_bikes", applied to the default names.
Result<FieldNames> map_fields(std::span<const std::string> mappings);

// Finds the field that a key names. A field that keeps its own name is also found under its name in
// the topic's form ("stationId", "timestamp", "parkingBikeTotCnt", "rackTotCnt"); one that was
// mapped has the mapped name only. Where a record has both names of a field, its own name counts.
class FieldLookup {
 public:
  explicit FieldLookup(const FieldNames& names);

  // Number of a name: that of its field, plus kFieldCount for the name in the topic's form.
  using Slot = std::uint8_t;
  static constexpr Slot kSlotCount = 2 * kFieldCount;
  static constexpr Slot kUnknown = 0xFF;

  [[nodiscard]] Slot find(std::string_view key) const {
    for (std::uint8_t i = heads_[hash_of(key)]; i != kUnknown; i = entries_[i].next) {
      if (entries_[i].name == key) return entries_[i].slot;
    }
    return kUnknown;
  }

  // The name in a slot; empty where there is none.
  [[nodiscard]] std::string_view name(Slot slot) const;
  // For messages: "station_id" or "station_id (or stationId)".
  [[nodiscard]] std::string names_of(Field field) const;

  static constexpr Slot own(Field field) { return static_cast<Slot>(field); }
  static constexpr Slot in_topic(Field field) {
    return static_cast<Slot>(own(field) + kFieldCount);
  }

 private:
  struct Entry {
    std::string name;
    Slot slot = kUnknown;
    std::uint8_t next = kUnknown;  // another name of the same hash
  };
  static constexpr std::size_t kHeads = 64;
  static std::size_t hash_of(std::string_view key) {
    if (key.empty()) return 0;
    const auto first = static_cast<unsigned char>(key.front());
    const auto last = static_cast<unsigned char>(key.back());
    return (key.size() * 5 + first * 3U + last) % kHeads;
  }
  void add(std::string_view name, Slot slot);

  std::array<std::uint8_t, kHeads> heads_{};
  std::vector<Entry> entries_;
};

}  // namespace bikeflow
