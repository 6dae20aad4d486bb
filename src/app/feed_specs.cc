#include "app/feed_specs.h"

#include <fcntl.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "app/catalog.h"
#include "base/version.h"
#include "feed/gbfs_url.h"
#include "feed/seoul_source.h"
#include "io/file.h"
#include "io/poll_run.h"

namespace bikeflow {
namespace {

constexpr const char* kSeoulZone = "Asia/Seoul";  // of the host, whose days its limit counts

std::vector<HttpHeader> revealed(const std::map<std::string, Secret>& secrets) {
  std::vector<HttpHeader> all;
  for (const auto& [name, value] : secrets) all.push_back({name, value.reveal()});
  return all;
}

Result<FeedSpec> gbfs_spec(GbfsSettings settings, std::string system, Seconds every) {
  auto source = GbfsSource::open(settings);
  // The error names the address itself, without its keys.
  if (!source && system.empty()) return std::unexpected(source.error());
  if (!source) return with_context(system, source.error());
  FeedSpec spec;
  spec.system = std::move(system);
  spec.every = every;
  spec.source = std::make_unique<GbfsSource>(*std::move(source));
  spec.gbfs = std::move(settings);
  return spec;
}

Result<FeedSpec> seoul_spec(const FeedConfig& feed) {
  auto zone = Zone::load(kSeoulZone);
  if (!zone) return std::unexpected(zone.error());
  SeoulSettings settings;
  settings.key = feed.key.reveal();
  if (!feed.url.empty()) settings.base_url = feed.url;
  while (settings.base_url.ends_with('/')) settings.base_url.pop_back();
  settings.daily_calls = feed.daily_calls;
  FeedSpec spec;
  spec.system = feed.system.id;
  spec.every = feed.every;
  spec.source = std::make_unique<SeoulSource>(std::move(settings), *std::move(zone));
  return spec;
}

GbfsSettings settings_of(const FeedConfig& feed) {
  GbfsSettings settings;
  settings.url = feed.url;
  settings.language = feed.language;
  settings.headers = revealed(feed.headers);
  settings.parameters = revealed(feed.parameters);
  return settings;
}

Result<void> add_catalog(const FeedConfig& feed, FeedSpecs& all) {
  auto text = read_file_if_any(AT_FDCWD, feed.systems, feed.systems);
  if (!text) return std::unexpected(text.error());
  if (!*text) {
    return fail(
        "{}: no such file; the catalogue of all systems is systems.csv of "
        "https://github.com/MobilityData/gbfs: save it there, or name another place in `systems`",
        feed.systems);
  }
  auto found = catalog_feeds(**text, {.countries = feed.countries, .ids = feed.ids});
  if (!found) return with_context(feed.systems, found.error());
  std::ranges::move(found->notices, std::back_inserter(all.notices));
  for (CatalogFeed& each : found->feeds) {
    each.settings.language = feed.language;
    auto spec = gbfs_spec(std::move(each.settings), std::move(each.id), feed.every);
    if (!spec) return std::unexpected(spec.error());
    all.specs.push_back(*std::move(spec));
  }
  return {};
}

Result<void> add(const FeedConfig& feed, FeedSpecs& all) {
  if (!feed.systems.empty()) return add_catalog(feed, all);
  const bool is_gbfs = feed.kind == FeedConfig::Kind::kGbfs;
  auto spec = is_gbfs ? gbfs_spec(settings_of(feed), feed.system.id, feed.every) : seoul_spec(feed);
  if (!spec) return std::unexpected(spec.error());
  spec->name = feed.system.name;
  if (!feed.system.timezone.empty()) {
    auto zone = Zone::load(feed.system.timezone);
    if (!zone) return with_context(feed.system.id, zone.error());
    spec->zone = *std::move(zone);
  }
  all.specs.push_back(*std::move(spec));
  return {};
}

}  // namespace

Result<FeedSpecs> feed_specs_of(const Config& config) {
  FeedSpecs all;
  for (const FeedConfig& feed : config.feeds) {
    if (auto added = add(feed, all); !added) return std::unexpected(added.error());
  }
  std::set<std::string> ids;
  std::erase_if(all.specs, [&](const FeedSpec& spec) {
    if (spec.system.empty() || ids.insert(spec.system).second) return false;
    all.notices.push_back(fmt::format("{}: named twice; the first is polled", spec.system));
    return true;
  });
  return all;
}

Result<FeedSpecs> feed_specs_of(const std::string& url) {
  GbfsSettings settings;
  settings.url = url;
  auto spec = gbfs_spec(std::move(settings), "", FeedConfig().every);
  if (!spec) return std::unexpected(spec.error());
  FeedSpecs all;
  all.specs.push_back(*std::move(spec));
  return all;
}

Result<void> systems_are_known(const Config& config) {
  for (const FeedConfig& feed : config.feeds) {
    if (feed.systems.empty() && !feed.system.id.empty() && !feed.system.timezone.empty()) continue;
    return fail(
        "[feed] {}: whoever reads a topic must know the id and the time zone of each of its "
        "systems, as they are not in the records: give each [[feed]] both. bikeflow poll asks the "
        "feeds for them, and leaves such tables in {}/{}",
        !feed.systems.empty()    ? feed.systems
        : feed.system.id.empty() ? shown_url_of(feed.url)
                                 : feed.system.id,
        config.kafka->spool, PollRun::kSystemsFile);
  }
  return {};
}

HttpClientSettings http_settings_of(const HttpConfig& config) {
  HttpClientSettings settings;
  settings.user_agent = fmt::format("bikeflow/{}", program_version());
  if (!config.contact.empty()) settings.user_agent += fmt::format(" ({})", config.contact);
  settings.certificates = config.certificates;
  return settings;
}

}  // namespace bikeflow
