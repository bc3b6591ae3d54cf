// The heart of delivery: the mailboxes of this node's lanes, and what may be sent when. Everything lives on one strand;
// the work itself (HTTP, signing, SQL) runs elsewhere.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <queue>
#include <unordered_map>
#include <vector>

#include "common/net/http_client.hpp"
#include "common/net/serial.hpp"
#include "common/store/nodes.hpp"
#include "common/store/queue.hpp"
#include "data_plane/deliver/mailbox.hpp"
#include "data_plane/deliver/recorder.hpp"
#include "data_plane/deliver/send.hpp"
#include "data_plane/match/refresh.hpp"

namespace fairlead::deliver {

namespace limits {
inline constexpr std::size_t mailbox_rows_min = 32;  // always, unless the bytes are used up
inline constexpr std::size_t hand_rows_max = 32768;  // of all mailboxes; one may hold its window of them
inline constexpr std::size_t in_flight_max = 8192;
inline constexpr std::size_t hand_bytes_max = 64 * 1024 * 1024;
inline constexpr std::size_t fetch_endpoints_max = 64;
inline constexpr std::size_t fetch_bytes_max = 4 * 1024 * 1024;  // of bodies that are read back at a time
}  // namespace limits

class Dispatcher {
 public:
  struct Wiring {
    store::Db& fetch_db;
    store::Db& record_db;
    match::Refresher& refresher;
    net::HttpClient& client;
    Metrics& metrics;
    DatabaseClock clock;
    int lane_count = 0;
    int endpoint_concurrency = 0;
    // Endpoints of lanes that others own got rows: tell them.
    std::function<void(std::vector<store::EndpointDue>)> hint;
  };
  using Strand = Serial;

  Dispatcher(boost::asio::any_io_executor executor, Wiring wiring);

  // Thread-safe.
  void offer(std::vector<OfferedDelivery> rows);
  void endpoints_changed(std::vector<EndpointId> endpoints);
  // Another node committed rows for these endpoints.
  void hinted(std::vector<store::EndpointDue> endpoints);
  // Rows of these endpoints may be known to nobody: looked for here, or hinted to the lane's owner.
  void recall(std::vector<store::EndpointDue> endpoints);
  [[nodiscard]] const Strand& strand() const { return strand_; }

  // The rest on the strand only; ownership calls it.
  Task<void> run();  // fetching, recording and timers, until stop()
  void set_lease(Steady::time_point until);
  [[nodiscard]] bool has_lease() const { return Steady::now() < lease_until_; }
  // Opens lanes that this node took: loads what is known of their endpoints and finds those with work, once they may be
  // used.
  Task<void> open_lanes(std::vector<store::TakenLane> lanes);
  // Sends nothing more for these lanes, waits until what is in flight is recorded (at most `patience`), and moves the
  // rows of stragglers behind their own deadline, so that the next owner does not send them meanwhile.
  Task<void> close_lanes(std::vector<std::int16_t> lanes, std::chrono::milliseconds patience);
  // The lease is lost: cancels what is in flight and forgets everything.
  void forget_all();
  [[nodiscard]] std::vector<std::int16_t> owned_lanes() const;
  // The backstop: finds the endpoints of a lane that have work; answers the lane's new floor. `is_full` ignores the old
  // floor.
  Task<std::optional<TimePoint>> scan_lane(std::int16_t lane, bool is_full);
  // Writes what changed of the endpoints' states.
  Task<void> save_states();
  void start_draining() { is_draining_ = true; }
  void stop();

 private:
  struct Lane {
    bool is_owned = false;
    bool is_closing = false;
    Steady::time_point usable_at;
    TimePoint floor;
    int busy = 0;  // in flight or unrecorded
  };
  struct Flight {
    QueueRow row;
    Steady::time_point deadline;
    std::size_t bytes = 0;
    std::uint64_t number = 0;
  };
  // Whether the next row may be sent, and if not, from when it is worth asking again.
  struct Gate {
    bool is_open = false;
    std::optional<TimePoint> ask_at;
  };

  Mailbox& mailbox(const ProjectId& project, const EndpointId& endpoint, std::int16_t lane);
  Mailbox* find_mailbox(const EndpointId& endpoint);
  void accept_rows(std::vector<OfferedDelivery> rows);
  void push(Mailbox& box, Item item);
  Item take_ready(Mailbox& box);
  [[nodiscard]] std::size_t room(const Mailbox& box) const;  // rows that it may still take
  [[nodiscard]] bool has_room(const Mailbox& box) const { return room(box) > 0; }
  [[nodiscard]] bool may_send(const Mailbox& box) const;
  void pump(Mailbox& box);
  void pump_rest(Mailbox& box);
  void pump_all();
  void revive(Mailbox& box, TimePoint now);
  Gate gate(Mailbox& box, const EndpointConfig& endpoint, TimePoint now);
  void handle_missing(Mailbox& box, const match::ProjectPtr& project);
  void discard_ready(Mailbox& box, const std::string& reason, const match::ProjectPtr& project,
                     const match::EndpointPtr& endpoint);
  void record_unsent(store::DeliveryResult result, const match::ProjectPtr& project, const match::EndpointPtr& endpoint,
                     std::shared_ptr<const EventContent> content);
  void launch(Mailbox& box, Item item, const match::ProjectPtr& project, const match::EndpointPtr& endpoint);
  Task<Sent> mark_and_send(std::shared_ptr<SendJob> job);
  Task<void> fly(std::shared_ptr<SendJob> job);
  void landed(const SendJob& job, Sent sent);
  void note_outcome(Mailbox& box, const SendJob& job, const Sent& sent);
  void warn_of_disabling(Mailbox& box, TimePoint now);
  void disable(Mailbox& box, const EndpointConfig& endpoint, std::string reason);
  void recorded(const store::DeliveryResult& result, bool is_recorded);
  // The flight of this number, if it is the delivery's present one: what was sent before the lease was lost, or by a
  // straggler, lands and is recorded later than its row was sent anew.
  Flight* find_flight(const DeliveryId& delivery, std::uint64_t number);
  void end_flight(const DeliveryId& delivery, std::uint64_t number);
  void serve_waiting();

  void want_rows(Mailbox& box);
  Task<void> fetch_loop();
  Task<void> fetch(std::vector<EndpointId> endpoints);
  using Contents = std::unordered_map<EventId, std::shared_ptr<const EventContent>>;
  Task<Result<bool>> take_fetched(std::vector<QueueRow> rows, std::uint64_t epoch);
  void take_row(const QueueRow& row, const Contents& contents);
  void end_fetch(const std::vector<store::FetchWish>& wishes, const store::FetchedRows* fetched);
  void note_due(const store::EndpointDue& due);
  void remember_young(const DeliveryId& delivery);

  void schedule(Mailbox& box, TimePoint at);
  Task<void> timer_loop();
  Task<void> sweep_loop();
  void sweep();
  void apply_state(const store::EndpointState& state);
  [[nodiscard]] store::EndpointState state_of(const Mailbox& box) const;

  boost::asio::any_io_executor executor_;
  Strand strand_;
  Wiring wiring_;
  Recorder recorder_;
  Tokens tokens_;
  IdMaker meta_event_ids_;
  std::vector<Lane> lanes_;
  std::unordered_map<EndpointId, std::unique_ptr<Mailbox>> boxes_;
  std::unordered_map<DeliveryId, Flight> flights_;
  std::unordered_set<EndpointId> dirty_;
  std::deque<EndpointId> waiting_;  // for a slot of in_flight_max
  std::deque<EndpointId> fetch_queue_;
  // Rows of the last seconds that a fetch brought although their commit's own offer may still be on its way.
  std::unordered_set<DeliveryId> fetched_young_;
  std::deque<std::pair<Steady::time_point, DeliveryId>> fetched_young_order_;
  using Wake = std::pair<Steady::time_point, EndpointId>;
  std::priority_queue<Wake, std::vector<Wake>, std::greater<>> wakes_;
  std::size_t hand_bytes_ = 0;  // bodies in hand, counted once a row
  std::size_t ready_rows_ = 0;
  std::size_t in_flight_ = 0;
  std::uint64_t next_serial_ = 1;
  bool was_full_ = false;
  std::uint64_t epoch_ = 0;  // raised by forget_all
  Steady::time_point lease_until_{};
  bool is_draining_ = false, is_stopping_ = false, is_refreshing_ = false;
  boost::asio::steady_timer fetch_wake_, timer_wake_, settled_, sweep_wake_;
};

}  // namespace fairlead::deliver
