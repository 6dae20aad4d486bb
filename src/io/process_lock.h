// Keeps a second process out of a folder: flock(2) is held on a file of it, which contains the
// number of the process that holds it. It ends with the process, however that ends.
#pragma once

#include <string>

#include "base/result.h"
#include "io/file.h"

namespace bikeflow {

// The lock lasts as long as the File. Where another process holds it, the Error names that process
// and the folder. Requires: the folder exists.
Result<File> lock_folder(const std::string& folder);

}  // namespace bikeflow
