#include "model/system_id.h"

#include <algorithm>

namespace bikeflow {
namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.';
}

}  // namespace

bool is_system_id(std::string_view id) {
  return !id.empty() && id.size() <= kMostSystemIdBytes && id.front() != '.' &&
         std::ranges::all_of(id, is_letter);
}

std::string system_id_from(std::string_view name) {
  if (is_system_id(name)) return std::string(name);
  std::string id;
  bool is_between = false;
  for (const char c : name) {
    if (!is_letter(c)) {
      is_between = true;
      continue;
    }
    if (id.empty() && c == '.') continue;
    if (is_between && !id.empty()) id += '-';
    is_between = false;
    id += c;
    if (id.size() >= kMostSystemIdBytes) break;
  }
  id.resize(std::min(id.size(), kMostSystemIdBytes));
  return id;
}

}  // namespace bikeflow
