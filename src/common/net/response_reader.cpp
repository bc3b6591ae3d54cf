#include "common/net/response_reader.hpp"

#include <boost/asio/buffer.hpp>

#include "common/net/http_guard.hpp"

namespace fairlead::net {

namespace http = boost::beast::http;

namespace {

constexpr int kInterimAnswersMax = 8;
// Chunks of one byte cost six on the wire; who sends more framing than that is cut off.
constexpr std::size_t kFramingFactor = 8;
// What gzip adds at most to text that it cannot compress, and its header and trailer.
constexpr std::size_t kGzipOverheadBytes = 1024;

}  // namespace

bool BodySink::put(std::string_view piece) {
  received_bytes += piece.size();
  if (!decoder) {
    const std::size_t room = bytes_max - std::min(bytes_max, text.size());
    text.append(piece.substr(0, room));
    is_truncated = piece.size() > room;
    return !is_truncated;
  }
  const auto step = decoder->feed(piece, text, bytes_max);
  is_broken = step == GzipDecoder::Step::broken;
  is_truncated = step == GzipDecoder::Step::full || received_bytes > bytes_max + kGzipOverheadBytes;
  return !is_broken && !is_truncated;
}

void SinkBody::reader::init(const boost::optional<std::uint64_t>&, boost::system::error_code& error) {
  error = {};
  const auto coding = (*fields_)[http::field::content_encoding];
  if (boost::beast::iequals(coding, "gzip") || boost::beast::iequals(coding, "x-gzip")) sink_.decoder.emplace();
}

ResponseReader::ResponseReader(ResponseLimits limits) : limits_(limits) { start_parser(); }

void ResponseReader::start_parser() {
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(limits_.header_bytes_max));
  parser_->body_limit(boost::none);
  parser_->eager(true);
  parser_->get().body().bytes_max = limits_.body_bytes_max;
}

ResponseReader::Step ResponseReader::feed(std::string_view bytes) {
  received_bytes_ += bytes.size();
  pending_ += bytes;
  const auto step = parse();
  if (step != Step::more) return step;
  if (pending_.size() > limits_.header_bytes_max) return broken("a header or chunk line is too long");
  if (received_bytes_ > limits_.header_bytes_max * 2 + limits_.body_bytes_max * kFramingFactor) {
    if (!parser_->is_header_done()) return broken("too much before the answer");
    parser_->get().body().is_truncated = true;
    return finish();
  }
  return Step::more;
}

ResponseReader::Step ResponseReader::parse() {
  while (!pending_.empty()) {
    const bool is_in_chunks = parser_->is_header_done() && parser_->chunked();
    if (is_in_chunks && pending_.size() < chunked_end_bytes) return Step::more;
    boost::system::error_code error;
    const std::size_t used = parser_->put(boost::asio::buffer(pending_), error);
    pending_.erase(0, used);
    const auto& sink = parser_->get().body();
    if (sink.is_broken) return broken("its gzip coding is malformed");
    if (sink.is_truncated) return finish();
    if (error == http::error::need_more) return Step::more;
    if (error) return broken(error.message());
    if (!parser_->is_done()) {
      if (used == 0) return Step::more;
      continue;
    }
    if (const int status = parser_->get().result_int(); status / 100 != 1) return finish();
    if (parser_->get().result() == http::status::switching_protocols) return broken("it switches protocols unasked");
    if (++interim_answers_ > kInterimAnswersMax) return broken("too many interim (1xx) answers");
    start_parser();
  }
  return Step::more;
}

ResponseReader::Step ResponseReader::at_end() {
  if (!parser_->is_header_done() || !parser_->need_eof()) return Step::more;
  boost::system::error_code error;
  parser_->put_eof(error);
  if (error) return broken(error.message());
  return finish();
}

ResponseReader::Step ResponseReader::finish() {
  const auto& sink = parser_->get().body();
  if (parser_->get().result_int() < 100) return broken("its status code is none");
  if (!sink.is_truncated && sink.decoder && !sink.decoder->is_complete()) return broken("its gzip coding ends early");
  return Step::done;
}

ResponseReader::Step ResponseReader::broken(std::string why) {
  error_ = "the answer is not usable: " + std::move(why);
  return Step::broken;
}

bool ResponseReader::is_reusable() const {
  return pending_.empty() && !parser_->get().body().is_truncated && parser_->is_done() && parser_->keep_alive();
}

void ResponseReader::move_to(ClientResponse& response) {
  if (!parser_->is_header_done()) return;
  auto& message = parser_->get();
  if (message.result_int() / 100 == 1) return;
  response.status = static_cast<int>(message.result_int());
  response.reason = std::string(message.reason());
  for (const auto& field : message) response.headers.emplace_back(field.name_string(), field.value());
  response.body_truncated = message.body().is_truncated;
  response.body = std::move(message.body().text);
}

}  // namespace fairlead::net
