// Sources as answers show them (wire contract 2.3), whole and as what other objects carry of theirs.
#pragma once

#include <optional>
#include <string>

#include "common/crypto/seal.hpp"
#include "common/store/sources.hpp"
#include "control_plane/http/json_writer.hpp"

namespace fairlead::control {

struct SourceView {
  const crypto::Sealer& sealer;
  std::string base_url;  // where /ingest is reached, without a final "/"
};

// Every secret is redacted. Code::internal if one cannot be opened.
[[nodiscard]] Result<void> write_source(JsonWriter& json, const store::Source& source, const SourceView& view);
// `name`: the member; of an object without a source all is empty, because clients expect the object.
void write_source_brief(JsonWriter& json, const char* name, const std::optional<store::SourceBrief>& source);

}  // namespace fairlead::control
