// Which S3 server the usual settings of AWS's tools name. The S3 client takes credentials and the
// region out of those settings by itself, but not this.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace bikeflow {

struct AwsEndpoint {
  std::string scheme;  // "http" or "https"
  std::string host;    // "127.0.0.1:9000"; may have a path behind it
  std::string source;  // who names it: "AWS_ENDPOINT_URL"
  friend bool operator==(const AwsEndpoint&, const AwsEndpoint&) = default;
};

// The value of a variable of the environment; empty where it is not set.
using Environment = std::function<std::string(const char* name)>;

// Nothing: AWS itself. The first of AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL and, in the profile of
// the configuration file (its text is `config`), its services section for s3 and its endpoint_url;
// none where AWS_IGNORE_CONFIGURED_ENDPOINT_URLS is "true". An Error where it is no URL.
Result<std::optional<AwsEndpoint>> find_aws_endpoint(const Environment& environment,
                                                     std::string_view config);

}  // namespace bikeflow
