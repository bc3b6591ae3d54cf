// Looks one value up in a request (common/domain/source, RequestSelector).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/domain/source.hpp"
#include "common/net/http_server.hpp"
#include "data_plane/ingest/source_form.hpp"

namespace fairlead::ingest {

// A body is parsed when a value in it is first asked for. The request outlives it.
class SourceValues {
 public:
  explicit SourceValues(const net::HttpRequest& request) : request_(request) {}

  // The value's text: of JSON a string unescaped, anything else as it stands; nothing if it is not there or null.
  // Code::invalid "invalid_json" or "invalid_form" if the body has to be read and cannot.
  [[nodiscard]] Result<std::optional<std::string>> find(const RequestSelector& selector);

 private:
  Result<std::optional<std::string>> find_in_body(const std::string& path);
  const net::HttpRequest& request_;
  std::optional<Result<FormFields>> form_;
  std::optional<Result<void>> json_;
};

// The span of the value at a dotted path of names and array indexes in JSON text that validate_json accepted.
[[nodiscard]] std::optional<std::string_view> find_json_value(std::string_view text, std::string_view path);

[[nodiscard]] bool is_form_type(std::string_view media_type);
// By its Content-Type; nothing if it is no form.
[[nodiscard]] std::optional<Result<FormFields>> read_form(const net::HttpRequest& request);

}  // namespace fairlead::ingest
