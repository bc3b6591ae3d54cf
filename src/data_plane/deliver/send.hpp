// One attempt: sign, send, judge. Runs outside the dispatcher's strand.
#pragma once

#include "common/domain/config.hpp"
#include "common/net/http_client.hpp"
#include "common/store/results.hpp"
#include "data_plane/deliver/tokens.hpp"
#include "data_plane/deliver/verdict.hpp"
#include "data_plane/flow.hpp"
#include "data_plane/match/snapshot.hpp"

namespace fairlead::deliver {

struct SendJob {
  QueueRow row;
  std::shared_ptr<const EventContent> content;
  match::ProjectPtr project;
  match::EndpointPtr endpoint;
  RetryPolicy policy;
  bool is_at_most_once = false;
  std::uint64_t mailbox_serial = 0;
  std::uint64_t flight = 0;
};

struct Sent {
  store::DeliveryResult result;
  net::FailureClass failure = net::FailureClass::internal;
  std::optional<TimePoint> hold_until;
  bool is_gone = false;
};

// Never throws; failure `canceled` means that the attempt does not count and nothing is to be recorded.
[[nodiscard]] Task<Sent> send(net::HttpClient& client, Tokens& tokens, std::shared_ptr<const SendJob> job,
                              DatabaseClock clock);

}  // namespace fairlead::deliver
