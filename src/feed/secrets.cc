#include "feed/secrets.h"

#include <algorithm>
#include <cstddef>

namespace bikeflow {
namespace {

constexpr std::size_t kLeastBytes = 6;
constexpr std::string_view kMask = "***";

}  // namespace

void Secrets::add(std::string_view text) {
  add_one(text);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(" :="), text.size());
    add_one(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

void Secrets::add_one(std::string_view secret) {
  if (secret.size() < kLeastBytes || std::ranges::find(secrets_, secret) != secrets_.end()) return;
  const auto shorter = std::ranges::find_if(
      secrets_, [secret](const std::string& other) { return other.size() < secret.size(); });
  secrets_.emplace(shorter, secret);
}

std::string Secrets::masked(std::string text) const {
  for (const std::string& secret : secrets_) {
    for (std::size_t at = text.find(secret); at != std::string::npos;
         at = text.find(secret, at + kMask.size())) {
      text.replace(at, secret.size(), kMask);
    }
  }
  return text;
}

bool Secrets::are_in(std::string_view text) const {
  return std::ranges::any_of(secrets_, [text](const std::string& secret) {
    return text.find(secret) != std::string_view::npos;
  });
}

}  // namespace bikeflow
