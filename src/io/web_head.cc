#include "io/web_head.h"

#include <utility>

#include <fmt/core.h>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>

namespace bikeflow {
namespace {

namespace beast = boost::beast;
using BeastText = beast::string_view;
using BeastError = beast::error_code;

std::string text_of(BeastText text) { return {text.data(), text.size()}; }

// A header that is a list may come in several lines.
void add_to_list(BeastText value, std::string& list) {
  if (!list.empty()) list += ", ";
  list.append(value.data(), value.size());
}

class Parser final : public beast::http::basic_parser<true> {
 public:
  WebHead head;
  int headers = 0;
  int authorizations = 0;
  bool has_encoding = false;
  bool is_version_11 = false;

 private:
  using Field = beast::http::field;

  void on_request_impl(beast::http::verb, BeastText method, BeastText target, int version,
                       BeastError&) override {
    is_version_11 = version == 11;
    head.method = text_of(method);
    head.target = text_of(target);
  }

  void on_field_impl(Field field, BeastText name, BeastText value, BeastError& error) override {
    if (++headers > WebHeadReader::kMostHeaders) error = beast::http::error::header_limit;
    switch (field) {
      case Field::host:
        ++head.hosts;
        head.host = text_of(value);
        break;
      case Field::accept_encoding:
        add_to_list(value, head.accept_encoding);
        break;
      case Field::if_none_match:
        add_to_list(value, head.if_none_match);
        break;
      case Field::authorization:
        ++authorizations;
        head.authorization = text_of(value);
        break;
      case Field::transfer_encoding:
        has_encoding = true;
        break;
      default:  // Beast does not know that one
        if (beast::iequals(name, "Last-Event-ID")) head.last_event_id = text_of(value);
        break;
    }
  }

  void on_header_impl(BeastError&) override {}
  void on_response_impl(int, BeastText, int, BeastError&) override {}
  // None of these is reached: whoever sends a body is refused once its head is known.
  void on_body_init_impl(const boost::optional<std::uint64_t>&, BeastError&) override {}
  std::size_t on_body_impl(BeastText, BeastError&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, BeastText, BeastError&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, BeastText, BeastError&) override { return 0; }
  void on_finish_impl(BeastError&) override {}
};

std::string too_large(std::size_t most_bytes) {
  return fmt::format("the request's line and headers may have {} bytes and {} headers in all",
                     most_bytes, WebHeadReader::kMostHeaders);
}

}  // namespace

class WebHeadReader::Impl {
 public:
  explicit Impl(std::size_t most_bytes) : most_bytes_(most_bytes) {
    // Its own limit is one of what was not yet taken, so the whole is counted here.
    parser_.header_limit(static_cast<std::uint32_t>(most_bytes + 1));
    parser_.body_limit(boost::none);
  }

  Step read(std::string& bytes) {
    if (taken_ == 0) {
      // Some clients end a request with one line break too many; it stands before the next one.
      if (bytes == "\r") return Step::kNeedsMore;
      if (bytes.starts_with("\r\n")) taken_ = 2;
      bytes.erase(0, taken_);
      if (bytes.empty()) return Step::kNeedsMore;
    }
    BeastError error;
    const std::size_t taken = parser_.put(boost::asio::buffer(bytes), error);
    bytes.erase(0, taken);
    taken_ += taken;
    if (error == beast::http::error::header_limit) return refuse(431, too_large(most_bytes_));
    if (error && error != beast::http::error::need_more) {
      const bool is_version = error == beast::http::error::bad_version;
      return refuse(is_version ? 505 : 400,
                    is_version
                        ? "HTTP/1.1 is spoken here"
                        : fmt::format("this is no request of HTTP/1.1 ({})", error.message()));
    }
    if (taken_ + (error ? bytes.size() : 0) > most_bytes_)
      return refuse(431, too_large(most_bytes_));
    if (error) return Step::kNeedsMore;
    if (parser_.authorizations > 1)
      return refuse(400, "there are two Authorization headers; send one");
    parser_.head.has_body = parser_.has_encoding || parser_.content_length().value_or(0) > 0;
    parser_.head.keeps_alive = parser_.is_version_11 && parser_.keep_alive();
    return Step::kDone;
  }

  Step refuse(int status, std::string why) {
    status_ = status;
    why_ = std::move(why);
    return Step::kRefused;
  }

  [[nodiscard]] const WebHead& head() const { return parser_.head; }
  [[nodiscard]] int status() const { return status_; }
  [[nodiscard]] const std::string& why() const { return why_; }

 private:
  std::size_t most_bytes_;
  std::size_t taken_ = 0;
  Parser parser_;
  int status_ = 0;
  std::string why_;
};

WebHeadReader::WebHeadReader(std::size_t most_bytes) : impl_(std::make_unique<Impl>(most_bytes)) {}
WebHeadReader::~WebHeadReader() = default;
WebHeadReader::WebHeadReader(WebHeadReader&&) noexcept = default;
WebHeadReader& WebHeadReader::operator=(WebHeadReader&&) noexcept = default;

WebHeadReader::Step WebHeadReader::read(std::string& bytes) { return impl_->read(bytes); }
const WebHead& WebHeadReader::head() const { return impl_->head(); }
int WebHeadReader::status() const { return impl_->status(); }
const std::string& WebHeadReader::why() const { return impl_->why(); }

}  // namespace bikeflow
