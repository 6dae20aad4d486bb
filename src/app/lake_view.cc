#include "app/lake_view.h"

#include <algorithm>
#include <tuple>

#include "io/lake_id.h"
#include "io/open_store.h"
#include "lake/metadata_keys.h"

namespace bikeflow {

Result<LakeView> LakeView::open(const std::string& url) {
  // Nothing is put: the writer's name names nothing.
  auto store = open_store(url, "reader");
  if (!store) return std::unexpected(store.error());
  auto id = read_lake(**store);
  if (!id) return std::unexpected(id.error());
  return LakeView(*std::move(store), *std::move(id));
}

Result<HourListing> LakeView::list_hours() const {
  auto files = store_->list(kHourlyFolder, Store::Scope::kWithoutInternal);
  if (!files) return std::unexpected(files.error());
  HourListing listing;
  for (StoredFile& file : *files) {
    const std::string_view base = name_of(file.path);
    if (base == kSuccessName) {
      listing.markers.push_back(std::move(file.path));
    } else if (auto name = parse_hourly_name(base)) {
      std::string system = system_of_path(file.path).value_or("");
      listing.systems[system].push_back({std::move(file.path), *std::move(name)});
    } else {
      listing.foreign.push_back(std::move(file.path));
    }
  }
  for (auto& [system, hours] : listing.systems) {
    std::sort(hours.begin(), hours.end(), [](const HourFile& a, const HourFile& b) {
      return std::tie(a.name.window, a.name.source, a.name.partition, a.path) <
             std::tie(b.name.window, b.name.source, b.name.partition, b.path);
    });
  }
  return listing;
}

Result<RowFile<HourlyRow>> LakeView::read(const HourFile& file) const {
  auto bytes = store_->get(file.path);
  if (!bytes) return std::unexpected(bytes.error());
  if (!*bytes) return fail("{}: gone since it was listed", store_->shown(file.path));
  auto rows = decode_hourly(**bytes);
  if (!rows) return with_context(store_->shown(file.path), rows.error());
  return rows;
}

Result<SystemRule> LakeView::rule_of(const HourFile& file) const {
  const auto rows = read(file);
  if (!rows) return std::unexpected(rows.error());
  const auto key = [&](std::string_view name) {
    return find_key(rows->metadata, name).value_or("");
  };
  auto zone = Zone::load(key(metadata::kTimezone));
  if (!zone) return with_context(store_->shown(file.path), zone.error());
  const auto length = parse_duration(key(metadata::kLength));
  const auto slide = parse_duration(key(metadata::kSlide));
  if (!length || !slide || *slide <= 0) {
    return fail("{}: its metadata do not say how long a window is", store_->shown(file.path));
  }
  const auto layout = layout_from_word(key(metadata::kLayout));
  const auto path_time = path_time_from_word(key(metadata::kPathTime));
  if (!layout || !path_time) {
    return fail("{}: its metadata do not say how paths are made", store_->shown(file.path));
  }
  return SystemRule{
      key(metadata::kSystem), *std::move(zone), *length, *slide, {*layout, *path_time}};
}

std::optional<std::string> find_key(const KeyValues& metadata, std::string_view key) {
  const auto found = std::find_if(metadata.begin(), metadata.end(),
                                  [&](const auto& entry) { return entry.first == key; });
  return found == metadata.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace bikeflow
