// The management API's paths, query strings, cursors, dates, header rules and keys.
#include "control_plane/http/api_version.hpp"
#include "control_plane/http/auth.hpp"
#include "control_plane/http/pagination.hpp"
#include "control_plane/http/router.hpp"
#include "control_plane/services/header_rules.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace fairlead::control {
namespace {

using fuzz::require;

Task<Result<Response>> nothing(Context&, RequestPtr) { co_return Response{}; }

const Router& router() {
  static const std::vector<Route> routes{
      {http::verb::get, "/api/v1/projects", Right::any_key, &nothing},
      {http::verb::get, "/api/v1/projects/{project}/events/?", Right::project, &nothing},
      {http::verb::get, "/api/v1/projects/{project}/events/{event}", Right::project, &nothing},
      {http::verb::put, "/api/v1/projects/{project}/events/{event}/replay", Right::project, &nothing},
      {http::verb::put, "/api/v1/projects/{project}/endpoints/{endpoint}", Right::project, &nothing}};
  static const Router made(routes);
  return made;
}

void check_slice(const std::optional<store::Keyset>& slice, const PageQuery& page) {
  if (!slice) return;
  require(slice->low <= slice->high, "a slice is not empty");
  require(slice->low >= page.low && slice->high <= page.high, "a slice stays within the list");
  require(slice->rows_max >= 1 && slice->rows_max <= page_rows_max + 1, "a slice is bounded");
}

void try_query(std::string_view text) {
  const auto query = Query::parse(text);
  for (const auto* name : {"perPage", "sort", "next_page_cursor", "eventId", "q"}) {
    const auto all = query.all(name);
    require(query.first(name).has_value() == !all.empty() && (all.empty() || *query.first(name) == all.front()),
            "the first of all");
  }
  auto page = parse_page(query, true);
  if (!page) return require(page.error().code == Code::invalid && !page.error().field.empty(), "a refusal has a field");
  require(page->per_page >= 1 && page->per_page <= page_rows_max, "a page is bounded");
  if (page->cursor) require(id_from_text(id_to_text(*page->cursor)) == page->cursor, "a cursor is an id");
  if (const auto range = parse_dates(query, TimePoint{std::chrono::seconds(1'800'000'000)})) {
    require(range->start < range->end, "a range is not empty");
    narrow_to(*page, *range);
  }
  check_slice(page_slice(*page), *page);
  if (page->cursor) check_slice(slice_before(*page, *page->cursor), *page);
}

void try_path(std::string_view path) {
  const auto match = router().match(http::verb::get, path);
  require(match.route == nullptr || !match.allow.empty(), "what is found is allowed");
  for (const auto& [name, value] : match.params) {
    require(!value.empty() && value.find('/') == std::string::npos, "a parameter is one segment");
    require(path.find(value) != std::string_view::npos, "a parameter stands in the path");
  }
}

void try_headers(fuzz::Input& input) {
  const auto name = input.line(), value = input.rest();
  if (check_header_name(name, "name")) require(fuzz::is_token(name), "a header's name is a token");
  if (check_header_value(value, "value")) require(!fuzz::has_control_character(value), "a value stays on its line");
  if (const auto credential = parse_authorization(value)) {
    const bool is_key = value.find(" CO.") != std::string_view::npos;
    require(is_key == (credential->kind == Credential::Kind::api_key), "what is a key says so, all else is a portal's");
  }
  static_cast<void>(ApiVersion::from_header(value));
}

}  // namespace
}  // namespace fairlead::control

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fairlead;
  fuzz::Input input(data, size);
  switch (input.byte() % 4) {
    case 0:
    case 1:
      control::try_query(input.rest());
      break;
    case 2:
      control::try_path(input.rest());
      break;
    default:
      control::try_headers(input);
  }
  return 0;
}
