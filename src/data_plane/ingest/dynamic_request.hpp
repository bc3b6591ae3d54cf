// What a dynamic event says of its endpoint (wire contract 3.3).
#pragma once

#include <memory>
#include <vector>

#include "data_plane/ingest/event_request.hpp"
#include "data_plane/ingest/request_members.hpp"

namespace fairlead::ingest {

inline constexpr std::size_t dynamic_url_bytes_max = 2048;
inline constexpr std::size_t dynamic_secret_bytes_max = 256;
inline constexpr std::size_t dynamic_event_types_max = 1000;

// url, secret and event_types; duplicates among the types are left out. Code::invalid names the field. The URL is
// judged later, by the guard.
[[nodiscard]] Result<std::shared_ptr<const DynamicTarget>> read_dynamic_target(const std::vector<JsonMember>& members);

}  // namespace fairlead::ingest
