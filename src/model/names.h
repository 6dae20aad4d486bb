// Names and their dense numbers, in the order of first mention: stations of a system, systems of an
// input.
//
// Threads: none; one owner.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace bikeflow {

class Names {
 public:
  // The number of `name`, given now if it has none.
  std::uint32_t intern(std::string_view name);

  // kNone where the name was never interned.
  [[nodiscard]] std::uint32_t find(std::string_view name) const;
  static constexpr std::uint32_t kNone = UINT32_MAX;

  [[nodiscard]] std::string_view at(std::uint32_t number) const { return names_[number]; }
  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(names_.size()); }
  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  struct Slot {
    std::uint32_t number = kNone;
    std::uint32_t hash = 0;  // the upper half, compared before the name is
  };
  [[nodiscard]] std::size_t slot_of(std::string_view name, std::uint64_t hash) const;
  void grow();

  std::deque<std::string> names_;  // a deque: views of names stay valid
  std::vector<Slot> slots_;        // open addressing, a power of two, at most half full
};

}  // namespace bikeflow
