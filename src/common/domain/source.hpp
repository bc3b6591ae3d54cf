// Sources as the data plane sees them: how a stranger's request is proved, and where its type and its idempotency key
// stand.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/core/id.hpp"
#include "common/core/result.hpp"
#include "common/core/secret.hpp"

namespace fairlead {

inline constexpr std::size_t source_mask_length = 16;
inline constexpr std::size_t source_secrets_max = 10;

// Where a value stands in a request: request.header.X-Id, request.query.id, request.body.order.id.
struct RequestSelector {
  enum class Place { header, query, body };
  Place place = Place::body;
  std::string path;
};

// "request" or "req", the place ("header", "query" or "queryparam", "body", any case), and the selector, which may have
// dots only in a body. Code::invalid, reason "invalid_selector".
[[nodiscard]] Result<RequestSelector> parse_selector(std::string_view text, std::string_view field);

enum class VerifierKind {
  none,
  hmac,
  basic_auth,
  api_key,
  github,
  shopify,
  twitter,
  stripe,
  slack,
  standard_webhooks,
  unusable,  // nothing can pass: it cannot be read, or names a provider that we do not know
};

struct SourceVerifier {
  VerifierKind kind = VerifierKind::none;
  std::string name;  // hmac, api_key: the header; basic_auth: the user
  bool is_sha512 = false, is_base64 = false;
  std::vector<Secret> secrets;  // every one of them is good
};

// The kind that a provider's name stands for; nothing for a name that we do not know.
[[nodiscard]] std::optional<VerifierKind> provider_kind(std::string_view provider);
// Whether its proof covers the body alone: then neither headers nor the query may decide what an event is.
[[nodiscard]] bool is_body_signature(VerifierKind kind);

struct SourceConfig {
  SourceId id;
  ProjectId project;
  std::string mask;
  bool is_http = true;
  bool is_disabled = false;
  bool converts_forms = false;
  SourceVerifier verifier;
  std::string response_body, response_type;
  std::vector<std::string> forward_headers;
  std::vector<RequestSelector> idempotency_keys;
  std::optional<RequestSelector> event_type_location;
};

}  // namespace fairlead
