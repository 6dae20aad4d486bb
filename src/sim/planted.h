// A bug that is planted into a simulated world, by its name: as a conduct that leaves out or
// reorders one thing.
//
// Threads: immutable.
#pragma once

#include <memory>
#include <string_view>

namespace bikeflow::sim {

template <class Conduct>
struct Planted {
  std::string_view name;
  std::unique_ptr<Conduct> (*make)();
};

template <class Conduct, class Bug>
Planted<Conduct> plant(std::string_view name) {
  return {name, []() -> std::unique_ptr<Conduct> { return std::make_unique<Bug>(); }};
}

}  // namespace bikeflow::sim
