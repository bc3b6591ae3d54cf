// A string that no log line, error or formatter can show by accident.
#pragma once

#include <string>
#include <utility>

namespace fairlead {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  // The clear text: call it where the secret is used, never where something is shown.
  [[nodiscard]] const std::string& reveal() const { return value_; }
  [[nodiscard]] bool empty() const { return value_.empty(); }
  bool operator==(const Secret&) const = default;

 private:
  std::string value_;
};

}  // namespace fairlead
