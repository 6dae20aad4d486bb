#include "feed/fields.h"

#include <algorithm>

#include "base/nearest.h"

namespace bikeflow {
namespace {

constexpr std::array<std::string_view, kFieldCount> kOwnNames = {"system", "station_id",
                                                                 "observed_at", "bikes", "racks"};
constexpr std::array<std::string_view, kFieldCount> kTopicNames = {
    "", "stationId", "timestamp", "parkingBikeTotCnt", "rackTotCnt"};

std::array<std::string*, kFieldCount> members(FieldNames& names) {
  return {&names.system, &names.station_id, &names.observed_at, &names.bikes, &names.racks};
}

}  // namespace

std::string_view field_name(Field field) { return kOwnNames[static_cast<std::size_t>(field)]; }

Result<FieldNames> map_fields(std::span<const std::string> mappings) {
  FieldNames names;
  const auto all = members(names);
  for (const std::string& mapping : mappings) {
    const std::size_t equals = mapping.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == mapping.size()) {
      return fail("--map {}: expected FIELD=NAME, such as bikes=num_bikes", mapping);
    }
    const std::string_view field = std::string_view(mapping).substr(0, equals);
    const auto* const known = std::ranges::find(kOwnNames, field);
    if (known == kOwnNames.end()) {
      return fail(
          "--map {}: no field '{}': expected system, station_id, observed_at, bikes or racks{}",
          mapping, field, did_you_mean(field, kOwnNames));
    }
    *all[static_cast<std::size_t>(known - kOwnNames.begin())] = mapping.substr(equals + 1);
  }
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (*all[i] == *all[j]) {
        return fail("--map: {} and {} are both read from '{}'; map one of them to another name",
                    kOwnNames[j], kOwnNames[i], *all[i]);
      }
    }
  }
  return names;
}

FieldLookup::FieldLookup(const FieldNames& names) {
  heads_.fill(kUnknown);
  FieldNames copy = names;
  const auto own_names = members(copy);
  // Own names first: a key that is the name of one field, and in the topic's form of another, is
  // the former.
  for (std::size_t i = 0; i < kFieldCount; ++i) add(*own_names[i], static_cast<Slot>(i));
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (*own_names[i] == kOwnNames[i]) add(kTopicNames[i], static_cast<Slot>(kFieldCount + i));
  }
}

void FieldLookup::add(std::string_view name, Slot slot) {
  if (name.empty() || find(name) != kUnknown) return;
  const std::size_t hash = hash_of(name);
  entries_.push_back({std::string(name), slot, heads_[hash]});
  heads_[hash] = static_cast<std::uint8_t>(entries_.size() - 1);
}

std::string_view FieldLookup::name(Slot slot) const {
  for (const Entry& entry : entries_) {
    if (entry.slot == slot) return entry.name;
  }
  return {};
}

std::string FieldLookup::names_of(Field field) const {
  std::string names(name(own(field)));
  const std::string_view topic = name(in_topic(field));
  if (!topic.empty()) names += fmt::format(" (or {})", topic);
  return names;
}

}  // namespace bikeflow
