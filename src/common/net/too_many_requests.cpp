#include "common/net/too_many_requests.hpp"

#include <algorithm>

namespace fairlead::net {

HttpResponse too_many_requests(const Error& error, int count, Micros wait, std::string_view request_id) {
  auto response = problem(error, request_id);
  const auto seconds = std::to_string(std::max<std::int64_t>(1, std::chrono::ceil<std::chrono::seconds>(wait).count()));
  std::erase_if(response.headers, [](const auto& header) { return header.first == "Retry-After"; });
  response.headers.emplace_back("Retry-After", seconds);
  response.headers.emplace_back("X-RateLimit-Limit", std::to_string(count));
  response.headers.emplace_back("X-RateLimit-Remaining", "0");
  response.headers.emplace_back("X-RateLimit-Reset", seconds);
  return response;
}

}  // namespace fairlead::net
