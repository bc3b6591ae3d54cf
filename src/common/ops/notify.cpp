#include "common/ops/notify.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstring>
#include <utility>

namespace fairlead {
namespace {

std::string value_of(const std::map<std::string, std::string>& environment, const std::string& name) {
  const auto found = environment.find(name);
  return found == environment.end() ? "" : found->second;
}

Result<std::int64_t> parse_positive(const std::string& name, const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc{} && end == text.data() + text.size() && value > 0) return value;
  return fail(Code::invalid, name + ": expected a whole number above 0, not \"" + text + "\"");
}

// The watchdog's period, if it is meant for this process.
Result<std::optional<std::chrono::microseconds>> read_watchdog(const std::map<std::string, std::string>& environment,
                                                               int process_id) {
  const std::string period = value_of(environment, "WATCHDOG_USEC"), owner = value_of(environment, "WATCHDOG_PID");
  if (period.empty()) return std::nullopt;
  if (!owner.empty()) {
    FL_TRY(const auto owner_id, parse_positive("WATCHDOG_PID", owner));
    if (owner_id != process_id) return std::nullopt;
  }
  FL_TRY(const auto microseconds, parse_positive("WATCHDOG_USEC", period));
  return std::chrono::microseconds(microseconds);
}

// A socket that is connected to the manager's, or -1 with errno.
int connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  if (path.front() == '@') address.sun_path[0] = '\0';
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  const int connected = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (connected < 0) return -1;
  if (connect(connected, reinterpret_cast<const sockaddr*>(&address), length) == 0) return connected;
  const int error = errno;
  close(connected);
  errno = error;
  return -1;
}

}  // namespace

Result<Notifier> Notifier::from_environment(const std::map<std::string, std::string>& environment, int process_id) {
  Notifier notifier;
  const std::string path = value_of(environment, "NOTIFY_SOCKET");
  if (path.empty()) return notifier;
  const bool is_path = path.size() > 1 && (path.front() == '/' || path.front() == '@');
  if (!is_path || path.size() >= sizeof(sockaddr_un::sun_path)) {
    return fail(Code::invalid, "NOTIFY_SOCKET: expected an absolute path or @NAME, not \"" + path + "\"");
  }
  FL_TRY(notifier.watchdog_, read_watchdog(environment, process_id));
  notifier.socket_ = connect_to(path);
  if (notifier.socket_ < 0) {
    return fail(Code::invalid, "NOTIFY_SOCKET: cannot connect to " + path + ": " + std::strerror(errno));
  }
  return notifier;
}

Notifier::~Notifier() {
  if (socket_ >= 0) close(socket_);
}

Notifier::Notifier(Notifier&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), watchdog_(std::exchange(other.watchdog_, std::nullopt)) {}

Notifier& Notifier::operator=(Notifier&& other) noexcept {
  std::swap(socket_, other.socket_);
  std::swap(watchdog_, other.watchdog_);
  return *this;
}

bool Notifier::ready() const { return send("READY=1\nSTATUS=serving"); }
bool Notifier::stopping() const { return send("STOPPING=1\nSTATUS=draining"); }
bool Notifier::alive() const { return send("WATCHDOG=1"); }

bool Notifier::status(const std::string& text) const {
  std::string line = "STATUS=" + text;
  for (char& c : line) c = static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  return send(line);
}

bool Notifier::send(const std::string& message) const {
  if (socket_ < 0) return true;
  const auto sent = ::send(socket_, message.data(), message.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  return sent == static_cast<ssize_t>(message.size());
}

}  // namespace fairlead
