#include "tests/support/dns_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>

namespace fairlead::test {
namespace {

constexpr std::uint16_t kTypeA = 1;
constexpr std::uint16_t kTypeCname = 5;
constexpr std::uint16_t kTypeAaaa = 28;

void put16(std::string& out, std::uint16_t value) {
  out += static_cast<char>(value >> 8);
  out += static_cast<char>(value & 0xff);
}

// The asked name, and in `end` where the question ends (RFC 1035 §4.1.2).
std::string read_name(const std::string& query, std::size_t& end) {
  std::string name;
  std::size_t at = 12;
  while (at < query.size() && query[at] != 0) {
    const auto length = static_cast<unsigned char>(query[at]);
    name += (name.empty() ? "" : ".") + query.substr(at + 1, length);
    at += length + 1U;
  }
  end = at + 5;
  return name;
}

// A name below the question's: "a7." and a pointer to it (RFC 1035 §4.1.4). 0 is the question's own.
std::string alias(int number) {
  if (number == 0) return "\xc0\x0c";
  const auto label = "a" + std::to_string(number);
  return static_cast<char>(label.size()) + label + "\xc0\x0c";
}

void put_record(std::string& out, const std::string& owner, std::uint16_t type, std::uint32_t ttl,
                const std::string& data) {
  out += owner;
  put16(out, type);
  put16(out, 1);
  put16(out, static_cast<std::uint16_t>(ttl >> 16));
  put16(out, static_cast<std::uint16_t>(ttl & 0xffff));
  put16(out, static_cast<std::uint16_t>(data.size()));
  out += data;
}

std::uint16_t flags_of(const DnsAnswer& answer) {
  const int rcode = answer.is_unknown ? 3 : answer.rcode;
  return static_cast<std::uint16_t>(0x8180 | (answer.is_truncated ? 0x0200 : 0) | rcode);
}

std::string make_answer(const std::string& query, std::size_t end, std::uint16_t type, const DnsAnswer& answer) {
  if (!answer.noise.empty()) return query.substr(0, 2) + answer.noise;
  std::string records;
  std::uint16_t count = 0;
  for (int number = 0; number < answer.aliases; ++number, ++count) {
    const bool is_last = number + 1 == answer.aliases;
    put_record(records, alias(number), kTypeCname, answer.ttl, alias(answer.is_looping && is_last ? 0 : number + 1));
  }
  for (const auto& address : answer.addresses) {
    char bytes[16];
    const bool is_v6 = address.find(':') != std::string::npos;
    if (type != (is_v6 ? kTypeAaaa : kTypeA) || inet_pton(is_v6 ? AF_INET6 : AF_INET, address.c_str(), bytes) != 1)
      continue;
    ++count;
    put_record(records, alias(answer.aliases), type, answer.ttl, std::string(bytes, is_v6 ? 16 : 4));
  }
  std::string out = query.substr(0, 2);
  put16(out, flags_of(answer));
  put16(out, 1);
  put16(out, count);
  put16(out, 0);
  put16(out, 0);
  return out + query.substr(12, end - 12) + records;
}

}  // namespace

DnsServer::DnsServer(std::function<DnsAnswer(const std::string&)> script) : script_(std::move(script)) {
  socket_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(socket_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("cannot bind");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { run(); });
}

DnsServer::~DnsServer() {
  is_ending_ = true;
  ::shutdown(socket_, SHUT_RDWR);  // wakes recvfrom
  thread_.join();
  ::close(socket_);
}

void DnsServer::run() {
  while (!is_ending_) {
    char bytes[1500];
    sockaddr_in from{};
    socklen_t size = sizeof from;
    const auto count = ::recvfrom(socket_, bytes, sizeof bytes, 0, reinterpret_cast<sockaddr*>(&from), &size);
    if (count < 17) continue;
    const std::string query(bytes, static_cast<std::size_t>(count));
    std::size_t end = 0;
    const auto name = read_name(query, end);
    if (end > query.size()) continue;
    const auto type = static_cast<std::uint16_t>(static_cast<unsigned char>(query[end - 4]) << 8 |
                                                 static_cast<unsigned char>(query[end - 3]));
    if (type == kTypeA) ++questions_;
    const auto answer = script_(name);
    if (answer.is_silent) continue;
    const auto out = make_answer(query, end, type, answer);
    ::sendto(socket_, out.data(), out.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
  }
}

}  // namespace fairlead::test
