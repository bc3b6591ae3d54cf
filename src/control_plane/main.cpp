#include <cstdio>
#include <exception>
#include <string_view>

#include "common/script/worker/worker.hpp"
#include "control_plane/cli.hpp"

int main(int argc, char** argv) {
  // Started by this program itself, for functions: before anything is there that they have no business with.
  if (argc == 2 && std::string_view(argv[1]) == fairlead::script::worker_argument)
    return fairlead::script::run_worker();
  try {
    return fairlead::control::run_command_line(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "fairlead-control: %s\n", error.what());
    return 1;
  }
}
