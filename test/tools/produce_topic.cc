// Writes records in the topic's form, one a line, into a topic as fast as it takes them.
//
//   produce_topic BROKERS TOPIC [FILE] [--timestamps now|observed] [--timezone ZONE]
//
// FILE: standard input without it. The key is the record's stationId, as text between the quotes;
// a record without one has no key. The record's time is now, or with "observed" its "timestamp" in
// ZONE (Asia/Seoul).

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/core.h>

#include "base/time.h"
#include "base/zone.h"
#include "io/clock.h"
#include "io/kafka_producer.h"

namespace bikeflow {
namespace {

constexpr int kFlushTimeout_ms = 120'000;

[[noreturn]] void give_up(std::string_view message) {
  fmt::print(stderr, "produce_topic: {}\n", message);
  std::exit(1);
}

// The text of the first member of that name; nothing where it has none. No escapes.
std::optional<std::string_view> text_of(std::string_view record, std::string_view name) {
  const std::string start = fmt::format("\"{}\"", name);
  std::size_t at = record.find(start);
  if (at == std::string_view::npos) return std::nullopt;
  at = record.find_first_not_of(" :", at + start.size());
  if (at == std::string_view::npos || record[at] != '"') return std::nullopt;
  const std::size_t finish = record.find('"', at + 1);
  if (finish == std::string_view::npos) return std::nullopt;
  return record.substr(at + 1, finish - at - 1);
}

// Whole lines of a file, read in large pieces.
class Lines {
 public:
  explicit Lines(std::FILE* file) : file_(file) {}

  std::optional<std::string_view> next() {
    while (true) {
      const std::size_t finish = buffer_.find('\n', at_);
      if (finish != std::string::npos) {
        const std::string_view line(buffer_.data() + at_, finish - at_);
        at_ = finish + 1;
        return line;
      }
      if (is_over_) {
        if (at_ == buffer_.size()) return std::nullopt;
        const std::string_view line(buffer_.data() + at_, buffer_.size() - at_);
        at_ = buffer_.size();
        return line;
      }
      buffer_.erase(0, at_);
      at_ = 0;
      const std::size_t kept = buffer_.size();
      buffer_.resize(kept + kChunkBytes);
      const std::size_t count = std::fread(buffer_.data() + kept, 1, kChunkBytes, file_);
      buffer_.resize(kept + count);
      is_over_ = count == 0;
    }
  }

 private:
  static constexpr std::size_t kChunkBytes = std::size_t{1} << 20;
  std::FILE* file_;
  std::string buffer_;
  std::size_t at_ = 0;
  bool is_over_ = false;
};

class Timestamps {
 public:
  Timestamps(bool is_observed, const std::string& zone) {
    if (!is_observed) return;
    auto loaded = Zone::load(zone);
    if (!loaded) give_up(loaded.error().message);
    zone_ = *std::move(loaded);
  }

  std::int64_t of(std::string_view record) {
    if (!zone_) return wall_now() * 1000;
    const auto text = text_of(record, "timestamp");
    if (text == last_text_) return last_ms_;
    const auto written = text ? parse_time(*text) : std::nullopt;
    if (!written) return wall_now() * 1000;
    const auto utc =
        written->offset ? written->utc() : zone_->from_local(written->local, written->local);
    last_text_ = *text;
    last_ms_ = utc.value_or(wall_now()) * 1000;
    return last_ms_;
  }

 private:
  std::optional<Zone> zone_;
  std::optional<std::string> last_text_;
  std::int64_t last_ms_ = 0;
};

int run(std::vector<std::string> arguments) {
  const auto option = [&](std::string_view name, std::string value) {
    const auto found = std::ranges::find(arguments, name);
    if (found != arguments.end() && found + 1 != arguments.end()) {
      value = *(found + 1);
      arguments.erase(found, found + 2);
    }
    return value;
  };
  const std::string times = option("--timestamps", "now");
  Timestamps timestamps(times == "observed", option("--timezone", "Asia/Seoul"));
  if (arguments.size() < 2 || arguments.size() > 3 || (times != "now" && times != "observed")) {
    give_up("BROKERS TOPIC [FILE] [--timestamps now|observed] [--timezone ZONE]");
  }
  std::FILE* file = arguments.size() < 3 ? stdin : std::fopen(arguments[2].c_str(), "rb");
  if (file == nullptr) give_up(fmt::format("{}: cannot open", arguments[2]));
  auto producer = KafkaProducer::open(
      {.brokers = arguments[0], .topic = arguments[1], .group = {}, .client = {}},
      [](KafkaLogLevel level, std::string_view text) {
        if (level == KafkaLogLevel::kError) fmt::print(stderr, "produce_topic: {}\n", text);
      });
  if (!producer) give_up(producer.error().message);

  const std::int64_t start_ms = monotonic_ms();
  std::int64_t count = 0;
  Lines lines(file);
  while (const auto line = lines.next()) {
    if (line->empty()) continue;
    auto sent = (*producer)->send(text_of(*line, "stationId").value_or(std::string_view()), line,
                                  timestamps.of(*line));
    if (!sent) give_up(sent.error().message);
    ++count;
  }
  if (auto flushed = (*producer)->flush(kFlushTimeout_ms); !flushed)
    give_up(flushed.error().message);
  const std::int64_t took_ms = std::max<std::int64_t>(1, monotonic_ms() - start_ms);
  fmt::print("{} records in {:.1f} s, {} a second\n", count, static_cast<double>(took_ms) / 1000,
             count * 1000 / took_ms);
  return 0;
}

}  // namespace
}  // namespace bikeflow

int main(int argc, char** argv) {
  return bikeflow::run(std::vector<std::string>(argv + 1, argv + argc));
}
