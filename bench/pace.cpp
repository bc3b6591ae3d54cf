#include "pace.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>

#include "clock.hpp"

namespace fairlead::bench {
namespace {

constexpr auto kTuple = boost::asio::as_tuple(boost::asio::use_awaitable);

}  // namespace

Pace::Pace(boost::asio::io_context& context, PaceOptions options)
    : options_(options),
      begin_ns_(now_ns()),
      end_ns_(begin_ns_ + static_cast<std::int64_t>(options.seconds * 1e9)),
      timer_(context),
      due_(context, options.backlog_max) {}

bool Pace::is_over(std::int64_t now) const {
  return is_stopped_ || now >= end_ns_ || (options_.count_max != 0 && next_sequence_ >= options_.count_max);
}

boost::asio::awaitable<void> Pace::run() {
  if (options_.rate <= 0) co_return;
  const double gap_ns = 1e9 / options_.rate;
  for (std::uint64_t turn = 0;; ++turn) {
    const auto due = begin_ns_ + static_cast<std::int64_t>(static_cast<double>(turn) * gap_ns);
    if (is_over(due)) break;
    if (due > now_ns()) {
      timer_.expires_at(std::chrono::steady_clock::time_point(std::chrono::nanoseconds(due)));
      co_await timer_.async_wait(kTuple);
    }
    const auto now = now_ns();
    lateness_.add(now - due);
    // An event that finds no room is not sent, and takes no sequence number.
    if (due_.try_send(boost::system::error_code{}, Ticket{next_sequence_, now})) {
      ++next_sequence_;
    } else {
      ++dropped_;
    }
  }
  due_.close();
}

boost::asio::awaitable<std::optional<Ticket>> Pace::next() {
  if (options_.rate > 0) {
    const auto [error, ticket] = co_await due_.async_receive(kTuple);
    if (error) co_return std::nullopt;
    co_return ticket;
  }
  if (is_over(now_ns())) co_return std::nullopt;
  co_return Ticket{next_sequence_++, 0};
}

void Pace::stop() {
  is_stopped_ = true;
  timer_.cancel();
}

}  // namespace fairlead::bench
