// How long a session waits for its client, and how it ends to make room for others (http_server.cpp).
#include <boost/asio/post.hpp>

#include "common/net/http_session.hpp"

namespace fairlead::net {

namespace asio = boost::asio;

void HttpSession::expect_within(Steady::duration time) {
  const auto now = Steady::now();
  deadline_ = now + time;
  is_late_ = false;
  static_cast<void>(mark_waiting(now.time_since_epoch().count()));  // evicted, it soon finds its socket closed
  if (deadline_ < armed_until_) arm();
}

bool HttpSession::stop_waiting() {
  deadline_ = Steady::time_point::max();
  return mark_waiting(kBusy);
}

// Only eviction writes beside the strand, and it is for ever.
bool HttpSession::mark_waiting(Steady::rep value) {
  auto current = waiting_since_.load();
  return current != kEvicted && waiting_since_.compare_exchange_strong(current, value);
}

std::optional<Steady::time_point> HttpSession::waiting_since() const {
  const auto since = waiting_since_.load();
  if (since == kBusy || since == kEvicted) return std::nullopt;
  return Steady::time_point(Steady::duration(since));
}

bool HttpSession::evict(Steady::time_point since) {
  auto expected = since.time_since_epoch().count();
  if (!waiting_since_.compare_exchange_strong(expected, kEvicted)) return false;
  asio::post(socket_.get_executor(), [self = shared_from_this()] {
    ErrorCode ignored;
    // Reset, so that the system does not keep what such a client never reads.
    if (!self->is_idle_) self->socket_.set_option(tcp::socket::linger(true, 0), ignored);
    self->socket_.close(ignored);
  });
  return true;
}

}  // namespace fairlead::net
