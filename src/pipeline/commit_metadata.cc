#include "pipeline/commit_metadata.h"

#include <charconv>

#include <fmt/core.h>

namespace bikeflow {

std::string CommitMetadata::text() const {
  return fmt::format("{}:{}:{}", format, lake_id, checkpoint);
}

std::optional<CommitMetadata> CommitMetadata::parse(std::string_view text) {
  CommitMetadata metadata;
  const auto [end, error] = std::from_chars(text.begin(), text.end(), metadata.format);
  if (error != std::errc() || end == text.end() || *end != ':') return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.begin()) + 1);
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  metadata.lake_id = text.substr(0, colon);
  metadata.checkpoint = text.substr(colon + 1);
  return metadata;
}

}  // namespace bikeflow
