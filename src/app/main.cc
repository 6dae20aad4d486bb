#include <string>
#include <vector>

#include "app/program.h"

int main(int argc, char** argv) {
  bikeflow::CommandLine line;
  return static_cast<int>(run_program(line, std::vector<std::string>(argv + 1, argv + argc)));
}
