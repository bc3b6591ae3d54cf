#include "data_plane/upkeep/meta_sender.hpp"

#include <spdlog/spdlog.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>
#include <random>

#include "common/crypto/digest.hpp"
#include "common/crypto/signature.hpp"
#include "common/ops/version.hpp"
#include "common/store/endpoints.hpp"
#include "data_plane/upkeep/endpoint_told.hpp"

namespace fairlead::upkeep {
namespace asio = boost::asio;
namespace {

using Json = nlohmann::ordered_json;

constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds kPeriod{500};
constexpr std::chrono::seconds kClaim{60};
constexpr std::chrono::seconds kTimeout{10};
constexpr std::chrono::minutes kPurgePeriod{10};
constexpr std::chrono::hours kKept{30 * 24};
constexpr int kPerProject = 4;
constexpr int kInFlightMax = 512;
constexpr int kPurgeRoundsMax = 100;

double random_jitter() {
  thread_local std::minstd_rand generator{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(generator);
}

struct Destination {
  std::string url;
  Secret secret;
};

// Nothing if the project does not want to be told any more.
Result<std::optional<Destination>> destination_of(const store::DueMetaEvent& event, const crypto::Sealer& sealer) {
  const auto settings = Json::parse(event.settings, nullptr, false);
  if (!settings.is_object() || !settings.value("is_enabled", false)) return std::nullopt;
  const auto sealed = crypto::from_base64(settings.value("sealed_secret", ""));
  if (!sealed) return fail(Code::internal, "a sealed secret is not base64");
  FL_TRY(auto secret, sealer.open(*sealed, to_text(event.project)));
  return Destination{settings.value("url", ""), std::move(secret)};
}

Result<net::ClientRequest> make_request(const store::DueMetaEvent& event, const Destination& destination,
                                        std::string body, TimePoint now) {
  net::ClientRequest request;
  FL_TRY(request.url, net::parse_url(destination.url));
  request.timeout = kTimeout;
  const std::string id = to_text(event.id);
  const auto unix_seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  const auto digest = crypto::sha256(id);
  const std::vector<std::string> secrets{destination.secret.reveal()};
  request.headers = {
      {"X-Convoy-Signature", crypto::sign_simple({{}}, secrets, body)},
      {"webhook-id", id},
      {"webhook-timestamp", std::to_string(unix_seconds)},
      {"webhook-signature", crypto::sign_standard(secrets, id, unix_seconds, body)},
      {"Content-Type", "application/json"},
      {"Accept-Encoding", "gzip"},
      {"X-Convoy-Idempotency-Key", crypto::to_hex({reinterpret_cast<const char*>(digest.data()), digest.size()})},
      {std::string(hops_header), "1"},
      {"User-Agent", std::string("Fairlead/") + kVersion}};
  request.body = std::make_shared<const std::string>(std::move(body));
  return request;
}

Json headers_of(const net::HeaderList& list) {
  Json headers = Json::object();
  for (const auto& [name, value] : list) headers[name] = value;
  return headers;
}

std::string attempt_json(const net::HeaderList& request_headers, const net::ClientResponse& response) {
  const Json attempt{{"request_http_header", headers_of(request_headers)},
                     {"response_http_header", headers_of(response.headers)},
                     {"response_data", response.body},
                     {"http_status", response.status},
                     {"error", response.error}};
  return attempt.dump(-1, ' ', false, Json::error_handler_t::replace);
}

net::ClientResponse refused(std::string why) {
  net::ClientResponse response;
  response.failure = net::FailureClass::internal;
  response.error = std::move(why);
  return response;
}

}  // namespace

MetaSender::MetaSender(asio::any_io_executor executor, Wiring wiring)
    : strand_(make_serial(executor)), wiring_(std::move(wiring)), pause_(strand_) {}

Task<void> MetaSender::run() { return asio::co_spawn(strand_, run_on_strand(), asio::use_awaitable); }

void MetaSender::stop() {
  asio::post(strand_, [this] {
    is_stopping_ = true;
    pause_.cancel();
  });
}

Task<void> MetaSender::run_on_strand() {
  while (!is_stopping_) {
    const auto taken = in_flight_ < kInFlightMax ? co_await take() : 0;
    if (Steady::now() >= purge_at_) co_await purge();
    if (is_stopping_) co_return;
    if (taken > 0 && in_flight_ < kInFlightMax) continue;
    pause_.expires_after(kPeriod);
    co_await pause_.async_wait(use_tuple);
  }
}

Task<std::size_t> MetaSender::take() {
  store::MetaEventClaim claim{.busy = {}, .per_project = kPerProject, .rows_max = kInFlightMax - in_flight_};
  for (const auto& [project, count] : under_way_) claim.busy.push_back(project);
  const auto now = wiring_.clock();
  const auto due =
      co_await wiring_.db.run(store::TxKind::autocommit, &store::claim_meta_events, claim, now, now + kClaim);
  if (!due) {
    spdlog::warn("meta_events_claim_failed error={}", due.error().message);
    co_return 0;
  }
  for (const auto& event : *due) {
    ++in_flight_;
    ++under_way_[event.project];
    asio::co_spawn(strand_, send(event), asio::detached);
  }
  co_return due->size();
}

Task<void> MetaSender::purge() {
  purge_at_ = Steady::now() + kPurgePeriod;
  for (int round = 0; round < kPurgeRoundsMax && !is_stopping_; ++round) {
    const auto purged =
        co_await wiring_.db.run(store::TxKind::autocommit, &store::purge_meta_events, wiring_.clock() - kKept);
    if (!purged || *purged == 0) co_return;
  }
}

Task<void> MetaSender::send(store::DueMetaEvent event) {
  const auto project = event.project;
  try {
    co_await send_and_record(std::move(event));
  } catch (const std::exception& error) {
    spdlog::error("meta_event_failed error={}", error.what());
  }
  --in_flight_;
  if (--under_way_[project] <= 0) under_way_.erase(project);
  pause_.cancel();
}

// What a statement of the database told of: the endpoint as it is now, kept so that each attempt sends the same.
// Code::not_found if it was deleted meanwhile, which is told by itself.
Task<Result<Secret>> MetaSender::make_body(store::DueMetaEvent event) {
  const auto& sealer = wiring_.refresher.sealer();
  if (!event.endpoint) co_return fail(Code::internal, "a meta event has neither body nor endpoint");
  FL_CO_TRY(const auto endpoint,
            co_await wiring_.db.run(store::TxKind::autocommit, &store::get_endpoint, event.project, *event.endpoint));
  FL_CO_TRY(auto body, endpoint_told(event.type, endpoint, sealer, wiring_.clock()));
  FL_CO_TRY([[maybe_unused]] const bool is_kept,
            co_await wiring_.db.run(store::TxKind::autocommit, &store::keep_meta_event_body, event.project, event.id,
                                    sealer.seal(body, to_text(event.id))));
  co_return Secret(std::move(body));
}

Task<void> MetaSender::send_and_record(store::DueMetaEvent event) {
  const auto& sealer = wiring_.refresher.sealer();
  auto project = wiring_.refresher.current()->find_project(event.project);
  if (!project) {  // a project so young that the snapshot does not know it yet
    const auto refreshed = co_await wiring_.refresher.refresh();
    if (refreshed) project = wiring_.refresher.current()->find_project(event.project);
  }
  store::MetaEventOutcome outcome{.project = event.project, .id = event.id, .attempts = event.attempts + 1};
  const auto destination = destination_of(event, sealer);
  auto body = event.sealed.empty() ? co_await make_body(event) : sealer.open(event.sealed, to_text(event.id));
  if (!body && body.error().code == Code::unavailable) co_return;  // taken again as below
  const bool is_gone = !body && body.error().code == Code::not_found;
  if (is_gone || (destination && !destination->has_value())) {
    outcome.status = DeliveryStatus::discarded;
  } else {
    net::ClientResponse response;
    net::HeaderList headers;
    if (!destination || !body) {
      response = refused("its contents or the secret cannot be opened with this master key");
    } else if (auto request = make_request(event, **destination, body->reveal(), wiring_.clock()); !request) {
      response = refused(request.error().message);
    } else {
      headers = request->headers;
      response = co_await wiring_.client.post(*std::move(request));
    }
    if (response.failure == net::FailureClass::canceled) co_return;  // it is taken again once the claim has ended
    outcome.last_attempt = attempt_json(headers, response);
    if (response.failure != net::FailureClass::none) {
      const auto policy = project ? project->settings.retry : RetryPolicy{};
      outcome.next_at = next_attempt_at(policy, outcome.attempts, wiring_.clock(), random_jitter());
      outcome.status = outcome.next_at ? DeliveryStatus::retry : DeliveryStatus::failure;
    }
  }
  const auto recorded =
      co_await wiring_.db.run(store::TxKind::autocommit, &store::record_meta_event, outcome, wiring_.clock());
  if (!recorded) spdlog::warn("meta_event_record_failed error={}", recorded.error().message);
}

}  // namespace fairlead::upkeep
