// Carries out requests to the store and questions to the cluster on threads of its own, until they
// succeed: a store that is down makes its requests wait, and nothing else. Removals are given up
// after some tries: whatever is left is removed by a later owner.
//
// Threads: one gives and takes; the pool's own do the work.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "io/kafka_lookup.h"
#include "io/outage.h"
#include "io/store.h"
#include "pipeline/requests.h"
#include "pipeline/run_numbers.h"

namespace bikeflow {

class StorePool {
 public:
  struct Done {
    std::uint64_t number;
    Outcome outcome;
    bool was_once = false;
  };

  // What answers and what does not: the pool's threads say so, of each request.
  struct Watched {
    Outage& store;
    Outage& cluster;
  };

  // One store for each thread, or one that all share. `warn` is called by the pool's threads, of
  // what was given up. Requires: all outlive this.
  StorePool(std::vector<Store*> stores, KafkaLookup& lookup, std::size_t threads, Watched watched,
            std::function<void(const std::string&)> warn);
  ~StorePool();
  StorePool(const StorePool&) = delete;
  StorePool& operator=(const StorePool&) = delete;

  // What was given before is of no use any more, and what has not begun is not carried out.
  void forget();

  void give(Request request);
  // One that is not repeated: where it fails there is no outcome. Nothing where one of its number
  // has not begun yet: such questions are asked on a beat, and a cluster that is gone takes seconds
  // for each. Whatever else is to be done comes first.
  void give_once(Request request);
  // What has come to an end since the last call.
  std::vector<Done> take();

  // What has come of operations on the store, by their names: "put".
  [[nodiscard]] std::map<std::string, StoreNumbers> numbers() const;

  // Given and not taken, of those that are of use.
  [[nodiscard]] std::size_t under_way() const { return under_way_; }

 private:
  struct Call {
    Request request;
    std::uint64_t epoch = 0;
    std::int64_t not_before_ms = 0;
    int attempts = 0;
    bool is_once = false;
  };
  void work(Store& store, std::uint64_t seed);
  void add(Request request, bool is_once);
  [[nodiscard]] Result<std::optional<Outcome>> carry_out(Store& store, const Request& request,
                                                         int lookup_ms);
  void retry(Call call, const Error& error, std::uint64_t random);
  void count(const Request& request, bool is_done, std::int64_t took_ms);
  [[nodiscard]] Outage& watched(const Request& request) const;

  std::vector<Store*> stores_;
  KafkaLookup& lookup_;
  Watched watched_;
  std::function<void(const std::string&)> warn_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool is_closed_ = false;
  std::deque<Call> calls_;
  std::vector<Done> done_;
  std::map<std::string, StoreNumbers> numbers_;
  std::atomic<std::uint64_t> epoch_ = 0;
  std::size_t under_way_ = 0;  // the giver's
  std::vector<std::jthread> threads_;
};

}  // namespace bikeflow
