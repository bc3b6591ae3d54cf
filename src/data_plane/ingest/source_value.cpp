#include "data_plane/ingest/source_value.hpp"

#include <charconv>

#include "common/domain/json_scan.hpp"

namespace fairlead::ingest {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// The end of the element that begins at `at`: the comma or bracket behind it.
std::size_t element_end(std::string_view array, std::size_t at) {
  int depth = 0;
  bool is_text = false;
  for (; at < array.size(); ++at) {
    const char c = array[at];
    if (is_text) {
      if (c == '\\') ++at;
      is_text = c != '"';
    } else if (c == '"') {
      is_text = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      if (depth-- == 0) return at;
    } else if (c == ',' && depth == 0) {
      return at;
    }
  }
  return array.size();
}

// One element of a valid array's text, by its index.
std::optional<std::string_view> find_element(std::string_view array, std::string_view index_text) {
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(index_text.data(), index_text.data() + index_text.size(), index);
  if (error != std::errc{} || end != index_text.data() + index_text.size()) return std::nullopt;
  std::size_t at = 1;
  for (std::size_t count = 0;; ++count) {
    const auto stop = element_end(array, at);
    const auto element = trim(array.substr(at, stop - at));
    if (count == index) return element.empty() ? std::nullopt : std::optional(element);
    if (stop >= array.size() || array[stop] != ',') return std::nullopt;
    at = stop + 1;
  }
}

}  // namespace

std::optional<std::string_view> find_json_value(std::string_view text, std::string_view path) {
  text = trim(text);
  while (!path.empty()) {
    const auto dot = path.find('.');
    const auto name = path.substr(0, dot);
    path.remove_prefix(dot == std::string_view::npos ? path.size() : dot + 1);
    if (text.starts_with('[')) {
      const auto element = find_element(text, name);
      if (!element) return std::nullopt;
      text = *element;
      continue;
    }
    const auto members = scan_object(text);
    if (!members) return std::nullopt;
    const JsonMember* found = nullptr;
    for (const auto& member : *members) {
      if (member.key == name) found = &member;
    }
    if (found == nullptr) return std::nullopt;
    text = found->value;
  }
  return text;
}

bool is_form_type(std::string_view media_type) {
  return media_type == "application/x-www-form-urlencoded" || media_type == "multipart/form-data";
}

std::optional<Result<FormFields>> read_form(const net::HttpRequest& request) {
  const auto type = request.header("Content-Type").value_or("");
  const auto media = media_type_of(type);
  if (media == "application/x-www-form-urlencoded") return parse_urlencoded(request.body);
  if (media == "multipart/form-data") return parse_multipart(request.body, type);
  return std::nullopt;
}

Result<std::optional<std::string>> SourceValues::find_in_body(const std::string& path) {
  if (!form_ && !json_) {
    form_ = read_form(request_);
    if (!form_) json_ = validate_json(request_.body);
  }
  if (form_) {
    if (!*form_) return std::unexpected(form_->error());
    const auto field = find_field(**form_, path);
    return field ? std::optional<std::string>(*field) : std::nullopt;
  }
  if (!*json_) return std::unexpected(json_->error());
  const auto value = find_json_value(request_.body, path);
  if (!value || *value == "null") return std::nullopt;
  if (auto text = json_string(*value)) return text;
  return std::string(*value);
}

Result<std::optional<std::string>> SourceValues::find(const RequestSelector& selector) {
  switch (selector.place) {
    case RequestSelector::Place::header: {
      const auto value = request_.header(selector.path);
      return value ? std::optional<std::string>(*value) : std::nullopt;
    }
    case RequestSelector::Place::query: {
      FL_TRY(const auto fields, parse_urlencoded(request_.query));
      const auto value = find_field(fields, selector.path);
      return value ? std::optional<std::string>(*value) : std::nullopt;
    }
    case RequestSelector::Place::body:
      break;
  }
  return find_in_body(selector.path);
}

}  // namespace fairlead::ingest
