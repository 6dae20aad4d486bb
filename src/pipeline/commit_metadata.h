// What a commit of the group says beside the offset: "<format>:<lake id>:<checkpoint's name>".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bikeflow {

struct CommitMetadata {
  std::uint32_t format = 0;  // of the checkpoint
  std::string lake_id;
  std::string checkpoint;

  [[nodiscard]] std::string text() const;
  // Nothing where it is not of this form; of a newer format, whatever follows is taken as it is.
  static std::optional<CommitMetadata> parse(std::string_view text);
};

}  // namespace bikeflow
