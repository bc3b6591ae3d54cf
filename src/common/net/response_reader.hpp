// The answer to one request, read from bytes as they come: bounded in every part, gzip decoded, 1xx answers skipped.
#pragma once

#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/optional/optional.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "common/net/gzip.hpp"
#include "common/net/http_client.hpp"

namespace fairlead::net {

struct ResponseLimits {
  std::size_t header_bytes_max;
  std::size_t body_bytes_max;  // after decoding; what goes beyond is cut off
};

// Where the parser puts the body: decodes, cuts, and tells the parser to stop when there is enough.
struct BodySink {
  std::size_t bytes_max = 0;
  std::string text;
  std::size_t received_bytes = 0;  // before decoding
  std::optional<GzipDecoder> decoder;
  bool is_truncated = false;
  bool is_broken = false;

  // False: no more is wanted.
  bool put(std::string_view piece);
};

// Beast's Body concept over a BodySink.
struct SinkBody {
  using value_type = BodySink;
  class reader {  // NOLINT(readability-identifier-naming): the concept's own name
   public:
    // Made before the header is read, so it is looked into at init().
    template <bool is_request, class Fields>
    reader(boost::beast::http::header<is_request, Fields>& header, value_type& sink) : sink_(sink) {
      if constexpr (std::is_same_v<Fields, boost::beast::http::fields>) fields_ = &header;  // the only kind we parse
    }
    void init(const boost::optional<std::uint64_t>& length, boost::system::error_code& error);
    template <class Buffers>
    std::size_t put(const Buffers& buffers, boost::system::error_code& error) {
      std::size_t count = 0;
      error = {};
      for (const auto buffer : boost::beast::buffers_range_ref(buffers)) {
        count += buffer.size();
        if (!sink_.put({static_cast<const char*>(buffer.data()), buffer.size()})) {
          error = boost::beast::http::error::body_limit;
          break;
        }
      }
      return count;
    }
    void finish(boost::system::error_code& error) { error = {}; }

   private:
    const boost::beast::http::fields* fields_ = nullptr;
    value_type& sink_;
  };
};

class ResponseReader {
 public:
  enum class Step { more, done, broken };

  explicit ResponseReader(ResponseLimits limits);
  // done: the answer is complete or its body is cut at the maximum. broken: not HTTP, or over a bound; see error().
  [[nodiscard]] Step feed(std::string_view bytes);
  // The peer has closed: done if the answer's length was "until close", else more (incomplete).
  [[nodiscard]] Step at_end();

  [[nodiscard]] bool is_begun() const { return received_bytes_ > 0; }
  [[nodiscard]] bool is_reusable() const;  // after done: the connection may carry another request
  [[nodiscard]] const std::string& error() const { return error_; }
  // Status, reason, headers and body as far as they came.
  void move_to(ClientResponse& response);

 private:
  using Parser = boost::beast::http::response_parser<SinkBody>;
  void start_parser();
  [[nodiscard]] Step parse();
  [[nodiscard]] Step finish();
  [[nodiscard]] Step broken(std::string why);

  ResponseLimits limits_;
  std::optional<Parser> parser_;
  std::string pending_;  // received, not yet parsed
  std::size_t received_bytes_ = 0;
  int interim_answers_ = 0;
  std::string error_;
};

}  // namespace fairlead::net
