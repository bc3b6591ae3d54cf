// A DNS server for tests on a free UDP port of 127.0.0.1, answering as the test's script says.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace fairlead::test {

struct DnsAnswer {
  std::vector<std::string> addresses = {};  // those of the asked family are sent
  std::uint32_t ttl = 60;
  bool is_unknown = false;  // NXDOMAIN
  bool is_silent = false;   // no answer at all
  int rcode = 0;            // SERVFAIL 2, REFUSED 5 (RFC 1035 §4.1.1)
  bool is_truncated = false;
  bool is_looping = false;  // the chain of aliases leads back to its beginning
  int aliases = 0;          // CNAMEs before the addresses
  std::string noise = {};   // instead of everything behind the id
};

class DnsServer {
 public:
  explicit DnsServer(std::function<DnsAnswer(const std::string& name)> script);
  ~DnsServer();
  DnsServer(const DnsServer&) = delete;
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] int questions() const { return questions_; }  // of type A

 private:
  void run();
  std::function<DnsAnswer(const std::string&)> script_;
  int socket_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> questions_ = 0;
  std::atomic<bool> is_ending_ = false;
  std::thread thread_;
};

}  // namespace fairlead::test
