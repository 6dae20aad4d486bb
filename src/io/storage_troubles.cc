#include "io/storage_troubles.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/time.h"

namespace bikeflow {
namespace {

constexpr std::size_t kNamedInLine = 5;

}  // namespace

void StorageTroubles::failed(std::size_t number, const std::string& system, Step step,
                             std::string why, const Now& now) {
  const auto [place, is_new] = troubles_.try_emplace(number);
  Trouble& trouble = place->second;
  if (is_new) {
    trouble.system = system;
    trouble.since_ms = now.monotonic_ms;
    trouble.is_named = named_ < kMostNamed;
    if (trouble.is_named) {
      ++named_;
    } else if (!std::exchange(has_unnamed_, true)) {
      news_.push_back({false, fmt::format("more feeds than {} cannot be stored; the others are "
                                          "not named here, and tried again as well",
                                          kMostNamed)});
    }
  }
  trouble.is_open = false;
  trouble.retry_ms =
      is_new ? kFirstRetryMs : std::min(trouble.retry_ms * 2, std::int64_t{kLastRetryMs});
  trouble.due_ms = now.monotonic_ms + trouble.retry_ms;
  // Many an error names the feed itself.
  const std::string label = system + ": ";
  trouble.why = why.starts_with(label) ? why.substr(label.size()) : std::move(why);
  bool& was_said = trouble.was_said[static_cast<std::size_t>(step)];
  if (std::exchange(was_said, true) || !trouble.is_named) return;
  news_.push_back(
      {false, fmt::format("{}: {}: {}; it is not polled until then, and goes on from its last "
                          "commit when it can: that is tried after {}, and at least every {}; "
                          "other feeds are not concerned",
                          system, step == Step::kOpen ? "cannot be opened" : "cannot be stored",
                          trouble.why, format_duration(trouble.retry_ms / 1000),
                          format_duration(kLastRetryMs / 1000))});
}

void StorageTroubles::opened(std::size_t number, const Now& now) {
  const auto found = troubles_.find(number);
  if (found == troubles_.end()) return;
  found->second.is_open = true;
  found->second.opened_ms = now.monotonic_ms;
}

void StorageTroubles::committed(std::size_t number, const Now& now) {
  const auto found = troubles_.find(number);
  if (found == troubles_.end()) return;
  const Trouble& trouble = found->second;
  // What fails again at once is one trouble, and tried ever more seldom.
  if (now.monotonic_ms - trouble.opened_ms < kSettledMs) return;
  if (trouble.is_named) {
    news_.push_back(
        {true, fmt::format("{}: is stored again after {}", trouble.system,
                           format_duration((now.monotonic_ms - trouble.since_ms) / 1000))});
  }
  troubles_.erase(found);
  if (!troubles_.empty()) return;
  if (has_unnamed_) news_.push_back({true, "every feed is stored again"});
  named_ = 0;
  has_unnamed_ = false;
}

std::vector<std::size_t> StorageTroubles::due(const Now& now) const {
  std::vector<std::size_t> due;
  for (const auto& [number, trouble] : troubles_) {
    if (!trouble.is_open && trouble.due_ms <= now.monotonic_ms) due.push_back(number);
  }
  return due;
}

std::vector<std::string> StorageTroubles::failing() const {
  std::vector<std::string> failing;
  for (const auto& [number, trouble] : troubles_) {
    if (!trouble.is_open) failing.push_back(fmt::format("{}: {}", trouble.system, trouble.why));
  }
  return failing;
}

std::string StorageTroubles::line() const {
  std::vector<std::string_view> systems;
  for (const auto& [number, trouble] : troubles_) {
    if (!trouble.is_open) systems.emplace_back(trouble.system);
  }
  if (systems.empty()) return "";
  std::string text =
      fmt::format("{} not stored: ",
                  systems.size() == 1 ? "1 feed is" : fmt::format("{} feeds are", systems.size()));
  const std::size_t more = systems.size() - std::min(systems.size(), kNamedInLine);
  systems.resize(systems.size() - more);
  text += fmt::format("{}", fmt::join(systems, ", "));
  if (more > 0) text += fmt::format(" and {} more", more);
  return text;
}

}  // namespace bikeflow
