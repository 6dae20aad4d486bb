#include "io/store_pool.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/core.h>

#include "base/check.h"
#include "base/overloaded.h"
#include "io/clock.h"

namespace bikeflow {
namespace {

constexpr std::int64_t kFirstWaitMs = 100;
constexpr std::int64_t kLongestWaitMs = 10'000;
constexpr int kLookupMs = 10'000;
constexpr int kLookupOnceMs = 3'000;
constexpr int kMostRemovals = 3;

}  // namespace

StorePool::StorePool(std::vector<Store*> stores, KafkaLookup& lookup, std::size_t threads,
                     Watched watched, std::function<void(const std::string&)> warn)
    : stores_(std::move(stores)), lookup_(lookup), watched_(watched), warn_(std::move(warn)) {
  CHECK(stores_.size() == 1 || stores_.size() >= threads);
  for (std::size_t i = 0; i < threads; ++i) {
    Store& store = *stores_[stores_.size() == 1 ? 0 : i];
    threads_.emplace_back([this, &store, i] { work(store, i); });
  }
}

StorePool::~StorePool() {
  {
    const std::scoped_lock lock(mutex_);
    is_closed_ = true;
  }
  changed_.notify_all();
}

void StorePool::forget() {
  ++epoch_;
  const std::scoped_lock lock(mutex_);
  calls_.clear();
  done_.clear();
  under_way_ = 0;
}

void StorePool::give(Request request) {
  if (has_outcome(request)) ++under_way_;
  add(std::move(request), false);
}

void StorePool::give_once(Request request) { add(std::move(request), true); }

void StorePool::add(Request request, bool is_once) {
  {
    const std::scoped_lock lock(mutex_);
    const auto is_asked = [&](const Call& call) {
      return call.is_once && call.request.number == request.number;
    };
    if (is_once && std::ranges::any_of(calls_, is_asked)) return;
    calls_.push_back({std::move(request), epoch_, 0, 0, is_once});
  }
  changed_.notify_one();
}

std::vector<StorePool::Done> StorePool::take() {
  const std::scoped_lock lock(mutex_);
  under_way_ -= static_cast<std::size_t>(
      std::ranges::count_if(done_, [](const Done& done) { return !done.was_once; }));
  return std::exchange(done_, {});
}

void StorePool::work(Store& store, std::uint64_t seed) {
  std::uint64_t random = seed;
  for (;;) {
    std::unique_lock lock(mutex_);
    const std::int64_t now_ms = monotonic_ms();
    auto ready = std::ranges::find_if(
        calls_, [&](const Call& call) { return !call.is_once && call.not_before_ms <= now_ms; });
    if (ready == calls_.end()) ready = std::ranges::find_if(calls_, &Call::is_once);
    if (is_closed_) return;
    if (ready == calls_.end()) {
      if (calls_.empty()) {
        changed_.wait(lock);
      } else {
        const auto next = std::ranges::min(calls_, {}, &Call::not_before_ms).not_before_ms;
        changed_.wait_for(lock, std::chrono::milliseconds(next - now_ms));
      }
      continue;
    }
    Call call = std::move(*ready);
    calls_.erase(ready);
    lock.unlock();

    const std::int64_t begun_ms = monotonic_ms();
    auto outcome = carry_out(store, call.request, call.is_once ? kLookupOnceMs : kLookupMs);
    count(call.request, outcome.has_value(), monotonic_ms() - begun_ms);
    if (!outcome) {
      store.forget_failure();  // the request still has all that it puts
      random = random * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U;
      retry(std::move(call), outcome.error(), random >> 33);
      continue;
    }
    watched(call.request).worked({wall_now(), monotonic_ms()});
    lock.lock();
    if (*outcome && call.epoch == epoch_) {
      done_.push_back({call.request.number, std::move(**outcome), call.is_once});
    }
  }
}

// Twice as long each time, and somewhere in the upper half of that, so that many do not come at
// once.
void StorePool::retry(Call call, const Error& error, std::uint64_t random) {
  const std::int64_t longest =
      std::min(kLongestWaitMs, kFirstWaitMs << std::min(call.attempts, 10));
  const std::int64_t wait_ms =
      longest / 2 + static_cast<std::int64_t>(random % static_cast<std::uint64_t>(longest / 2 + 1));
  ++call.attempts;
  if (call.is_once) return;
  const bool is_removal = std::holds_alternative<RemoveFiles>(call.request.what);
  if (is_removal && call.attempts >= kMostRemovals) {
    warn_(fmt::format("{}; left there: a later owner removes it", error.message));
    return;
  }
  const std::int64_t now_ms = monotonic_ms();
  if (!is_removal) watched(call.request).failed(error.message, {wall_now(), now_ms});
  call.not_before_ms = now_ms + wait_ms;
  {
    const std::scoped_lock lock(mutex_);
    if (call.epoch != epoch_) return;
    calls_.push_back(std::move(call));
  }
  changed_.notify_one();
}

void StorePool::count(const Request& request, bool is_done, std::int64_t took_ms) {
  const char* const operation = std::visit(
      Overloaded{[](const ListFiles&) { return "list"; }, [](const GetFile&) { return "get"; },
                 [](const PutFile&) { return "put"; }, [](const RemoveFiles&) { return "remove"; },
                 [](const auto&) -> const char* { return nullptr; }},
      request.what);
  if (operation == nullptr) return;  // a question to the cluster
  const std::scoped_lock lock(mutex_);
  StoreNumbers& numbers = numbers_[operation];
  ++(is_done ? numbers.done : numbers.failed);
  numbers.took_ms += took_ms;
}

std::map<std::string, StoreNumbers> StorePool::numbers() const {
  const std::scoped_lock lock(mutex_);
  return numbers_;
}

Outage& StorePool::watched(const Request& request) const {
  const bool is_question = std::holds_alternative<AskGroup>(request.what) ||
                           std::holds_alternative<LookAtLog>(request.what);
  return is_question ? watched_.cluster : watched_.store;
}

// Nothing: it has no outcome.
Result<std::optional<Outcome>> StorePool::carry_out(Store& store, const Request& request,
                                                    int lookup_ms) {
  using Answer = Result<std::optional<Outcome>>;
  return std::visit(
      Overloaded{
          [&](const ListFiles& what) -> Answer {
            auto files =
                store.list(what.folder, what.folder.empty() ? Store::Scope::kWithoutInternal
                                                            : Store::Scope::kAll);
            if (!files) return std::unexpected(files.error());
            Listed listed;
            for (StoredFile& file : *files) listed.paths.push_back(std::move(file.path));
            return listed;
          },
          [&](const GetFile& what) -> Answer {
            auto bytes = store.get(what.path);
            if (!bytes) return std::unexpected(bytes.error());
            return Got{*std::move(bytes)};
          },
          [&](const PutFile& what) -> Answer {
            auto done = store.put(what.path, what.bytes);
            if (done) done = store.sync();
            if (!done) return std::unexpected(done.error());
            return Stored{};
          },
          [&](const RemoveFiles& what) -> Answer {
            for (const std::string& path : what.paths) {
              if (auto done = store.remove(path); !done) return std::unexpected(done.error());
            }
            if (auto done = store.sync(); !done) return std::unexpected(done.error());
            return std::nullopt;
          },
          [&](const AskGroup&) -> Answer {
            auto commits = lookup_.committed({request.partition}, lookup_ms);
            if (!commits) return std::unexpected(commits.error());
            Answered answered;
            if (const auto& commit = commits->at(request.partition); commit) {
              answered.commit = {commit->offset, commit->metadata};
            }
            return answered;
          },
          [&](const LookAtLog& what) -> Answer {
            auto marks = lookup_.watermarks(request.partition, lookup_ms);
            if (!marks) return std::unexpected(marks.error());
            Seen seen{marks->low, marks->high, std::nullopt};
            if (what.offset >= 0) {
              auto record = lookup_.record(request.partition, what.offset, lookup_ms);
              if (!record) return std::unexpected(record.error());
              if (*record) {
                seen.record = {(*record)->offset, (*record)->timestamp_ms, (*record)->hash};
              }
            }
            return seen;
          },
          [](const auto&) -> Answer {
            CHECK(false);
            return std::nullopt;
          },
      },
      request.what);
}

}  // namespace bikeflow
