// console.log and its like: what a function says, kept for who tries it.
#pragma once

#include <js/RootingAPI.h>

#include <string>
#include <vector>

namespace fairlead::script {

// The console of one global object; one at a time.
class ConsoleScope {
 public:
  ConsoleScope(JSContext* context, JS::HandleObject global);
  ~ConsoleScope();
  ConsoleScope(const ConsoleScope&) = delete;
  // False: the global object has none, and an exception is pending.
  [[nodiscard]] bool is_open() const { return is_open_; }
  // No more than log_lines_max and log_bytes_max; the last line says if there were more.
  [[nodiscard]] std::vector<std::string> take_lines() const;
  void add(std::string line);

 private:
  bool is_open_ = false;
  std::vector<std::string> lines_;
  std::size_t bytes_ = 0;
  bool is_cut_ = false;
};

}  // namespace fairlead::script
