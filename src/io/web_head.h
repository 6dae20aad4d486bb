// The head of an HTTP/1 request out of the bytes of a connection. By Boost.Beast's parser.
//
// What its refusals say is for the client.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace bikeflow {

// As it came: nothing of it has been checked but its form.
struct WebHead {
  std::string method = {}, target = {};
  std::string host = {};
  int hosts = 0;  // how many such headers there are
  std::string accept_encoding = {}, if_none_match = {}, authorization = {}, last_event_id = {};
  bool has_body = false;     // or may have: it is said how its end would be found
  bool keeps_alive = false;  // the connection may be used again afterwards
};

// Reads one head. Threads: none.
class WebHeadReader {
 public:
  static constexpr int kMostHeaders = 100;

  // `most_bytes`: of the request line and all headers.
  explicit WebHeadReader(std::size_t most_bytes);
  ~WebHeadReader();
  WebHeadReader(WebHeadReader&&) noexcept;
  WebHeadReader& operator=(WebHeadReader&&) noexcept;

  enum class Step : std::uint8_t { kNeedsMore, kDone, kRefused };
  // Takes what it has read from the front of `bytes`; call it again with the rest and more behind.
  // Requires: kNeedsMore so far.
  Step read(std::string& bytes);

  [[nodiscard]] const WebHead& head() const;  // Requires: kDone
  // Requires: kRefused.
  [[nodiscard]] int status() const;
  [[nodiscard]] const std::string& why() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace bikeflow
