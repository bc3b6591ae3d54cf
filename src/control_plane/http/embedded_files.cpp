#include "control_plane/http/embedded_files.hpp"

#include "common/net/gzip.hpp"

namespace fairlead::control {

Result<std::string> unpack(const EmbeddedFile& file) {
  std::string content;
  net::GzipDecoder decoder;
  if (decoder.feed(file.packed, content, file.bytes) == net::GzipDecoder::Step::broken || content.size() != file.bytes)
    return fail(Code::internal, "an embedded file is damaged");
  return content;
}

}  // namespace fairlead::control
