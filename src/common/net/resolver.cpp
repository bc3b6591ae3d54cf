#include "common/net/resolver.hpp"

#include <ares.h>

#include <algorithm>
#include <array>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/ip/address_v6.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstring>
#include <mutex>
#include <stdexcept>
#include <unordered_map>

#include "common/core/clock.hpp"
#include "common/net/serial.hpp"

namespace fairlead::net {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kCacheMax = 10'000;
constexpr std::chrono::seconds kTtlMin{1};
constexpr std::chrono::seconds kTtlMax{60};
constexpr std::chrono::seconds kFailureTtl{1};

struct Cached {
  Steady::time_point until;
  Resolver::Answer answer;
};

// A socket of c-ares that the loop watches. c-ares closes it, so it is released, never closed, here.
struct Watch {
  explicit Watch(const Serial& strand) : descriptor(strand) {}
  asio::posix::stream_descriptor descriptor;
  bool wants_read = false, wants_write = false;
  bool is_reading = false, is_writing = false;  // a wait is under way
  bool is_gone = false;
};

void check_ares(int code, const std::string& what) {
  if (code != ARES_SUCCESS) throw std::runtime_error("DNS resolver: " + what + ": " + ares_strerror(code));
}

std::unexpected<Error> dns_error(std::string reason, std::string message) {
  return fail(Error{.code = Code::unavailable, .message = std::move(message), .reason = std::move(reason)});
}

asio::ip::address to_address(const sockaddr* address) {
  if (address->sa_family == AF_INET6) {
    sockaddr_in6 six{};
    std::memcpy(&six, address, sizeof six);
    asio::ip::address_v6::bytes_type bytes;
    std::memcpy(bytes.data(), &six.sin6_addr, bytes.size());
    return asio::ip::address_v6(bytes, six.sin6_scope_id);
  }
  sockaddr_in four{};
  std::memcpy(&four, address, sizeof four);
  return asio::ip::address_v4(ntohl(four.sin_addr.s_addr));
}

Cached to_cached(const std::string& host, int status, const ares_addrinfo* info) {
  const auto now = Steady::now();
  if (status == ARES_ENOTFOUND || status == ARES_ENODATA) {
    return {now + kFailureTtl, dns_error("dns_not_found", "the name " + host + " has no address")};
  }
  if (status != ARES_SUCCESS) {
    return {now + kFailureTtl, dns_error("dns_failed", "cannot resolve " + host + ": " + ares_strerror(status))};
  }
  std::vector<asio::ip::address> addresses;
  std::chrono::seconds ttl = kTtlMax;
  for (const auto* node = info->nodes; node != nullptr; node = node->ai_next) {
    if (node->ai_family != AF_INET && node->ai_family != AF_INET6) continue;
    const auto address = to_address(node->ai_addr);
    if (std::ranges::find(addresses, address) == addresses.end()) addresses.push_back(address);
    ttl = std::min(ttl, std::chrono::seconds(node->ai_ttl));
  }
  for (const auto* name = info->cnames; name != nullptr; name = name->next) {
    ttl = std::min(ttl, std::chrono::seconds(name->ttl));
  }
  if (addresses.empty()) return {now + kFailureTtl, dns_error("dns_not_found", "the name " + host + " has no address")};
  return {now + std::max(ttl, kTtlMin), std::move(addresses)};
}

}  // namespace

struct Resolver::State : std::enable_shared_from_this<Resolver::State> {
  State(asio::any_io_executor executor, ResolverOptions o)
      : options(std::move(o)), strand(make_serial(executor)), timer(strand) {}
  ~State() { close_channel(); }

  struct Query {
    State* state;
    std::string host;
  };

  ResolverOptions options;
  Serial strand;
  // From here on only on the strand.
  asio::steady_timer timer;
  ares_channel channel = nullptr;
  bool is_stopped = false;
  std::unordered_map<int, std::shared_ptr<Watch>> watches;
  std::unordered_map<std::string, std::vector<Callback>> waiting;
  std::unordered_map<std::string, Cached> cache;

  void open_channel();
  void close_channel();
  void resolve(std::string host, Callback then);
  void keep(const std::string& host, const Cached& cached);
  void watch(int fd, bool readable, bool writable);
  void wait(const std::shared_ptr<Watch>& watch, bool is_write);
  void process(int read_fd, int write_fd);
  void arm_timer();
  static void on_socket(void* data, ares_socket_t fd, int readable, int writable);
  static void on_answer(void* data, int status, int timeouts, ares_addrinfo* info);
};

void Resolver::State::open_channel() {
  static std::once_flag once;
  std::call_once(once, [] { check_ares(ares_library_init(ARES_LIB_INIT_ALL), "library"); });
  ares_options raw{};
  raw.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES;
  raw.timeout = static_cast<int>(options.timeout.count());
  raw.tries = options.tries;
  raw.sock_state_cb = &State::on_socket;
  raw.sock_state_cb_data = this;
  check_ares(
      ares_init_options(&channel, &raw, ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB),
      "options");
  if (options.servers.empty()) return;
  std::string servers;
  for (const auto& server : options.servers) servers += (servers.empty() ? "" : ",") + server;
  check_ares(ares_set_servers_ports_csv(channel, servers.c_str()), "servers \"" + servers + "\"");
}

void Resolver::State::close_channel() {
  if (channel == nullptr) return;
  ares_destroy(std::exchange(channel, nullptr));  // answers every query with ARES_EDESTRUCTION
}

void Resolver::State::on_socket(void* data, ares_socket_t fd, int readable, int writable) {
  static_cast<State*>(data)->watch(fd, readable != 0, writable != 0);
}

void Resolver::State::watch(int fd, bool readable, bool writable) {
  auto& found = watches[fd];
  if (!readable && !writable) {  // c-ares is about to close it
    if (found) {
      found->is_gone = true;
      found->descriptor.release();
    }
    watches.erase(fd);
    return;
  }
  if (!found) {
    found = std::make_shared<Watch>(strand);
    boost::system::error_code ignored;  // unwatched, the query ends at its timeout
    found->descriptor.assign(fd, ignored);
  }
  found->wants_read = readable;
  found->wants_write = writable;
  const auto kept = found;
  if (readable && !kept->is_reading) wait(kept, false);
  if (writable && !kept->is_writing) wait(kept, true);
}

void Resolver::State::wait(const std::shared_ptr<Watch>& watch, bool is_write) {
  (is_write ? watch->is_writing : watch->is_reading) = true;
  const auto direction =
      is_write ? asio::posix::stream_descriptor::wait_write : asio::posix::stream_descriptor::wait_read;
  watch->descriptor.async_wait(
      direction, [self = shared_from_this(), watch, is_write](boost::system::error_code error) {
        (is_write ? watch->is_writing : watch->is_reading) = false;
        if (error || watch->is_gone) return;
        const int fd = watch->descriptor.native_handle();
        self->process(is_write ? ARES_SOCKET_BAD : fd, is_write ? fd : ARES_SOCKET_BAD);
        if (watch->is_gone) return;
        if (is_write ? watch->wants_write && !watch->is_writing : watch->wants_read && !watch->is_reading) {
          self->wait(watch, is_write);
        }
      });
}

void Resolver::State::process(int read_fd, int write_fd) {
  if (channel == nullptr) return;
  ares_process_fd(channel, read_fd, write_fd);
  arm_timer();
}

void Resolver::State::arm_timer() {
  timeval left{};
  if (channel == nullptr || ares_timeout(channel, nullptr, &left) == nullptr) {
    timer.cancel();
    return;
  }
  timer.expires_after(std::chrono::seconds(left.tv_sec) + std::chrono::microseconds(left.tv_usec) +
                      std::chrono::milliseconds(1));
  timer.async_wait([self = shared_from_this()](boost::system::error_code error) {
    if (!error) self->process(ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  });
}

void Resolver::State::resolve(std::string host, Callback then) {
  if (is_stopped) return then(dns_error("dns_failed", "cannot resolve " + host + ": the resolver is stopped"));
  if (const auto found = cache.find(host); found != cache.end() && found->second.until > Steady::now()) {
    return then(found->second.answer);
  }
  auto& waiters = waiting[host];
  waiters.push_back(std::move(then));
  if (waiters.size() > 1) return;  // somebody has asked already
  ares_addrinfo_hints hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  auto* query = new Query{this, host};  // on_answer, called exactly once, takes it back
  ares_getaddrinfo(channel, host.c_str(), nullptr, &hints, &State::on_answer, query);
  arm_timer();
}

void Resolver::State::on_answer(void* data, int status, int, ares_addrinfo* info) {
  const std::unique_ptr<Query> query(static_cast<Query*>(data));
  const std::unique_ptr<ares_addrinfo, decltype(&ares_freeaddrinfo)> owned(info, &ares_freeaddrinfo);
  auto& state = *query->state;
  const Cached cached = to_cached(query->host, status, info);
  if (status != ARES_EDESTRUCTION) state.keep(query->host, cached);
  auto waiters = state.waiting.extract(query->host);
  if (waiters.empty()) return;
  for (auto& then : waiters.mapped()) then(cached.answer);
}

void Resolver::State::keep(const std::string& host, const Cached& cached) {
  if (cache.size() >= kCacheMax) {
    const auto now = Steady::now();
    std::erase_if(cache, [now](const auto& entry) { return entry.second.until <= now; });
  }
  if (cache.size() >= kCacheMax) cache.erase(cache.begin());
  cache.insert_or_assign(host, cached);
}

Resolver::Resolver(asio::any_io_executor executor, ResolverOptions options)
    : state_(std::make_shared<State>(std::move(executor), std::move(options))) {
  state_->open_channel();
}

Resolver::~Resolver() { stop(); }

void Resolver::stop() {
  asio::dispatch(state_->strand, [state = state_] {
    state->is_stopped = true;
    state->timer.cancel();
    state->close_channel();
  });
}

void Resolver::resolve(std::string host, Callback then) {
  asio::dispatch(state_->strand, [state = state_, host = std::move(host), then = std::move(then)]() mutable {
    state->resolve(std::move(host), std::move(then));
  });
}

Task<Resolver::Answer> Resolver::resolve(std::string host) {
  return asio::async_initiate<const asio::use_awaitable_t<>&, void(Answer)>(
      [this](auto handler, std::string name) {
        auto executor = asio::get_associated_executor(handler);
        auto shared = std::make_shared<decltype(handler)>(std::move(handler));
        resolve(std::move(name), [shared, executor, guard = asio::make_work_guard(executor)](const Answer& answer) {
          asio::post(executor, [shared, answer]() mutable { std::move (*shared)(std::move(answer)); });
        });
      },
      asio::use_awaitable, std::move(host));
}

}  // namespace fairlead::net
