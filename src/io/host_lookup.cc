#include "io/host_lookup.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace bikeflow {

struct HostLookup::Lookup {
  std::mutex mutex;
  std::condition_variable done;
  std::optional<Result<std::vector<std::string>>> answer;
};

Result<std::vector<std::string>> HostLookup::find(const std::string& host, int timeout_ms) {
  std::shared_ptr<Lookup>& lookup = open_[host];
  if (lookup == nullptr) {
    lookup = std::make_shared<Lookup>();
    std::thread([ask = ask_, host, lookup] {
      auto answer = ask(host);
      {
        const std::scoped_lock lock(lookup->mutex);
        lookup->answer = std::move(answer);
      }
      lookup->done.notify_all();
    }).detach();
  }
  std::unique_lock lock(lookup->mutex);
  const bool is_done = lookup->done.wait_for(lock, std::chrono::milliseconds(timeout_ms),
                                             [&] { return lookup->answer.has_value(); });
  if (!is_done) return fail("the system's resolver does not answer");
  auto answer = *std::move(lookup->answer);
  lock.unlock();
  open_.erase(host);
  return answer;
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
