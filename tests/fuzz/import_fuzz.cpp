// Documents and files that are imported: OpenAPI as YAML or JSON, schemas, CSV, and forms that hold a file.
#include <nlohmann/json.hpp>

#include "common/core/utf8.hpp"
#include "control_plane/services/csv.hpp"
#include "control_plane/services/form_file.hpp"
#include "control_plane/services/json_schema.hpp"
#include "control_plane/services/openapi_import.hpp"
#include "control_plane/services/yaml.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace fairlead::control {
namespace {

using fuzz::require;
using Json = nlohmann::ordered_json;

std::size_t depth_of(const Json& value) {
  std::size_t depth = 0;
  if (!value.is_structured()) return 0;
  for (const auto& each : value) depth = std::max(depth, depth_of(each));
  return depth + 1;
}

bool has_nul(const Json& value) {
  if (value.is_string()) return value.get_ref<const std::string&>().find('\0') != std::string::npos;
  if (!value.is_structured()) return false;
  for (const auto& [key, each] : value.items()) {
    if (key.find('\0') != std::string::npos || has_nul(each)) return true;
  }
  return false;
}

void check_refusal(const Error& error) {
  require(error.code == Code::invalid && !error.reason.empty() && !error.message.empty(), "a refusal says why");
}

void try_yaml(std::string_view text) {
  const auto document = parse_yaml(text);
  if (!document) return check_refusal(document.error());
  require(depth_of(*document) <= yaml_depth_max, "a document is not deep");
  const auto dumped = document->dump(-1, ' ', false, Json::error_handler_t::strict);
  require(is_utf8(dumped) && !has_nul(*document), "its texts can be stored");
  if (const auto checked = check_json_schema(*document, "x"); !checked) check_refusal(checked.error());
}

void try_openapi(std::string_view text) {
  const auto types = read_openapi_webhooks(text);
  if (!types) return check_refusal(types.error());
  require(!types->empty() && types->size() <= openapi_webhooks_max, "a document has webhooks");
  for (const auto& type : *types) {
    require(!type.name.empty() && is_utf8(type.name), "a type has a name");
    if (type.json_schema) require(Json::parse(*type.json_schema).is_object(), "a schema is an object");
  }
}

void try_csv(std::string_view text) {
  const CsvLimits limits{.rows_max = 100, .columns_max = 20, .field_bytes_max = 200};
  const auto rows = parse_csv(text, limits);
  if (!rows) return check_refusal(rows.error());
  require(rows->size() <= limits.rows_max, "rows are bounded");
  std::string written;  // and read again they are the same
  for (const auto& row : *rows) {
    require(!row.empty() && row.size() <= limits.columns_max, "columns are bounded");
    for (std::size_t index = 0; index < row.size(); ++index) {
      require(row[index].size() <= limits.field_bytes_max && is_utf8(row[index]), "fields are bounded texts");
      written += index == 0 ? "\"" : ",\"";
      for (const char c : row[index]) written += c == '"' ? std::string("\"\"") : std::string(1, c);
      written += '"';
    }
    written += "\r\n";
  }
  const auto again = parse_csv(written, limits);
  require(again && *again == *rows, "what was read can be written");
}

void try_form(fuzz::Input input) {
  const auto type = input.line();
  const auto file = find_form_file(type, input.rest(), "file");
  if (!file) return check_refusal(file.error());
  require(file->empty() || (file->data() >= input.rest().data() &&
                            file->data() + file->size() <= input.rest().data() + input.rest().size()),
          "a file is a part of the body");
}

}  // namespace
}  // namespace fairlead::control

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fairlead;
  fuzz::Input input(data, size);
  switch (input.byte() % 4) {
    case 0:
      control::try_yaml(input.rest());
      break;
    case 1:
      control::try_openapi(input.rest());
      break;
    case 2:
      control::try_csv(input.rest());
      break;
    default:
      control::try_form(input);
  }
  return 0;
}
