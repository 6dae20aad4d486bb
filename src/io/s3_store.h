// A lake in a bucket of S3, or of a server that speaks its protocol. Buckets are never created.
//
// One put() is one PUT request with all the bytes: when it returns they are there, whole, durable
// and seen by everyone, so sync() has nothing to do. When it fails the outcome may be unknown: the
// store may have them, or get them later. Putting the same bytes again is always right.
//   From kMultipartBytes on, the client sends parts and then one request that makes them a file:
//   whole or not there all the same, but a process that dies in between leaves parts, which nobody
//   sees and the bucket's rule for incomplete uploads removes.
// remove() of a file that is there, whether or not others remain beside it, also puts an empty
// object named as the file's folder with a "/" behind it. Arrow has no call that deletes without
// it, and none that deletes that object and nothing else. list() does not show it, and readers of
// Parquet take it for the folder. No other call makes one.
//
// Each request is tried kAttempts times within some two seconds; waiting for a store that is down
// is for the caller. A connection that is not made in kConnectSeconds, or moves no byte for
// kStalledSeconds, is given up.
#pragma once

#include <atomic>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/aws_endpoint.h"
#include "io/store.h"

namespace arrow {
class Status;
}
namespace arrow::fs {
class S3FileSystem;
}

namespace bikeflow {

// Threads: any number at once, unlike other stores.
class S3Store final : public Store {
 public:
  static constexpr std::string_view kScheme = "s3://";
  static constexpr std::size_t kMultipartBytes = 10 << 20;
  static constexpr int kAttempts = 3;
  static constexpr double kConnectSeconds = 5;
  static constexpr double kStalledSeconds = 20;

  // `url` is s3://bucket or s3://bucket/prefix, `certificates` a PEM file of authorities ("": the
  // client's own idea). Credentials and region are those of AWS's environment variables, profiles,
  // and of the machine. Asks nothing of the store: the first request finds out what is wrong.
  //
  // Requires: no request is under way when the program ends.
  static Result<std::unique_ptr<S3Store>> open(std::string_view url,
                                               const std::optional<AwsEndpoint>& endpoint,
                                               std::string certificates);

  [[nodiscard]] std::string shown(std::string_view path) const override;
  Result<void> put(std::string_view path, std::string_view bytes) override;
  // Looks, then puts: two at once may both succeed.
  Result<bool> put_new(std::string_view path, std::string_view bytes) override;
  Result<void> sync() override { return {}; }
  Result<std::optional<std::string>> get(std::string_view path) override;
  Result<std::optional<std::int64_t>> size(std::string_view path) override;
  // All pages of the listing.
  Result<std::vector<StoredFile>> list(std::string_view folder, Scope scope) override;
  Result<void> remove(std::string_view path) override;

 private:
  S3Store(std::shared_ptr<arrow::fs::S3FileSystem> client, std::string root, std::string server);
  [[nodiscard]] std::string key(std::string_view path) const;
  // To the client, nothing in a bucket and no bucket are the same. An Error where it is the latter.
  Result<void> check_bucket(std::string_view doing, std::string_view path);
  [[nodiscard]] std::unexpected<Error> failure(std::string_view doing, std::string_view path,
                                               const arrow::Status& status) const;

  std::shared_ptr<arrow::fs::S3FileSystem> client_;
  std::string root_;    // "bucket/prefix"
  std::string server_;  // as an error names it
  std::atomic<bool> bucket_is_there_ = false;
};

}  // namespace bikeflow
