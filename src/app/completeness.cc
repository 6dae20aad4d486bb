#include "app/completeness.h"

#include <algorithm>
#include <charconv>
#include <span>

#include <fmt/ranges.h>

namespace bikeflow {
namespace {

constexpr std::size_t kNamedPartitions = 3;

std::optional<std::int32_t> parse_partition(std::string_view digits) {
  std::int32_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  // Written again it must be the same. One past the highest number must be a number, too.
  if (error != std::errc() || number < 0 || number == INT32_MAX ||
      fmt::format("{}", number) != digits) {
    return std::nullopt;
  }
  return number;
}

// The topic and the partition in "_bikeflow/<kind>/<topic>/<partition><ending>".
std::optional<std::pair<std::string, std::int32_t>> parse_place(std::string_view path,
                                                                std::string_view folder,
                                                                std::string_view ending) {
  if (folder_of(folder_of(path)) != folder || !path.ends_with(ending)) return std::nullopt;
  const std::string_view name = name_of(path);
  auto topic = unescape_component(name_of(folder_of(path)));
  const auto partition = parse_partition(name.substr(0, name.size() - ending.size()));
  if (!topic || !partition) return std::nullopt;
  return std::pair(*std::move(topic), *partition);
}

// The end of the last window whose files are in the same folder as those of `file`: with a slide,
// and after a clock change, there are several.
Seconds last_end(const HourFile& file, const SystemRule& rule) {
  const Window& first = file.name.window;
  Seconds last = first.end;
  for (Seconds after = rule.slide; after <= kOverdue; after += rule.slide) {
    const std::string path = hourly_path(rule.lake, rule.zone, rule.system, file.name.source, 0,
                                         {first.start + after, first.end + after});
    if (folder_of(path) == folder_of(file.path)) last = first.end + after;
  }
  return last;
}

}  // namespace

std::string HourState::text() const {
  switch (kind) {
    case Kind::kFinal:
      return "final";
    case Kind::kOpen:
      return "open";
    case Kind::kWaiting:
      return why;
    case Kind::kClosed:
      return "all partitions have closed it, _SUCCESS is to come";
  }
  return "";
}

Result<Completeness> Completeness::read(Store& store, const HourListing& hours) {
  Completeness read;
  if (auto done = read.find_topics(store); !done) return std::unexpected(done.error());
  if (auto done = read.read_closed(store); !done) return std::unexpected(done.error());
  auto feeds = FeedHours::read(store);
  if (!feeds) return std::unexpected(feeds.error());
  read.feeds_ = *std::move(feeds);
  for (const auto& [system, files] : hours.systems) {
    for (const HourFile& file : files) {
      const auto topic = read.topics_.find(file.name.source);
      if (topic != read.topics_.end()) topic->second.knows(file.name.partition);
    }
  }
  return read;
}

// Those that have a checkpoint of a partition, though nothing may have been closed yet.
Result<void> Completeness::find_topics(Store& store) {
  const std::string folder = fmt::format("{}/state", kInternalFolder);
  const auto files = store.list(folder, Store::Scope::kAll);
  if (!files) return std::unexpected(files.error());
  for (const StoredFile& file : *files) {
    if (const auto place = parse_place(folder_of(file.path), folder, "")) {
      topics_[place->first].knows(place->second);
    }
  }
  return {};
}

Result<void> Completeness::read_closed(Store& store) {
  const std::string folder = fmt::format("{}/closed", kInternalFolder);
  const auto files = store.list(folder, Store::Scope::kAll);
  if (!files) return std::unexpected(files.error());
  for (const StoredFile& file : *files) {
    const auto place = parse_place(file.path, folder, ".json");
    if (!place) continue;
    Topic& topic = topics_[place->first];
    topic.knows(place->second);
    const auto bytes = store.get(file.path);
    if (!bytes) return std::unexpected(bytes.error());
    if (!*bytes) continue;  // removed since the listing
    auto hours = parse_closed_hours(**bytes);
    if (!hours) {
      unreadable_.push_back(fmt::format("{}: {}", store.shown(file.path), hours.error().message));
      topic.unreadable[place->second] = hours.error().message;
      continue;
    }
    topic.knows(std::min(hours->partitions, INT32_MAX - 1) - 1);
    topic.closed[place->second] = *std::move(hours);
  }
  return {};
}

void Completeness::compare(const Topic& topic, Seconds needs, const SystemRule& rule,
                           HourState& state) {
  std::vector<std::string> late, silent;
  Seconds closed_to = INT64_MAX, marked_to = 0;
  for (std::int32_t number = 0; number < topic.partitions; ++number) {
    if (const auto why = topic.unreadable.find(number); why != topic.unreadable.end()) {
      silent.push_back(fmt::format("what partition {} has closed cannot be read", number));
      continue;
    }
    const auto hours = topic.closed.find(number);
    if (hours == topic.closed.end() || !hours->second.systems.contains(rule.system)) {
      silent.push_back(fmt::format("partition {} has closed nothing yet", number));
      continue;
    }
    const ClosedHours::Span& span = hours->second.systems.at(rule.system);
    closed_to = std::min(closed_to, span.closed_to);
    marked_to = std::max(marked_to, span.marked_to);
    if (span.closed_to < needs) {
      late.push_back(fmt::format("partition {}: closed up to {}, needs {}", number,
                                 beside(span.closed_to, needs, rule.zone),
                                 beside(needs, span.closed_to, rule.zone)));
    }
  }
  if (late.empty() && silent.empty()) {
    if (state.kind == HourState::Kind::kFinal) return;
    state.kind = HourState::Kind::kClosed;
    state.is_overdue = closed_to - kOverdue >= needs;
    return;
  }
  state.why = late.empty() ? "waiting: " : "waiting for ";
  late.insert(late.end(), silent.begin(), silent.end());
  const std::size_t named = std::min(late.size(), kNamedPartitions);
  state.why += fmt::format("{}", fmt::join(std::span(late).first(named), "; "));
  if (late.size() > named) state.why += fmt::format("; and {} more", late.size() - named);
  if (state.kind == HourState::Kind::kFinal) {
    // A topic may have got more partitions since: then one of the old ones has marked it.
    state.is_early = marked_to < needs && topic.unreadable.empty();
  } else {
    state.kind = HourState::Kind::kWaiting;
  }
}

HourState Completeness::state_of(const std::vector<HourFile>& files, bool has_marker,
                                 const SystemRule& rule) const {
  HourState state;
  if (has_marker) state.kind = HourState::Kind::kFinal;
  for (const HourFile& file : files) {
    if (const auto topic = topics_.find(file.name.source); topic != topics_.end()) {
      compare(topic->second, last_end(file, rule), rule, state);
      break;
    }
    if (const auto* feed = feeds_.find(file.name.source); feed != nullptr && !has_marker) {
      state.kind = HourState::Kind::kWaiting;
      state.why = feed->wait(last_end(file, rule));
    }
  }
  return state;
}

std::vector<std::vector<HourFile>> by_hour(const std::vector<HourFile>& files,
                                           const TimeRange& range) {
  std::vector<std::vector<HourFile>> hours;
  std::map<std::string_view, std::size_t> known;  // by folder
  for (const HourFile& file : files) {
    if (!range.contains(file.name.window.start)) continue;
    const auto [at, is_new] = known.try_emplace(folder_of(file.path), hours.size());
    if (is_new) hours.emplace_back();
    hours[at->second].push_back(file);
  }
  return hours;
}

}  // namespace bikeflow
