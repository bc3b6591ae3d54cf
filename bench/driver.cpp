// The producer of the load: posts events to a data plane over keep-alive connections, at a fixed rate (open loop) or as
// fast as it answers (closed loop, one request in flight a connection), and prints what was accepted and how fast as
// JSON.
#include <CLI/CLI.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <vector>

#include "clock.hpp"
#include "http_frame.hpp"
#include "pace.hpp"
#include "payload.hpp"

namespace fairlead::bench {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kReadBytes = 16 * 1024;
constexpr std::chrono::milliseconds kReconnectPause{50};

struct Options {
  std::string address = "127.0.0.1";
  std::uint16_t port = 5008;
  std::string project;
  std::string endpoints_file;
  std::string owner;
  std::string event_type = "bench.ticked";
  std::size_t connections = 256;
  std::size_t payload_bytes = 1024;
  std::uint32_t run = 0;
  double grace_seconds = 15;
  PaceOptions pace;
  std::string api_key;
};

// What precedes and follows the payload in a request, one for each endpoint: only the stamp changes from event to
// event.
struct Request {
  std::string before;
  std::string after;
};

std::vector<Request> make_requests(const Options& options) {
  std::vector<std::string> targets;
  if (!options.owner.empty()) {
    targets.push_back(R"("owner_id":)" + nlohmann::json(options.owner).dump());
  } else {
    std::ifstream file(options.endpoints_file);
    for (std::string id; std::getline(file, id);) {
      if (!id.empty()) targets.push_back(R"("endpoint_id":)" + nlohmann::json(id).dump());
    }
    if (targets.empty()) throw std::runtime_error("no endpoint ids in " + options.endpoints_file);
  }
  std::vector<Request> requests;
  for (const auto& target : targets) {
    const std::string start =
        "{" + target + R"(,"event_type":)" + nlohmann::json(options.event_type).dump() + R"(,"data":)";
    const std::string head = "POST /api/v1/projects/" + options.project + "/events" +
                             (options.owner.empty() ? "" : "/fanout") + " HTTP/1.1\r\nHost: " + options.address +
                             "\r\nAuthorization: Bearer " + options.api_key +
                             "\r\nContent-Type: application/json\r\nContent-Length: " +
                             std::to_string(start.size() + options.payload_bytes + 1) + "\r\n\r\n";
    requests.push_back({head + start, "}"});
  }
  return requests;
}

// One thread: all connections take turns.
class Driver {
 public:
  Driver(asio::io_context& context, Options options)
      : context_(context),
        options_(std::move(options)),
        requests_(make_requests(options_)),
        payload_(options_.payload_bytes),
        server_(asio::ip::make_address(options_.address), options_.port),
        guard_(context),
        pace_(context, options_.pace) {}

  void start() {
    for (std::size_t index = 0; index < options_.connections; ++index) {
      ++open_;
      asio::co_spawn(context_, work(), asio::detached);
    }
    asio::co_spawn(context_, pace_.run(), asio::detached);
    asio::co_spawn(context_, give_up(), asio::detached);
  }
  void stop() { pace_.stop(); }

  [[nodiscard]] nlohmann::json report() const {
    const double span = static_cast<double>(last_answer_ns_ - first_sent_ns_) / 1e9;
    nlohmann::json json = {{"mode", options_.pace.rate > 0 ? "open" : "closed"},
                           {"connections", options_.connections},
                           {"rate", options_.pace.rate},
                           {"payload_bytes", options_.payload_bytes},
                           {"run", options_.run},
                           {"sent", sent_},
                           {"accepted", accepted_},
                           {"statuses", statuses_},
                           {"unanswered", sent_ - answered_},
                           {"connection_errors", connection_errors_},
                           {"dropped", pace_.dropped()},
                           {"seconds", span},
                           {"accepted_per_second", span > 0 ? static_cast<double>(accepted_) / span : 0},
                           {"first_sent_ns", first_sent_ns_},
                           {"last_answer_ns", last_answer_ns_},
                           {"answer", answer_.to_json()},
                           {"timer_late", pace_.lateness().to_json()},
                           {"cpu_s", cpu_seconds()}};
    if (!first_refusal_.empty()) json["first_refusal"] = first_refusal_;
    if (!first_error_.empty()) json["first_error"] = first_error_;
    return json;
  }

 private:
  // One connection's life: takes tickets until there are no more; a broken connection is replaced.
  asio::awaitable<void> work() {
    tcp::socket socket(context_);
    std::string request, buffer;
    while (auto ticket = co_await pace_.next()) {
      if (!socket.is_open()) co_await connect(socket);
      const auto& parts = requests_[ticket->sequence % requests_.size()];
      const auto sent_ns = ticket->due_ns != 0 ? ticket->due_ns : now_ns();
      request.assign(parts.before);
      request += payload_.stamped({.run = options_.run, .sequence = ticket->sequence, .sent_ns = sent_ns});
      request += parts.after;
      ++sent_;
      if (first_sent_ns_ == 0) first_sent_ns_ = sent_ns;
      const auto [error, written] = co_await asio::async_write(socket, asio::buffer(request), kTuple);
      if (error || written != request.size()) {
        close(socket, error.message());
        continue;
      }
      boost::system::error_code ignored;
      if (!co_await read_answer(socket, buffer, sent_ns)) socket.close(ignored);
    }
    if (--open_ == 0) context_.stop();
  }

  // Until the server takes the connection: give_up() bounds it.
  asio::awaitable<void> connect(tcp::socket& socket) {
    for (;;) {
      const auto [error] = co_await socket.async_connect(server_, kTuple);
      if (!error) {
        boost::system::error_code ignored;
        socket.set_option(tcp::no_delay(true), ignored);
        co_return;
      }
      close(socket, error.message());
      asio::steady_timer pause(context_, kReconnectPause);
      co_await pause.async_wait(kTuple);
    }
  }

  // Whether the connection can go on.
  asio::awaitable<bool> read_answer(tcp::socket& socket, std::string& buffer, std::int64_t sent_ns) {
    std::size_t filled = 0;
    for (;;) {
      if (buffer.size() < filled + kReadBytes) buffer.resize(filled + kReadBytes);
      const auto [error, bytes] =
          co_await socket.async_read_some(asio::buffer(buffer.data() + filled, kReadBytes), kTuple);
      if (error) {
        note_error(error.message());
        co_return false;
      }
      filled += bytes;
      const auto frame = parse_frame(std::string_view(buffer).substr(0, filled));
      if (!frame) {
        note_error("an answer that cannot be read: " + frame.error());
        co_return false;
      }
      if (!*frame) continue;
      note_answer(**frame, sent_ns);
      co_return (*frame)->keep_alive && (*frame)->total_bytes == filled;
    }
  }

  void note_answer(const Frame& frame, std::int64_t sent_ns) {
    last_answer_ns_ = now_ns();
    ++answered_;
    answer_.add(last_answer_ns_ - sent_ns);
    const std::string status(frame.start_line.substr(0, 12).substr(std::min<std::size_t>(9, frame.start_line.size())));
    ++statuses_[status];
    if (status.starts_with('2'))
      ++accepted_;
    else if (first_refusal_.empty())
      first_refusal_ = status + " " + std::string(frame.body.substr(0, 500));
  }

  void note_error(const std::string& text) {
    ++connection_errors_;
    if (first_error_.empty()) first_error_ = text;
  }
  void close(tcp::socket& socket, const std::string& text) {
    note_error(text);
    boost::system::error_code ignored;
    socket.close(ignored);
  }

  // Ends the program when answers no longer come some time after the load's end.
  asio::awaitable<void> give_up() {
    const double seconds = options_.pace.seconds + options_.grace_seconds;
    guard_.expires_after(std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(seconds)));
    co_await guard_.async_wait(kTuple);
    context_.stop();
  }

  asio::io_context& context_;
  Options options_;
  std::vector<Request> requests_;
  Payload payload_;
  tcp::endpoint server_;
  asio::steady_timer guard_;
  Pace pace_;
  std::size_t open_ = 0;
  std::uint64_t sent_ = 0, answered_ = 0, accepted_ = 0, connection_errors_ = 0;
  std::int64_t first_sent_ns_ = 0, last_answer_ns_ = 0;
  std::map<std::string, std::uint64_t> statuses_;
  std::string first_refusal_, first_error_;
  Histogram answer_;
};

void add_options(CLI::App& app, Options& options) {
  app.add_option("--address", options.address, "IP address of the data plane")->capture_default_str();
  app.add_option("--port", options.port, "port of the data plane")->capture_default_str();
  app.add_option("--project", options.project, "project id")->required();
  auto* file =
      app.add_option("--endpoints-file", options.endpoints_file, "endpoint ids, one a line; events go to them in turn")
          ->check(CLI::ExistingFile);
  app.add_option("--owner-id", options.owner, "fan each event out to all endpoints of this owner instead")
      ->excludes(file);
  app.add_option("--event-type", options.event_type)->capture_default_str();
  app.add_option("--connections", options.connections, "keep-alive connections, each with one request in flight")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  app.add_option("--rate", options.pace.rate, "events a second whether or not answers come (0: as fast as they come)")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
  app.add_option("--seconds", options.pace.seconds, "how long to send")
      ->check(CLI::Range(0.01, 3600.0))
      ->capture_default_str();
  app.add_option("--count", options.pace.count_max, "send at most this many events (0: no bound but the time)")
      ->capture_default_str();
  app.add_option("--payload-bytes", options.payload_bytes, "size of an event's data")
      ->check(CLI::Range(Payload::kBytesMin, std::size_t{1} << 20))
      ->capture_default_str();
  app.add_option("--run", options.run, "number that the sink tells runs apart by")->capture_default_str();
  app.add_option("--grace-seconds", options.grace_seconds, "how long to wait for the last answers")
      ->check(CLI::Range(0.0, 3600.0))
      ->capture_default_str();
}

int run(int count, char** arguments) {
  CLI::App app{"Posts events to a Fairlead data plane. The API key is read from the environment: FAIRLEAD_BENCH_KEY."};
  Options options;
  add_options(app, options);
  CLI11_PARSE(app, count, arguments);
  const char* key = std::getenv("FAIRLEAD_BENCH_KEY");
  if (key == nullptr || *key == '\0') throw std::runtime_error("FAIRLEAD_BENCH_KEY is not set");
  if (options.owner.empty() && options.endpoints_file.empty())
    throw std::runtime_error("name --endpoints-file or --owner-id");
  options.api_key = key;
  asio::io_context context(1);
  Driver driver(context, std::move(options));
  asio::signal_set signals(context, SIGTERM, SIGINT);
  signals.async_wait([&](const boost::system::error_code& error, int) {
    if (!error) driver.stop();
  });
  driver.start();
  context.run();
  std::cout << driver.report().dump() << std::endl;
  return 0;
}

}  // namespace
}  // namespace fairlead::bench

int main(int count, char** arguments) {
  try {
    return fairlead::bench::run(count, arguments);
  } catch (const std::exception& error) {
    std::cerr << "fairlead_bench_driver: " << error.what() << '\n';
    return 1;
  }
}
