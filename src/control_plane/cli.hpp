// The command line of fairlead-control.
#pragma once

namespace fairlead::control {

// Runs the command and answers the process's exit code: 0 done, 1 failed, 2 called wrongly.
[[nodiscard]] int run_command_line(int argc, char** argv);

}  // namespace fairlead::control
