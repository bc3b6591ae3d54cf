// One POST from its start to its answer: resolve, guard, connect, handshake, write, read, under one deadline.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/net/client_connection.hpp"
#include "common/net/client_pool.hpp"
#include "common/net/http_client.hpp"
#include "common/net/response_reader.hpp"

namespace fairlead::net {

// What all exchanges of a client share. Outlived by the resolver and the guard.
struct ClientParts {
  ClientParts(boost::asio::any_io_executor e, Resolver& r, const AddressGuard& g, ClientOptions o);
  boost::asio::any_io_executor executor;
  Resolver& resolver;
  const AddressGuard& guard;
  ClientOptions options;
  ClientTls tls;
  std::shared_ptr<ClientPool> pool;
};

// Everything happens on the strand of the connection: a pooled one's, else a new one. So the deadline's handler,
// cancellation and the running step never race, and both end a step by closing the socket under it (unlike a
// cancellation signal, that is not lost between two operations); each step looks at `aborted_` when it resumes.
class ClientExchange : public std::enable_shared_from_this<ClientExchange> {
 public:
  ClientExchange(std::shared_ptr<ClientParts> parts, ClientRequest request);

  [[nodiscard]] const ClientStrand& strand() const { return strand_; }
  // On the strand, once; afterwards `response` is the answer. Does not throw.
  [[nodiscard]] Task<void> run();
  // On the strand: ends the exchange with that failure unless it is over.
  void abort(FailureClass failure, std::string error);

  ClientResponse response;

 private:
  enum class Phase { start, dns, connect, tls, exchange, over };
  struct Writing {
    bool is_done = false;
    boost::system::error_code error;
  };

  // Each gives false after a failure, which is then in `response` or `aborted_`.
  Task<bool> open();
  Task<bool> find_addresses();
  Task<bool> connect();
  Task<bool> start_tls();
  // True: the exchange is over, one way or the other. False: repeat it on a new connection.
  Task<bool> converse();
  void start_write(const std::shared_ptr<Writing>& writing);
  Task<void> wait_for_write(const Writing& writing, Steady::time_point until);
  [[nodiscard]] bool is_joined() const;  // the body is sent with the head, in one buffer
  void finish(ResponseReader& reader, bool is_reusable);
  bool fail_read(ResponseReader& reader, const Writing& writing, boost::system::error_code error);

  Result<std::string> make_head() const;
  void fail_with(FailureClass failure, std::string error);
  void arm(Steady::time_point until);
  void on_timer();
  [[nodiscard]] std::int64_t elapsed() const;

  std::shared_ptr<ClientParts> parts_;
  ClientRequest request_;
  const Steady::time_point started_ = Steady::now();
  const Steady::time_point deadline_;
  const std::string pool_key_;
  std::shared_ptr<ClientConnection> connection_;
  ClientStrand strand_;
  boost::asio::steady_timer timer_;  // the deadline, or the end of one attempt to connect
  boost::asio::steady_timer wake_;   // the resolver has answered, the write has ended, or abort
  Steady::time_point armed_until_;
  std::optional<Resolver::Answer> resolved_;
  std::vector<boost::asio::ip::address> addresses_;
  Phase phase_ = Phase::start;
  bool is_attempt_late_ = false;
  bool is_reused_ = false;
  std::optional<FailureClass> aborted_;
  std::string abort_error_;
  std::string head_;
  std::unique_ptr<char[]> buffer_;
};

}  // namespace fairlead::net
