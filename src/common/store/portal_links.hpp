// Portal links: a customer's own view of the endpoints of one owner, and the tokens that open it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/core/id.hpp"
#include "common/domain/config.hpp"
#include "common/store/db.hpp"
#include "common/store/keyset.hpp"
#include "common/store/subscriptions.hpp"

namespace fairlead::store {

struct PortalLink {
  ProjectId project;
  PortalLinkId id;
  std::string name;
  std::string owner_id;
  std::string auth_type = "static_token";  // static_token, refresh_token
  bool can_manage_endpoint = false;
  bool can_see_payloads = true;
  std::optional<bool> can_rotate_secrets;  // none: as can_manage_endpoint
  bool can_replay = true;
  std::vector<std::string> event_types;  // patterns that may be subscribed to; empty: any
  KeyHash token_hash{};                  // of the static token; written once
  std::string token_sealed;              // raw bytes, sealed for the link's id
  TimePoint created_at;
  TimePoint updated_at;
  // Of the owner; read only.
  int endpoint_count = 0;
  std::vector<EndpointBrief> endpoints;  // at most portal_endpoints_shown_max
};

inline constexpr int portal_endpoints_shown_max = 100;
inline constexpr int portal_tokens_per_link_max = 100;

struct PortalLinkFilter {
  ProjectId project;
  std::string owner_id;               // empty: any
  std::string name_part;              // case-insensitive; empty: any
  std::vector<EndpointId> endpoints;  // whose owner has one of them; empty: any
};

// A short-lived token of a link with auth_type refresh_token.
struct PortalToken {
  KeyHash hash{};
  std::string sealed;  // raw bytes, sealed for the link's id
  TimePoint expires_at;
};

// What a token opens.
struct PortalAccess {
  OrganisationId organisation;
  PortalLink link;
  std::optional<TimePoint> expires_at;  // of a short-lived token; the caller's to judge
};
enum class PortalTokenKind { permanent, short_lived };

// The living link that the token of this kind opens, if its auth_type is of that kind too. Without the owner's
// endpoints.
[[nodiscard]] Result<std::optional<PortalAccess>> find_portal_access(Tx& tx, PortalTokenKind kind, const KeyHash& hash);

// The living link, or Code::not_found.
[[nodiscard]] Result<PortalLink> get_portal_link(Tx& tx, const ProjectId& project, const PortalLinkId& id);
// The same, locked for this transaction.
[[nodiscard]] Result<PortalLink> lock_portal_link(Tx& tx, const ProjectId& project, const PortalLinkId& id);
[[nodiscard]] Result<std::vector<PortalLink>> list_portal_links(Tx& tx, const PortalLinkFilter& filter,
                                                                const Keyset& keyset);
// The data plane knows nothing of links: no configuration number is taken.
[[nodiscard]] Result<void> insert_portal_link(Tx& tx, const PortalLink& link);
[[nodiscard]] Result<void> update_portal_link(Tx& tx, const PortalLink& link);
// A tombstone; its short-lived tokens are gone. Code::not_found if there is none.
[[nodiscard]] Result<void> delete_portal_link(Tx& tx, const ProjectId& project, const PortalLinkId& id, TimePoint now);

// The token of the link that lives longest, and beyond `now`.
[[nodiscard]] Result<std::optional<PortalToken>> find_portal_token(Tx& tx, const ProjectId& project,
                                                                   const PortalLinkId& link, TimePoint now);
// Adds a token and drops what has expired, and the oldest beyond portal_tokens_per_link_max.
[[nodiscard]] Result<void> insert_portal_token(Tx& tx, const PortalLink& link, const PortalToken& token, TimePoint now);

// The living key under which the project's customers send events: its id, and the key sealed for that id.
struct PortalSender {
  ApiKeyId key;
  std::string sealed;  // raw bytes
};
[[nodiscard]] Result<std::optional<PortalSender>> find_portal_sender(Tx& tx, const ProjectId& project);
// In place of the one before, if there is one.
[[nodiscard]] Result<void> save_portal_sender(Tx& tx, const ProjectId& project, const PortalSender& sender);
// Those of the endpoints that the owner has or had: deliveries outlive endpoints.
[[nodiscard]] Result<std::vector<EndpointId>> list_owned_endpoints(Tx& tx, const ProjectId& project,
                                                                   const std::string& owner_id,
                                                                   const std::vector<EndpointId>& among);

}  // namespace fairlead::store
