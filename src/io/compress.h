// gzip and Zstandard as streams, the other way round than decompress.h.
//
// Threads: one at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace bikeflow {

class Compressor {
 public:
  virtual ~Compressor() = default;

  // Appends to `out` what is ready of the input so far; with `is_end`, all of it.
  // Requires: nothing after the end.
  virtual void add(std::string_view input, bool is_end, std::string& out) = 0;
};

// The one for a file name that ends in ".gz" or ".zst"; null for any other. Speed before size.
std::unique_ptr<Compressor> compressor_for(std::string_view file_name);

}  // namespace bikeflow
