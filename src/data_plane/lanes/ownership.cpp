#include "data_plane/lanes/ownership.hpp"

#include <spdlog/spdlog.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "common/ops/version.hpp"

namespace fairlead::lanes {
namespace asio = boost::asio;
namespace {

constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds kRenewEvery{1000};
// We stop this much before the lease can have run out by the database's clock.
constexpr std::chrono::milliseconds kMargin{500};
constexpr std::chrono::milliseconds kReleasePatience{2000};
constexpr std::size_t kReleasedAtOnce = 1;

NodeId make_node_id() {
  static IdMaker maker;
  return NodeId{maker.next(wall_now())};
}

}  // namespace

Ownership::Ownership(Strand strand, store::Db& db, Metrics& metrics, std::string node_name, int lane_count, Crew crew)
    : strand_(strand),
      db_(db),
      metrics_(metrics),
      lane_count_(lane_count),
      crew_(std::move(crew)),
      node_{make_node_id(), std::move(node_name), kVersion},
      tick_(strand),
      watch_(strand),
      renewed_(strand, Steady::time_point::max()) {}

Task<void> Ownership::run() {
  asio::co_spawn(strand_, watch_lease(), asio::detached);
  while (!is_draining_) {
    is_renewing_ = true;
    if (is_joined_)
      co_await renew();
    else
      co_await join();
    is_renewing_ = false;
    renewed_.cancel();
    if (is_draining_) break;
    tick_.expires_after(is_joined_ ? kRenewEvery : std::chrono::milliseconds(250));
    co_await tick_.async_wait(use_tuple);
  }
}

// The first time under this name, a predecessor's lanes come along at once. After a lost lease they do not: the name
// may belong to somebody else by now.
Task<void> Ownership::join() {
  node_.id = make_node_id();
  const auto sent_at = Steady::now();
  const auto lanes = co_await db_.run(store::TxKind::read_write, &store::join_node, node_, !has_joined_before_);
  if (!lanes) {
    spdlog::warn("node_join_failed error={}", lanes.error().message);
    co_return;
  }
  has_joined_before_ = true;
  is_joined_ = true;
  lease_until_ = sent_at + store::lease_length - kMargin;
  crew_.set_lease(lease_until_);
  watch_.cancel();
  spdlog::info("node_joined node={} name={} lanes={}", to_text(node_.id), node_.name, lanes->size());
  if (!lanes->empty()) asio::co_spawn(strand_, crew_.open(*lanes), asio::detached);
  co_await renew();
}

Task<void> Ownership::renew() {
  const auto sent_at = Steady::now();
  const auto local = wall_now();
  const auto renewal = co_await db_.run(store::TxKind::autocommit, &store::renew_node, node_.id, is_draining_);
  if (!is_joined_) co_return;  // the watch gave it up meanwhile
  if (!renewal) {
    metrics_.database_errors.Increment();
    spdlog::warn("lease_renewal_failed error={}", renewal.error().message);
    co_return;
  }
  if (!renewal->is_renewed) co_return lose("the database says that it ran out or that another node took over");
  const auto half_way = std::chrono::duration_cast<Micros>(Steady::now() - sent_at) / 2;
  crew_.clock_offset(renewal->now - (local + half_way));
  lease_until_ = sent_at + store::lease_length - kMargin;
  crew_.set_lease(lease_until_);
  if (!is_draining_) co_await balance(*renewal);
}

// Every live node holds its share of the lanes: free ones are taken up to it, surplus is released one a second.
Task<void> Ownership::balance(store::Renewal renewal) {
  const auto owned = crew_.owned();
  const int live = std::max(1, renewal.live_nodes);
  const int share = (lane_count_ + live - 1) / live;
  const int held = static_cast<int>(owned.size());
  if (renewal.free_lanes > 0 && held < share) {
    const auto taken = co_await db_.run(store::TxKind::read_write, &store::take_lanes, node_.id,
                                        std::min(renewal.free_lanes, share - held));
    if (!taken || taken->empty() || !is_joined_) co_return;
    spdlog::info("lanes_taken count={} of_share={}", taken->size(), share);
    asio::co_spawn(strand_, crew_.open(*taken), asio::detached);
  } else if (held > share) {
    std::vector<std::int16_t> surplus(owned.end() - static_cast<std::ptrdiff_t>(kReleasedAtOnce), owned.end());
    asio::co_spawn(strand_, release(std::move(surplus)), asio::detached);
  }
}

Task<void> Ownership::release(std::vector<std::int16_t> surplus) {
  if (std::exchange(is_releasing_, true)) co_return;
  const auto node = node_.id;
  co_await crew_.close(surplus, kReleasePatience);
  // Closed here but still ours by the database: nobody serves them until this goes through.
  while (is_joined_ && node == node_.id) {
    const auto released = co_await db_.run(store::TxKind::autocommit, &store::release_lanes, node, surplus);
    if (released) {
      spdlog::info("lanes_released count={}", surplus.size());
      break;
    }
    spdlog::warn("lanes_release_failed error={}", released.error().message);
    asio::steady_timer pause(strand_, std::chrono::milliseconds(250));
    co_await pause.async_wait(use_tuple);
  }
  is_releasing_ = false;
}

void Ownership::lose(const char* why) {
  if (!is_joined_.exchange(false)) return;
  metrics_.leases_lost.Increment();
  spdlog::warn("lease_lost node={} why=\"{}\"", to_text(node_.id), why);
  crew_.forget_all();
  tick_.cancel();
}

// By our own clock, whatever the renewal is doing: what is in flight is cancelled before another node can own its lane.
Task<void> Ownership::watch_lease() {
  while (!is_done_) {
    watch_.expires_at(is_joined_ ? lease_until_ : Steady::now() + std::chrono::hours(1));
    co_await watch_.async_wait(use_tuple);
    if (is_joined_ && Steady::now() >= lease_until_) lose("it could not be renewed in time");
  }
}

Task<void> Ownership::drain(std::chrono::milliseconds patience) {
  is_draining_ = true;
  tick_.cancel();
  while (is_renewing_) {
    renewed_.expires_at(Steady::time_point::max());
    co_await renewed_.async_wait(use_tuple);
  }
  if (is_joined_) {
    asio::co_spawn(strand_, renew_while_draining(), asio::detached);
    co_await crew_.close(crew_.owned(), patience);
    const auto left = co_await db_.run(store::TxKind::read_write, &store::leave_node, node_.id);
    if (!left) spdlog::warn("node_leave_failed error={}", left.error().message);
  }
  is_joined_ = false;
  is_done_ = true;
  watch_.cancel();
  tick_.cancel();
}

Task<void> Ownership::renew_while_draining() {
  while (is_joined_) {
    co_await renew();
    tick_.expires_after(kRenewEvery);
    co_await tick_.async_wait(use_tuple);
  }
}

}  // namespace fairlead::lanes
