// Messages: what the program says about its work, on standard error.
//
// Text form: "bikeflow: warning: …". JSON form, a line each:
// {"time":"2024-08-11T13:30:00.123Z","level":"warning","message":"…"}.
//
// Threads: safe to use from any.
#pragma once

#include <memory>
#include <string_view>

namespace bikeflow {

enum class LogFormat { kText, kJson };

class Log {
 public:
  Log(LogFormat format, bool colours);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  void info(std::string_view message);
  void warning(std::string_view message);
  void error(std::string_view message);
  // Lines that carry their own "file:line:column: error:"; as they are, in text form.
  void diagnostics(std::string_view lines);

  [[nodiscard]] LogFormat format() const { return format_; }

 private:
  struct Sink;
  LogFormat format_;
  std::unique_ptr<Sink> sink_;
};

}  // namespace bikeflow
