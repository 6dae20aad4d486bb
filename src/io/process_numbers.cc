#include "io/process_numbers.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

namespace bikeflow {
namespace {

// The moment of the machine's start, by the kernel.
Seconds booted_at() {
  std::ifstream stat("/proc/stat");
  std::string word;
  while (stat >> word) {
    Seconds at = 0;
    if (word == "btime" && stat >> at) return at;
  }
  return 0;
}

}  // namespace

ProcessNumbers process_numbers() {
  ProcessNumbers numbers;
  std::int64_t pages = 0;
  if (std::ifstream statm("/proc/self/statm"); statm >> pages >> pages) {
    numbers.resident_bytes = pages * ::sysconf(_SC_PAGESIZE);
  }
  const auto ticks_per_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
  std::ifstream stat("/proc/self/stat");
  // The name is in parentheses and may hold anything; the third field follows the last of them.
  std::string text;
  std::getline(stat, text);
  if (const auto close = text.rfind(')'); close != std::string::npos) {
    std::int64_t user = 0, system = 0, started = 0;
    std::string field;
    std::size_t from = close + 2;
    for (int number = 3; number <= 22 && from < text.size(); ++number) {
      const auto to = std::min(text.find(' ', from), text.size());
      field = text.substr(from, to - from);
      if (number == 14) user = std::stoll(field);
      if (number == 15) system = std::stoll(field);
      if (number == 22) started = std::stoll(field);
      from = to + 1;
    }
    numbers.cpu_seconds = static_cast<double>(user + system) / ticks_per_second;
    numbers.started_at =
        booted_at() + static_cast<Seconds>(static_cast<double>(started) / ticks_per_second);
  }
  std::error_code error;
  for (std::filesystem::directory_iterator each("/proc/self/fd", error), end; each != end && !error;
       each.increment(error)) {
    ++numbers.open_files;
  }
  return numbers;
}

}  // namespace bikeflow
