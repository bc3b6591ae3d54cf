#include "common/ops/notify.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>

namespace fairlead {
namespace {

using Environment = std::map<std::string, std::string>;
constexpr int kProcessId = 4711;

// A manager's end of the protocol: a datagram socket under an abstract name of this process.
class Manager {
 public:
  Manager() : socket_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    name_.copy(address.sun_path + 1, name_.size());
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name_.size());
    EXPECT_EQ(bind(socket_, reinterpret_cast<const sockaddr*>(&address), length), 0);
  }
  ~Manager() { close(socket_); }
  Manager(const Manager&) = delete;
  [[nodiscard]] std::string address() const { return "@" + name_; }
  // The next message, or nothing if none is there.
  [[nodiscard]] std::string next() const {
    char buffer[512];
    const auto length = recv(socket_, buffer, sizeof buffer, 0);
    return length > 0 ? std::string(buffer, static_cast<std::size_t>(length)) : "";
  }

 private:
  std::string name_ = "fairlead-notify-test-" + std::to_string(getpid());
  int socket_;
};

// Goal: without a manager nothing is said and nothing fails. Method: an empty environment.
TEST(Notifier, TellsNobodyWithoutASocket) {
  const auto notifier = Notifier::from_environment({}, kProcessId);
  ASSERT_TRUE(notifier);
  EXPECT_FALSE(notifier->is_heard());
  EXPECT_FALSE(notifier->watchdog());
  EXPECT_TRUE(notifier->ready() && notifier->alive() && notifier->stopping() && notifier->status("x"));
}

// Goal: a variable that cannot be used is named, not ignored. Method: a table of wrong environments.
TEST(Notifier, RefusesWhatItCannotUse) {
  const Manager manager;
  const std::string path(sizeof(sockaddr_un::sun_path), 'x');
  const std::pair<Environment, std::string> cases[] = {
      {{{"NOTIFY_SOCKET", "relative"}}, "NOTIFY_SOCKET"},
      {{{"NOTIFY_SOCKET", "@"}}, "NOTIFY_SOCKET"},
      {{{"NOTIFY_SOCKET", "/" + path}}, "NOTIFY_SOCKET"},
      {{{"NOTIFY_SOCKET", "/nonexistent/notify"}}, "NOTIFY_SOCKET"},
      {{{"NOTIFY_SOCKET", "@fairlead-nobody-listens-here"}}, "NOTIFY_SOCKET"},
      {{{"NOTIFY_SOCKET", manager.address()}, {"WATCHDOG_USEC", "0"}}, "WATCHDOG_USEC"},
      {{{"NOTIFY_SOCKET", manager.address()}, {"WATCHDOG_USEC", "-5"}}, "WATCHDOG_USEC"},
      {{{"NOTIFY_SOCKET", manager.address()}, {"WATCHDOG_USEC", "5s"}}, "WATCHDOG_USEC"},
      {{{"NOTIFY_SOCKET", manager.address()}, {"WATCHDOG_USEC", "99999999999999999999"}}, "WATCHDOG_USEC"},
      {{{"NOTIFY_SOCKET", manager.address()}, {"WATCHDOG_USEC", "5"}, {"WATCHDOG_PID", "me"}}, "WATCHDOG_PID"},
  };
  for (const auto& [environment, name] : cases) {
    const auto notifier = Notifier::from_environment(environment, kProcessId);
    ASSERT_FALSE(notifier) << environment.begin()->second;
    EXPECT_EQ(notifier.error().code, Code::invalid);
    EXPECT_TRUE(notifier.error().message.starts_with(name)) << notifier.error().message;
  }
}

// Goal: the watchdog's period counts for the process that it is meant for, and only for that. Method: own, foreign and
// no WATCHDOG_PID.
TEST(Notifier, ReadsTheWatchdog) {
  const Manager manager;
  const auto period = [&](const std::string& owner) {
    Environment environment{{"NOTIFY_SOCKET", manager.address()}, {"WATCHDOG_USEC", "30000000"}};
    if (!owner.empty()) environment["WATCHDOG_PID"] = owner;
    return Notifier::from_environment(environment, kProcessId).value().watchdog();
  };
  EXPECT_EQ(period(""), std::chrono::seconds(30));
  EXPECT_EQ(period("4711"), std::chrono::seconds(30));
  EXPECT_EQ(period("4712"), std::nullopt);
  EXPECT_EQ(Notifier::from_environment({{"NOTIFY_SOCKET", manager.address()}}, kProcessId).value().watchdog(),
            std::nullopt);
}

// Goal: the words of sd_notify(3), one datagram a call; no text makes a second assignment. Method: read what arrived.
TEST(Notifier, SpeaksTheProtocol) {
  const Manager manager;
  const auto notifier = Notifier::from_environment({{"NOTIFY_SOCKET", manager.address()}}, kProcessId).value();
  EXPECT_TRUE(notifier.is_heard());
  EXPECT_TRUE(notifier.status("waiting:\nREADY=1\x1b"));
  EXPECT_TRUE(notifier.ready());
  EXPECT_TRUE(notifier.alive());
  EXPECT_TRUE(notifier.stopping());
  EXPECT_EQ(manager.next(), "STATUS=waiting: READY=1 ");
  EXPECT_EQ(manager.next(), "READY=1\nSTATUS=serving");
  EXPECT_EQ(manager.next(), "WATCHDOG=1");
  EXPECT_EQ(manager.next(), "STOPPING=1\nSTATUS=draining");
  EXPECT_EQ(manager.next(), "");
}

// Goal: a manager that does not read is never waited for. Method: send until its queue is full, which is said.
TEST(Notifier, NeverBlocks) {
  const Manager manager;
  const auto notifier = Notifier::from_environment({{"NOTIFY_SOCKET", manager.address()}}, kProcessId).value();
  int sent = 0;
  while (sent < 100'000 && notifier.alive()) ++sent;
  EXPECT_GT(sent, 0);
  EXPECT_LT(sent, 100'000);
  EXPECT_EQ(manager.next(), "WATCHDOG=1");
  EXPECT_TRUE(notifier.alive());
}

}  // namespace
}  // namespace fairlead
