#include "app/catalog.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <span>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "feed/gbfs_url.h"
#include "feed/refusal.h"
#include "model/system_id.h"

namespace bikeflow {
namespace {

constexpr std::size_t kMostNamed = 10;  // systems in one notice

std::string named(const std::vector<std::string>& ids) {
  const auto first = std::span(ids).first(std::min(ids.size(), kMostNamed));
  std::string text = fmt::format("{}", fmt::join(first, ", "));
  if (ids.size() > first.size()) text += fmt::format(" and {} more", ids.size() - first.size());
  return text;
}

class Choosing {
 public:
  void take(const CatalogSystem& system) {
    const std::string id = system_id_from(system.id);
    if (id.empty()) return leave_out(system, "its id cannot be the name of a folder");
    const auto [earlier, is_new] = taken_.emplace(id, system.discovery_url);
    if (!is_new) {
      return leave_out(system, fmt::format("'{}' is the id of an earlier one too, at {}; that one "
                                           "is read",
                                           id, shown_url_of(earlier->second)));
    }
    CatalogFeed feed{.id = id, .name = system.name, .settings = {.url = system.discovery_url}};
    if (system.key != CatalogSystem::Key::kNone) return leave_out_without_key(system);
    if (auto talk = GbfsTalk::open(feed.settings); !talk) {
      return leave_out(system, talk.error().message);
    }
    if (id != system.id) renamed_.push_back(fmt::format("'{}' is {}", shown(system.id), id));
    found_.feeds.push_back(std::move(feed));
  }

  CatalogFeeds finish() && {
    for (const auto& [wanted, ids] : without_key_) {
      found_.notices.push_back(
          fmt::format("systems.csv: left out: {}, which {} {}. With a key it is a [[feed]] of its "
                      "own, with [feed.headers] or [feed.parameters]",
                      named(ids), ids.size() == 1 ? "wants" : "want", wanted));
    }
    if (!renamed_.empty()) {
      found_.notices.push_back(fmt::format(
          "systems.csv: ids that cannot be names of folders are changed: {}", named(renamed_)));
    }
    return std::move(found_);
  }

 private:
  void leave_out(const CatalogSystem& system, std::string_view why) {
    found_.notices.push_back(
        fmt::format("systems.csv: system '{}' is left out: {}", shown(system.id), why));
  }

  void leave_out_without_key(const CatalogSystem& system) {
    const std::string_view carrier =
        system.key == CatalogSystem::Key::kHeader ? "header" : "URL parameter";
    std::string wanted =
        system.key_names.empty()
            ? fmt::format("a key in a {} of a name that the catalogue does not say", carrier)
            : fmt::format("the {} {}", carrier, fmt::join(system.key_names, " and "));
    if (!system.key_info_url.empty()) {
      wanted += fmt::format("; how to get it: {}", shown_url_of(system.key_info_url));
    }
    without_key_[std::move(wanted)].push_back(shown(system.id));
  }

  CatalogFeeds found_;
  std::map<std::string, std::string> taken_;                     // addresses by ids
  std::map<std::string, std::vector<std::string>> without_key_;  // ids by what they want
  std::vector<std::string> renamed_;
};

}  // namespace

Result<CatalogFeeds> catalog_feeds(std::string_view csv, const CatalogFilter& filter) {
  auto systems = read_catalog(csv, filter);
  if (!systems) return std::unexpected(systems.error());
  Choosing choosing;
  for (const CatalogSystem& system : *systems) choosing.take(system);
  CatalogFeeds found = std::move(choosing).finish();
  if (found.feeds.empty()) {
    return fail("systems.csv: none of the {} systems that were chosen can be read:\n  {}",
                systems->size(), fmt::join(found.notices, "\n  "));
  }
  return found;
}

}  // namespace bikeflow
