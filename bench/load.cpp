#include "load.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <stdexcept>

#include "clock.hpp"

namespace fairlead::bench {
namespace {

constexpr std::size_t kReadBytes = 64 * 1024;
constexpr std::int64_t kReconnectPauseNs = 50'000'000;
constexpr std::uint64_t kSignals = UINT64_MAX;  // the poller's tag of signals; others are connections

std::vector<std::string> make_targets(const LoadOptions& options) {
  if (!options.owner.empty()) return {R"("owner_id":)" + nlohmann::json(options.owner).dump()};
  std::vector<std::string> targets;
  std::ifstream file(options.endpoints_file);
  for (std::string id; std::getline(file, id);) {
    if (!id.empty()) targets.push_back(R"("endpoint_id":)" + nlohmann::json(id).dump());
  }
  if (targets.empty()) throw std::runtime_error("no endpoint ids in " + options.endpoints_file);
  return targets;
}

std::vector<std::string> make_requests(const LoadOptions& options) {
  std::vector<std::string> requests;
  for (const auto& target : make_targets(options)) {
    const std::string start =
        "{" + target + R"(,"event_type":)" + nlohmann::json(options.event_type).dump() + R"(,"data":)";
    requests.push_back("POST /api/v1/projects/" + options.project + "/events" +
                       (options.owner.empty() ? "" : "/fanout") + " HTTP/1.1\r\nHost: " + options.address +
                       "\r\nAuthorization: Bearer " + options.api_key +
                       "\r\nContent-Type: application/json\r\nContent-Length: " +
                       std::to_string(start.size() + options.payload_bytes + 1) + "\r\n\r\n" + start);
  }
  return requests;
}

}  // namespace

Load::Load(LoadOptions options)
    : options_(std::move(options)),
      requests_(make_requests(options_)),
      payload_(options_.payload_bytes),
      begin_ns_(now_ns()),
      pace_(options_.pace, begin_ns_),
      signals_(watch_signals()),
      connections_(options_.connections),
      buffer_(kReadBytes, '\0') {
  poller_.add(signals_, kSignals);
  for (std::size_t index = 0; index < connections_.size(); ++index) {
    connections_[index].port = options_.ports[index % options_.ports.size()];
    connect(index);
  }
}

void Load::run() {
  const auto give_up_ns = begin_ns_ + static_cast<std::int64_t>((options_.pace.seconds + options_.grace_seconds) * 1e9);
  for (auto now = now_ns(); now < give_up_ns; now = now_ns()) {
    pace_.advance(now);
    reconnect_late(now);
    use_idle();
    if (busy_ == 0 && pace_.is_over(now)) return;
    for (const auto& event : poller_.wait(pause_ns(now))) {
      if (event.data.u64 == kSignals)
        pace_.stop();
      else
        handle(event.data.u64, event.events);
    }
  }
}

// Until an event is due or a connection is to be made again; at most 100 ms, so that the end is noticed.
std::int64_t Load::pause_ns(std::int64_t now) const {
  constexpr std::int64_t longest = 100'000'000;
  auto at = std::min(pace_.wake_ns(), now + longest);
  if (!broken_.empty()) at = std::min(at, broken_.front().first);
  return std::max<std::int64_t>(at - now, 0);
}

void Load::connect(std::size_t index) {
  auto& connection = connections_[index];
  connection.socket = start_connect(options_.address, connection.port);
  connection.is_connected = connection.is_busy = false;
  connection.answer.clear();
  if (!connection.socket.is_open()) return fail(index, std::strerror(errno));
  poller_.add(connection.socket, index);
}

void Load::reconnect_late(std::int64_t now) {
  while (!broken_.empty() && broken_.front().first <= now) {
    const auto index = broken_.front().second;
    broken_.pop_front();
    connect(index);
  }
}

void Load::use_idle() {
  while (!idle_.empty()) {
    const auto index = idle_.front();
    if (!connections_[index].is_connected || connections_[index].is_busy) {  // it was closed while it was idle
      idle_.pop_front();
      continue;
    }
    if (!send_next(index)) return;
    idle_.pop_front();
  }
}

// False: there is nothing to send now.
bool Load::send_next(std::size_t index) {
  const auto ticket = pace_.take(now_ns());
  if (!ticket) return false;
  auto& connection = connections_[index];
  connection.request.assign(requests_[ticket->sequence % requests_.size()]);
  connection.request +=
      payload_.stamped({.run = options_.run, .sequence = ticket->sequence, .sent_ns = ticket->due_ns});
  connection.request += '}';
  connection.written = 0;
  connection.sent_ns = ticket->due_ns;
  connection.is_busy = true;
  ++busy_;
  ++sent_;
  if (first_sent_ns_ == 0) first_sent_ns_ = ticket->due_ns;
  write(index);
  return true;
}

void Load::write(std::size_t index) {
  auto& connection = connections_[index];
  while (connection.written < connection.request.size()) {
    const auto sent = send(connection.socket.number(), connection.request.data() + connection.written,
                           connection.request.size() - connection.written, MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN) return;
    if (sent < 0) return fail(index, std::strerror(errno));
    connection.written += static_cast<std::size_t>(sent);
  }
}

void Load::handle(std::size_t index, std::uint32_t events) {
  auto& connection = connections_[index];
  if (!connection.socket.is_open()) return;
  if (!connection.is_connected) {
    if (const int error = connect_error(connection.socket); error != 0) return fail(index, std::strerror(error));
    if ((events & EPOLLOUT) == 0) return;
    connection.is_connected = true;
    idle_.push_back(index);
    return;
  }
  if ((events & EPOLLOUT) != 0 && connection.is_busy) write(index);
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) read(index);
}

// Takes the answer; the next event goes at once on the same connection, if there is one.
void Load::read(std::size_t index) {
  auto& connection = connections_[index];
  while (connection.socket.is_open()) {
    const auto got = recv(connection.socket.number(), buffer_.data(), buffer_.size(), 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return fail(index, got == 0 ? "closed by the server" : std::strerror(errno));
    std::string_view bytes(buffer_.data(), static_cast<std::size_t>(got));
    if (!connection.answer.empty()) bytes = connection.answer.append(bytes);
    const auto frame = parse_frame(bytes);
    if (!frame) return fail(index, "an answer that cannot be read: " + frame.error());
    if (!*frame) {
      if (connection.answer.empty()) connection.answer.assign(bytes);
      continue;
    }
    if (!connection.is_busy || (*frame)->total_bytes != bytes.size()) return fail(index, "an answer nobody asked for");
    note_answer(**frame, connection.sent_ns);
    const bool keeps_alive = (*frame)->keep_alive;
    connection.answer.clear();
    connection.is_busy = false;
    --busy_;
    if (!keeps_alive) return fail(index, "closed after the answer");
    if (!idle_.empty() || !send_next(index)) idle_.push_back(index);
    if (static_cast<std::size_t>(got) < buffer_.size()) return;
  }
}

void Load::note_answer(const Frame& frame, std::int64_t sent_ns) {
  last_answer_ns_ = now_ns();
  ++answered_;
  answer_.add(last_answer_ns_ - sent_ns);
  const auto status = frame.start_line.substr(std::min<std::size_t>(9, frame.start_line.size())).substr(0, 3);
  if (const auto found = statuses_.find(status); found != statuses_.end())
    ++found->second;
  else
    statuses_.emplace(status, 1);
  if (status.starts_with('2'))
    ++accepted_;
  else if (first_refusal_.empty())
    first_refusal_ = std::string(status) + " " + std::string(frame.body.substr(0, 500));
}

void Load::fail(std::size_t index, const std::string& why) {
  auto& connection = connections_[index];
  ++connection_errors_;
  if (first_error_.empty()) first_error_ = why;
  if (connection.is_busy) --busy_;
  connection.is_connected = connection.is_busy = false;
  connection.socket.close();
  broken_.emplace_back(now_ns() + kReconnectPauseNs, index);
}

nlohmann::json Load::report() const {
  const double span = static_cast<double>(last_answer_ns_ - first_sent_ns_) / 1e9;
  const auto used = cpu_used();
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
                         {"user_s", used.user_s},
                         {"system_s", used.system_s}};
  if (!first_refusal_.empty()) json["first_refusal"] = first_refusal_;
  if (!first_error_.empty()) json["first_error"] = first_error_;
  return json;
}

}  // namespace fairlead::bench
