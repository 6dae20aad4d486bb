#include "io/http_client.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <list>
#include <map>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <fmt/core.h>

#include "base/check.h"
#include "base/size.h"
#include "io/clock.h"
#include "io/file.h"
#include "io/host_rests.h"
#include "io/http_words.h"

namespace bikeflow {
namespace {

using Kind = HttpFailure::Kind;

constexpr std::int64_t kMicrosInMs = 1000;
constexpr int kNotModified = 304, kTooManyRequests = 429;

struct EasyDelete {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct MultiDelete {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
struct ListDelete {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Easy = std::unique_ptr<CURL, EasyDelete>;
using Multi = std::unique_ptr<CURLM, MultiDelete>;
using List = std::unique_ptr<curl_slist, ListDelete>;

struct Transfer {
  HttpId id = 0;
  HttpRequest request;
  std::string url;  // of this hop
  HttpPlace first, place;
  std::int64_t left_ms = 0;
  int redirects = 0;
  bool goes_on = false;  // with something that has begun

  // While it has a connection.
  Easy easy;
  List headers;
  std::array<char, CURL_ERROR_SIZE> words{};
  std::string body;
  bool is_too_large = false;

  [[nodiscard]] std::string where() const {
    if (redirects == 0) return request.shown_url;
    return fmt::format("{}, redirected to {}", request.shown_url,
                       masked(place.shown, secrets_of(request)));
  }
};

template <class Value>
void set(CURL* easy, CURLoption option, Value value) {
  const CURLcode code = curl_easy_setopt(easy, option, value);
  CHECK(code == CURLE_OK);
}

// Called by libcurl with decompressed bytes, which must not throw there.
std::size_t take_body(const char* bytes, std::size_t, std::size_t size, void* user) noexcept {
  auto& transfer = *static_cast<Transfer*>(user);
  if (size > transfer.request.most_bytes - transfer.body.size()) {
    transfer.is_too_large = true;
    return CURL_WRITEFUNC_ERROR;
  }
  transfer.body.append(bytes, size);
  return size;
}

bool is_redirect(long status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

bool is_what_was_wanted(int status) {
  return (status >= 200 && status < 300) || status == kNotModified;
}

bool breaks_a_line(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) != text.npos;
}

// Nothing where it is right.
std::optional<std::string> wrong_with(const HttpRequest& request) {
  for (const HttpHeader& header : request.headers) {
    if (header.name.empty() || breaks_a_line(header.name) || breaks_a_line(header.value) ||
        header.name.find(':') != header.name.npos) {
      return "one of its headers has no name, a ':' in its name, or a line break; correct it";
    }
  }
  if (breaks_a_line(request.url) || !place_of(request.url)) {
    return "this is no URL of http or https; correct it";
  }
  return std::nullopt;
}

// The last answer's header; empty where it has none, or one too long to be kept.
std::string header_of(CURL* easy, const char* name) {
  curl_header* header = nullptr;
  if (curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK) return "";
  std::string value = header->value;
  return value.size() > HttpClient::kMostValidatorBytes ? "" : value;
}

// Once in the program's life; nothing is undone at its end, when threads may still resolve names.
bool has_started_curl() {
  static const bool kStarted = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  return kStarted;
}

}  // namespace

class HttpClient::Impl {
 public:
  Impl(HttpClientSettings settings, Multi multi)
      : settings_(std::move(settings)), multi_(std::move(multi)) {
    CHECK(settings_.most_connections > 0 && settings_.most_connections_per_host > 0);
    curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS,
                      static_cast<long>(settings_.most_connections));
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    for (auto& [id, transfer] : running_) detach(*transfer);
  }

  void start(HttpId id, HttpRequest request, bool goes_on) {
    CHECK(!running_.contains(id) && std::ranges::find(waiting_, id, id_of) == waiting_.end());
    if (auto wrong = wrong_with(request)) {
      done_.push_back({id, std::unexpected(http_failure(Kind::kOther, request.shown_url, *wrong))});
      return;
    }
    auto transfer = std::make_unique<Transfer>();
    transfer->id = id;
    transfer->url = request.url;
    transfer->place = transfer->first = *place_of(request.url);
    transfer->left_ms = request.timeout_ms;
    transfer->request = std::move(request);
    transfer->goes_on = goes_on;
    wait_for_turn(std::move(transfer));
  }

  void cancel(HttpId id) {
    std::erase_if(done_, [&](const HttpDone& done) { return done.id == id; });
    waiting_.remove_if([&](const auto& transfer) { return transfer->id == id; });
    if (const auto found = running_.find(id); found != running_.end()) {
      detach(*found->second);
      running_.erase(found);
    }
  }

  void wait(std::int64_t timeout_ms) {
    move();
    if (!done_.empty()) return;
    const int piece_ms = static_cast<int>(std::clamp<std::int64_t>(timeout_ms, 0, kPieceMs));
    const CURLMcode code = curl_multi_poll(multi_.get(), nullptr, 0, piece_ms, nullptr);
    CHECK(code == CURLM_OK);
    move();
  }

  std::vector<HttpDone> take_done() { return std::exchange(done_, {}); }

  void wake() { curl_multi_wakeup(multi_.get()); }

  [[nodiscard]] std::size_t under_way() const { return running_.size() + waiting_.size(); }

 private:
  static HttpId id_of(const std::unique_ptr<Transfer>& transfer) { return transfer->id; }

  void wait_for_turn(std::unique_ptr<Transfer> transfer) {
    const auto before =
        transfer->goes_on
            ? std::ranges::find(waiting_, false, [](const auto& each) { return each->goes_on; })
            : waiting_.end();
    waiting_.insert(before, std::move(transfer));
  }

  // Gives connections to those that wait, as far as the bounds allow.
  void give_turns() {
    for (auto next = waiting_.begin(); next != waiting_.end();) {
      if (running_.size() >= static_cast<std::size_t>(settings_.most_connections)) return;
      if (rests_.is_resting((*next)->place.origin, monotonic_ms())) {
        ++next;
        continue;
      }
      int& to_this_host = running_to_[(*next)->place.origin];
      if (to_this_host >= settings_.most_connections_per_host) {
        ++next;
        continue;
      }
      ++to_this_host;
      begin(**next);
      running_.emplace((*next)->id, std::move(*next));
      next = waiting_.erase(next);
    }
  }

  void begin(Transfer& transfer) {
    transfer.easy = Easy(curl_easy_init());
    CHECK(transfer.easy != nullptr);
    CURL* easy = transfer.easy.get();
    set_request(transfer);
    set(easy, CURLOPT_PRIVATE, &transfer);
    set(easy, CURLOPT_ERRORBUFFER, transfer.words.data());
    set(easy, CURLOPT_WRITEFUNCTION, take_body);
    set(easy, CURLOPT_WRITEDATA, &transfer);
    // By what the answer says of its length; take_body() sees to the rest.
    set(easy, CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(transfer.request.most_bytes));
    set(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(transfer.left_ms));
    set(easy, CURLOPT_CONNECTTIMEOUT_MS,
        static_cast<long>(std::min(settings_.connect_timeout_ms, transfer.left_ms)));
    set(easy, CURLOPT_LOW_SPEED_LIMIT, static_cast<long>(kSlowBytes));
    set(easy, CURLOPT_LOW_SPEED_TIME, static_cast<long>((settings_.stalled_ms + 999) / 1000));
    set(easy, CURLOPT_MAXAGE_CONN, static_cast<long>(settings_.idle_s));
    set(easy, CURLOPT_NOSIGNAL, 1L);
    // Or the end of a transfer whose host is still being looked up would wait for the lookup.
    set(easy, CURLOPT_QUICK_EXIT, 1L);
    const CURLMcode code = curl_multi_add_handle(multi_.get(), easy);
    CHECK(code == CURLM_OK);
  }

  void set_request(Transfer& transfer) {
    CURL* easy = transfer.easy.get();
    set(easy, CURLOPT_URL, transfer.url.c_str());
    set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    // Redirects are followed here: libcurl would take the headers along to any host.
    set(easy, CURLOPT_FOLLOWLOCATION, 0L);
    // A feed gains nothing by HTTP/2, and one connection for all requests would evade the bounds.
    set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(easy, CURLOPT_ACCEPT_ENCODING, "");
    set(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    set(easy, CURLOPT_USERAGENT, settings_.user_agent.c_str());
    // With a folder beside the file, libcurl would read all certificates for each connection.
    set(easy, CURLOPT_CAPATH, static_cast<char*>(nullptr));
    if (!settings_.certificates.empty()) {
      set(easy, CURLOPT_CAINFO, settings_.certificates.c_str());
    }
    transfer.headers.reset();
    for (const HttpHeader& header : transfer.request.headers) {
      if (transfer.place.origin != transfer.first.origin && !is_for_everyone(header.name)) continue;
      // libcurl's way to say that a header is empty, and not to be left out.
      const std::string line = header.value.empty()
                                   ? header.name + ";"
                                   : fmt::format("{}: {}", header.name, header.value);
      curl_slist* list = curl_slist_append(transfer.headers.get(), line.c_str());
      CHECK(list != nullptr);
      static_cast<void>(transfer.headers.release());
      transfer.headers.reset(list);
    }
    set(easy, CURLOPT_HTTPHEADER, transfer.headers.get());
  }

  // Takes the connection from it, whether it has ended or not.
  void detach(Transfer& transfer) {
    curl_multi_remove_handle(multi_.get(), transfer.easy.get());
    transfer.easy.reset();
    const auto count = running_to_.find(transfer.place.origin);
    if (--count->second == 0) running_to_.erase(count);
  }

  void move() {
    int running = 0;
    const CURLMcode code = curl_multi_perform(multi_.get(), &running);
    CHECK(code == CURLM_OK);
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      Transfer* transfer = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
      end(transfer->id, message->data.result);
    }
    give_turns();
  }

  void end(HttpId id, CURLcode code) {
    const auto found = running_.find(id);
    std::unique_ptr<Transfer> transfer = std::move(found->second);
    running_.erase(found);
    std::optional<HttpOutcome> outcome;
    std::optional<std::string> target;
    if (code == CURLE_OK) target = redirect_of(transfer->easy.get());
    if (!target) outcome = outcome_of(*transfer, code);
    if (outcome && *outcome && (*outcome)->status == kTooManyRequests) {
      rests_.refused(transfer->place.origin, id, (*outcome)->retry_after,
                     {wall_now(), monotonic_ms()});
    }
    if (outcome && *outcome && is_what_was_wanted((*outcome)->status)) {
      rests_.answered(transfer->place.origin, id);
    }
    if (target) transfer->left_ms -= time_of(transfer->easy.get());
    detach(*transfer);
    if (target) outcome = follow(*transfer, std::move(*target));
    if (outcome) {
      done_.push_back({id, std::move(*outcome)});
    } else {
      transfer->goes_on = true;  // it has waited for its turn already
      wait_for_turn(std::move(transfer));
    }
  }

  static std::int64_t time_of(CURL* easy) {
    curl_off_t micros = 0;
    curl_easy_getinfo(easy, CURLINFO_TOTAL_TIME_T, &micros);
    return micros / kMicrosInMs;
  }

  // Where the answer redirects to; nothing where it does not.
  static std::optional<std::string> redirect_of(CURL* easy) {
    long status = 0;
    char* target = nullptr;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(easy, CURLINFO_REDIRECT_URL, &target);
    if (!is_redirect(status) || target == nullptr) return std::nullopt;
    return target;
  }

  // The transfer's next hop; a failure where there is to be none.
  static std::optional<HttpOutcome> follow(Transfer& transfer, std::string target) {
    const auto failed = [&](Kind kind, std::string_view what) {
      return HttpOutcome(std::unexpected(http_failure(kind, transfer.where(), what)));
    };
    const std::optional<HttpPlace> place = place_of(target);
    if (!place) return failed(Kind::kOther, "redirects to what is no URL of http or https");
    if (transfer.place.is_tls && !place->is_tls) {
      return failed(Kind::kOther,
                    fmt::format("redirects from https to {}, which is not followed, because anyone "
                                "on the way can read and change that; if it is right, ask there",
                                masked(place->shown, secrets_of(transfer.request))));
    }
    if (transfer.redirects == kMostRedirects) {
      return failed(Kind::kTooManyRedirects,
                    fmt::format("redirects once more, after {} redirects; open it with a browser "
                                "to find the right address",
                                kMostRedirects));
    }
    if (transfer.left_ms <= 0) {
      return failed(Kind::kTimeout, fmt::format("given up after {} ms, which redirects took",
                                                transfer.request.timeout_ms));
    }
    ++transfer.redirects;
    transfer.url = std::move(target);
    transfer.place = *place;
    transfer.body.clear();
    return std::nullopt;
  }

  HttpOutcome outcome_of(Transfer& transfer, CURLcode code) const {
    CURL* easy = transfer.easy.get();
    if (transfer.is_too_large || code == CURLE_FILESIZE_EXCEEDED) {
      return std::unexpected(http_failure(
          Kind::kTooLarge, transfer.where(),
          fmt::format("more than {}; is it the right address?",
                      format_size(static_cast<std::int64_t>(transfer.request.most_bytes)))));
    }
    if (code != CURLE_OK) {
      return std::unexpected(
          http_failure_of(code, easy, transfer.where(),
                          masked(transfer.words.data(), secrets_of(transfer.request))));
    }
    HttpAnswer answer;
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    answer.status = static_cast<int>(status);
    answer.body = std::move(transfer.body);
    answer.etag = header_of(easy, "etag");
    answer.last_modified = header_of(easy, "last-modified");
    answer.retry_after = header_of(easy, "retry-after");
    answer.shown_final_url =
        transfer.redirects > 0
            ? masked(transfer.place.shown, secrets_of(transfer.request))
            : transfer.request.shown_url.substr(0, transfer.request.shown_url.find_first_of("?#"));
    return answer;
  }

  HttpClientSettings settings_;
  Multi multi_;
  std::list<std::unique_ptr<Transfer>> waiting_;  // the first has the next turn
  std::unordered_map<HttpId, std::unique_ptr<Transfer>> running_;
  std::map<std::string, int> running_to_;  // how many, by origin
  HostRests rests_;
  std::vector<HttpDone> done_;
};

HttpClient::HttpClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpClient::~HttpClient() = default;

Result<std::unique_ptr<HttpClient>> HttpClient::create(HttpClientSettings settings) {
  if (!has_started_curl()) return fail("cannot start libcurl");
  const curl_version_info_data* curl = curl_version_info(CURLVERSION_NOW);
  if ((curl->features & CURL_VERSION_ASYNCHDNS) == 0 || (curl->features & CURL_VERSION_SSL) == 0) {
    return fail(
        "libcurl {} was built without {}; use the one of the distribution's package libcurl4",
        curl->version,
        (curl->features & CURL_VERSION_SSL) == 0 ? "TLS" : "asynchronous name lookups");
  }
  if (!settings.certificates.empty() && !open_file(settings.certificates, O_RDONLY)) {
    return fail("{}: cannot read this file of authorities to trust; correct its name",
                settings.certificates);
  }
  Multi multi(curl_multi_init());
  if (!multi) return fail("cannot start libcurl");
  return std::unique_ptr<HttpClient>(
      new HttpClient(std::make_unique<Impl>(std::move(settings), std::move(multi))));
}

void HttpClient::start(HttpId id, HttpRequest request) {
  impl_->start(id, std::move(request), false);
}
void HttpClient::go_on(HttpId id, HttpRequest request) {
  impl_->start(id, std::move(request), true);
}
void HttpClient::cancel(HttpId id) { impl_->cancel(id); }
void HttpClient::wait(std::int64_t timeout_ms) { impl_->wait(timeout_ms); }
std::vector<HttpDone> HttpClient::take_done() { return impl_->take_done(); }
void HttpClient::wake() { impl_->wake(); }
std::size_t HttpClient::under_way() const { return impl_->under_way(); }

}  // namespace bikeflow
