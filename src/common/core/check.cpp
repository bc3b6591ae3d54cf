#include "common/core/check.hpp"

#include <cstdio>
#include <cstdlib>

namespace fairlead {

void check_failed(const char* condition, const char* why, const char* file, int line) {
  std::fprintf(stderr, "check failed: %s (%s) at %s:%d\n", condition, why, file, line);
  std::abort();
}

}  // namespace fairlead
