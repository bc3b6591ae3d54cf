// The producer's connections: each sends one event at a time and waits for its answer. One thread, one loop.
#pragma once

#include <deque>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "histogram.hpp"
#include "http_frame.hpp"
#include "pace.hpp"
#include "payload.hpp"
#include "socket.hpp"

namespace fairlead::bench {

struct LoadOptions {
  std::string address = "127.0.0.1";
  std::vector<std::uint16_t> ports;
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

class Load {
 public:
  // Throws std::runtime_error if the endpoints' file names none.
  explicit Load(LoadOptions options);
  // Sends until the pace is over and everything is answered or the grace is; a signal ends the sending.
  void run();
  [[nodiscard]] nlohmann::json report() const;

 private:
  // What precedes the payload in a request, one for each endpoint: only the stamp changes from event to event.
  struct Connection {
    Fd socket;
    std::uint16_t port = 0;
    bool is_connected = false, is_busy = false;
    std::int64_t sent_ns = 0;
    std::string request;  // being written
    std::size_t written = 0;
    std::string answer;  // the part that came so far
  };

  void connect(std::size_t index);
  void reconnect_late(std::int64_t now);
  void use_idle();
  bool send_next(std::size_t index);
  void write(std::size_t index);
  void read(std::size_t index);
  void handle(std::size_t index, std::uint32_t events);
  void note_answer(const Frame& frame, std::int64_t sent_ns);
  void fail(std::size_t index, const std::string& why);
  [[nodiscard]] std::int64_t pause_ns(std::int64_t now) const;

  LoadOptions options_;
  std::vector<std::string> requests_;
  Payload payload_;
  std::int64_t begin_ns_;
  Pace pace_;
  Poller poller_;
  Fd signals_;
  std::vector<Connection> connections_;
  std::deque<std::size_t> idle_;
  std::deque<std::pair<std::int64_t, std::size_t>> broken_;  // when to connect again
  std::string buffer_;
  std::size_t busy_ = 0;
  std::uint64_t sent_ = 0, answered_ = 0, accepted_ = 0, connection_errors_ = 0;
  std::int64_t first_sent_ns_ = 0, last_answer_ns_ = 0;
  std::map<std::string, std::uint64_t, std::less<>> statuses_;
  std::string first_refusal_, first_error_;
  Histogram answer_;
};

}  // namespace fairlead::bench
