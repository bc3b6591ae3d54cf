// Passes created events on to a data plane: the control plane stores none itself.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>

#include "common/net/http_client.hpp"
#include "common/net/http_server.hpp"

namespace fairlead::control {

// Thread-safe.
class Forwarder {
 public:
  // `base` is the operator's own URL: any address may be reached but a metadata service.
  Forwarder(boost::asio::any_io_executor executor, net::Url base);
  ~Forwarder();
  // The data plane's answer as it came. Code::unavailable, reason "data_plane_unavailable", if none came: whether the
  // event was stored is then unknown, and the producer tries again with the same idempotency key.
  [[nodiscard]] Task<Result<net::HttpResponse>> forward(std::shared_ptr<const net::HttpRequest> http);
  // The same with every header of the request, for what a source's sender is judged by.
  [[nodiscard]] Task<Result<net::HttpResponse>> forward_all(std::shared_ptr<const net::HttpRequest> http);
  // Ends requests under way and look-ups.
  void stop();

 private:
  Task<Result<net::HttpResponse>> send(std::shared_ptr<const net::HttpRequest> http, net::HeaderList headers);
  net::Url base_;
  net::AddressGuard guard_;
  std::unique_ptr<net::Resolver> resolver_;
  std::unique_ptr<net::HttpClient> client_;
};

}  // namespace fairlead::control
