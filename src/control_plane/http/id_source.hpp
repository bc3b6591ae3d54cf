// New ids for everything that the management API creates, in order within this process.
#pragma once

#include <mutex>

#include "common/core/id.hpp"

namespace fairlead::control {

// Thread-safe.
class IdSource {
 public:
  template <class Tag>
  [[nodiscard]] Id<Tag> next() {
    const std::lock_guard lock(mutex_);
    return Id<Tag>{maker_.next(wall_now())};
  }

 private:
  std::mutex mutex_;
  IdMaker maker_;
};

}  // namespace fairlead::control
