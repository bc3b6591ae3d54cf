#include "control_plane/services/onboarding.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "common/domain/event_type.hpp"
#include "common/store/config_change.hpp"
#include "common/store/onboarding.hpp"
#include "common/store/projects.hpp"
#include "control_plane/services/csv.hpp"
#include "control_plane/services/form_file.hpp"
#include "control_plane/services/meta_teller.hpp"

namespace fairlead::control {
namespace {

using store::Tx;

constexpr std::size_t kFieldBytesMax = 4096;
constexpr std::size_t kNameBytesMax = 200;     // the subscription's has the endpoint's id and more behind it
constexpr int kSubscriptionsReadMax = 20'000;  // of all endpoints of a batch

struct Column {
  const char* name;
  std::string OnboardRow::* member;
};
constexpr std::array<Column, 5> kColumns = {{{"name", &OnboardRow::name},
                                             {"url", &OnboardRow::url},
                                             {"event_type", &OnboardRow::event_type},
                                             {"auth_username", &OnboardRow::auth_username},
                                             {"auth_password", &OnboardRow::auth_password}}};

std::string normal_name(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  std::string name(text.substr(begin, text.find_last_not_of(" \t") - begin + 1));
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return name;
}

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

// Which column of the file is which member; null: none of ours.
Result<std::vector<const Column*>> read_head(const std::vector<std::string>& head) {
  std::vector<const Column*> columns;
  for (const auto& text : head) {
    const auto name = normal_name(text);
    const auto* found = std::ranges::find_if(kColumns, [&](const Column& column) { return name == column.name; });
    const Column* column = found == kColumns.end() ? nullptr : found;
    if (column != nullptr && std::ranges::find(columns, column) != columns.end())
      return bad_field("file", "invalid_csv", "file: the column " + name + " is there twice");
    columns.push_back(column);
  }
  for (const char* name : {"name", "url"}) {
    if (std::ranges::none_of(
            columns, [&](const Column* each) { return each != nullptr && name == std::string_view(each->name); }))
      return bad_field("file", "invalid_csv", std::string("file: its first line must name the column ") + name);
  }
  return columns;
}

// The endpoint as a request would describe it.
std::string endpoint_json(const OnboardRow& row) {
  nlohmann::ordered_json body{{"name", is_blank(row.name) ? "unnamed" : row.name}, {"url", row.url}};
  if (!row.auth_username.empty()) {
    body["authentication"] = {{"type", "basic_auth"},
                              {"basic_auth", {{"username", row.auth_username}, {"password", row.auth_password}}}};
  }
  return body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string column_of(const std::string& field) {
  if (field.ends_with("username")) return "auth_username";
  return field.starts_with("authentication") ? "auth_password" : field;
}

// Checks one row into an endpoint; its faults go behind the others.
void check_row(const OnboardRow& row, std::size_t number, const EndpointRules& rules, store::Endpoint& endpoint,
               std::vector<OnboardFault>& faults) {
  if (is_blank(row.name)) faults.push_back({number, "name", "name is required"});
  if (row.name.size() > kNameBytesMax)
    faults.push_back({number, "name", "name has at most " + std::to_string(kNameBytesMax) + " bytes"});
  if (const auto type = check_event_type_pattern(row.event_type.empty() ? "*" : row.event_type, "event_type"); !type)
    faults.push_back({number, "event_type", type.error().message});
  if (row.auth_username.empty() != row.auth_password.empty()) {
    faults.push_back({number, row.auth_username.empty() ? "auth_username" : "auth_password",
                      "auth_username and auth_password come both or not at all"});
    return;
  }
  const auto body = JsonBody::parse(endpoint_json(row));
  const auto applied = body ? apply_endpoint_input(endpoint, *body, rules) : std::unexpected(body.error());
  if (!applied && !(applied.error().field == "name" && row.name.size() > kNameBytesMax))
    faults.push_back({number, column_of(applied.error().field), applied.error().message});
}

}  // namespace

Result<OnboardRead> read_onboard_json(std::string_view text) {
  FL_TRY(const auto body, JsonBody::parse(text));
  const auto* items = body.find("items");
  if (items == nullptr || items->is_null()) return bad_field("items", "required", "items is required");
  if (!items->is_array()) return bad_field("items", "wrong_type", "items: expected an array");
  if (items->empty()) return bad_field("items", "required", "items: expected at least one");
  if (items->size() > onboard_items_max)
    return bad_field("items", "too_many", "items: expected at most " + std::to_string(onboard_items_max));
  OnboardRead read;
  for (std::size_t index = 0; index < items->size(); ++index) {
    auto& row = read.rows.emplace_back();
    const auto item = JsonBody::parse((*items)[index].dump());
    if (!item) {
      read.faults.push_back({index + 1, "", "expected an object"});
      continue;
    }
    for (const auto& column : kColumns) {
      auto value = item->text(column.name, kFieldBytesMax);
      if (value)
        row.*column.member = std::move(value->value);
      else
        read.faults.push_back({index + 1, column.name, value.error().message});
    }
  }
  return read;
}

Result<OnboardRead> read_onboard_form(std::string_view content_type, std::string_view body) {
  FL_TRY(const auto file, find_form_file(content_type, body, "file"));
  const auto lines =
      parse_csv(file, {.rows_max = onboard_items_max + 1, .columns_max = 100, .field_bytes_max = kFieldBytesMax});
  if (!lines) return bad_field("file", lines.error().reason, "file: " + lines.error().message);
  if (lines->size() < 2) return bad_field("file", "required", "file: expected a head and at least one row");
  FL_TRY(const auto columns, read_head(lines->front()));
  OnboardRead read;
  for (std::size_t line = 1; line < lines->size(); ++line) {
    auto& row = read.rows.emplace_back();
    const auto& fields = (*lines)[line];
    if (fields.size() > columns.size()) read.faults.push_back({line, "", "more fields than the head names"});
    for (std::size_t index = 0; index < std::min(fields.size(), columns.size()); ++index) {
      if (columns[index] != nullptr) row.*columns[index]->member = fields[index];
    }
  }
  return read;
}

OnboardCheck check_onboard_rows(OnboardRead read, const ProjectId& project, const EndpointRules& rules, IdSource& ids) {
  OnboardCheck check{.items = {}, .faults = std::move(read.faults)};
  const auto bad_before = [&](std::size_t number) {
    return std::ranges::any_of(check.faults, [&](const OnboardFault& fault) { return fault.row == number; });
  };
  for (std::size_t index = 0; index < read.rows.size(); ++index) {
    if (bad_before(index + 1)) continue;
    const auto& row = read.rows[index];
    store::Endpoint endpoint{.project = project, .id = ids.next<EndpointTag>()};
    const auto faults_before = check.faults.size();
    check_row(row, index + 1, rules, endpoint, check.faults);
    if (check.faults.size() > faults_before) continue;
    endpoint.created_at = endpoint.updated_at = wall_now();
    endpoint.secrets.push_back(make_secret(endpoint, "", rules.sealer, ids, endpoint.created_at));
    check.items.push_back({std::move(endpoint), row.event_type.empty() ? "*" : row.event_type});
  }
  std::ranges::sort(check.faults, {}, [](const OnboardFault& fault) { return std::pair(fault.row, fault.field); });
  return check;
}

namespace {

// What one batch is going to write: collected item by item, written a kind at a time.
class OnboardBatch {
 public:
  OnboardBatch(ProjectId project, bool allows_many, IdSource& ids)
      : project_(project), allows_many_(allows_many), ids_(ids), now_(wall_now()) {}

  // Reads what is there already for these items.
  [[nodiscard]] Result<void> read(Tx& tx, const std::vector<OnboardItem>& items);
  void add(const OnboardItem& item);
  [[nodiscard]] Result<void> write(Tx& tx, std::int64_t version) const;
  [[nodiscard]] const std::vector<store::Endpoint>& made() const { return endpoints_; }

 private:
  struct Work {
    store::Subscription subscription;
    bool is_new = false;
    bool is_changed = false;
  };
  void subscribe(const EndpointId& endpoint, const OnboardItem& item);

  const ProjectId project_;
  const bool allows_many_;  // subscriptions for one endpoint
  IdSource& ids_;
  const TimePoint now_;
  std::map<std::string, EndpointId> targets_;           // by URL
  std::map<IdBytes, std::vector<Work>> subscriptions_;  // by endpoint, oldest first
  std::vector<store::Endpoint> endpoints_;              // that are not there yet
  std::map<std::string, store::EventType> event_types_;
};

Result<void> OnboardBatch::read(Tx& tx, const std::vector<OnboardItem>& items) {
  std::vector<std::string> urls;
  for (const auto& item : items) urls.push_back(item.endpoint.url);
  FL_TRY(targets_, store::find_endpoints_by_url(tx, project_, urls));
  if (targets_.empty()) return {};
  store::SubscriptionFilter filter{.project = project_};
  for (const auto& [url, endpoint] : targets_) filter.endpoints.push_back(endpoint);
  FL_TRY(auto present,
         store::list_subscriptions(tx, filter, {.is_descending = false, .rows_max = kSubscriptionsReadMax}));
  for (auto& each : present) subscriptions_[each.endpoint.bytes].push_back({.subscription = std::move(each)});
  return {};
}

void OnboardBatch::add(const OnboardItem& item) {
  const auto [target, is_new] = targets_.try_emplace(item.endpoint.url, item.endpoint.id);
  if (is_new) endpoints_.push_back(item.endpoint);
  subscribe(target->second, item);
  if (!is_glob(item.event_type))
    event_types_.try_emplace(item.event_type,
                             store::EventType{.id = ids_.next<EventTypeTag>(), .name = item.event_type});
}

void OnboardBatch::subscribe(const EndpointId& endpoint, const OnboardItem& item) {
  auto& present = subscriptions_[endpoint.bytes];
  const bool is_there = std::ranges::any_of(present, [&](const Work& each) {
    return std::ranges::find(each.subscription.event_types, item.event_type) != each.subscription.event_types.end();
  });
  if (is_there) return;
  if (!present.empty() && !allows_many_) {
    auto& first = present.front();
    first.subscription.event_types.push_back(item.event_type);
    first.subscription.updated_at = now_;
    first.is_changed = !first.is_new;
    return;
  }
  store::Subscription made{.project = project_,
                           .id = ids_.next<SubscriptionTag>(),
                           .endpoint = endpoint,
                           .name = item.endpoint.name + "-" + to_text(endpoint) + "-subscription",
                           .event_types = {item.event_type}};
  made.created_at = made.updated_at = now_;
  present.push_back({.subscription = std::move(made), .is_new = true});
}

Result<void> OnboardBatch::write(Tx& tx, std::int64_t version) const {
  FL_TRY_VOID(store::insert_endpoints(tx, endpoints_, version));
  std::vector<store::Subscription> made;
  for (const auto& [endpoint, works] : subscriptions_) {
    for (const auto& work : works) {
      if (work.is_new) made.push_back(work.subscription);
      if (work.is_changed) FL_TRY_VOID(store::update_subscription(tx, work.subscription, version));
    }
  }
  FL_TRY_VOID(store::insert_plain_subscriptions(tx, made, version));
  std::vector<store::EventType> types;
  for (const auto& [name, type] : event_types_) types.push_back(type);
  return store::insert_plain_event_types(tx, project_, types, now_);
}

}  // namespace

Result<bool> write_onboard_batch(Tx& tx, const ProjectId& project, const std::vector<OnboardItem>& items,
                                 const Context& context) {
  FL_TRY(const auto version, store::begin_project_change(tx, project));
  FL_TRY(const auto stored, store::get_project(tx, project));
  const auto config = ProjectConfig::from_stored(stored.config);
  OnboardBatch batch(project, config.allows_many_subscriptions(), context.ids);
  FL_TRY_VOID(batch.read(tx, items));
  for (const auto& item : items) batch.add(item);
  FL_TRY_VOID(batch.write(tx, version));
  if (config.tells("endpoint.created")) {
    for (const auto& endpoint : batch.made()) FL_TRY_VOID(tell_of_endpoint(tx, context, "endpoint.created", endpoint));
  }
  return true;
}

}  // namespace fairlead::control
