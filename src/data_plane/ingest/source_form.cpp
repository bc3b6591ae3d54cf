#include "data_plane/ingest/source_form.hpp"

#include <algorithm>

#include "common/core/form_text.hpp"
#include "data_plane/ingest/request_members.hpp"

namespace fairlead::ingest {
namespace {

constexpr std::size_t kBoundaryBytesMax = 200;

std::unexpected<Error> invalid(std::string message) { return bad_field("", "invalid_form", std::move(message)); }

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Takes the value of a parameter off the text: a token up to ";", or a quoted string with its escapes.
std::string take_value(std::string_view& text) {
  text = trim(text);
  std::string value;
  if (!text.starts_with('"')) {
    const auto end = std::min(text.find(';'), text.size());
    value = trim(text.substr(0, end));
    text.remove_prefix(end);
    return value;
  }
  text.remove_prefix(1);
  while (!text.empty() && text.front() != '"') {
    if (text.front() == '\\' && text.size() > 1) text.remove_prefix(1);
    value += text.front();
    text.remove_prefix(1);
  }
  if (!text.empty()) text.remove_prefix(1);
  return value;
}

// A parameter of a header such as: form-data; name="a"; filename="b".
std::optional<std::string> parameter_of(std::string_view header, std::string_view lower_name) {
  while (true) {
    const auto semicolon = header.find(';');
    if (semicolon == std::string_view::npos) return std::nullopt;
    header.remove_prefix(semicolon + 1);
    const auto equals = header.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    if (header.find(';') < equals) continue;
    const auto name = trim(header.substr(0, equals));
    header.remove_prefix(equals + 1);
    auto value = take_value(header);
    if (equals_ignoring_case(name, lower_name)) return value;
  }
}

// The value of one header in a part's head.
std::string_view part_header(std::string_view head, std::string_view lower_name) {
  while (!head.empty()) {
    const auto end = head.find("\r\n");
    const auto line = head.substr(0, end);
    head.remove_prefix(end == std::string_view::npos ? head.size() : end + 2);
    const auto colon = line.find(':');
    if (colon != std::string_view::npos && equals_ignoring_case(trim(line.substr(0, colon)), lower_name))
      return trim(line.substr(colon + 1));
  }
  return {};
}

Result<void> add_part(FormFields& fields, std::string_view part) {
  // A part without headers begins with the empty line.
  const auto head_end = part.starts_with("\r\n") ? 0 : part.find("\r\n\r\n");
  if (head_end == std::string_view::npos) return invalid("the form has a part without an end of its headers");
  const auto disposition = part_header(part.substr(0, head_end), "content-disposition");
  const auto name = parameter_of(disposition, "name");
  if (!name) return invalid("the form has a part without a name");
  if (parameter_of(disposition, "filename") || parameter_of(disposition, "filename*")) return {};
  fields.emplace_back(*name, part.substr(head_end + (head_end == 0 ? 2 : 4)));
  return {};
}

}  // namespace

Result<FormFields> parse_urlencoded(std::string_view text) {
  FormFields fields;
  while (!text.empty()) {
    const auto end = text.find('&');
    const auto pair = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (pair.empty()) continue;
    if (fields.size() == form_fields_max)
      return invalid("a form may have at most " + std::to_string(form_fields_max) + " fields");
    const auto equals = pair.find('=');
    fields.emplace_back(decode_form_text(pair.substr(0, equals)),
                        equals == std::string_view::npos ? "" : decode_form_text(pair.substr(equals + 1)));
  }
  return fields;
}

Result<FormFields> parse_multipart(std::string_view body, std::string_view content_type) {
  const auto boundary = parameter_of(content_type, "boundary");
  if (!boundary || boundary->empty() || boundary->size() > kBoundaryBytesMax)
    return invalid("the Content-Type of a multipart form names its boundary");
  // With the line break before it, which belongs to the delimiter; the first one may stand at the very start.
  const std::string delimiter = "\r\n--" + *boundary;
  auto at = body.starts_with(delimiter.substr(2)) ? delimiter.size() - 2 : body.find(delimiter);
  if (at == std::string_view::npos) return invalid("the form has no part");
  if (!body.starts_with(delimiter.substr(2))) at += delimiter.size();
  FormFields fields;
  for (std::size_t count = 0; count <= form_fields_max; ++count) {
    auto rest = body.substr(at);
    if (rest.starts_with("--")) return fields;
    const auto line_end = rest.find("\r\n");
    if (line_end == std::string_view::npos || !trim(rest.substr(0, line_end)).empty())
      return invalid("the form has text behind a boundary");
    rest.remove_prefix(line_end + 2);
    const auto end = rest.find(delimiter);
    if (end == std::string_view::npos) return invalid("the form has no end");
    FL_TRY_VOID(add_part(fields, rest.substr(0, end)));
    at += line_end + 2 + end + delimiter.size();
  }
  return invalid("a form may have at most " + std::to_string(form_fields_max) + " fields");
}

std::optional<std::string_view> find_field(const FormFields& fields, std::string_view name) {
  const auto found = std::ranges::find(fields, name, &FormFields::value_type::first);
  if (found == fields.end()) return std::nullopt;
  return found->second;
}

std::string media_type_of(std::string_view content_type) {
  std::string media(trim(content_type.substr(0, content_type.find(';'))));
  for (char& c : media) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return media;
}

}  // namespace fairlead::ingest
