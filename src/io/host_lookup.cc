#include "io/host_lookup.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "io/clock.h"

namespace bikeflow {

struct HostLookup::Lookup {
  std::mutex mutex;
  std::condition_variable done;
  std::optional<Result<std::vector<std::string>>> answer;
  std::int64_t answered_ms = 0;
};

Result<std::shared_ptr<HostLookup::Lookup>> HostLookup::begin(const std::string& host) const {
  auto lookup = std::make_shared<Lookup>();
  try {
    std::thread([ask = ask_, host, lookup] {
      auto answer = ask(host);
      {
        const std::scoped_lock lock(lookup->mutex);
        lookup->answer = std::move(answer);
        lookup->answered_ms = monotonic_ms();
      }
      lookup->done.notify_all();
    }).detach();
  } catch (const std::system_error& error) {
    return fail("no thread can be started to look up the host's name ({}); is there a limit?",
                error.code().message());
  }
  return lookup;
}

bool HostLookup::is_fresh(Lookup& lookup) const {
  const std::scoped_lock lock(lookup.mutex);
  return !lookup.answer || monotonic_ms() - lookup.answered_ms < fresh_ms_;
}

Result<std::vector<std::string>> HostLookup::find(const std::string& host, int timeout_ms) {
  std::shared_ptr<Lookup> lookup;
  if (const auto open = open_.find(host); open != open_.end()) {
    lookup = std::move(open->second);
    open_.erase(open);
    if (!is_fresh(*lookup)) lookup = nullptr;
  }
  if (lookup == nullptr) {
    auto begun = begin(host);
    if (!begun) return std::unexpected(begun.error());
    lookup = *std::move(begun);
  }
  std::unique_lock lock(lookup->mutex);
  const bool is_done = lookup->done.wait_for(lock, std::chrono::milliseconds(timeout_ms),
                                             [&] { return lookup->answer.has_value(); });
  if (is_done) return *std::move(lookup->answer);
  lock.unlock();
  open_.emplace(host, std::move(lookup));
  return fail("the system's resolver does not answer");
}

Result<std::vector<std::string>> system_addresses(const std::string& host) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(host.c_str(), nullptr, &wanted, &found); error != 0) {
    return fail("{}", ::gai_strerror(error));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> all(found, &::freeaddrinfo);
  std::vector<std::string> addresses;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (::getnameinfo(each->ai_addr, each->ai_addrlen, text.data(), text.size(), nullptr, 0,
                      NI_NUMERICHOST) == 0) {
      addresses.emplace_back(text.data());
    }
  }
  return addresses;
}

}  // namespace bikeflow
