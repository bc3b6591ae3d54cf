// The endpoints of the load: healthy ones answer every delivery with 200 at once and count what arrived, unchanged,
// once, and how late; the others behave as bad neighbours do (sink_routes.hpp).
#include <sys/resource.h>
#include <sys/socket.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <iostream>
#include <memory>
#include <unordered_map>
#include <unordered_set>

#include "clock.hpp"
#include "http_frame.hpp"
#include "payload.hpp"
#include "sink_routes.hpp"
#include "socket.hpp"
#include "tally.hpp"

namespace fairlead::bench {
namespace {

constexpr std::size_t kReadBytes = 256 * 1024;
constexpr std::int64_t kTrickleNs = 250'000'000;
constexpr std::uint64_t kListener = UINT64_MAX, kSignals = UINT64_MAX - 1;  // tags; others are connections

std::string make_answer(std::string_view status, std::string_view body) {
  return "HTTP/1.1 " + std::string(status) +
         "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}

// Deliveries become requests on thousands of connections when their endpoints hang.
void raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// One thread, one loop.
class Sink {
 public:
  Sink(std::uint16_t port, std::size_t payload_bytes)
      : listener_(listen_on("127.0.0.1", port)),
        signals_(watch_signals()),
        buffer_(kReadBytes, '\0'),
        payload_(payload_bytes),
        neighbour_payload_(payload_bytes) {
    poller_.add(listener_, kListener);
    poller_.add(signals_, kSignals);
  }

  [[nodiscard]] std::uint16_t port() const { return port_of(listener_); }

  // Until SIGTERM or SIGINT.
  void run() {
    for (;;) {
      const auto events = poller_.wait(trickling_.empty() ? -1 : std::max<std::int64_t>(trickle_at_ns_ - now_ns(), 0));
      for (const auto& event : events) {
        if (event.data.u64 == kSignals) return;
        if (event.data.u64 == kListener)
          accept();
        else
          serve(event.data.u64);
      }
      if (!trickling_.empty() && now_ns() >= trickle_at_ns_) trickle();
    }
  }

  [[nodiscard]] std::string report() const {
    auto json = tally_.to_json();
    const auto used = cpu_used();
    json["neighbour"] = neighbour_tally_.to_json();
    json["hung"] = hung_;
    json["trickled"] = trickled_;
    json["turned_away"] = turned_away_;
    json["user_s"] = used.user_s;
    json["system_s"] = used.system_s;
    json["connections"] = next_connection_;
    return json.dump();
  }

 private:
  struct Connection {
    Fd socket;
    std::string request;   // the part of one that came so far
    std::string answers;   // what the peer did not take yet
    bool is_last = false;  // close when the answers are written
  };

  void accept() {
    for (;;) {
      auto socket = accept_from(listener_);
      if (!socket.is_open()) {
        if (errno == EINTR || errno == ECONNABORTED) continue;
        if (errno != EAGAIN) std::cerr << "accept: " << std::strerror(errno) << '\n';
        return;
      }
      const auto tag = next_connection_++;
      poller_.add(socket, tag);
      connections_.emplace(tag, Connection{.socket = std::move(socket), .request = {}, .answers = {}});
    }
  }

  // Reads what is there, answers all of it with one write.
  void serve(std::uint64_t tag) {
    const auto found = connections_.find(tag);
    if (found == connections_.end()) return;
    auto& connection = found->second;
    bool is_open = connection.answers.empty() || flush(connection);
    while (is_open && !connection.is_last) {
      const auto got = recv(connection.socket.number(), buffer_.data(), buffer_.size(), 0);
      if (got < 0 && errno == EAGAIN) break;
      if (got <= 0) {
        is_open = false;
        break;
      }
      take(tag, connection, {buffer_.data(), static_cast<std::size_t>(got)});
      is_open = flush(connection);
      if (static_cast<std::size_t>(got) < buffer_.size()) break;
    }
    if (!is_open || (connection.is_last && connection.answers.empty())) {
      trickling_.erase(tag);
      connections_.erase(found);
    }
  }

  void take(std::uint64_t tag, Connection& connection, std::string_view bytes) {
    if (!connection.request.empty()) bytes = connection.request.append(bytes);
    const auto now = now_ns();
    std::size_t used = 0;
    while (!connection.is_last) {
      const auto frame = parse_frame(bytes.substr(used));
      if (!frame) {
        std::cerr << "a request that cannot be read: " << frame.error() << '\n';
        connection.answers += make_answer("400 Bad Request", "{}");
        connection.is_last = true;
      } else if (!*frame) {
        break;
      } else {
        answer(tag, connection, **frame, now);
        used += (*frame)->total_bytes;
        connection.is_last = !(*frame)->keep_alive;
      }
    }
    if (connection.request.empty())
      connection.request.assign(bytes.substr(used));
    else
      connection.request.erase(0, used);
  }

  void answer(std::uint64_t tag, Connection& connection, const Frame& frame, std::int64_t now) {
    static const std::string ok = make_answer("200 OK", R"({"ok":true})");
    static const std::string away = make_answer("503 Service Unavailable", R"({"ok":false})");
    static const std::string trickle_start = "HTTP/1.1 200 OK\r\nX-Slow: ";
    const auto request = parse_sink_request(frame.start_line);
    if (!request) {
      connection.answers += make_answer("404 Not Found", "{}");
      return;
    }
    switch (request->action) {
      case SinkAction::deliver:
        tally_.add(frame, request->endpoint, now);
        break;
      case SinkAction::door:
        if (!is_door_open_) {
          ++turned_away_;
          connection.answers += away;
          return;
        }
        [[fallthrough]];
      case SinkAction::neighbour:
        neighbour_tally_.add(frame, request->endpoint, now);
        break;
      case SinkAction::hang:
        ++hung_;
        return;
      case SinkAction::trickle:
        ++trickled_;
        if (trickling_.empty()) trickle_at_ns_ = now + kTrickleNs;
        trickling_.insert(tag);
        connection.answers += trickle_start;
        return;
      case SinkAction::set_door:
        is_door_open_ = request->is_open;
        break;
      case SinkAction::reset:
        reset(*request);
        break;
      case SinkAction::report:
        connection.answers += make_answer("200 OK", report());
        return;
    }
    connection.answers += ok;
  }

  void reset(const SinkRequest& request) {
    if (request.neighbour_bytes != 0) neighbour_payload_ = Payload(request.neighbour_bytes);
    tally_ = Tally({.run = request.run, .fan_out = request.fan_out}, payload_);
    neighbour_tally_ = Tally({.run = request.run, .fan_out = 1}, neighbour_payload_);
    hung_ = trickled_ = turned_away_ = 0;
  }

  // False: the connection is broken.
  static bool flush(Connection& connection) {
    std::size_t written = 0;
    while (written < connection.answers.size()) {
      const auto sent = send(connection.socket.number(), connection.answers.data() + written,
                             connection.answers.size() - written, MSG_NOSIGNAL);
      if (sent < 0 && errno == EAGAIN) break;
      if (sent < 0) return false;
      written += static_cast<std::size_t>(sent);
    }
    connection.answers.erase(0, written);
    return true;
  }

  void trickle() {
    trickle_at_ns_ = now_ns() + kTrickleNs;
    for (const auto tag : trickling_) {
      auto& connection = connections_.at(tag);
      connection.answers += 'x';
      flush(connection);  // a broken one is told by its next event
    }
  }

  Poller poller_;
  Fd listener_, signals_;
  std::string buffer_;
  Payload payload_, neighbour_payload_;
  Tally tally_{{}, payload_}, neighbour_tally_{{}, neighbour_payload_};
  std::unordered_map<std::uint64_t, Connection> connections_;
  std::uint64_t next_connection_ = 0;
  std::unordered_set<std::uint64_t> trickling_;
  std::int64_t trickle_at_ns_ = 0;
  bool is_door_open_ = false;
  std::uint64_t hung_ = 0, trickled_ = 0, turned_away_ = 0;
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
  raise_file_limit();
  never_interrupt();
  Sink sink(port, payload_bytes);
  std::cout << nlohmann::json{{"port", sink.port()}}.dump() << std::endl;
  sink.run();
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
