// Sources as the management API keeps them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/core/id.hpp"
#include "common/crypto/seal.hpp"
#include "common/domain/source.hpp"
#include "common/store/db.hpp"
#include "common/store/keyset.hpp"

namespace fairlead::store {

struct Source {
  ProjectId project;
  SourceId id;
  std::string mask;
  std::string name;
  std::string type = "http";
  std::string provider;
  bool is_disabled = false;
  std::string verifier_sealed;  // JSON as the wire shows it, with every secret; empty: none
  std::string pub_sub_sealed;   // the same of the broker
  std::string response_body, response_type;
  std::vector<std::string> forward_headers;
  std::vector<std::string> idempotency_keys;
  std::string event_type_location;
  bool converts_forms = false;
  std::optional<std::string> body_function, header_function;
  std::optional<TimePoint> crc_verified_at;
  TimePoint created_at;
  TimePoint updated_at;
};

struct SourceFilter {
  ProjectId project;
  std::string type;       // empty: any
  std::string provider;   // empty: any
  std::string name_part;  // case-insensitive; empty: any
};

// The source, or Code::not_found.
[[nodiscard]] Result<Source> get_source(Tx& tx, const ProjectId& project, const SourceId& id);
// The source that listens at this mask, of whatever project that lives; or Code::not_found.
[[nodiscard]] Result<Source> get_source_by_mask(Tx& tx, const std::string& mask);
[[nodiscard]] Result<std::vector<Source>> list_sources(Tx& tx, const SourceFilter& filter, const Keyset& keyset);
[[nodiscard]] Result<void> insert_source(Tx& tx, const Source& source, std::int64_t version);
[[nodiscard]] Result<void> update_source(Tx& tx, const Source& source, std::int64_t version);
// With its subscriptions. Code::not_found.
[[nodiscard]] Result<void> delete_source(Tx& tx, const ProjectId& project, const SourceId& id, std::int64_t version,
                                         TimePoint now);
// Its provider has asked for the challenge.
[[nodiscard]] Result<void> note_source_challenge(Tx& tx, ProjectId project, SourceId id);

// What other objects show of their source; a deleted one still has a name.
struct SourceBrief {
  SourceId id;
  ProjectId project;
  std::string mask;
  std::string name;
  std::string type;
  std::string provider;
  bool is_disabled = false;
};

struct SourceChange {
  bool is_deleted = false;
  SourceConfig source;
};
// What is newer than `since` (0: all that lives), for the data plane. One that cannot be opened lets nothing pass.
[[nodiscard]] std::vector<SourceChange> read_source_changes(Tx& tx, std::int64_t since, const crypto::Sealer& sealer);

// The verifier in its clear JSON form, as a request is proved by it.
[[nodiscard]] SourceVerifier parse_source_verifier(const std::string& clear_json, std::string_view provider);

}  // namespace fairlead::store
