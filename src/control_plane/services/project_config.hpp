// A project's configuration: its defaults, what a request may change (wire contract 3.1), and how it is shown.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "common/core/result.hpp"
#include "common/crypto/seal.hpp"
#include "common/net/address_guard.hpp"
#include "control_plane/http/id_source.hpp"
#include "control_plane/http/json_body.hpp"

namespace fairlead::control {

inline constexpr std::int64_t payload_bytes_default = 1024 * 1024;

class ProjectConfig {
 public:
  // What a new project starts with. Without an explicit strategy the default schedule holds, and none is stored.
  [[nodiscard]] static ProjectConfig make_default(IdSource& ids);
  [[nodiscard]] static ProjectConfig from_stored(const std::string& json);

  // What is present replaces, null brings the default back, what is absent stays; Code::invalid names the field.
  // Sending back what to_wire showed changes nothing.
  [[nodiscard]] Result<void> merge(const JsonBody& input, bool is_outgoing, IdSource& ids);
  // "meta_event" of the same input, its secret sealed for the project; one is made if none is given. Code::invalid
  // names the field.
  struct MetaEventRules {
    const crypto::Sealer& sealer;
    const net::AddressGuard& guard;
    ProjectId project;
  };
  [[nodiscard]] Result<void> merge_meta_event(const JsonBody& input, const MetaEventRules& rules);
  // Whether the project wants to be told of this ("endpoint.created", …).
  [[nodiscard]] bool tells(std::string_view meta_event_type) const;
  // Replaces the redacted secret of meta events in what to_wire shows.
  [[nodiscard]] Result<void> reveal_meta_secret(const crypto::Sealer& sealer, const ProjectId& project);
  [[nodiscard]] std::string to_stored() const { return config_.dump(); }
  [[nodiscard]] std::string to_wire() const;

  [[nodiscard]] bool enforces_https() const;
  [[nodiscard]] bool allows_many_subscriptions() const;
  [[nodiscard]] std::string signature_header() const;
  // {type, duration, retry_count} in force for subscriptions without their own.
  struct Strategy {
    std::string type;
    std::int64_t seconds = 0;
    std::int64_t retry_count = 0;
  };
  [[nodiscard]] Strategy strategy() const;

 private:
  void clear_nulls(const JsonBody& input, IdSource& ids);
  Result<void> merge_scalars(const JsonBody& input, bool is_outgoing);
  Result<void> merge_strategy(const JsonBody& input);
  Result<void> merge_signature(const JsonBody& input, IdSource& ids);
  Result<void> merge_limits(const JsonBody& input);
  nlohmann::ordered_json config_ = nlohmann::ordered_json::object();
  std::string meta_secret_;  // in clear; empty: shown redacted
};

}  // namespace fairlead::control
