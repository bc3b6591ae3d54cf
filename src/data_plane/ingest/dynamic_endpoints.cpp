#include "data_plane/ingest/dynamic_endpoints.hpp"

#include "common/crypto/signing_secret.hpp"

namespace fairlead::ingest {
namespace {

constexpr std::size_t kKnownMax = 10000;

std::string key_of(const store::DynamicWish& wish) {
  std::string key = to_text(wish.project) + ' ' + wish.url;  // a URL that the guard let through has no spaces
  for (const auto& type : wish.event_types) key += '\n' + type;
  return key;
}

}  // namespace

std::optional<EndpointId> DynamicEndpoints::recall(const std::string& key, std::int64_t version) {
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(key);
  if (found == known_.end() || found->second.version != version) return std::nullopt;
  return found->second.endpoint;
}

void DynamicEndpoints::remember(std::string key, Known known) {
  const std::lock_guard lock(mutex_);
  if (known_.size() >= kKnownMax) known_.clear();
  known_.insert_or_assign(std::move(key), known);
}

Task<Result<EndpointId>> DynamicEndpoints::resolve(ProjectId project, std::shared_ptr<const DynamicTarget> target) {
  if (const auto parsed = wiring_.guard.check_url(target->url); !parsed) {
    co_return bad_field("url", parsed.error().reason, "url: " + parsed.error().message);
  }
  const store::DynamicWish wish{.project = project, .url = target->url, .event_types = target->event_types};
  const auto view = wiring_.refresher.current()->find_project(project);
  const std::int64_t version = view ? view->version : 0;
  std::string key = key_of(wish);
  if (const auto endpoint = recall(key, version)) co_return *endpoint;
  FL_CO_TRY(const auto place, co_await wiring_.db.run(store::TxKind::autocommit, &store::find_dynamic_endpoint, wish));
  if (place && place->is_settled) {
    remember(std::move(key), {version, place->endpoint});
    co_return place->endpoint;
  }
  co_return co_await make(wish, std::move(target));
}

Task<Result<EndpointId>> DynamicEndpoints::make(store::DynamicWish wish, std::shared_ptr<const DynamicTarget> target) {
  thread_local IdMaker ids;
  const auto now = wiring_.clock();
  store::DynamicParts parts{.endpoint = EndpointId{ids.next(now)},
                            .subscription = SubscriptionId{ids.next(now)},
                            .secret = {.id = SecretId{ids.next(now)}, .created_at = now, .updated_at = now}};
  const std::string clear = target->secret.empty() ? crypto::make_signing_secret() : target->secret.reveal();
  parts.secret.sealed = wiring_.refresher.sealer().seal(clear, to_text(parts.endpoint));
  FL_CO_TRY(const auto made, co_await wiring_.db.run(store::TxKind::autocommit, &store::ensure_dynamic_endpoint,
                                                     std::move(wish), std::move(parts)));
  if (!made) co_return bad_field("url", "https_required", "url: this project accepts https only");
  FL_CO_TRY_VOID(co_await wiring_.refresher.refresh());
  co_return *made;
}

}  // namespace fairlead::ingest
