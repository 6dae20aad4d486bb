#include <string>
#include <vector>

#include "app/backfill_command.h"
#include "app/check_command.h"
#include "app/demo_command.h"
#include "app/describe_command.h"
#include "app/poll_command.h"
#include "app/program.h"
#include "app/run_command.h"
#include "app/serve_command.h"
#include "app/show_command.h"
#include "app/simulate_command.h"
#include "app/state_command.h"
#include "app/verify_command.h"

int main(int argc, char** argv) {
  bikeflow::CommandLine line;
  // In the order in which the help lists them.
  bikeflow::register_demo(line);
  bikeflow::register_run(line);
  bikeflow::register_poll(line);
  bikeflow::register_serve(line);
  bikeflow::register_backfill(line);
  bikeflow::register_show(line);
  bikeflow::register_simulate(line);
  bikeflow::register_verify(line);
  bikeflow::register_check(line);
  bikeflow::register_state(line);
  bikeflow::register_describe(line);
  return static_cast<int>(run_program(line, std::vector<std::string>(argv + 1, argv + argc)));
}
