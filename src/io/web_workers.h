// The threads that make an HTTP server's answers.
//
// Threads: any submits.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "io/bounded_queue.h"
#include "io/web_handler.h"
#include "io/web_reply.h"

namespace bikeflow {

struct WebOrder {
  std::uint64_t connection = 0;
  WebRequest request;
  bool keeps_alive = false;
};

struct WebDone {
  std::uint64_t connection = 0;
  WebReply reply;
  std::optional<std::string> failure;  // of the handler, for the log; the reply is a 500 then
};

class WebWorkers {
 public:
  // `done` is called on the workers' threads.
  WebWorkers(WebHandler& handler, int threads, std::size_t most_waiting,
             std::function<void(WebDone)> done);
  // Waits for what is under way.
  ~WebWorkers();
  WebWorkers(const WebWorkers&) = delete;
  WebWorkers& operator=(const WebWorkers&) = delete;

  // False where too many wait.
  bool submit(WebOrder order) { return orders_.try_push(std::move(order)); }

  // From now on nothing is begun, also of what waits.
  void begin_no_more();

 private:
  void work();
  WebDone done_of(const WebOrder& order);

  WebHandler& handler_;
  std::function<void(WebDone)> done_;
  std::atomic<bool> is_over_ = false;
  BoundedQueue<WebOrder> orders_;
  std::vector<std::jthread> threads_;
};

// Of the exception that is being handled.
std::string thrown_text();

// What the client gets for it.
WebAnswer web_failure();

}  // namespace bikeflow
