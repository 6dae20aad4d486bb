// The HTTP client and certificates, against a server of OpenSSL's.
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/http_client.h"
#include "test/child.h"
#include "test/http_calls.h"
#include "test/played_server.h"

namespace bikeflow {
namespace {

using ::testing::IsEmpty;
using Kind = HttpFailure::Kind;

// `openssl s_server`, which answers with the files of its folder; its certificate is for localhost.
class TlsServer {
 public:
  TlsServer() {
    const std::string make = fmt::format(
        "cd {} && openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext "
        "subjectAltName=DNS:localhost -keyout key.pem -out cert.pem 2>/dev/null",
        folder_.path());
    EXPECT_EQ(std::system(make.c_str()), 0) << "is openssl installed?";
    write_file(folder_ / "ok", "HTTP/1.0 200 OK\r\n\r\nhello");
    std::array<int, 2> pipe{};
    EXPECT_EQ(::pipe(pipe.data()), 0);
    child_ = ::fork();
    if (child_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::dup2(pipe[1], STDOUT_FILENO);
      if (::chdir(folder_.path().c_str()) == 0) {
        ::execlp("openssl", "openssl", "s_server", "-accept", "127.0.0.1:0", "-key", "key.pem",
                 "-cert", "cert.pem", "-HTTP", nullptr);
      }
      ::_exit(99);
    }
    ::close(pipe[1]);
    std::string printed;
    for (char c = 0; !port_of(printed) && ::read(pipe[0], &c, 1) == 1;) printed += c;
    port_ = port_of(printed).value_or(0);
    EXPECT_NE(port_, 0) << printed;
    output_ = pipe[0];
  }
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;
  ~TlsServer() {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
    ::close(output_);
  }
  [[nodiscard]] std::string url(std::string_view host, std::string_view path) const {
    return fmt::format("https://{}:{}{}", host, port_, path);
  }
  [[nodiscard]] std::string certificate() const { return folder_ / "cert.pem"; }
  void play(const std::string& name, const std::string& bytes) const {
    write_file(folder_ / name, bytes);
  }

 private:
  static std::optional<int> port_of(const std::string& printed) {
    constexpr std::string_view kBefore = "ACCEPT 127.0.0.1:";
    const std::size_t at = printed.find(kBefore);
    if (at == printed.npos || !printed.ends_with('\n')) return std::nullopt;
    return std::stoi(printed.substr(at + kBefore.size()));
  }

  TempFolder folder_;
  pid_t child_ = -1;
  int port_ = 0, output_ = -1;
};

TEST(HttpClientTls, CertificatesAreVerified) {
  TlsServer server;
  expect_failure(get(server.url("localhost", "/ok")), Kind::kTls, "its certificate is not trusted");
  expect_failure(get(server.url("localhost", "/ok")), Kind::kTls, "file of authorities");
  auto trusting = client(with(&HttpClientSettings::certificates, server.certificate()));
  const HttpOutcome answer = get(*trusting, request(server.url("localhost", "/ok")));
  ASSERT_TRUE(answer) << said(answer);
  EXPECT_EQ(answer->body, "hello");
  expect_failure(get(*trusting, request(server.url("other.test", "/ok"))), Kind::kTls,
                 "is the host's name right?");
  PlayedServer plain(raw("HTTP/1.1 400 Bad\r\n\r\n"));
  expect_failure(get(fmt::format("https://127.0.0.1:{}/", plain.port())), Kind::kTls,
                 "does that port speak TLS?");
  PlayedServer silent(say_nothing);
  HttpRequest wanted = request(fmt::format("https://127.0.0.1:{}/", silent.port()));
  wanted.timeout_ms = 300;
  expect_failure(get(wanted), Kind::kTimeout,
                 "no connection was made, or no TLS agreed upon on it");
}

TEST(HttpClientTls, NoRedirectLeadsFromHttpsToHttp) {
  TlsServer server;
  PlayedServer plain(always("200 OK"));
  server.play("down", "HTTP/1.0 302 X\r\nLocation: " + plain.url("/x?k=1") + "\r\n\r\n");
  auto trusting = client(with(&HttpClientSettings::certificates, server.certificate()));
  expect_failure(get(*trusting, request(server.url("localhost", "/down"))), Kind::kOther,
                 "redirects from https to " + plain.url("/x") + ", which is not followed");
  EXPECT_THAT(plain.requests(), IsEmpty());
}

}  // namespace
}  // namespace bikeflow
