#include "common/net/client_pool.hpp"

#include <algorithm>
#include <boost/asio/dispatch.hpp>

namespace fairlead::net {

namespace asio = boost::asio;

namespace {

// How often idle connections that their peer closed, or that are too old, are let go.
constexpr std::chrono::seconds kSweepEvery{5};
// So that a changed DNS answer is followed also where traffic never pauses.
constexpr std::chrono::minutes kAgeMax{5};

}  // namespace

ClientPool::ClientPool(asio::any_io_executor executor, ClientPoolOptions options)
    : options_(options), strand_(make_serial(executor)), timer_(strand_) {}

bool ClientPool::is_worn(const Idle& idle, Steady::time_point now) const {
  return now - idle.since >= options_.idle_timeout || now - idle.connection->opened_at() >= kAgeMax;
}

ClientPool::Idle ClientPool::remove(Order::iterator at) {
  const auto found = by_key_.find(at->key);
  auto& places = found->second;  // the newest stand at its end, and are taken first
  places.erase(std::prev(std::find(places.rbegin(), places.rend(), at).base()));
  if (places.empty()) by_key_.erase(found);
  Idle idle = std::move(*at);
  order_.erase(at);
  return idle;
}

ClientPool::Item ClientPool::take(const std::string& key) {
  std::vector<Idle> dropped;  // closed after the mutex is free
  const auto now = Steady::now();
  const std::lock_guard lock(mutex_);
  for (auto found = by_key_.find(key); found != by_key_.end(); found = by_key_.find(key)) {
    Idle idle = remove(found->second.back());
    if (!is_worn(idle, now) && idle.connection->is_quiet()) return std::move(idle.connection);
    dropped.push_back(std::move(idle));
  }
  return nullptr;
}

void ClientPool::park(const std::string& key, Item connection) {
  const auto now = Steady::now();
  if (options_.idle_max == 0 || options_.idle_per_host_max == 0 || now - connection->opened_at() >= kAgeMax) return;
  std::vector<Idle> dropped;
  bool is_to_arm = false;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = by_key_.find(key);
        found != by_key_.end() && found->second.size() >= options_.idle_per_host_max) {
      dropped.push_back(remove(found->second.front()));
    }
    if (order_.size() >= options_.idle_max) dropped.push_back(remove(order_.begin()));
    order_.push_back({key, std::move(connection), now});
    by_key_[key].push_back(std::prev(order_.end()));
    is_to_arm = !std::exchange(is_armed_, true);
  }
  if (is_to_arm) asio::dispatch(strand_, [self = shared_from_this()] { self->arm(); });
}

void ClientPool::arm() {
  timer_.expires_after(std::min<Steady::duration>(kSweepEvery, options_.idle_timeout));
  timer_.async_wait([self = shared_from_this()](boost::system::error_code error) {
    if (!error) self->sweep();
  });
}

void ClientPool::sweep() {
  std::vector<Idle> dropped;
  const auto now = Steady::now();
  const std::lock_guard lock(mutex_);
  for (auto at = order_.begin(); at != order_.end();) {
    const auto next = std::next(at);
    if (is_worn(*at, now) || !at->connection->is_quiet()) dropped.push_back(remove(at));
    at = next;
  }
  is_armed_ = !order_.empty();
  if (is_armed_) arm();
}

void ClientPool::clear() {
  Order dropped;
  {
    const std::lock_guard lock(mutex_);
    dropped.swap(order_);
    by_key_.clear();
    is_armed_ = false;
  }
  asio::dispatch(strand_, [self = shared_from_this()] {
    const std::lock_guard lock(self->mutex_);
    if (!self->is_armed_) self->timer_.cancel();
  });
}

std::size_t ClientPool::size() const {
  const std::lock_guard lock(mutex_);
  return order_.size();
}

}  // namespace fairlead::net
