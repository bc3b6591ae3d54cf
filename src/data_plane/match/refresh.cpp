#include "data_plane/match/refresh.hpp"

#include <spdlog/spdlog.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace fairlead::match {
namespace asio = boost::asio;
namespace {
constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable);

std::vector<EndpointId> endpoints_of(const store::ConfigChanges& changes) {
  std::vector<EndpointId> ids;
  ids.reserve(changes.endpoints.size());
  for (const auto& change : changes.endpoints) ids.push_back(change.endpoint.id);
  return ids;
}

}  // namespace

Refresher::Refresher(asio::any_io_executor executor, store::Db& db, const crypto::Sealer& sealer, Changed changed)
    : strand_(make_serial(executor)),
      db_(db),
      sealer_(sealer),
      changed_(std::move(changed)),
      wake_(strand_),
      pause_(strand_) {}

SnapshotPtr Refresher::current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

void Refresher::install(SnapshotPtr next, std::vector<EndpointId> changed) {
  {
    const std::lock_guard lock(mutex_);
    if (next->version <= current_->version) return;
    current_ = std::move(next);
  }
  changed_(std::move(changed));
}

Task<Result<void>> Refresher::refresh() {
  co_return co_await asio::co_spawn(strand_, refresh_on_strand(), asio::use_awaitable);
}

Task<Result<void>> Refresher::refresh_on_strand() {
  const std::uint64_t ticket = ++wanted_;
  while (served_ < ticket) {
    if (is_reading_) {
      wake_.expires_at(Steady::time_point::max());
      co_await wake_.async_wait(use_tuple);
      continue;
    }
    is_reading_ = true;
    const std::uint64_t covers = wanted_;
    auto read = co_await read_once();
    is_reading_ = false;
    wake_.cancel();
    if (!read) co_return read;
    served_ = covers;
  }
  co_return Result<void>{};
}

// The version by itself first: most of the time nothing changed, and that is one row.
Task<Result<void>> Refresher::read_once() {
  FL_CO_TRY(const std::int64_t version, co_await db_.run(store::TxKind::autocommit, &store::config_version));
  const auto base = current();
  if (base->version == version && version > 0) co_return Result<void>{};
  const auto* sealer = &sealer_;
  auto read = [sealer](store::Tx& tx, std::int64_t since) { return store::read_config_changes(tx, since, *sealer); };
  FL_CO_TRY(const store::ConfigChanges changes, co_await db_.run(store::TxKind::snapshot, read, base->version));
  install(apply_changes(*base, changes), endpoints_of(changes));
  co_return Result<void>{};
}

Task<void> Refresher::run(std::chrono::milliseconds period) {
  co_await asio::co_spawn(strand_, run_on_strand(period), asio::use_awaitable);
}

Task<void> Refresher::run_on_strand(std::chrono::milliseconds period) {
  bool was_away = false;
  while (!is_stopping_) {
    const auto refreshed = co_await refresh();
    if (!refreshed && !was_away) spdlog::warn("config_refresh_failed error={}", refreshed.error().message);
    was_away = !refreshed;
    pause_.expires_after(period);
    co_await pause_.async_wait(use_tuple);
  }
}

void Refresher::stop() {
  asio::post(strand_, [this] {
    is_stopping_ = true;
    pause_.cancel();
  });
}

}  // namespace fairlead::match
