#include "io/web_workers.h"

#include <exception>
#include <utility>

#include <fmt/core.h>

#include "base/check.h"
#include "io/clock.h"

namespace bikeflow {

std::string thrown_text() {
  try {
    throw;
  } catch (const std::exception& thrown) {
    return thrown.what();
  } catch (...) {
    return "something that is no exception";
  }
}

WebAnswer web_failure() {
  return web_error(500, "bikeflow could not answer this; its log says why");
}

WebWorkers::WebWorkers(WebHandler& handler, int threads, std::size_t most_waiting,
                       std::function<void(WebDone)> done)
    : handler_(handler), done_(std::move(done)), orders_("requests to answer", most_waiting) {
  CHECK(threads > 0);
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

WebWorkers::~WebWorkers() { begin_no_more(); }

void WebWorkers::begin_no_more() {
  is_over_ = true;
  orders_.close();
}

void WebWorkers::work() {
  while (const auto order = orders_.pop()) {
    if (!is_over_) done_(done_of(*order));
  }
}

WebDone WebWorkers::done_of(const WebOrder& order) {
  std::string failure;
  try {
    auto reply =
        web_reply(order.request, handler_.answer(order.request), order.keeps_alive, wall_now());
    if (reply) return {order.connection, std::move(*reply), std::nullopt};
    failure = reply.error().message;
  } catch (...) {
    failure = thrown_text();
  }
  auto reply = web_reply(order.request, web_failure(), order.keeps_alive, wall_now());
  CHECK(reply.has_value());
  return {order.connection, std::move(*reply),
          fmt::format("{} {}: {}", order.request.method, order.request.path, failure)};
}

}  // namespace bikeflow
