// Pages of lists ordered by id (wire contract 1.13): the query, the slices to read, and what the answer says of its
// neighbours.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "common/core/result.hpp"
#include "common/store/keyset.hpp"
#include "control_plane/http/json_writer.hpp"
#include "control_plane/http/query.hpp"

namespace fairlead::control {

inline constexpr int page_rows_default = 20;
inline constexpr int page_rows_max = 1000;

struct PageQuery {
  int per_page = page_rows_default;
  bool is_descending = true;
  bool is_backward = false;
  std::optional<IdBytes> cursor;  // forward: the page's first item; backward: the first item of the page that is left
  // Bounds of the whole list, inclusive (a date range).
  IdBytes low = store::id_lowest;
  IdBytes high = store::id_highest;
};

// perPage (or per_page) is clamped to 1..page_rows_max; without a direction a lone prev_page_cursor means backward.
// `has_sort`: whether the list honours sort=ASC. Code::invalid "invalid_cursor" for a cursor that is no id.
[[nodiscard]] Result<PageQuery> parse_page(const Query& query, bool has_sort);

// The slice to read for the page: one row more than it holds. Nothing when the cursor lies outside the list's bounds.
[[nodiscard]] std::optional<store::Keyset> page_slice(const PageQuery& query);
// The slice in front of a page whose first item is `first`: one row of it tells whether there is a page before.
[[nodiscard]] std::optional<store::Keyset> slice_before(const PageQuery& query, const IdBytes& first);

template <class Row>
struct Page {
  std::vector<Row> rows;
  int per_page = page_rows_default;
  bool has_next = false;
  bool has_previous = false;
  std::string next_cursor;
  std::string previous_cursor;
};

// What is one place further in the order of the list.
[[nodiscard]] IdBytes id_behind(const PageQuery& query, const IdBytes& id);

// What a slice gave: all of it, or as much as could be looked through.
template <class Row>
std::vector<Row> rows_of(std::vector<Row> rows, std::optional<IdBytes>& /*looked_until*/) {
  return rows;
}
template <class Row>
std::vector<Row> rows_of(store::Walk<Row> walk, std::optional<IdBytes>& looked_until) {
  looked_until = walk.last;
  return std::move(walk.rows);
}

// Reads one page by `list`, a function from a slice to Result<std::vector<Row>>, or Result<store::Walk<Row>>: a page of
// a walk that did not get far enough holds what was found, and its cursor goes on from there. Row has an `id`, and may
// have an `is_beyond` that ends the page early. Runs inside a transaction.
template <class Row, class List>
[[nodiscard]] Result<Page<Row>> read_page(const PageQuery& query, List list) {
  Page<Row> page{.per_page = query.per_page};
  std::optional<IdBytes> looked_until;
  if (const auto slice = page_slice(query)) {
    FL_TRY(auto found, list(*slice));
    page.rows = rows_of(std::move(found), looked_until);
  }
  auto kept = std::min(page.rows.size(), static_cast<std::size_t>(query.per_page));
  if constexpr (requires(const Row& row) { row.is_beyond; }) {
    const auto end = page.rows.begin() + static_cast<std::ptrdiff_t>(kept);
    kept = static_cast<std::size_t>(std::find_if(page.rows.begin(), end, [](const Row& row) { return row.is_beyond; }) -
                                    page.rows.begin());
  }
  const bool has_more = page.rows.size() > kept;
  std::optional<IdBytes> beyond;
  if (has_more) {
    beyond = page.rows[kept].id.bytes;
    page.rows.resize(kept);
  } else if (looked_until) {
    beyond = id_behind(query, *looked_until);
  }
  if (query.is_backward && query.cursor) {
    std::reverse(page.rows.begin(), page.rows.end());
    page.has_previous = beyond.has_value();
    page.has_next = true;
    page.next_cursor = id_to_text(*query.cursor);
    if (!has_more && looked_until) page.previous_cursor = id_to_text(*looked_until);
  } else {
    page.has_next = beyond.has_value();
    if (beyond)
      page.next_cursor = id_to_text(*beyond);
    else if (page.rows.size() >= 2)
      page.next_cursor = to_text(page.rows.back().id);
    if (query.cursor && (!page.rows.empty() || page.has_next)) {
      const auto first = page.rows.empty() ? *query.cursor : page.rows.front().id.bytes;
      if (const auto slice = slice_before(query, first)) {
        FL_TRY(auto found, list(*slice));
        std::optional<IdBytes> unknown;
        page.has_previous = !rows_of(std::move(found), unknown).empty() || unknown;
      }
      if (page.rows.empty()) page.previous_cursor = id_to_text(first);
    }
  }
  if (!page.rows.empty() && page.previous_cursor.empty()) page.previous_cursor = to_text(page.rows.front().id);
  return page;
}

// {"content":[…],"pagination":{…}}; `write` writes one row.
template <class Row, class Write>
[[nodiscard]] std::string page_json(const Page<Row>& page, Write write) {
  JsonWriter json;
  json.begin_object().key("content").begin_array();
  for (const auto& row : page.rows) write(json, row);
  json.end_array().key("pagination").begin_object();
  json.field("per_page", page.per_page).field("has_next_page", page.has_next).field("has_prev_page", page.has_previous);
  json.field("prev_page_cursor", page.previous_cursor).field("next_page_cursor", page.next_cursor);
  return json.end_object().end_object().take();
}

// Times between which a list looks (wire contract 1.14), whole seconds, `end` not included.
struct DateRange {
  TimePoint start;
  TimePoint end;
};
// startDate and endDate (UTC, "2006-01-02T15:04:05"); absent, blank or in year 1: from midnight seven days ago to the
// end of today. Code::invalid "invalid_date" or "invalid_range" naming the parameter.
[[nodiscard]] Result<DateRange> parse_dates(const Query& query, TimePoint now);
// Narrows the list to the ids that objects created in the range can have: ids are made a little before or after.
void narrow_to(PageQuery& query, const DateRange& range);

}  // namespace fairlead::control
