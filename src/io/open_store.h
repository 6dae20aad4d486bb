// A lake by its URL: the one place that knows which kinds of stores there are.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "io/store.h"

namespace bikeflow {

// "s3://bucket/prefix", or a folder of this machine. `writer` as in LocalStore::open; S3 needs
// none.
Result<std::unique_ptr<Store>> open_store(const std::string& url, std::string_view writer);

// The same for one who writes: a folder that does not exist is made. A bucket is not.
Result<std::unique_ptr<Store>> create_store(const std::string& url, std::string_view writer);

}  // namespace bikeflow
