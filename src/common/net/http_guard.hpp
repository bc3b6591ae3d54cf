// Framing rules that are checked on the raw header block before any parser sees it (request smuggling shapes).
#pragma once

#include <boost/beast/http/status.hpp>
#include <cstddef>
#include <string_view>

namespace fairlead::net {

// "0\r\n\r\n": a chunked message never ends with fewer bytes to come. Beast 1.81 gets its chunks only in pieces of at
// least that size: shorter ones of the last chunk run into one of its assertions, which ends the process.
inline constexpr std::size_t chunked_end_bytes = 5;

struct HeaderFault {
  boost::beast::http::status status;
  std::string_view code;     // stable
  std::string_view message;  // what was expected
};

struct HeaderLimits {
  std::size_t header_count_max;
  std::size_t target_bytes_max;
};

// `block` is everything up to and including the empty line. Nothing wrong: nullptr. Refused: bare CR or LF, NUL and
// control characters, obsolete folding, space before the colon, bad names, Content-Length with Transfer-Encoding,
// repeated or malformed Content-Length, any Transfer-Encoding but a single "chunked", too many headers, long targets,
// a missing (HTTP/1.1), repeated or malformed Host, other HTTP versions, no empty line. RFC 9112 §2.2,
// 3, 5.1, 5.2, 6.1, 6.3.
[[nodiscard]] const HeaderFault* find_header_fault(std::string_view block, const HeaderLimits& limits);

}  // namespace fairlead::net
