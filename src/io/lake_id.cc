#include "io/lake_id.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>
#include "base/hash.h"

namespace bikeflow {
namespace {

using Json = nlohmann::json;

constexpr const char* kLakePath = "_bikeflow/lake.json";
constexpr const char* kWritersFolder = "_bikeflow/writers";

// A text field of an object, or nothing.
std::optional<std::string> text_field(const Json& object, const char* key) {
  if (!object.is_object() || !object.contains(key) || !object[key].is_string()) return std::nullopt;
  return object[key].get<std::string>();
}

Result<std::string> parse_lake(const Store& store, const std::string& text) {
  const std::string path = store.shown(kLakePath);
  const Json lake = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (lake.is_object() && lake.contains("format") && lake["format"].is_number_integer()) {
    const auto format = lake["format"].get<std::int64_t>();
    if (format > kLakeFormat) {
      return fail(
          "{}: written by a newer version of bikeflow (format {}, this program knows {}): "
          "update bikeflow",
          path, format, kLakeFormat);
    }
    const auto id = text_field(lake, "lake_id");
    if (format == kLakeFormat && id && !id->empty()) return *id;
  }
  return fail("{}: is not what bikeflow wrote there: {}; put the file back from a backup", path,
              text.substr(0, 80));
}

std::string_view word(LakeWriter::Kind kind) {
  return kind == LakeWriter::Kind::kRun ? "run" : "backfill";
}

std::string writer_path(const LakeWriter& writer) {
  const std::uint64_t hash = hash64(fmt::format("{}\n{}", word(writer.kind), writer.identity));
  return fmt::format("{}/{}.json", kWritersFolder, format_hex(hash));
}

// An Error where the writer of `path` and `writer` must not share a lake.
Result<void> look_at_other(Store& store, const std::string& path, const LakeWriter& writer) {
  auto text = store.get(path);
  if (!text) return std::unexpected(text.error());
  if (!*text) return {};  // refused itself since it was listed
  const Json other = Json::parse(**text, nullptr, /*allow_exceptions=*/false);
  const auto kind = text_field(other, "kind");
  const auto identity = text_field(other, "identity");
  if (!kind || !identity) {
    return fail(
        "{}: is not what bikeflow wrote there: {}; remove it if no other pipeline writes this lake",
        store.shown(path), (*text)->substr(0, 80));
  }
  if (*kind != word(writer.kind)) return {};
  return fail(
      "this lake is written by another pipeline: {} ({}), this one is {}; give each pipeline a "
      "lake of its own. If they are the same one, renamed (its group, say): go back to the old "
      "name; or stop all that runs under it and remove {}, then each partition of a topic says "
      "what lets it go on (bikeflow state rewind)",
      *identity, *kind, writer.identity, store.shown(path));
}

}  // namespace

Result<std::optional<std::string>> find_lake(Store& store) {
  auto text = store.get(kLakePath);
  if (!text) return std::unexpected(text.error());
  if (!*text) return std::nullopt;
  auto id = parse_lake(store, **text);
  if (!id) return std::unexpected(id.error());
  return *std::move(id);
}

Result<std::string> read_lake(Store& store) {
  auto id = find_lake(store);
  if (!id) return std::unexpected(id.error());
  if (!*id)
    return fail("{} is not there, so this is no lake of bikeflow's", store.shown(kLakePath));
  return **std::move(id);
}

Result<std::string> open_lake(Store& store, const RandomSource& random) {
  auto known = find_lake(store);
  if (!known) return std::unexpected(known.error());
  if (*known) return **std::move(known);
  const std::uint64_t upper = random();
  const std::uint64_t lower = random();
  const std::string id = format_hex(upper) + format_hex(lower);
  const std::string fresh = fmt::format("{{\"format\":{},\"lake_id\":\"{}\"}}\n", kLakeFormat, id);
  auto put = store.put_new(kLakePath, fresh);
  if (!put) return std::unexpected(put.error());
  // Read back in either case: another process may have been first.
  return read_lake(store);
}

Result<void> register_writer(Store& store, const LakeWriter& writer) {
  const std::string path = writer_path(writer);
  const Json file = {{"kind", word(writer.kind)}, {"identity", writer.identity}};
  auto is_new =
      store.put_new(path, file.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
  if (!is_new) return std::unexpected(is_new.error());
  auto files = store.list(kWritersFolder, Store::Scope::kAll);
  if (!files) return std::unexpected(files.error());
  for (const StoredFile& each : *files) {
    if (each.path == path) continue;
    auto looked = look_at_other(store, each.path, writer);
    if (looked) continue;
    // One that is refused here for the first time must not lock out the pipeline that was first. Of
    // two that start at once, each put before it listed, so at most one goes on.
    if (*is_new) {
      if (auto removed = store.remove(path); !removed) return removed;
      if (auto synced = store.sync(); !synced) return synced;
    }
    return looked;
  }
  return {};
}

}  // namespace bikeflow
