#include "app/program.h"

#include <unistd.h>
#include <csignal>

namespace bikeflow {

ExitStatus run_program(CommandLine& line, const std::vector<std::string>& arguments) {
  // A reader that leaves early (`| head`) ends the output, not the program: see Output.
  std::signal(SIGPIPE, SIG_IGN);

  const Terminal out_terminal = describe_terminal(STDOUT_FILENO);
  const Terminal err_terminal = describe_terminal(STDERR_FILENO);
  Parsed parsed = line.parse(arguments, out_terminal.width);
  Log log(parsed.log_format, err_terminal.colours);
  Output out(STDOUT_FILENO);

  ExitStatus status = ExitStatus::kDone;
  switch (parsed.kind) {
    case Parsed::Kind::kHelp:
      out.write(parsed.text);
      break;
    case Parsed::Kind::kWrong:
      log.error(parsed.text);
      status = ExitStatus::kUsage;
      break;
    case Parsed::Kind::kRun: {
      Shell shell{out, log, out_terminal, err_terminal};
      if (auto done = parsed.body(shell)) {
        status = *done;
      } else {
        out.flush();  // what was found before comes before the reason why there is no more
        log.error(done.error().message);
        status = ExitStatus::kFailed;
      }
      break;
    }
  }
  if (auto finished = out.finish(); !finished) {
    log.error(finished.error().message);
    return ExitStatus::kFailed;
  }
  return status;
}

}  // namespace bikeflow
