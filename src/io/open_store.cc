#include "io/open_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "io/aws_endpoint.h"
#include "io/file.h"
#include "io/local_store.h"
#include "io/s3_store.h"

namespace bikeflow {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// What AWS's tools are configured with; nothing where there is no such file.
Result<std::string> aws_config() {
  std::string path = environment("AWS_CONFIG_FILE");
  if (path.empty()) path = environment("HOME") + "/.aws/config";
  auto text = read_file_if_any(AT_FDCWD, path, path);
  if (!text) return std::unexpected(text.error());
  return text->value_or("");
}

// The file of the authorities that servers are checked against. The system's own must be named: the
// client comes from a wheel, which knows another system's place.
std::string certificates() {
  for (const char* variable : {"AWS_CA_BUNDLE", "SSL_CERT_FILE"}) {
    if (std::string path = environment(variable); !path.empty()) return path;
  }
  for (const char* path :
       {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"}) {
    if (::access(path, R_OK) == 0) return path;
  }
  return "";
}

Result<std::unique_ptr<Store>> open_s3(const std::string& url) {
  auto config = aws_config();
  if (!config) return std::unexpected(config.error());
  auto endpoint = find_aws_endpoint(environment, *config);
  if (!endpoint) return std::unexpected(endpoint.error());
  auto store = S3Store::open(url, *endpoint, certificates());
  if (!store) return std::unexpected(store.error());
  return *std::move(store);
}

}  // namespace

Result<std::unique_ptr<Store>> open_store(const std::string& url, std::string_view writer) {
  if (url.starts_with(S3Store::kScheme)) return open_s3(url);
  if (const std::size_t scheme = url.find("://"); scheme != std::string::npos) {
    return fail("lake '{}': no lake can be at {}; name a folder, or s3://bucket/prefix", url,
                url.substr(0, scheme + 3));
  }
  auto store = LocalStore::open(url, writer);
  if (!store) return std::unexpected(store.error());
  return std::make_unique<LocalStore>(*std::move(store));
}

Result<std::unique_ptr<Store>> create_store(const std::string& url, std::string_view writer) {
  if (url.find("://") == std::string::npos) {
    if (auto made = make_folders(url); !made) return std::unexpected(made.error());
  }
  return open_store(url, writer);
}

}  // namespace bikeflow
