// A simulated store of objects, and what readers of the lake could have seen in it, in order.
//
// Threads: none; one owner.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/disk.h"

namespace bikeflow::sim {

class Bucket {
 public:
  // `partitions`: as of Sight.
  void put(const std::string& path, const std::string& bytes, Seconds time = 0,
           std::int32_t partitions = INT32_MAX);
  void remove(const std::string& path);
  [[nodiscard]] std::optional<std::string> get(const std::string& path) const;
  // Below the folder; "": all that is not internal.
  [[nodiscard]] std::vector<std::string> list(std::string_view folder) const;
  // When it was put last; 0: never.
  [[nodiscard]] Seconds put_at(const std::string& path) const;

  [[nodiscard]] const Disk::Lake& files() const { return files_; }
  // What readers see: data and _SUCCESS, nothing internal.
  [[nodiscard]] const Disk::Lake& lake() const { return lake_; }
  [[nodiscard]] const std::vector<Sight>& sights() const { return sights_; }

 private:
  Disk::Lake files_;
  Disk::Lake lake_;
  std::vector<Sight> sights_;
  std::map<std::string, Seconds> put_at_;
};

}  // namespace bikeflow::sim
