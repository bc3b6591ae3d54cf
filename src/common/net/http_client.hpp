// One HTTP/1.1 POST to an address a stranger chose: resolved, guarded, pooled per destination, TLS verified, bounded.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/core/client_certificate.hpp"
#include "common/core/clock.hpp"
#include "common/core/result.hpp"
#include "common/net/address_guard.hpp"
#include "common/net/resolver.hpp"
#include "common/ops/task.hpp"

namespace fairlead::net {

// Why no usable answer came. A closed list: it is stored, shown and counted.
enum class FailureClass {
  none,
  dns,              // the name did not resolve
  address_refused,  // the guard refused the address
  connect_refused,
  connect_timeout,
  connect_failed,
  tls_handshake,
  tls_certificate,  // the certificate or the name on it does not verify
  write_failed,
  response_timeout,  // sent, no complete answer within the deadline
  connection_reset,  // closed before a complete answer
  invalid_response,  // not HTTP, or headers over their bound
  http_status,       // an answer, but not 2xx
  token_failed,      // no access token was to be had: the endpoint was not asked
  unsendable,        // the payload cannot take the form that the endpoint wants: trying again cannot help
  canceled,          // by us: drain deadline or lost lease
  internal,
};
[[nodiscard]] std::string_view to_text(FailureClass failure);
[[nodiscard]] FailureClass failure_class_from(std::string_view text);

using HeaderList = std::vector<std::pair<std::string, std::string>>;

struct ClientRequest {
  Url url;
  // Host, Content-Length and hop-by-hop headers are the client's own: in here they are left out. A name that is no
  // token or a value with control characters (CR, LF, NUL) fails the request as internal before anything is sent.
  HeaderList headers;
  std::shared_ptr<const std::string> body;
  std::chrono::milliseconds timeout{10000};  // the whole exchange, resolution and connecting included
  std::shared_ptr<const ClientCertificate> certificate = nullptr;  // shown if the peer asks for one; null: none
  bool is_fresh = false;  // on a new connection, so that it is sent at most once, whatever happens to the connection
};

struct Phases {  // microseconds from the start of the request; -1: not reached (or a reused connection)
  std::int64_t dns = -1, connect = -1, tls = -1, first_byte = -1, total = -1;
};

struct ClientResponse {
  FailureClass failure = FailureClass::none;  // none: a complete 2xx answer (its body perhaps cut at the maximum)
  std::string error;                          // for people, without secrets; empty if failure is none
  int status = 0;      // 0: no answer; also set if only the body failed: judge by `failure`, not by this
  std::string reason;  // of the status line
  HeaderList headers;
  std::string body;  // ≤ 64 KiB after gzip decoding
  bool body_truncated = false;
  std::string address;  // dialled, "203.0.113.9:443"
  bool reused = false;
  Phases phases;
  HeaderList request_headers;  // the request's own, given back
};

struct ClientOptions {
  std::string ca_file = {};  // an operator's extra authority (PEM); empty: the system's only
  std::size_t response_bytes_max = 64 * 1024;
  std::size_t header_bytes_max = 64 * 1024;
  std::size_t idle_per_host_max = 512;  // a quarter of all: many endpoints may share a host
  std::size_t idle_max = 2048;
  std::chrono::seconds idle_timeout{55};
};

// Thread-safe. A request on a pooled connection that turns out closed before any answer byte is repeated, once, on a
// new one. Each exchange runs on the strand of its connection (client_exchange.hpp): so a pooled connection may serve
// any coroutine on any executor. Where there is no strand it runs in the caller, whose cancellation would reach it:
// requests are ended by cancel_all(). The executor's context, the resolver and the guard outlive the client.
class HttpClient {
 public:
  // Throws std::runtime_error if the certificate authorities cannot be read.
  HttpClient(boost::asio::any_io_executor executor, Resolver& resolver, const AddressGuard& guard,
             ClientOptions options);
  ~HttpClient();  // cancel_all() and close_idle()
  HttpClient(const HttpClient&) = delete;
  // Never throws, always answers within request.timeout (+ scheduling). Resumes on the calling coroutine's executor.
  [[nodiscard]] Task<ClientResponse> post(ClientRequest request);
  // Every request under way ends now with FailureClass::canceled; later ones are not touched.
  void cancel_all();
  void close_idle();
  [[nodiscard]] std::size_t idle_connections() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace fairlead::net
