// One of the three files that include Arrow; none of its calls here throws.

#include "io/s3_store.h"

#include <arrow/buffer.h>
#include <arrow/filesystem/s3fs.h>
#include <arrow/io/interfaces.h>
#include <arrow/status.h>
#include <arrow/util/io_util.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include <fmt/core.h>

#include "base/check.h"

namespace bikeflow {
namespace {

constexpr int kReadsOfOneFile = 3;  // while others replace it

// The client's own threads start here, 30-80 ms, so only for who has an s3:// lake.
const arrow::Status& started_client() {
  static const arrow::Status kStarted = [] {
    arrow::fs::S3GlobalOptions options;
    options.log_level = arrow::fs::S3LogLevel::Off;  // every failure is an Error of ours
    return arrow::fs::InitializeS3(options);
  }();
  return kStarted;
}

// They must have ended before the program does, or it crashes then; and before the client's static
// objects go, which are made when it is first used. What is registered last runs first, so this is
// called when a client has been made, and once more when it is no longer used.
void end_client_at_exit() {
  const int registered = std::atexit([] { static_cast<void>(arrow::fs::EnsureS3Finalized()); });
  CHECK(registered == 0);
}

// "NO_SUCH_BUCKET during PutObject operation: The specified bucket does not exist": what follows in
// the client's sentence about key and bucket, which our own names already.
std::string_view answer_of(const arrow::Status& status) {
  constexpr std::string_view kBefore = "AWS Error ";
  const std::string_view said = status.message();
  const std::size_t at = said.find(kBefore);
  return at == std::string_view::npos ? said : said.substr(at + kBefore.size());
}

std::string what_to_do(std::string_view answer, std::string_view server) {
  const auto says = [&](auto... words) { return ((answer.find(words) != answer.npos) || ...); };
  if (says("NO_SUCH_BUCKET", "NoSuchBucket")) return "; create the bucket, or correct its name";
  if (says("ACCESS_DENIED", "SIGNATURE", "Signature", "INVALID_ACCESS_KEY", "InvalidAccessKey",
           "EXPIRED", "INVALID_CLIENT_TOKEN", "MISSING_AUTHENTICATION")) {
    return "; look at the credentials (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE)"
           " and at what they may do";
  }
  if (says("certificate")) return "; AWS_CA_BUNDLE names the file of authorities to trust";
  if (says("NETWORK_CONNECTION")) return fmt::format("; is {} up, and is that right?", server);
  return "";
}

}  // namespace

S3Store::S3Store(std::shared_ptr<arrow::fs::S3FileSystem> client, std::string root,
                 std::string server)
    : client_(std::move(client)), root_(std::move(root)), server_(std::move(server)) {}

Result<std::unique_ptr<S3Store>> S3Store::open(std::string_view url,
                                               const std::optional<AwsEndpoint>& endpoint,
                                               std::string certificates) {
  CHECK(url.starts_with(kScheme));
  std::string_view root = url.substr(kScheme.size());
  while (root.ends_with('/')) root.remove_suffix(1);
  const std::string_view bucket = root.substr(0, root.find('/'));
  if (bucket.empty()) return fail("lake '{}': must be s3://bucket/prefix", url);
  if (bucket.find_first_not_of(
          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") !=
      std::string_view::npos) {
    return fail(
        "lake: in its s3:// URL '{}' is no name of a bucket; credentials go into the "
        "environment",
        bucket.substr(bucket.find('@') + 1));
  }
  if (auto checked = check_store_path(root); !checked) {
    return with_context(fmt::format("lake '{}'", url), checked.error());
  }
  if (const arrow::Status& started = started_client(); !started.ok()) {
    return fail("{}: cannot start the S3 client: {}", url, started.message());
  }

  auto options = arrow::fs::S3Options::Defaults();
  options.connect_timeout = kConnectSeconds;
  options.request_timeout = kStalledSeconds;
  options.retry_strategy = arrow::fs::S3RetryStrategy::GetAwsStandardRetryStrategy(kAttempts);
  options.allow_delayed_open = true;  // or every file becomes an upload of parts
  options.background_writes = false;
  options.tls_ca_file_path = std::move(certificates);
  std::string server = "S3 of AWS";
  if (endpoint) {
    options.scheme = endpoint->scheme;
    options.endpoint_override = endpoint->host;
    server =
        fmt::format("the server {}://{} of {}", endpoint->scheme, endpoint->host, endpoint->source);
  }
  auto client = arrow::fs::S3FileSystem::Make(options);
  end_client_at_exit();
  if (!client.ok()) return fail("{}: {}", url, client.status().message());
  std::shared_ptr<arrow::fs::S3FileSystem> ending(client->get(), [owned = *client](auto*) mutable {
    owned.reset();
    end_client_at_exit();
  });
  return std::unique_ptr<S3Store>(
      new S3Store(std::move(ending), std::string(root), std::move(server)));
}

std::string S3Store::key(std::string_view path) const {
  return path.empty() ? root_ : fmt::format("{}/{}", root_, path);
}

std::string S3Store::shown(std::string_view path) const {
  return fmt::format("{}{}", kScheme, key(path));
}

std::unexpected<Error> S3Store::failure(std::string_view doing, std::string_view path,
                                        const arrow::Status& status) const {
  const std::string_view answer = answer_of(status);
  return fail("cannot {} {}: {}{}", doing, shown(path), answer, what_to_do(answer, server_));
}

Result<void> S3Store::check_bucket(std::string_view doing, std::string_view path) {
  if (bucket_is_there_) return {};
  const std::string bucket = root_.substr(0, root_.find('/'));
  auto info = client_->GetFileInfo(bucket);
  if (!info.ok()) return failure(doing, path, info.status());
  if (info->type() == arrow::fs::FileType::NotFound) {
    return fail("cannot {} {}: {} has no bucket '{}'; create the bucket, or correct its name",
                doing, shown(path), server_, bucket);
  }
  bucket_is_there_ = true;
  return {};
}

Result<void> S3Store::put(std::string_view path, std::string_view bytes) {
  if (auto checked = check_store_path(path); !checked) return checked;
  auto stream = client_->OpenOutputStream(key(path), nullptr);
  if (!stream.ok()) return failure("write", path, stream.status());
  arrow::Status status = (*stream)->Write(bytes.data(), static_cast<std::int64_t>(bytes.size()));
  if (status.ok()) {
    status = (*stream)->Close();
  } else {
    // A stream that is dropped would make a file of the parts that arrived.
    static_cast<void>((*stream)->Abort());
  }
  if (!status.ok()) return failure("write", path, status);
  return {};
}

Result<bool> S3Store::put_new(std::string_view path, std::string_view bytes) {
  auto found = size(path);
  if (!found) return std::unexpected(found.error());
  if (*found) return false;
  if (auto done = put(path, bytes); !done) return std::unexpected(done.error());
  return true;
}

Result<std::optional<std::string>> S3Store::get(std::string_view path) {
  auto before = size(path);
  for (int attempt = 0; attempt < kReadsOfOneFile; ++attempt) {
    if (!before) return std::unexpected(before.error());
    if (!*before) return std::nullopt;
    arrow::fs::FileInfo info(key(path), arrow::fs::FileType::File);
    info.set_size(**before);
    std::string bytes(static_cast<std::size_t>(**before), '\0');
    if (!bytes.empty()) {
      auto file = client_->OpenInputFile(info);
      if (!file.ok()) return failure("read", path, file.status());
      auto read = (*file)->ReadAt(0, **before, bytes.data());
      if (!read.ok()) return failure("read", path, read.status());
    }
    // The client gives as many bytes as it was asked for, whatever the store had by then: of a
    // longer file the beginning, after a shorter one zeros.
    auto after = size(path);
    if (after && *after == *before) return bytes;
    before = std::move(after);
  }
  return fail(
      "cannot read {}: it was replaced by another size {} times meanwhile; is a second "
      "program at work?",
      shown(path), kReadsOfOneFile);
}

Result<std::optional<std::int64_t>> S3Store::size(std::string_view path) {
  if (auto checked = check_store_path(path); !checked) return std::unexpected(checked.error());
  auto info = client_->GetFileInfo(key(path));
  if (!info.ok()) return failure("look at", path, info.status());
  if (info->IsFile()) return info->size();
  if (auto checked = check_bucket("look at", path); !checked) {
    return std::unexpected(checked.error());
  }
  return std::nullopt;
}

Result<std::vector<StoredFile>> S3Store::list(std::string_view folder, Scope scope) {
  if (!folder.empty()) {
    if (auto checked = check_store_path(folder); !checked) return std::unexpected(checked.error());
  }
  arrow::fs::FileSelector selector;
  selector.base_dir = key(folder);
  selector.recursive = true;
  selector.allow_not_found = true;
  auto infos = client_->GetFileInfo(selector);
  if (!infos.ok()) return failure("list", folder, infos.status());
  if (infos->empty()) {
    auto checked = check_bucket("list", folder);
    if (!checked) return std::unexpected(checked.error());
  }
  const std::string internal = fmt::format("{}/", kInternalFolder);
  std::vector<StoredFile> files;
  for (const arrow::fs::FileInfo& info : *infos) {
    if (!info.IsFile()) continue;
    std::string path = info.path().substr(root_.size() + 1);
    if (scope == Scope::kWithoutInternal && path.starts_with(internal)) continue;
    files.push_back({std::move(path), info.size()});
  }
  std::ranges::sort(files, {}, &StoredFile::path);
  return files;
}

Result<void> S3Store::remove(std::string_view path) {
  if (auto checked = check_store_path(path); !checked) return checked;
  const arrow::Status status = client_->DeleteFile(key(path));
  if (status.ok()) return {};
  if (arrow::internal::ErrnoFromStatus(status) == ENOENT) return check_bucket("remove", path);
  return failure("remove", path, status);
}

}  // namespace bikeflow
