#include "io/notify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <vector>

#include "io/file.h"
#include "test/child.h"

namespace bikeflow {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// The service manager's end.
class Manager {
 public:
  explicit Manager(std::string name) : name_(std::move(name)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name_.data(), name_.size());
    if (name_.front() == '@') address.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name_.size());
    EXPECT_EQ(::bind(socket_.descriptor(), reinterpret_cast<const sockaddr*>(&address), size), 0);
  }
  [[nodiscard]] const std::string& name() const { return name_; }
  std::vector<std::string> heard() {
    std::vector<std::string> all;
    std::string text(1000, '\0');
    for (;;) {
      const ssize_t size = ::recv(socket_.descriptor(), text.data(), text.size(), MSG_DONTWAIT);
      if (size < 0) return all;
      all.push_back(text.substr(0, static_cast<std::size_t>(size)));
    }
  }

 private:
  std::string name_;
  File socket_{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
};

TEST(ServiceNotifier, SaysWhatItIsToldByADatagramEach) {
  const TempFolder folder;
  Manager manager(folder / "notify");
  ServiceNotifier notifier(manager.name(), 0);
  notifier.ready();
  notifier.status("2 feeds\nREADY=0");
  notifier.alive(1000);  // nobody watches
  notifier.stopping();
  EXPECT_THAT(manager.heard(), ElementsAre("READY=1", "STATUS=2 feeds READY=0", "STOPPING=1"));
}

TEST(ServiceNotifier, ASocketMayBeNoFile) {
  Manager manager("@bikeflow-notify-test-" + std::to_string(::getpid()));
  ServiceNotifier(manager.name(), 0).ready();
  EXPECT_THAT(manager.heard(), ElementsAre("READY=1"));
}

TEST(ServiceNotifier, ASignOfLifeFourTimesWithinTheWatchdogsTime) {
  const TempFolder folder;
  Manager manager(folder / "notify");
  ServiceNotifier notifier(manager.name(), 2'000'000);
  for (int ms = 0; ms < 2000; ms += 10) notifier.alive(ms);
  EXPECT_THAT(manager.heard(), ElementsAre("WATCHDOG=1", "WATCHDOG=1", "WATCHDOG=1", "WATCHDOG=1"));
}

TEST(ServiceNotifier, NobodyNeedListen) {
  const TempFolder folder;
  for (const std::string& socket : {std::string(), folder / "absent", std::string(500, 'x')}) {
    ServiceNotifier notifier(socket, 1000);
    notifier.ready();
    notifier.alive(0);
  }
  // A manager that reads nothing must not hold the service up.
  Manager manager(folder / "notify");
  ServiceNotifier notifier(manager.name(), 0);
  for (int i = 0; i < 10'000; ++i) notifier.ready();
  EXPECT_GT(manager.heard().size(), 0u);
}

TEST(ServiceNotifier, AnotherProcessIsWatched) {
  const TempFolder folder;
  Manager manager(folder / "notify");
  ::setenv("NOTIFY_SOCKET", manager.name().c_str(), 1);
  ::setenv("WATCHDOG_USEC", "2000000", 1);
  ::setenv("WATCHDOG_PID", "1", 1);
  ServiceNotifier::from_environment().alive(0);
  EXPECT_THAT(manager.heard(), IsEmpty());
  ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
  ServiceNotifier::from_environment().alive(0);
  EXPECT_THAT(manager.heard(), ElementsAre("WATCHDOG=1"));
  for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) ::unsetenv(name);
}

}  // namespace
}  // namespace bikeflow
