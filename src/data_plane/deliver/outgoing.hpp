// A delivery as an HTTP request: headers in their order of precedence (wire contract 6.2), signed both ways; and an
// answered one as the attempt that is kept.
#pragma once

#include <string>

#include "common/domain/config.hpp"
#include "common/domain/delivery.hpp"
#include "common/net/http_client.hpp"
#include "common/store/results.hpp"

namespace fairlead::deliver {

struct OutgoingInput {
  DeliveryId delivery;
  EventId event;
  TimePoint now;
  std::string authorization = {};  // an access token's; empty: what the endpoint's configuration says
};

// Code::invalid if the endpoint's URL cannot be used any more, with reason "unsendable" if the payload cannot take the
// endpoint's form. Signed by every secret that lives at `now`; what is
// signed is what is sent: the bytes that were received, or the form made of them.
[[nodiscard]] Result<net::ClientRequest> make_request(const OutgoingInput& input, const EventContent& content,
                                                      const ProjectSettings& settings, const EndpointConfig& endpoint);

// The endpoint's URL, with the query string that came to the source behind it.
[[nodiscard]] std::string url_as_sent(const EventContent& content, const EndpointConfig& endpoint);

// Credentials in the request's headers are masked.
[[nodiscard]] std::shared_ptr<store::AttemptRecord> make_attempt(std::string url, const EndpointConfig& endpoint,
                                                                 net::ClientResponse response, TimePoint requested_at,
                                                                 TimePoint responded_at);

}  // namespace fairlead::deliver
