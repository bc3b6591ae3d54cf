// Idle outgoing connections by destination: the last one parked is taken first, so that the others can expire.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/net/client_connection.hpp"
#include "common/net/serial.hpp"

namespace fairlead::net {

struct ClientPoolOptions {
  std::size_t idle_per_host_max;
  std::size_t idle_max;
  std::chrono::seconds idle_timeout;
};

// Thread-safe. The mutex is held for look-ups and one poll of a socket, never over an await.
class ClientPool : public std::enable_shared_from_this<ClientPool> {
 public:
  using Item = std::shared_ptr<ClientConnection>;

  ClientPool(boost::asio::any_io_executor executor, ClientPoolOptions options);
  // A connection to `key` that is open and quiet, or null.
  [[nodiscard]] Item take(const std::string& key);
  void park(const std::string& key, Item connection);
  void clear();
  [[nodiscard]] std::size_t size() const;

 private:
  struct Idle {
    std::string key;
    Item connection;
    Steady::time_point since;
  };
  using Order = std::list<Idle>;

  [[nodiscard]] bool is_worn(const Idle& idle, Steady::time_point now) const;
  [[nodiscard]] Idle remove(Order::iterator at);
  void sweep();
  void arm();

  const ClientPoolOptions options_;
  Serial strand_;
  boost::asio::steady_timer timer_;  // on the strand
  mutable std::mutex mutex_;         // guards what follows
  Order order_;                      // oldest first
  std::unordered_map<std::string, std::vector<Order::iterator>> by_key_;
  bool is_armed_ = false;
};

}  // namespace fairlead::net
