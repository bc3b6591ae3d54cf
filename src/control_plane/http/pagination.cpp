#include "control_plane/http/pagination.hpp"

#include <charconv>

#include "common/store/id_range.hpp"

namespace fairlead::control {
namespace {

// How far the time inside an id may lie before the creation time that is stored beside it, and after it: an id is made
// first, and by the same clock.
constexpr std::chrono::minutes kIdEarlier{10};
constexpr std::chrono::seconds kIdLater{10};
// How long to look for whether there is a page before, where a filter matches rarely: if that does not suffice, there
// is said to be one.
constexpr std::chrono::milliseconds kPatienceBefore{5};
// The last moment that can be written with four digits of the year.
constexpr TimePoint kLastMoment{std::chrono::sys_days{std::chrono::year{10000} / 1 / 1} - Micros(1)};

bool equals_folded(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() && std::equal(text.begin(), text.end(), lower.begin(), [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
         });
}

// What lies in front of `id`, in the order of the list.
std::optional<store::Keyset> in_front_of(const PageQuery& query, const IdBytes& id, int rows_max) {
  store::Keyset slice{query.low, query.high, !query.is_descending, rows_max};
  if (query.is_descending) {
    if (id == store::id_highest) return std::nullopt;
    slice.low = std::max(slice.low, store::id_above(id));
  } else {
    if (id == store::id_lowest) return std::nullopt;
    slice.high = std::min(slice.high, store::id_below(id));
  }
  if (slice.low > slice.high) return std::nullopt;
  return slice;
}

std::optional<TimePoint> parse_date(const std::string& text) {
  if (text.size() != 19) return std::nullopt;
  return parse_time(text + "Z");
}

// The parameter's time; nothing if it is absent or in year 1, which is how some clients write "not set".
Result<std::optional<TimePoint>> date_of(const Query& query, const char* name) {
  const auto text = query.first(name);
  if (!text || text->starts_with("0001-")) return std::nullopt;
  const auto time = parse_date(*text);
  if (!time)
    return bad_field(name, "invalid_date", std::string(name) + ": expected a UTC time such as 2026-01-31T12:00:00");
  return time;
}

// A number of rows, brought inside the bounds; the usual one for what is no number.
int rows_of(const std::string& text) {
  int rows = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), rows);
  if (error == std::errc{} && end == text.data() + text.size()) return std::clamp(rows, 1, page_rows_max);
  if (error == std::errc::result_out_of_range) return text.starts_with('-') ? 1 : page_rows_max;
  return page_rows_default;
}

// The Go client writes per_page, and 0 where it was not set.
int rows_of(const Query& query) {
  if (const auto text = query.first("perPage")) return rows_of(*text);
  const auto text = query.first("per_page");
  return text && *text != "0" ? rows_of(*text) : page_rows_default;
}

// Without a direction, the only cursor that was sent tells it: the Go client has no other way to go back.
bool goes_backward(const Query& query) {
  if (const auto direction = query.first("direction")) return equals_folded(*direction, "prev");
  return query.first("prev_page_cursor") && !query.first("next_page_cursor");
}

}  // namespace

Result<PageQuery> parse_page(const Query& query, bool has_sort) {
  PageQuery page;
  page.per_page = rows_of(query);
  page.is_descending = !(has_sort && equals_folded(query.first("sort").value_or(""), "asc"));
  page.is_backward = goes_backward(query);
  const char* name = page.is_backward ? "prev_page_cursor" : "next_page_cursor";
  if (const auto text = query.first(name)) {
    page.cursor = id_from_text(*text);
    if (!page.cursor)
      return bad_field(name, "invalid_cursor", std::string(name) + ": expected a cursor of an earlier page");
  }
  return page;
}

std::optional<store::Keyset> page_slice(const PageQuery& query) {
  const int rows_max = query.per_page + 1;
  if (query.is_backward && query.cursor) return in_front_of(query, *query.cursor, rows_max);
  store::Keyset slice{query.low, query.high, query.is_descending, rows_max};
  if (query.cursor) {
    if (query.is_descending)
      slice.high = std::min(slice.high, *query.cursor);
    else
      slice.low = std::max(slice.low, *query.cursor);
  }
  if (slice.low > slice.high) return std::nullopt;
  return slice;
}

std::optional<store::Keyset> slice_before(const PageQuery& query, const IdBytes& first) {
  auto slice = in_front_of(query, first, 1);
  if (slice) slice->patience = kPatienceBefore;
  return slice;
}

IdBytes id_behind(const PageQuery& query, const IdBytes& id) {
  const bool goes_down = query.is_descending != (query.is_backward && query.cursor.has_value());
  return goes_down ? store::id_below(id) : store::id_above(id);
}

Result<DateRange> parse_dates(const Query& query, TimePoint now) {
  FL_TRY(const auto start, date_of(query, "startDate"));
  FL_TRY(const auto end, date_of(query, "endDate"));
  const auto today = std::chrono::floor<std::chrono::days>(now);
  DateRange range{start.value_or(today - std::chrono::days(7)),
                  end ? std::min(*end + std::chrono::seconds(1), kLastMoment) : today + std::chrono::days(1)};
  if (range.start >= range.end) return bad_field("startDate", "invalid_range", "startDate lies after endDate");
  return range;
}

void narrow_to(PageQuery& query, const DateRange& range) {
  const auto first = std::max(range.start - kIdEarlier, TimePoint{});
  std::array<std::uint8_t, 10> tail{};
  query.low = make_id_bytes(first, tail);
  tail.fill(0xff);
  query.high = make_id_bytes(std::max(range.end + kIdLater, TimePoint{}), tail);
}

}  // namespace fairlead::control
