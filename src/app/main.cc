#include <string>
#include <vector>

#include "app/demo_command.h"
#include "app/program.h"
#include "app/show_command.h"
#include "app/simulate_command.h"
#include "app/verify_command.h"

int main(int argc, char** argv) {
  bikeflow::CommandLine line;
  bikeflow::register_demo(line);
  bikeflow::register_show(line);
  bikeflow::register_simulate(line);
  bikeflow::register_verify(line);
  return static_cast<int>(run_program(line, std::vector<std::string>(argv + 1, argv + argc)));
}
