// What the system refused, in words that say where and what to do.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace bikeflow {

// `error` is the errno, `doing` what was tried ("write", "create the folder"), `needed_bytes` the
// room that a write needed:
//   "no space left for /lake/a.parquet: 1.2 MB needed; free space and run the same command again,
//   ..."
[[nodiscard]] std::unexpected<Error> os_failure(std::string_view doing, std::string_view path,
                                                int error,
                                                std::optional<std::int64_t> needed_bytes = {});

}  // namespace bikeflow
