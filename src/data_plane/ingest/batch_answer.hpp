// What became of each event of a batch, as the wire says it.
#pragma once

#include <string_view>
#include <vector>

#include "common/net/http_server.hpp"
#include "data_plane/ingest/batcher.hpp"

namespace fairlead::ingest {

// 201 with {"accepted", "duplicates", "failed", "items": [{"index", "status", …}]} in the order of the request: what
// was taken has uid and is_duplicate_event, what was not has code, message and perhaps field, as if it had come alone.
[[nodiscard]] net::HttpResponse batch_created(const std::vector<Result<StoredEvent>>& answers);

}  // namespace fairlead::ingest
