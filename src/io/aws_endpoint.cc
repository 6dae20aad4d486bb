// The configuration file, as far as it is read here:
//
//   [profile analytics]           or [default]
//   endpoint_url = http://...
//   services = mine
//   [services mine]
//   s3 =
//     endpoint_url = http://...

#include "io/aws_endpoint.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace bikeflow {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

// Words with one space between: "profile  a" is "profile a".
std::string one_spaced(std::string_view text) {
  std::string out;
  for (const char character : trimmed(text)) {
    const bool space = character == ' ' || character == '\t';
    if (!space) out += character;
    if (space && !out.ends_with(' ')) out += ' ';
  }
  return out;
}

// The settings of one section; one below another is "s3.endpoint_url".
std::map<std::string, std::string> section_of(std::string_view config, std::string_view name) {
  std::map<std::string, std::string> settings;
  bool inside = false;
  std::string above;
  while (!config.empty()) {
    const std::size_t end = std::min(config.find('\n'), config.size());
    const std::string_view line = config.substr(0, end);
    config.remove_prefix(std::min(end + 1, config.size()));
    const std::string_view text = trimmed(line);
    if (text.empty() || text.starts_with('#') || text.starts_with(';')) continue;
    if (text.starts_with('[')) {
      inside = one_spaced(text.substr(1, text.find(']') - 1)) == name;
      above.clear();
      continue;
    }
    const std::size_t equals = text.find('=');
    if (!inside || equals == std::string_view::npos) continue;
    std::string key(trimmed(text.substr(0, equals)));
    const bool nested = line.starts_with(' ') || line.starts_with('\t');
    if (!nested) above = key;
    settings[nested ? fmt::format("{}.{}", above, key) : key] = trimmed(text.substr(equals + 1));
  }
  return settings;
}

// The URL that the profile names, and where it does.
std::pair<std::string, std::string> url_in_profile(const Environment& environment,
                                                   std::string_view config) {
  std::string name = environment("AWS_PROFILE");
  if (name.empty()) name = environment("AWS_DEFAULT_PROFILE");
  const bool is_default = name.empty() || name == "default";
  auto profile = section_of(config, is_default ? "default" : "profile " + name);
  if (is_default && profile.empty()) profile = section_of(config, "profile default");
  if (const auto services = profile.find("services"); services != profile.end()) {
    const std::string section = "services " + services->second;
    auto settings = section_of(config, section);
    if (const auto found = settings.find("s3.endpoint_url"); found != settings.end()) {
      return {found->second, fmt::format("[{}] of AWS's configuration file", section)};
    }
  }
  const auto found = profile.find("endpoint_url");
  if (found == profile.end()) return {};
  return {found->second, fmt::format("the profile '{}' of AWS's configuration file",
                                     is_default ? "default" : name)};
}

Result<AwsEndpoint> parse_endpoint(std::string_view url, std::string source) {
  for (const std::string_view scheme : {"http", "https"}) {
    if (!url.starts_with(scheme) || !url.substr(scheme.size()).starts_with("://")) continue;
    std::string_view host = url.substr(scheme.size() + 3);
    while (host.ends_with('/')) host.remove_suffix(1);
    if (host.empty() || host.find_first_of(" ?#@") != std::string_view::npos) break;
    return AwsEndpoint{std::string(scheme), std::string(host), std::move(source)};
  }
  // What it holds is not shown: between "//" and "@" there may be a password.
  return fail("{} is no URL of a server; it must look like http://127.0.0.1:9000", source);
}

}  // namespace

Result<std::optional<AwsEndpoint>> find_aws_endpoint(const Environment& environment,
                                                     std::string_view config) {
  if (environment("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") == "true") return std::nullopt;
  std::string url;
  std::string source;
  for (const char* variable : {"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"}) {
    url = environment(variable);
    source = variable;
    if (!url.empty()) break;
  }
  if (url.empty()) std::tie(url, source) = url_in_profile(environment, config);
  if (url.empty()) return std::nullopt;
  auto endpoint = parse_endpoint(url, std::move(source));
  if (!endpoint) return std::unexpected(endpoint.error());
  return *std::move(endpoint);
}

}  // namespace bikeflow
