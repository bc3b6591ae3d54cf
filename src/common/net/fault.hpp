// What the wire says of an error, for answers that hold several.
#pragma once

#include <string>

#include "common/core/result.hpp"
#include "common/net/http_server.hpp"

namespace fairlead::net {

struct Fault {
  http::status status = http::status::internal_server_error;
  std::string code;     // the reason, or the code's name
  std::string message;  // of internal errors and of the database's, without inner text
  std::string field;    // empty: none
};
// As problem() says it.
[[nodiscard]] Fault describe(const Error& error);

}  // namespace fairlead::net
