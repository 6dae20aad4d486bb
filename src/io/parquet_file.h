// A Parquet input as a file that can be read at any place.
#pragma once

#include <string>

#include "base/result.h"
#include "io/file.h"

namespace bikeflow {

// One that is packed (.parquet.gz, .parquet.zst) is unpacked into a temporary file without a name
// (in TMPDIR, or /tmp), because the index of Parquet is at its end.
Result<File> open_parquet_file(const std::string& path);

}  // namespace bikeflow
