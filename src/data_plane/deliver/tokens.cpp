#include "data_plane/deliver/tokens.hpp"

#include <spdlog/spdlog.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <vector>

namespace fairlead::deliver {
namespace asio = boost::asio;
namespace {

constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::seconds kFetchTimeout{10};
constexpr std::chrono::seconds kFailurePause{1};
constexpr std::chrono::seconds kRenewBefore{60};  // or a tenth of its life, whichever is less
constexpr std::size_t kSweepAbove = 1024;

}  // namespace

struct Tokens::Entry {
  Config config;
  std::shared_ptr<const net::OAuthConfig> read;  // null: the configuration cannot be used, `error` says why
  std::string authorization;                     // empty: none
  Steady::time_point renew_at{}, expires_at{};
  bool is_fetching = false;
  net::FailureClass failure = net::FailureClass::none;  // of the last fetch
  std::string error;
  Steady::time_point failed_until{};
  std::vector<std::shared_ptr<asio::steady_timer>> waiting;

  [[nodiscard]] bool has_token(Steady::time_point now) const { return !authorization.empty() && now < expires_at; }
};

Tokens::Tokens(asio::any_io_executor executor, net::HttpClient& client, DatabaseClock clock)
    : strand_(make_serial(executor)), client_(client), clock_(std::move(clock)) {}

Task<Tokens::Answer> Tokens::get(EndpointId endpoint, Config config, Steady::time_point deadline) {
  return asio::co_spawn(strand_, find(endpoint, std::move(config), deadline), asio::use_awaitable);
}

void Tokens::refuse(EndpointId endpoint, std::string authorization) {
  // Dispatched like get()'s work, so that a get() that follows comes after it, whatever runs the strand.
  asio::dispatch(strand_, [this, endpoint, authorization = std::move(authorization)] {
    const auto found = entries_.find(endpoint);
    if (found != entries_.end() && found->second->authorization == authorization) found->second->authorization.clear();
  });
}

Tokens::EntryPtr Tokens::entry_for(const EndpointId& endpoint, const Config& config) {
  auto& entry = entries_[endpoint];
  if (entry && (entry->config == config || *entry->config == *config)) return entry;
  // What waits for the old configuration keeps its own entry.
  entry = std::make_shared<Entry>();
  entry->config = config;
  auto read = net::read_oauth(config->reveal());
  if (read) {
    entry->read = std::make_shared<const net::OAuthConfig>(*std::move(read));
  } else {
    entry->failure = net::FailureClass::token_failed;
    entry->error = "the endpoint's OAuth 2.0 settings cannot be used: " + read.error().message;
  }
  auto made = entry;
  if (entries_.size() > kSweepAbove) sweep(made);
  return made;
}

void Tokens::sweep(const EntryPtr& kept) {
  const auto now = Steady::now();
  std::erase_if(entries_, [&](const auto& item) {
    const auto& entry = item.second;
    return entry != kept && !entry->is_fetching && !entry->has_token(now) && entry->failed_until <= now;
  });
}

Task<Tokens::Answer> Tokens::find(EndpointId endpoint, Config config, Steady::time_point deadline) {
  const auto entry = entry_for(endpoint, config);
  Answer answer;
  const auto now = Steady::now();
  if (entry->has_token(now)) {
    if (now >= entry->renew_at && now >= entry->failed_until) start_fetch(entry);
    answer.authorization = entry->authorization;
    answer.was_kept = true;
    co_return answer;
  }
  if (entry->read && now >= entry->failed_until) start_fetch(entry);
  while (entry->is_fetching && Steady::now() < deadline) {
    const auto timer = std::make_shared<asio::steady_timer>(strand_, deadline);
    entry->waiting.push_back(timer);
    co_await timer->async_wait(use_tuple);
    std::erase(entry->waiting, timer);
  }
  if (entry->is_fetching) {
    answer.failure = net::FailureClass::token_failed;
    answer.error = "the token server did not answer in time";
  } else if (!entry->authorization.empty()) {
    answer.authorization = entry->authorization;
  } else {
    answer.failure = entry->failure;
    answer.error = entry->error;
  }
  co_return answer;
}

void Tokens::start_fetch(const EntryPtr& entry) {
  if (std::exchange(entry->is_fetching, true)) return;
  asio::co_spawn(strand_, fetch(entry), asio::detached);
}

Task<void> Tokens::fetch(EntryPtr entry) {
  const auto asked_at = Steady::now();
  Result<net::AccessToken> token = fail(Code::internal, "not asked");
  net::FailureClass failure = net::FailureClass::token_failed;
  auto request = net::make_token_request(*entry->read, clock_());
  if (request) {
    request->timeout = kFetchTimeout;
    const auto response = co_await client_.post(*std::move(request));
    token = net::read_token(*entry->read, response, TimePoint{});
    if (response.failure == net::FailureClass::canceled) failure = net::FailureClass::canceled;
  } else {
    token = std::unexpected(request.error());
  }
  entry->is_fetching = false;
  if (token) {
    const auto life = token->expires_at - TimePoint{};
    entry->authorization = token->authorization();
    entry->expires_at = asked_at + life;
    entry->renew_at = entry->expires_at - std::min<Steady::duration>(kRenewBefore, life / 10);
    entry->failure = net::FailureClass::none;
    entry->error.clear();
  } else {
    entry->failure = failure;
    entry->error = token.error().message;
    entry->failed_until = Steady::now() + kFailurePause;
    spdlog::debug("token_fetch_failed error={}", entry->error);
  }
  for (const auto& timer : entry->waiting) timer->cancel();
}

}  // namespace fairlead::deliver
