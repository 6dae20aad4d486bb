// What the process around a command gives it.
#pragma once

#include "app/log.h"
#include "app/output.h"
#include "app/terminal.h"

namespace bikeflow {

// What the program says by its end; part of the contract with scripts.
enum class ExitStatus : int {
  kDone = 0,
  kFailed = 1,      // or violations found
  kUsage = 2,       // wrong usage
  kUnverified = 3,  // could not verify
};

struct Shell {
  Output& out;            // results
  Log& log;               // messages
  Terminal out_terminal;  // standard output
  Terminal err_terminal;  // standard error: progress goes there, and only to a terminal
};

}  // namespace bikeflow
