// Makes std::visit choose by type: std::visit(Overloaded{[](const A&) {...}, [](const B&) {...}},
// v).
#pragma once

namespace bikeflow {

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};

}  // namespace bikeflow
