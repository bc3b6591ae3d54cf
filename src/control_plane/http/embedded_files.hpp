// Files that the build puts into the program (cmake/documentation.cmake): the API's document and its reference.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "common/core/result.hpp"

namespace fairlead::control {

struct EmbeddedFile {
  std::string_view name;  // "openapi.json"
  std::string_view content_type;
  std::string_view etag;    // quoted; of the uncompressed content
  std::size_t bytes;        // uncompressed
  std::string_view packed;  // gzip
};

// All of them; they live as long as the program.
[[nodiscard]] std::span<const EmbeddedFile> embedded_files();
// The uncompressed content. Code::internal if the program's own bytes are damaged.
[[nodiscard]] Result<std::string> unpack(const EmbeddedFile& file);

}  // namespace fairlead::control
