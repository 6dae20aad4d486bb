#include "io/aws_endpoint.h"

#include <map>

#include <gmock/gmock.h>

namespace bikeflow {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kConfig = R"(# a comment
[default]
region = eu-west-3
endpoint_url = http://default:1/

[profile plain]
  [profile  spaced ]
endpoint_url=https://spaced:2
s3 =
  addressing_style = path
  endpoint_url = http://not-this-one
[profile both]
services = mine
endpoint_url = http://both:3
[services mine]
dynamodb =
  endpoint_url = http://dynamodb:4
s3 =
  endpoint_url = http://mine:5/path
)";

std::string found(const std::map<std::string, std::string>& environment,
                  std::string_view config = kConfig) {
  const auto endpoint = find_aws_endpoint(
      [&](const char* name) {
        const auto value = environment.find(name);
        return value == environment.end() ? "" : value->second;
      },
      config);
  if (!endpoint) return endpoint.error().message;
  if (!*endpoint) return "AWS";
  return fmt::format("{} {} by {}", (*endpoint)->scheme, (*endpoint)->host, (*endpoint)->source);
}

TEST(AwsEndpoint, TheNarrowerSettingWins) {
  EXPECT_EQ(found({}, ""), "AWS");
  EXPECT_EQ(found({{"AWS_ENDPOINT_URL", "http://a:1"}}), "http a:1 by AWS_ENDPOINT_URL");
  EXPECT_EQ(found({{"AWS_ENDPOINT_URL", "http://a:1"}, {"AWS_ENDPOINT_URL_S3", "https://b/"}}),
            "https b by AWS_ENDPOINT_URL_S3");
  EXPECT_EQ(
      found({{"AWS_ENDPOINT_URL", "http://a:1"}, {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"}}),
      "AWS");
}

TEST(AwsEndpoint, OfAProfile) {
  EXPECT_EQ(found({}), "http default:1 by the profile 'default' of AWS's configuration file");
  EXPECT_EQ(found({{"AWS_PROFILE", "plain"}}), "AWS");
  EXPECT_EQ(found({{"AWS_PROFILE", "unknown"}}), "AWS");
  EXPECT_EQ(found({{"AWS_DEFAULT_PROFILE", "spaced"}}),
            "https spaced:2 by the profile 'spaced' of AWS's configuration file");
  EXPECT_EQ(found({{"AWS_PROFILE", "both"}}),
            "http mine:5/path by [services mine] of AWS's configuration file");
}

TEST(AwsEndpoint, WhatIsNoUrlIsRefusedAndNotShown) {
  EXPECT_THAT(found({{"AWS_ENDPOINT_URL", "localhost:9000"}}),
              HasSubstr("AWS_ENDPOINT_URL is no URL"));
  EXPECT_THAT(found({{"AWS_ENDPOINT_URL", "http://"}}), HasSubstr("http://127.0.0.1:9000"));
  EXPECT_THAT(found({{"AWS_ENDPOINT_URL", "http://me:secret@host"}}), Not(HasSubstr("secret")));
}

}  // namespace
}  // namespace bikeflow
