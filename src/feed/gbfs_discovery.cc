#include "feed/gbfs_discovery.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <compare>
#include <cstddef>
#include <limits>
#include <optional>
#include <utility>

#include "feed/gbfs_url.h"
#include "feed/refusal.h"

namespace bikeflow {
namespace {

constexpr int kNewestMajor = 3;

struct VersionNumber {
  int major = 0, minor = 0;
  int candidate = std::numeric_limits<int>::max();  // 3 of "3.1-RC3"; a release is after them
  auto operator<=>(const VersionNumber&) const = default;
};

// A number at the front, taken away.
std::optional<int> take_number(std::string_view& text) {
  int number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number < 0) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
  return number;
}

// "1.0", "v2.3", "3", "3.1-RC", "3.1-RC3".
std::optional<VersionNumber> version_number(std::string_view text) {
  if (text.starts_with('v')) text.remove_prefix(1);
  VersionNumber version;
  const auto major = take_number(text);
  if (!major) return std::nullopt;
  version.major = *major;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    const auto minor = take_number(text);
    if (!minor) return std::nullopt;
    version.minor = *minor;
  }
  if (text.starts_with("-RC")) {
    text.remove_prefix(3);
    version.candidate = take_number(text).value_or(0);
  }
  return version;
}

// Feeds have been seen to name themselves by their file.
std::string_view feed_name_of(std::string_view name) {
  constexpr std::string_view kJson = ".json";
  if (name.ends_with(kJson)) name.remove_suffix(kJson.size());
  return name;
}

const GbfsLink* find_feed(const GbfsDiscovery::List& list, std::string_view name) {
  const auto found = std::ranges::find_if(
      list.feeds, [name](const GbfsLink& feed) { return feed_name_of(feed.name) == name; });
  return found == list.feeds.end() ? nullptr : &*found;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

// "en" asks for "en-US" too.
bool speaks(std::string_view language, std::string_view asked) {
  const std::string full = lower(language);
  const std::string wanted = lower(asked);
  return full == wanted || full.starts_with(wanted + "-") || full.starts_with(wanted + "_");
}

// Lower is better.
int rank_of(const GbfsDiscovery::List& list, std::string_view language) {
  if (!language.empty() && lower(list.language) == lower(language)) return 0;
  if (!language.empty() && speaks(list.language, language)) return 1;
  return speaks(list.language, "en") ? 2 : 3;
}

const GbfsVersions::Dataset* find_dataset(const GbfsVersions& versions, std::string_view base,
                                          std::string_view base_of_ours,
                                          std::string_view system_id) {
  const auto& datasets = versions.datasets;
  if (datasets.size() == 1) return &datasets.front();
  const auto lists_ours = [&](const GbfsVersions::Dataset& dataset) {
    return std::ranges::any_of(dataset.versions, [&](const GbfsLink& version) {
      return resolve_url(base, version.url) == base_of_ours;
    });
  };
  const auto found =
      system_id.empty() ? std::ranges::find_if(datasets, lists_ours)
                        : std::ranges::find(datasets, system_id, &GbfsVersions::Dataset::system_id);
  return found == datasets.end() ? nullptr : &*found;
}

}  // namespace

GbfsLinks choose_links(const GbfsDiscovery& discovery, std::string_view version,
                       std::string_view base, std::string_view language) {
  GbfsLinks links;
  links.version = version;
  const GbfsDiscovery::List* best = nullptr;
  std::pair<bool, int> best_rank;
  for (const GbfsDiscovery::List& list : discovery.lists) {
    const std::pair rank(find_feed(list, "station_status") == nullptr, rank_of(list, language));
    if (best == nullptr || rank < best_rank) {
      best = &list;
      best_rank = rank;
    }
  }
  if (best == nullptr) return links;
  const auto url_of = [&](std::string_view name) {
    const GbfsLink* const feed = find_feed(*best, name);
    if (feed == nullptr) return std::string();
    std::string url = resolve_url(base, feed->url);
    return is_http_url(url) ? url : std::string();
  };
  links.status_url = url_of("station_status");
  links.information_url = url_of("station_information");
  links.system_url = url_of("system_information");
  links.versions_url = url_of("gbfs_versions");
  if (links.versions_url.empty()) links.versions_url = url_of("manifest");
  links.has_vehicles = find_feed(*best, "free_bike_status") != nullptr ||
                       find_feed(*best, "vehicle_status") != nullptr;
  constexpr std::size_t kMostNames = 20;
  for (std::size_t i = 0; i < best->feeds.size() && i < kMostNames; ++i) {
    links.names += (i > 0 ? ", " : "") + shown(best->feeds[i].name);
  }
  return links;
}

GbfsLinks guess_links(std::string_view base) {
  return {.version = "",
          .status_url = sibling_url(base, "station_status"),
          .information_url = sibling_url(base, "station_information"),
          .system_url = sibling_url(base, "system_information"),
          .versions_url = "",
          .has_vehicles = false,
          .names = ""};
}

std::vector<GbfsLink> newer_versions(const GbfsVersions& versions, std::string_view than,
                                     std::string_view base, std::string_view base_of_ours,
                                     std::string_view system_id) {
  const GbfsVersions::Dataset* const dataset =
      find_dataset(versions, base, base_of_ours, system_id);
  if (dataset == nullptr) return {};
  const VersionNumber ours = version_number(than).value_or(VersionNumber{});
  std::vector<std::pair<VersionNumber, GbfsLink>> newer;
  for (const GbfsLink& version : dataset->versions) {
    const auto number = version_number(version.name);
    std::string url = resolve_url(base, version.url);
    if (!number || number->major > kNewestMajor || *number <= ours) continue;
    if (!is_http_url(url) || url == base_of_ours) continue;
    newer.emplace_back(*number, GbfsLink{version.name, std::move(url)});
  }
  std::ranges::stable_sort(newer, std::ranges::greater{},
                           [](const auto& one) { return one.first; });
  std::vector<GbfsLink> links;
  for (auto& [number, link] : newer) links.push_back(std::move(link));
  return links;
}

}  // namespace bikeflow
