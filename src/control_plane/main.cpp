#include <cstdio>
#include <exception>

#include "control_plane/cli.hpp"

int main(int argc, char** argv) {
  try {
    return fairlead::control::run_command_line(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "fairlead-control: %s\n", error.what());
    return 1;
  }
}
