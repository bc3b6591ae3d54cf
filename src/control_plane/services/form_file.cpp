#include "control_plane/services/form_file.hpp"

#include <optional>
#include <string>

#include "control_plane/services/header_rules.hpp"

namespace fairlead::control {
namespace {

constexpr std::size_t kBoundaryBytesMax = 70;  // RFC 2046, 5.1.1

auto invalid(const char* what) { return fail(Error{Code::invalid, std::string("the form: ") + what, "invalid_form"}); }

std::string_view trim(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// The value of a parameter in "type; a=b; c="d e"": of a quoted one what stands between the quotes, as it stands.
std::optional<std::string_view> parameter(std::string_view header, std::string_view name) {
  auto at = header.find(';');
  while (at != std::string_view::npos) {
    header.remove_prefix(at + 1);
    const auto equals = header.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const auto key = trim(header.substr(0, equals));
    header = header.substr(equals + 1);
    header.remove_prefix(std::min(header.find_first_not_of(" \t"), header.size()));
    std::string_view value;
    if (header.starts_with('"')) {
      auto end = header.find('"', 1);
      while (end != std::string_view::npos && header[end - 1] == '\\') end = header.find('"', end + 1);
      if (end == std::string_view::npos) return std::nullopt;
      value = header.substr(1, end - 1);
      header.remove_prefix(end + 1);
      at = header.find(';');
    } else {
      at = header.find(';');
      value = trim(header.substr(0, at));
    }
    if (equals_ignoring_case(key, name)) return value;
  }
  return std::nullopt;
}

// The part's own name, from its Content-Disposition.
std::optional<std::string_view> name_of(std::string_view head) {
  while (!head.empty()) {
    const auto end = std::min(head.find("\r\n"), head.size());
    const auto line = head.substr(0, end);
    head.remove_prefix(std::min(end + 2, head.size()));
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || !equals_ignoring_case(trim(line.substr(0, colon)), "Content-Disposition"))
      continue;
    return parameter(line, "name");
  }
  return std::nullopt;
}

}  // namespace

Result<std::string_view> find_form_file(std::string_view content_type, std::string_view body, std::string_view name) {
  const auto boundary = parameter(content_type, "boundary");
  if (!boundary || boundary->empty() || boundary->size() > kBoundaryBytesMax)
    return invalid("expected multipart/form-data with a boundary");
  const std::string opening = "--" + std::string(*boundary);
  const std::string delimiter = "\r\n" + opening;
  if (!body.starts_with(opening)) return invalid("expected the boundary at its begin");
  body.remove_prefix(opening.size());
  for (int part = 0; part < form_parts_max; ++part) {
    if (body.starts_with("--"))
      return bad_field(std::string(name), "required", "the form: expected a part named " + std::string(name));
    const auto line = body.find("\r\n");
    if (line == std::string_view::npos || !trim(body.substr(0, line)).empty())
      return invalid("expected a line's end after the boundary");
    body.remove_prefix(line);  // the head may be empty: its end is then this one and the next
    const auto head_end = body.find("\r\n\r\n");
    if (head_end == std::string_view::npos) return invalid("a part without an end of its head");
    const auto found = name_of(head_end == 0 ? std::string_view{} : body.substr(2, head_end - 2));
    body.remove_prefix(head_end + 2);  // to the line's end before the content, which an empty content shares
    const auto end = body.find(delimiter);
    if (end == std::string_view::npos) return invalid("a part without an end");
    if (found && *found == name) return end < 2 ? std::string_view{} : body.substr(2, end - 2);
    body.remove_prefix(end + delimiter.size());
  }
  return invalid("too many parts");
}

}  // namespace fairlead::control
