// What statements that join sources select of them: source_id, source_mask, source_name, source_type, source_provider
// and source_is_disabled, by name, so that they may stand anywhere in the list.
#pragma once

#include "common/store/sources.hpp"
#include "common/store/tx.hpp"

namespace fairlead::store {

// Nothing if the row has no source.
[[nodiscard]] inline std::optional<SourceBrief> source_brief_from(const pqxx::row& row, const ProjectId& project) {
  if (row["source_id"].is_null()) return std::nullopt;
  return SourceBrief{.id = as_id<SourceTag>(row["source_id"]),
                     .project = project,
                     .mask = as_text(row["source_mask"]),
                     .name = as_text(row["source_name"]),
                     .type = as_text(row["source_type"]),
                     .provider = as_text(row["source_provider"]),
                     .is_disabled = row["source_is_disabled"].as<bool>()};
}

}  // namespace fairlead::store
