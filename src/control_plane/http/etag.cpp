#include "control_plane/http/etag.hpp"

#include "common/crypto/digest.hpp"

namespace fairlead::control {
namespace {

std::string revision_of(TimePoint updated_at) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  auto number = static_cast<std::uint64_t>(updated_at.time_since_epoch().count());
  std::string text;
  for (; number != 0; number >>= 4) text.insert(text.begin(), kDigits[number & 15]);
  return text;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Whether one of the header's tags satisfies `fits`, which gets a tag's text without quotes and weakness: a proxy that
// compresses weakens our tags, and the object is the same.
template <class Fits>
bool has_tag(std::string_view header, Fits fits) {
  while (!header.empty()) {
    const auto comma = header.find(',');
    auto tag = trimmed(header.substr(0, comma));
    header.remove_prefix(comma == std::string_view::npos ? header.size() : comma + 1);
    if (tag == "*") return true;
    if (tag.starts_with("W/")) tag.remove_prefix(2);
    if (tag.size() < 2 || !tag.starts_with('"') || !tag.ends_with('"')) continue;
    if (fits(tag.substr(1, tag.size() - 2))) return true;
  }
  return false;
}

}  // namespace

net::HttpResponse with_etag(net::HttpResponse response, TimePoint updated_at) {
  const auto digest = crypto::sha256(response.body);
  const auto content = crypto::to_hex(std::string_view(reinterpret_cast<const char*>(digest.data()), 8));
  response.headers.emplace_back("ETag", '"' + revision_of(updated_at) + '-' + content + '"');
  return response;
}

Result<void> check_if_match(const net::HttpRequest& http, TimePoint updated_at) {
  const auto header = http.header("If-Match");
  if (!header) return {};
  const std::string revision = revision_of(updated_at);
  if (has_tag(*header, [&](std::string_view tag) { return tag.substr(0, tag.find('-')) == revision; })) return {};
  return fail(Error{Code::precondition_failed, "the object was changed since: read it again", "precondition_failed"});
}

void answer_if_none_match(const net::HttpRequest& http, net::HttpResponse& response) {
  if (http.method != net::http::verb::get || response.status != net::http::status::ok) return;
  const auto header = http.header("If-None-Match");
  if (!header) return;
  for (const auto& [name, value] : response.headers) {
    if (name != "ETag") continue;
    const auto own = std::string_view(value).substr(1, value.size() - 2);
    if (!has_tag(*header, [&](std::string_view tag) { return tag == own; })) return;
    response.status = net::http::status::not_modified;
    response.body.clear();
    return;
  }
}

}  // namespace fairlead::control
