// Words that must not be shown: keys that a feed is asked with.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bikeflow {

// Threads: none; one owner.
class Secrets {
 public:
  // The whole of it, and its parts between blanks, ':' and '=': of "Bearer x" a server may repeat x
  // alone. What is shorter than six bytes is left out: it would be found in everything.
  void add(std::string_view text);

  // With *** in the place of each.
  [[nodiscard]] std::string masked(std::string text) const;
  [[nodiscard]] bool are_in(std::string_view text) const;

 private:
  void add_one(std::string_view secret);

  std::vector<std::string> secrets_;  // the longest first, so that a part of one does not spoil it
};

}  // namespace bikeflow
