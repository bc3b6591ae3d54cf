// The endpoint of the load: answers every delivery with 200 at once, and counts what arrived, unchanged, once, and how
// late.
//   POST /e/<n>                      a delivery to endpoint n
//   POST /reset?run=<r>&fan_out=<f>  begins a new tally
//   GET  /report                     the tally as JSON; SIGTERM prints it and ends the program
#include <CLI/CLI.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <charconv>
#include <cstdio>
#include <iostream>
#include <memory>

#include "clock.hpp"
#include "http_frame.hpp"
#include "payload.hpp"
#include "tally.hpp"

namespace fairlead::bench {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kReadBytes = 64 * 1024;

std::string make_answer(std::string_view status, std::string_view body) {
  return "HTTP/1.1 " + std::string(status) +
         "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}

// The number after `name` in `target`, or nothing.
std::optional<std::uint32_t> find_number(std::string_view target, std::string_view name) {
  const auto at = target.find(name);
  if (at == std::string_view::npos) return std::nullopt;
  std::uint32_t number = 0;
  const auto from = target.substr(at + name.size());
  const auto [stop, error] = std::from_chars(from.data(), from.data() + from.size(), number);
  if (error != std::errc{}) return std::nullopt;
  return number;
}

// One thread: sessions, tally and signals take turns.
class Sink {
 public:
  Sink(asio::io_context& context, std::uint16_t port, std::size_t payload_bytes)
      : context_(context),
        acceptor_(context, tcp::endpoint(asio::ip::make_address("127.0.0.1"), port)),
        payload_(payload_bytes) {}

  [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

  asio::awaitable<void> accept() {
    for (;;) {
      auto [error, socket] = co_await acceptor_.async_accept(kTuple);
      if (error) {
        std::cerr << "accept: " << error.message() << '\n';
        context_.stop();
        co_return;
      }
      boost::system::error_code ignored;
      socket.set_option(tcp::no_delay(true), ignored);
      asio::co_spawn(context_, serve(std::move(socket)), asio::detached);
    }
  }

  [[nodiscard]] std::string report() const {
    auto json = tally_.to_json();
    json["cpu_s"] = cpu_seconds();
    json["connections"] = connections_;
    return json.dump();
  }

 private:
  // Reads what is there, answers all of it with one write.
  asio::awaitable<void> serve(tcp::socket socket) {
    ++connections_;
    std::string buffer, answers;
    std::size_t filled = 0;
    for (bool is_open = true; is_open;) {
      if (buffer.size() < filled + kReadBytes) buffer.resize(filled + kReadBytes);
      const auto [error, bytes] =
          co_await socket.async_read_some(asio::buffer(buffer.data() + filled, buffer.size() - filled), kTuple);
      if (error) co_return;
      filled += bytes;
      const auto now = now_ns();
      std::size_t used = 0;
      answers.clear();
      while (is_open) {
        const auto frame = parse_frame(std::string_view(buffer).substr(used, filled - used));
        if (!frame) {
          std::cerr << "a request that cannot be read: " << frame.error() << '\n';
          answers += make_answer("400 Bad Request", "{}");
          is_open = false;
        } else if (!*frame) {
          break;
        } else {
          answers += answer(**frame, now);
          used += (*frame)->total_bytes;
          is_open = (*frame)->keep_alive;
        }
      }
      std::copy(buffer.begin() + static_cast<std::ptrdiff_t>(used),
                buffer.begin() + static_cast<std::ptrdiff_t>(filled), buffer.begin());
      filled -= used;
      if (answers.empty()) continue;
      const auto [write_error, written] = co_await asio::async_write(socket, asio::buffer(answers), kTuple);
      if (write_error || written != answers.size()) co_return;
    }
  }

  std::string_view answer(const Frame& frame, std::int64_t now) {
    static const std::string ok = make_answer("200 OK", R"({"ok":true})");
    const auto line = frame.start_line;
    if (line.starts_with("POST /e/")) {
      tally_.add(frame, find_number(line, "/e/").value_or(0), now);
      return ok;
    }
    if (line.starts_with("GET /report ")) return kept_ = make_answer("200 OK", report());
    if (line.starts_with("POST /reset?")) {
      const auto run = find_number(line, "run=");
      const auto fan_out = find_number(line, "fan_out=").value_or(1);
      if (!run || fan_out < 1 || fan_out > Tally::kFanOutMax) return kept_ = make_answer("400 Bad Request", "{}");
      tally_ = Tally({.run = *run, .fan_out = fan_out}, payload_);
      return ok;
    }
    return kept_ = make_answer("404 Not Found", "{}");
  }

  asio::io_context& context_;
  tcp::acceptor acceptor_;
  Payload payload_;
  Tally tally_{{}, payload_};
  std::string kept_;  // an answer that is not constant, until it is copied
  std::uint64_t connections_ = 0;
};

int run(int count, char** arguments) {
  CLI::App app{
      "Receives the deliveries of a benchmark on 127.0.0.1; prints {\"port\": …} at the start and its tally on "
      "SIGTERM."};
  std::uint16_t port = 0;
  std::size_t payload_bytes = 1024;
  app.add_option("--port", port, "port to listen on (0: any free one)")->capture_default_str();
  app.add_option("--payload-bytes", payload_bytes, "size of the payloads that will come")
      ->check(CLI::Range(Payload::kBytesMin, std::size_t{1} << 20))
      ->capture_default_str();
  CLI11_PARSE(app, count, arguments);
  asio::io_context context(1);
  Sink sink(context, port, payload_bytes);
  asio::co_spawn(context, sink.accept(), asio::detached);
  asio::signal_set signals(context, SIGTERM, SIGINT);
  signals.async_wait([&](const boost::system::error_code&, int) { context.stop(); });
  std::cout << nlohmann::json{{"port", sink.port()}}.dump() << std::endl;
  context.run();
  std::cout << sink.report() << std::endl;
  return 0;
}

}  // namespace
}  // namespace fairlead::bench

int main(int count, char** arguments) {
  try {
    return fairlead::bench::run(count, arguments);
  } catch (const std::exception& error) {
    std::cerr << "fairlead_bench_sink: " << error.what() << '\n';
    return 1;
  }
}
