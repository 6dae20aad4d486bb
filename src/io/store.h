// Where a lake's files are: whole files under names, nothing else. No rename and no append, so that
// an object store can be one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "lake/paths.h"

namespace bikeflow {

struct StoredFile {
  std::string path;
  std::int64_t size_bytes = 0;
  friend bool operator==(const StoredFile&, const StoredFile&) = default;
};

// An Error where the path is none of a file in a lake: absolute, or with an empty component, "." or
// "..". Paths come from checkpoints and listings, so every store looks before it believes.
Result<void> check_store_path(std::string_view path);

// Paths are relative to the lake: "hourly_summary/system=seoul/....parquet"; others are errors.
//
// Threads: one at a time.
class Store {
 public:
  virtual ~Store() = default;

  // The path as an error names it: "/srv/lake/_bikeflow/lake.json".
  [[nodiscard]] virtual std::string shown(std::string_view path) const = 0;

  // The file will have these bytes, whatever it had before. It is seen under its name at some time
  // before sync() returns, and then whole, even after a power cut; a failure leaves no part of it
  // there.
  virtual Result<void> put(std::string_view path, std::string_view bytes) = 0;

  // As put() and sync(), unless there is a file of that name: then false, and nothing is changed.
  // Two at once may both succeed where the store has no such operation.
  virtual Result<bool> put_new(std::string_view path, std::string_view bytes) = 0;

  // Everything put or removed so far is durable and seen. After a failure the outcome is unknown,
  // and every later put() and sync() fails too: what was not acknowledged must be put again by a
  // new run.
  virtual Result<void> sync() = 0;

  // Lets put() and sync() be tried again after a failure. Whoever calls it has kept what was not
  // acknowledged, and puts all of it again.
  virtual void forget_failure() {}

  // Nothing where there is no such file.
  virtual Result<std::optional<std::string>> get(std::string_view path) = 0;
  virtual Result<std::optional<std::int64_t>> size(std::string_view path) = 0;

  enum class Scope : std::uint8_t { kAll, kWithoutInternal };

  // The files below a folder ("": all), sorted by path. Links are listed, never followed. A folder
  // that does not exist has no files.
  virtual Result<std::vector<StoredFile>> list(std::string_view folder, Scope scope) = 0;

  // Removing what is not there is done at once.
  virtual Result<void> remove(std::string_view path) = 0;
};

}  // namespace bikeflow
