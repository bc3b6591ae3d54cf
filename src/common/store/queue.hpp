// The queue as its owner sees it: which endpoints have work, their rows, and what those rows send.
#pragma once

#include <memory>
#include <vector>

#include "common/domain/delivery.hpp"
#include "common/store/db.hpp"

namespace fairlead::store {

// The lane of an endpoint (or of a pending event): the first 8 bytes of SHA-256 of the id, modulo the lane count.
[[nodiscard]] std::int16_t lane_of(const IdBytes& id, int lane_count);
// How many lanes the schema was made with.
[[nodiscard]] Result<int> lane_count(Tx& tx);

struct LaneFloor {
  std::int16_t lane = 0;
  TimePoint floor;  // rows due before it are not looked at
};
struct EndpointDue {
  std::int16_t lane = 0;
  EndpointId endpoint;
  ProjectId project;
  TimePoint due;  // of its earliest row
};
struct DueScan {
  std::vector<EndpointDue> endpoints;
  TimePoint now;  // the database's
};
// Every endpoint of these lanes that has rows, with its earliest due time: a skip scan, 8–16 µs an endpoint.
// Autocommit.
[[nodiscard]] Result<DueScan> scan_due(Tx& tx, const std::vector<LaneFloor>& lanes);

struct FetchWish {
  std::int16_t lane = 0;
  EndpointId endpoint;
  int rows_max = 0;
  TimePoint floor;
};
struct FetchedRows {
  std::vector<QueueRow> due;       // per endpoint in due order, at most rows_max each
  std::vector<EndpointDue> later;  // per endpoint its first row that is not yet due, if there is one
};
// The due rows of these endpoints from the start of the index, and when each one is due next. Autocommit.
[[nodiscard]] Result<FetchedRows> fetch_rows(Tx& tx, const std::vector<FetchWish>& wishes);

struct EventKey {
  ProjectId project;
  EventId event;
};
struct StoredContent {
  EventId event;
  std::shared_ptr<const EventContent> content;
};
// What these events send; those that no longer exist are left out. Autocommit.
[[nodiscard]] Result<std::vector<StoredContent>> load_contents(Tx& tx, const std::vector<EventKey>& events);
struct ContentsPart {
  std::vector<StoredContent> contents;
  std::size_t looked_at = 0;  // so many of the events, the first ones; never none
};
// The same for as many of them as have bodies and headers of bytes_max together, or content_chunk_max events more.
// Autocommit.
inline constexpr std::size_t content_chunk_max = 64;
[[nodiscard]] Result<ContentsPart> load_contents_part(Tx& tx, const std::vector<EventKey>& events,
                                                      std::size_t bytes_max);

// Changes rows in place, each only if it still is as the caller saw it (key and attempt): answers those that were
// changed.
struct RowChange {
  QueueRow row;
  TimePoint due;
  int attempt = 0;
};
// For the start mark of at-most-once deliveries (attempt below zero) and for requests still in flight when their lane
// is given up (due after their own deadline). Autocommit.
[[nodiscard]] Result<std::vector<DeliveryId>> change_rows(Tx& tx, const std::vector<RowChange>& changes);

}  // namespace fairlead::store
