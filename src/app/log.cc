#include "app/log.h"

#include <spdlog/sinks/ansicolor_sink.h>
#include <spdlog/spdlog.h>

#include "base/json_text.h"

namespace bikeflow {
namespace {

constexpr std::string_view kTextPattern = "bikeflow: %^%l:%$ %v";

}  // namespace

struct Log::Sink {
  explicit Sink(LogFormat format, bool colours)
      : logger("bikeflow", std::make_shared<spdlog::sinks::ansicolor_stderr_sink_mt>(
                               colours ? spdlog::color_mode::always : spdlog::color_mode::never)) {
    if (format == LogFormat::kJson) {
      logger.set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","message":%v})",
                         spdlog::pattern_time_type::utc);
    } else {
      logger.set_pattern(std::string(kTextPattern));
    }
  }

  void say(spdlog::level::level_enum level, LogFormat format, std::string_view message) {
    if (format == LogFormat::kJson) {
      logger.log(level, "{}", json_string(message));
    } else {
      logger.log(level, "{}", message);
    }
    logger.flush();
  }

  spdlog::logger logger;
};

Log::Log(LogFormat format, bool colours)
    : format_(format), sink_(std::make_unique<Sink>(format, colours)) {}

Log::~Log() = default;

void Log::info(std::string_view message) { sink_->say(spdlog::level::info, format_, message); }

void Log::warning(std::string_view message) { sink_->say(spdlog::level::warn, format_, message); }

void Log::diagnostics(std::string_view lines) {
  if (lines.ends_with('\n')) lines.remove_suffix(1);
  if (format_ == LogFormat::kText) sink_->logger.set_pattern("%v");
  sink_->say(spdlog::level::err, format_, lines);
  if (format_ == LogFormat::kText) sink_->logger.set_pattern(std::string(kTextPattern));
}

void Log::error(std::string_view message) { sink_->say(spdlog::level::err, format_, message); }

}  // namespace bikeflow
