#include <algorithm>

#include "common/core/form_text.hpp"
#include "common/core/utf8.hpp"
#include "common/domain/filter.hpp"

namespace fairlead {
namespace {

void append_string(std::string& json, std::string_view text) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  json += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      json += '\\';
      json += c;
    } else if (byte < 0x20) {
      json += "\\u00";
      json += kHex[byte >> 4];
      json += kHex[byte & 15];
    } else {
      json += c;
    }
  }
  json += '"';
}

// Names with one value as text, with several as an array of texts; what cannot stand in JSON is left out.
std::string query_json(std::string_view query) {
  std::vector<std::pair<std::string, std::vector<std::string>>> fields;
  const auto is_text = [](const std::string& text) { return is_utf8(text) && text.find('\0') == std::string::npos; };
  while (!query.empty()) {
    const auto pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    auto name = decode_form_text(pair.substr(0, equals));
    auto value = equals == std::string_view::npos ? "" : decode_form_text(pair.substr(equals + 1));
    if (!is_text(name) || !is_text(value)) continue;
    auto known = std::ranges::find(fields, name, &std::pair<std::string, std::vector<std::string>>::first);
    if (known == fields.end()) known = fields.emplace(known, std::move(name), std::vector<std::string>{});
    known->second.push_back(std::move(value));
  }
  std::string json = "{";
  for (const auto& [name, values] : fields) {
    if (json.size() > 1) json += ',';
    append_string(json, name);
    json += values.size() > 1 ? ":[" : ":";
    for (std::size_t index = 0; index < values.size(); ++index) {
      if (index > 0) json += ',';
      append_string(json, values[index]);
    }
    if (values.size() > 1) json += ']';
  }
  return json + "}";
}

}  // namespace

std::string_view to_text(FilterScope scope) {
  static constexpr std::array<std::string_view, filter_scopes.size()> kNames{"headers", "query", "path", "body"};
  return kNames[static_cast<std::size_t>(scope)];
}

bool FilterText::says_something() const {
  return std::ranges::any_of(
      scopes, [](const auto& scope) { return scope && scope->find_first_not_of("{} \t\r\n") != std::string::npos; });
}

FilterSubject::FilterSubject(Texts texts) {
  const auto keep = [&](FilterScope scope, std::optional<std::string> text) {
    if (!text) return;
    auto& kept = scopes_[static_cast<std::size_t>(scope)];
    kept.storage = std::make_unique<const std::string>(*std::move(text));
    kept.text = *kept.storage;
  };
  keep(FilterScope::headers, std::move(texts.headers));
  keep(FilterScope::query, std::move(texts.query));
  keep(FilterScope::path, std::move(texts.path));
  scopes_[static_cast<std::size_t>(FilterScope::body)].text = texts.body;
}

// The scopes are there for every event, empty if it has nothing in them; a body of opaque bytes is not.
FilterSubject FilterSubject::of_event(const EventContent& content) {
  Texts texts{.headers = content.headers_json.empty() ? "{}" : content.headers_json, .query = "{}", .path = "{}"};
  texts.body = *content.body;
  if (content.origin) {
    texts.query = query_json(content.origin->url_query);
    texts.path = "{\"path\":";
    append_string(*texts.path, content.origin->url_path);
    *texts.path += '}';
    if (!content.origin->content_type.empty()) texts.body.reset();
  }
  return FilterSubject(std::move(texts));
}

const JsonTape* FilterSubject::find(FilterScope scope, FilterBudget& budget) {
  auto& known = scopes_[static_cast<std::size_t>(scope)];
  if (!known.text) return nullptr;
  if (!known.is_parsed) {
    known.is_parsed = true;
    static_cast<void>(budget.spend(1 + static_cast<std::int64_t>(known.text->size() / 8)));
    if (auto tape = JsonTape::parse(*known.text)) known.tape = *std::move(tape);
  }
  return known.tape ? &*known.tape : nullptr;
}

}  // namespace fairlead
