#include "common/domain/source.hpp"

#include <algorithm>
#include <array>

namespace fairlead {
namespace {

struct Provider {
  std::string_view name;
  VerifierKind kind;
};
constexpr std::array kProviders = {
    Provider{"github", VerifierKind::github},
    Provider{"shopify", VerifierKind::shopify},
    Provider{"twitter", VerifierKind::twitter},
    Provider{"stripe", VerifierKind::stripe},
    Provider{"slack", VerifierKind::slack},
    Provider{"standardwebhooks", VerifierKind::standard_webhooks},
    Provider{"svix", VerifierKind::standard_webhooks},
};

std::string to_lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::optional<RequestSelector::Place> place_of(std::string_view name) {
  const auto lower = to_lower(name);
  if (lower == "header") return RequestSelector::Place::header;
  if (lower == "query" || lower == "queryparam") return RequestSelector::Place::query;
  if (lower == "body") return RequestSelector::Place::body;
  return std::nullopt;
}

auto invalid(std::string_view field) {
  return bad_field(std::string(field), "invalid_selector",
                   std::string(field) + ": expected request.header.X-Id, request.query.id or request.body.order.id");
}

}  // namespace

Result<RequestSelector> parse_selector(std::string_view text, std::string_view field) {
  const auto first = text.find('.');
  const auto second = first == std::string_view::npos ? first : text.find('.', first + 1);
  if (second == std::string_view::npos) return invalid(field);
  const auto head = to_lower(text.substr(0, first));
  const auto place = place_of(text.substr(first + 1, second - first - 1));
  RequestSelector selector{.path = std::string(text.substr(second + 1))};
  if ((head != "request" && head != "req") || !place) return invalid(field);
  const auto& path = selector.path;
  const bool has_gap = path.empty() || path.front() == '.' || path.back() == '.' || path.find("..") != path.npos;
  const bool has_control = std::ranges::any_of(path, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  if (has_gap || has_control) return invalid(field);
  if (*place != RequestSelector::Place::body && path.find('.') != path.npos) return invalid(field);
  selector.place = *place;
  return selector;
}

std::optional<VerifierKind> provider_kind(std::string_view provider) {
  for (const auto& known : kProviders) {
    if (known.name == provider) return known.kind;
  }
  return std::nullopt;
}

bool is_body_signature(VerifierKind kind) {
  return kind != VerifierKind::none && kind != VerifierKind::basic_auth && kind != VerifierKind::api_key &&
         kind != VerifierKind::unusable;
}

}  // namespace fairlead
