// The body of a batch creation, and each of its events.
#include <nlohmann/json.hpp>

#include "common/domain/json_scan.hpp"
#include "data_plane/ingest/batch_request.hpp"
#include "data_plane/ingest/dynamic_request.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace fairlead::ingest {
namespace {

using fuzz::require;

// The items are what another parser finds, each a span of the body.
void check_items(std::string_view body, const std::vector<std::string_view>& items) {
  require(!items.empty() && items.size() <= batch_items_max, "a batch is bounded");
  const char* end = body.data();
  for (const auto item : items) {
    require(item.data() >= end && item.data() + item.size() <= body.data() + body.size(), "items follow each other");
    require(validate_json(item).has_value(), "an item is JSON");
    require(item.front() != ' ' && item.back() != ' ', "an item is its value alone");
    end = item.data() + item.size();
  }
  if (!body.starts_with('[') || !nlohmann::ordered_json::accept(body)) return;
  const auto array = nlohmann::ordered_json::parse(body);
  require(array.size() == items.size(), "every item is there");
  for (std::size_t index = 0; index < items.size(); ++index)
    require(array[index] == nlohmann::ordered_json::parse(items[index]), "in its order");
}

void check_item(std::string_view item) {
  const auto read = parse_batch_item(item, {});
  if (!read) {
    require(!read.error().message.empty(), "a refusal says why");
    require(read.error().code == Code::invalid || read.error().code == Code::not_found, "a closed code");
    return;
  }
  const auto alone = parse_event_request(read->kind, item, {});
  require(alone && alone->content_hash == read->request.content_hash, "an item is what it would be alone");
  require((read->kind == EventKind::dynamic) == (read->request.dynamic != nullptr), "only a dynamic event has a URL");
  if (!read->request.dynamic) return;
  require(!read->request.dynamic->url.empty(), "which is not empty");
  require(read->request.dynamic->event_types.size() <= dynamic_event_types_max, "types are bounded");
}

}  // namespace
}  // namespace fairlead::ingest

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fairlead;
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const auto items = ingest::split_batch(body);
  if (!items) {
    fuzz::require(items.error().code == Code::invalid && !items.error().message.empty(), "a refusal says why");
    return 0;
  }
  ingest::check_items(body, *items);
  for (const auto item : *items) ingest::check_item(item);
  return 0;
}
