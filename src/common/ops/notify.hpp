// What the service manager is told: started, ending, alive. The datagram protocol of sd_notify(3), which systemd
// documents as stable; without NOTIFY_SOCKET in the environment nothing is sent.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "common/core/result.hpp"

namespace fairlead {

class Notifier {
 public:
  // Reads NOTIFY_SOCKET (a path, or an abstract name after "@"), WATCHDOG_USEC and WATCHDOG_PID. Code::invalid, with
  // the variable's name, if one of them cannot be used: a service that nobody hears would be killed for its silence.
  [[nodiscard]] static Result<Notifier> from_environment(const std::map<std::string, std::string>& environment,
                                                         int process_id);
  Notifier() = default;  // tells nobody
  ~Notifier();
  Notifier(Notifier&& other) noexcept;
  Notifier& operator=(Notifier&& other) noexcept;

  // Each never blocks and may be called by any thread. False: it could not be sent now (the manager's queue is full).
  bool ready() const;     // serving: ends the start-up of the unit
  bool stopping() const;  // draining
  bool alive() const;     // feeds the watchdog
  // One line for people, shown by systemctl status; control characters are replaced by spaces.
  bool status(const std::string& text) const;

  // How often alive() is expected; nothing: there is no watchdog, or it is meant for another process.
  [[nodiscard]] std::optional<std::chrono::microseconds> watchdog() const { return watchdog_; }
  [[nodiscard]] bool is_heard() const { return socket_ >= 0; }

 private:
  bool send(const std::string& message) const;
  int socket_ = -1;
  std::optional<std::chrono::microseconds> watchdog_;
};

}  // namespace fairlead
