#include "control_plane/http/pagination.hpp"

#include <gtest/gtest.h>

namespace fairlead::control {
namespace {

struct Row {
  EventId id;
};
struct HeavyRow {
  EventId id;
  bool is_beyond = false;
};

EventId id_of(int number) {
  IdBytes bytes{};
  bytes[15] = static_cast<std::uint8_t>(number);
  return EventId{bytes};
}
std::string cursor_of(int number) { return to_text(id_of(number)); }

// A list of the rows 1..count, as a table would answer.
auto list_of(int count) {
  return [count](const store::Keyset& slice) -> Result<std::vector<Row>> {
    std::vector<Row> rows;
    for (int step = 1; step <= count; ++step) {
      const auto id = id_of(slice.is_descending ? count + 1 - step : step);
      if (id.bytes < slice.low || slice.high < id.bytes || std::ssize(rows) == slice.rows_max) continue;
      rows.push_back({id});
    }
    return rows;
  };
}

std::vector<int> numbers(const Page<Row>& page) {
  std::vector<int> all;
  for (const auto& row : page.rows) all.push_back(row.id.bytes[15]);
  return all;
}

Page<Row> page_of(const std::string& query, int count, bool has_sort = false) {
  return read_page<Row>(parse_page(Query::parse(query), has_sort).value(), list_of(count)).value();
}

// Goal: following next_page_cursor shows every row once, newest first. Method: seven rows, three a page.
TEST(Pagination, ForwardWalksEverything) {
  auto page = page_of("perPage=3", 7);
  EXPECT_EQ(numbers(page), (std::vector{7, 6, 5}));
  EXPECT_TRUE(page.has_next);
  EXPECT_FALSE(page.has_previous);
  EXPECT_EQ(page.next_cursor, cursor_of(4));
  EXPECT_EQ(page.previous_cursor, cursor_of(7));
  page = page_of("perPage=3&direction=next&next_page_cursor=" + page.next_cursor, 7);
  EXPECT_EQ(numbers(page), (std::vector{4, 3, 2}));
  EXPECT_TRUE(page.has_next);
  EXPECT_TRUE(page.has_previous);
  page = page_of("perPage=3&next_page_cursor=" + page.next_cursor, 7);
  EXPECT_EQ(numbers(page), (std::vector{1}));
  EXPECT_FALSE(page.has_next);
  EXPECT_TRUE(page.has_previous);
  EXPECT_EQ(page.next_cursor, "");
}

// Goal: the Go client's spellings mean what its users expect: per_page, whose 0 is "not set", and a cursor of the page
// before without a direction. Method: its queries, in which a cursor that is not set is blank; what others write wins.
TEST(Pagination, GoClientsQueries) {
  const std::vector<std::pair<std::string, std::vector<int>>> cases{
      {"next_page_cursor=&per_page=3&prev_page_cursor=", {7, 6, 5}},
      {"next_page_cursor=&per_page=0&prev_page_cursor=", {7, 6, 5, 4, 3, 2, 1}},
      {"per_page=3&perPage=2", {7, 6}},
      {"per_page=-1", {7}},
      {"next_page_cursor=&per_page=2&prev_page_cursor=" + cursor_of(3), {5, 4}},
      {"next_page_cursor=" + cursor_of(2) + "&per_page=2&prev_page_cursor=" + cursor_of(3), {2, 1}},
      {"direction=next&per_page=2&prev_page_cursor=" + cursor_of(3), {7, 6}}};
  for (const auto& [query, expected] : cases) EXPECT_EQ(numbers(page_of(query, 7)), expected) << query;
}

// Goal: going back from a page shows the one before it, without the row that it began with, and knows that there is a
// next one. Method: back from the last page to the first, past an incomplete page.
TEST(Pagination, BackwardWalksBack) {
  auto page = page_of("perPage=3&direction=prev&prev_page_cursor=" + cursor_of(2), 7);
  EXPECT_EQ(numbers(page), (std::vector{5, 4, 3}));
  EXPECT_TRUE(page.has_next);
  EXPECT_TRUE(page.has_previous);
  EXPECT_EQ(page.next_cursor, cursor_of(2));
  page = page_of("perPage=3&direction=prev&prev_page_cursor=" + page.previous_cursor, 7);
  EXPECT_EQ(numbers(page), (std::vector{7, 6}));
  EXPECT_TRUE(page.has_next);
  EXPECT_FALSE(page.has_previous);
  EXPECT_EQ(page.next_cursor, cursor_of(5));
  page = page_of("direction=prev&prev_page_cursor=" + cursor_of(7), 7);
  EXPECT_TRUE(page.rows.empty());
  EXPECT_TRUE(page.has_next);
  EXPECT_FALSE(page.has_previous);
}

// Goal: ascending order where the list sorts, and only there. Method: the same query with both.
TEST(Pagination, Ascending) {
  auto page = page_of("perPage=3&sort=asc", 5, true);
  EXPECT_EQ(numbers(page), (std::vector{1, 2, 3}));
  page = page_of("perPage=3&sort=asc&next_page_cursor=" + page.next_cursor, 5, true);
  EXPECT_EQ(numbers(page), (std::vector{4, 5}));
  EXPECT_TRUE(page.has_previous);
  page = page_of("perPage=2&sort=ASC&direction=prev&prev_page_cursor=" + cursor_of(4), 5, true);
  EXPECT_EQ(numbers(page), (std::vector{2, 3}));
  EXPECT_EQ(numbers(page_of("perPage=3&sort=asc", 5, false)), (std::vector{5, 4, 3}));
}

// Goal: perPage is kept within its bounds, a cursor that is no id is named. Method: each odd value.
TEST(Pagination, OddQueries) {
  const auto per_page = [](const char* query) { return parse_page(Query::parse(query), false).value().per_page; };
  EXPECT_EQ(per_page(""), 20);
  EXPECT_EQ(per_page("perPage=x"), 20);
  EXPECT_EQ(per_page("perPage=5x"), 20);
  EXPECT_EQ(per_page("perPage=0"), 1);
  EXPECT_EQ(per_page("perPage=-7"), 1);
  EXPECT_EQ(per_page("perPage=5000"), 1000);
  EXPECT_EQ(per_page("perPage=99999999999999999999"), 1000);
  const auto bad = parse_page(Query::parse("next_page_cursor=nonsense"), false);
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().field, "next_page_cursor");
  EXPECT_FALSE(parse_page(Query::parse("next_page_cursor=&prev_page_cursor="), false).value().cursor);
}

// Goal: a page that would grow too heavy ends early, and goes on there. Method: the third row does not fit.
TEST(Pagination, HeavyRowsEndThePage) {
  const auto list = [](const store::Keyset&) -> Result<std::vector<HeavyRow>> {
    return std::vector<HeavyRow>{{id_of(9)}, {id_of(8)}, {id_of(7), true}, {id_of(6), true}};
  };
  const auto page = read_page<HeavyRow>(parse_page(Query::parse("perPage=3"), false).value(), list).value();
  EXPECT_EQ(page.rows.size(), 2U);
  EXPECT_TRUE(page.has_next);
  EXPECT_EQ(page.next_cursor, cursor_of(7));
}

TimePoint at(const char* text) { return parse_time(text).value(); }

// Goal: dates are UTC to the second, both ends included, and default to the last seven days. Method: fixed now.
TEST(Dates, RangeAndDefaults) {
  const auto now = at("2026-03-10T15:30:00Z");
  auto range = parse_dates(Query::parse(""), now).value();
  EXPECT_EQ(range.start, at("2026-03-03T00:00:00Z"));
  EXPECT_EQ(range.end, at("2026-03-11T00:00:00Z"));
  range = parse_dates(Query::parse("startDate=2026-01-01T00:00:00&endDate=2026-01-01T00:00:00"), now).value();
  EXPECT_EQ(range.start, at("2026-01-01T00:00:00Z"));
  EXPECT_EQ(range.end, at("2026-01-01T00:00:01Z"));
  range = parse_dates(Query::parse("startDate=0001-01-01T00:00:00&endDate=0001-01-01T00:00:00"), now).value();
  EXPECT_EQ(range.start, at("2026-03-03T00:00:00Z"));
}

// A list of which only the rows 1..count that `stride` divides are shown, and at most `looked_at` are looked at.
auto sparse_list_of(int count, int stride, int looked_at) {
  return [=](const store::Keyset& slice) -> Result<store::Walk<Row>> {
    store::Walk<Row> walk;
    int seen = 0;
    for (int step = 1; step <= count; ++step) {
      const int number = slice.is_descending ? count + 1 - step : step;
      const auto id = id_of(number);
      if (id.bytes < slice.low || slice.high < id.bytes || std::ssize(walk.rows) == slice.rows_max) continue;
      if (seen++ == looked_at) return walk;
      walk.last = id.bytes;
      if (number % stride == 0) walk.rows.push_back({id});
    }
    walk.last.reset();
    return walk;
  };
}

// Goal: pages of a list that could not be looked through far enough show every row once, forward and back, and end.
// Method: 200 rows of which every seventh is shown, pages of three, sixteen rows looked at for each.
TEST(Pagination, APageThatStoppedEarlyGoesOn) {
  const auto page_at = [](const std::string& query) {
    return read_page<Row>(parse_page(Query::parse("perPage=3" + query), false).value(), sparse_list_of(200, 7, 16))
        .value();
  };
  std::vector<int> expected, forward, backward;
  for (int number = 196; number > 0; number -= 7) expected.push_back(number);
  auto page = page_at("");
  int pages = 1;
  for (;; ++pages) {
    ASSERT_LT(pages, 50);
    for (const int number : numbers(page)) forward.push_back(number);
    if (!page.has_next) break;
    page = page_at("&next_page_cursor=" + page.next_cursor);
  }
  EXPECT_EQ(forward, expected);
  EXPECT_GE(pages, 200 / 16);
  page = page_at("&direction=prev&prev_page_cursor=" + cursor_of(1));
  for (int count = 1;; ++count) {
    ASSERT_LT(count, 50);
    const auto shown = numbers(page);
    backward.insert(backward.begin(), shown.begin(), shown.end());
    EXPECT_TRUE(page.has_next);
    if (!page.has_previous) break;
    page = page_at("&direction=prev&prev_page_cursor=" + page.previous_cursor);
  }
  EXPECT_EQ(backward, expected);
}

// Goal: a page that is empty because it stopped early can be left in both directions. Method: nothing to show in sight.
TEST(Pagination, AnEmptyPageThatStoppedEarlyIsNoEnd) {
  const auto query = parse_page(Query::parse("next_page_cursor=" + cursor_of(150)), false).value();
  const auto page = read_page<Row>(query, sparse_list_of(200, 1000, 16)).value();
  EXPECT_TRUE(page.rows.empty());
  EXPECT_TRUE(page.has_next);
  EXPECT_EQ(page.next_cursor, cursor_of(134));
  EXPECT_TRUE(page.has_previous);
  EXPECT_EQ(page.previous_cursor, cursor_of(150));
}

// Goal: other forms and a start behind the end are refused and named. Method: each.
TEST(Dates, Refuses) {
  const auto now = at("2026-03-10T15:30:00Z");
  for (const char* text : {"2026-01-01", "2026-01-01T00:00:00Z", "2026-13-01T00:00:00", "yesterday",
                           "2026-01-01%2000:00", "2026-01-01T00:00:00.5"}) {
    const auto range = parse_dates(Query::parse(std::string("endDate=") + text), now);
    ASSERT_FALSE(range) << text;
    EXPECT_EQ(range.error().field, "endDate");
  }
  EXPECT_EQ(parse_dates(Query::parse("startDate=2026-02-02T00:00:00&endDate=2026-02-01T00:00:00"), now).error().reason,
            "invalid_range");
}

// Goal: ids made around the range lie within the bounds. Method: ids a minute before and a second after it, and a day
// away.
TEST(Dates, BoundsHoldTheIds) {
  PageQuery query;
  narrow_to(query, {at("2026-01-01T00:00:00Z"), at("2026-01-02T00:00:00Z")});
  const auto is_within = [&](const char* time) {
    const auto id = make_id_bytes(at(time), {});
    return query.low <= id && id <= query.high;
  };
  EXPECT_TRUE(is_within("2025-12-31T23:59:00Z"));
  EXPECT_TRUE(is_within("2026-01-02T00:00:01Z"));
  EXPECT_FALSE(is_within("2025-12-31T00:00:00Z"));
  EXPECT_FALSE(is_within("2026-01-03T00:00:00Z"));
}

}  // namespace
}  // namespace fairlead::control
