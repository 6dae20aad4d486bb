// A lake's store, one call at a time, for test/servers/s3_store_test.py:
//
//   store_tool URL put PATH         the bytes come from standard input
//   store_tool URL put_new PATH     prints "new" or "there"
//   store_tool URL get PATH         the bytes go to standard output; status 3: no such file
//   store_tool URL size PATH        status 3: no such file
//   store_tool URL list FOLDER      "<size> <path>" of each; list_data: without the internal folder
//   store_tool URL remove PATH
//   store_tool URL put_many FOLDER COUNT THREADS    files of one byte, 00000 and on, by so many
//                                                   threads at once; prints the slowest put in ms
//
// put and put_new sync. An error goes to standard error, with status 1.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <fmt/core.h>

#include "io/open_store.h"

namespace bikeflow {
namespace {

constexpr int kMissing = 3;

std::string standard_input() { return {std::istreambuf_iterator<char>(std::cin), {}}; }

int refused(const Error& error) {
  std::cerr << error.message << "\n";
  return 1;
}

int put(Store& store, const std::string& path) {
  auto done = store.put(path, standard_input());
  if (done) done = store.sync();
  return done ? 0 : refused(done.error());
}

int put_new(Store& store, const std::string& path) {
  const auto is_new = store.put_new(path, standard_input());
  if (!is_new) return refused(is_new.error());
  std::cout << (*is_new ? "new\n" : "there\n");
  return 0;
}

template <class Value>
int print(const Result<std::optional<Value>>& found) {
  if (!found) return refused(found.error());
  if (!*found) return kMissing;
  std::cout << **found;
  return 0;
}

int list(Store& store, const std::string& folder, Store::Scope scope) {
  const auto files = store.list(folder, scope);
  if (!files) return refused(files.error());
  for (const StoredFile& file : *files) std::cout << file.size_bytes << " " << file.path << "\n";
  return 0;
}

// Requires: the store is one for several threads, if there are several.
int put_many(Store& store, const std::string& folder, int count, int threads) {
  std::atomic<int> next = 0;
  std::mutex mutex;
  double slowest_ms = 0;
  std::string failure;
  const auto work = [&] {
    for (int number = next++; number < count; number = next++) {
      const auto begin = std::chrono::steady_clock::now();
      const auto done = store.put(fmt::format("{}/{:05}", folder, number), "x");
      const std::chrono::duration<double, std::milli> took =
          std::chrono::steady_clock::now() - begin;
      const std::scoped_lock lock(mutex);
      slowest_ms = std::max(slowest_ms, took.count());
      if (!done) failure = done.error().message;
    }
  };
  {
    std::vector<std::jthread> workers;
    for (int thread = 0; thread < threads; ++thread) workers.emplace_back(work);
  }
  if (!failure.empty()) return refused({failure});
  if (auto synced = store.sync(); !synced) return refused(synced.error());
  std::cout << slowest_ms << "\n";
  return 0;
}

int run(const std::vector<std::string>& words) {
  const std::string& url = words[0];
  const std::string& call = words[1];
  const std::string& path = words[2];
  auto opened = open_store(url, "store_tool");
  if (!opened) return refused(opened.error());
  Store& store = **opened;
  if (call == "put") return put(store, path);
  if (call == "put_new") return put_new(store, path);
  if (call == "get") return print(store.get(path));
  if (call == "size") return print(store.size(path));
  if (call == "list") return list(store, path, Store::Scope::kAll);
  if (call == "list_data") return list(store, path, Store::Scope::kWithoutInternal);
  if (call == "remove") {
    auto done = store.remove(path);
    if (done) done = store.sync();
    return done ? 0 : refused(done.error());
  }
  if (call == "put_many" && words.size() == 5) {
    return put_many(store, path, std::atoi(words[3].c_str()), std::atoi(words[4].c_str()));
  }
  return 2;
}

}  // namespace
}  // namespace bikeflow

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // as the program does
  if (argc < 4) return 2;
  return bikeflow::run({argv + 1, argv + argc});
}
