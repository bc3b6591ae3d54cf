#include "data_plane/ingest/source_verify.hpp"

#include <algorithm>
#include <charconv>

#include "common/crypto/digest.hpp"
#include "common/crypto/signature.hpp"

namespace fairlead::ingest {
namespace {

using crypto::equal_constant_time;
using crypto::Hash;

std::unexpected<Error> refused() {
  return fail(Error{Code::invalid, "the request does not prove that it comes from this source's sender",
                    "verification_failed"});
}

std::string to_lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::string_view header_of(const net::HttpRequest& request, std::string_view name) {
  return request.header(name).value_or(std::string_view());
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

// Whether one of the secrets makes one of the texts that were given. Every secret is tried, once, whatever the others
// said: a long list of candidates costs no more than one.
template <class Make>
bool is_any_made_by_one(const SourceVerifier& verifier, const std::vector<std::string_view>& given, Make make) {
  bool is_good = false;
  for (const auto& secret : verifier.secrets) {
    const std::string made = make(secret.reveal());
    for (const auto candidate : given)
      is_good = (!candidate.empty() && equal_constant_time(made, candidate)) || is_good;
  }
  return is_good;
}

template <class Make>
bool is_made_by_one(const SourceVerifier& verifier, std::string_view given, Make make) {
  return is_any_made_by_one(verifier, {given}, make);
}

bool has_hex(const SourceVerifier& verifier, std::string_view given, Hash hash, std::string_view text) {
  return is_made_by_one(verifier, to_lower(given),
                        [&](const auto& secret) { return crypto::to_hex(crypto::hmac(hash, secret, text)); });
}

bool has_base64(const SourceVerifier& verifier, std::string_view given, Hash hash, std::string_view text) {
  return is_made_by_one(verifier, given,
                        [&](const auto& secret) { return crypto::to_base64(crypto::hmac(hash, secret, text)); });
}

// What follows the prefix; empty if it is not there.
std::string_view behind(std::string_view prefix, std::string_view text) {
  return text.starts_with(prefix) ? text.substr(prefix.size()) : std::string_view();
}

Result<void> check_time(std::string_view text, TimePoint now) {
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc{} || end != text.data() + text.size()) return refused();
  const auto now_seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  // Both are compared before they are subtracted: a stranger's number may be any.
  const auto tolerance = timestamp_tolerance.count();
  if (seconds >= now_seconds - tolerance && seconds <= now_seconds + tolerance) return {};
  return fail(Error{Code::invalid, "the signature is of a time more than 300 s away", "timestamp_out_of_tolerance"});
}

// Stripe-Signature: t=…,v1=…[,v1=…]; the signed text is "<t>.<body>".
Result<void> verify_stripe(const SourceVerifier& verifier, const net::HttpRequest& request, TimePoint now) {
  std::string_view time;
  std::vector<std::string_view> candidates;
  for (const auto part : split(header_of(request, "Stripe-Signature"), ',')) {
    if (part.starts_with("t=")) time = part.substr(2);
    if (part.starts_with("v1=")) candidates.push_back(part.substr(3));
  }
  if (time.empty() || candidates.size() > source_secrets_max) return refused();
  const std::string text = std::string(time) + "." + request.body;
  const bool is_signed = is_any_made_by_one(verifier, candidates, [&](const auto& secret) {
    return crypto::to_hex(crypto::hmac(Hash::sha256, secret, text));
  });
  return is_signed ? check_time(time, now) : refused();
}

// X-Slack-Signature: v0=…; the signed text is "v0:<X-Slack-Request-Timestamp>:<body>".
Result<void> verify_slack(const SourceVerifier& verifier, const net::HttpRequest& request, TimePoint now) {
  const auto time = header_of(request, "X-Slack-Request-Timestamp");
  const std::string text = "v0:" + std::string(time) + ":" + request.body;
  if (!has_hex(verifier, behind("v0=", header_of(request, "X-Slack-Signature")), Hash::sha256, text)) return refused();
  return check_time(time, now);
}

// Standard Webhooks, and Svix's own names of the same headers.
Result<void> verify_standard(const SourceVerifier& verifier, const net::HttpRequest& request, TimePoint now) {
  const std::string prefix = request.header("webhook-id") ? "webhook-" : "svix-";
  const auto id = header_of(request, prefix + "id"), time = header_of(request, prefix + "timestamp");
  auto candidates = split(header_of(request, prefix + "signature"), ' ');
  for (auto& candidate : candidates) candidate = behind("v1,", candidate);
  if (id.empty() || time.empty() || candidates.size() > source_secrets_max) return refused();
  const std::string text = std::string(id) + "." + std::string(time) + "." + request.body;
  const bool is_signed = is_any_made_by_one(verifier, candidates, [&](const auto& secret) {
    return crypto::to_base64(crypto::hmac(Hash::sha256, crypto::standard_key(secret), text));
  });
  return is_signed ? check_time(time, now) : refused();
}

bool has_basic_credentials(const SourceVerifier& verifier, std::string_view authorization) {
  const auto space = authorization.find(' ');
  if (space == std::string_view::npos) return false;
  const auto pair = crypto::from_base64(authorization.substr(space + 1));
  return pair && is_made_by_one(verifier, *pair, [&](const auto& password) { return verifier.name + ":" + password; });
}

bool has_signature(const SourceVerifier& verifier, const net::HttpRequest& request) {
  const std::string_view body = request.body;
  switch (verifier.kind) {
    case VerifierKind::none:
      return true;
    case VerifierKind::hmac: {
      const auto given = header_of(request, verifier.name);
      const auto hash = verifier.is_sha512 ? Hash::sha512 : Hash::sha256;
      return verifier.is_base64 ? has_base64(verifier, given, hash, body) : has_hex(verifier, given, hash, body);
    }
    case VerifierKind::basic_auth:
      return has_basic_credentials(verifier, header_of(request, "Authorization"));
    case VerifierKind::api_key:
      return is_made_by_one(verifier, header_of(request, verifier.name), [](const auto& secret) { return secret; });
    case VerifierKind::github:
      return has_hex(verifier, behind("sha256=", header_of(request, "X-Hub-Signature-256")), Hash::sha256, body);
    case VerifierKind::shopify:
      return has_base64(verifier, header_of(request, "X-Shopify-Hmac-SHA256"), Hash::sha256, body);
    case VerifierKind::twitter:
      return has_base64(verifier, behind("sha256=", header_of(request, "X-Twitter-Webhooks-Signature")), Hash::sha256,
                        body);
    default:
      return false;
  }
}

}  // namespace

Result<void> verify_source_request(const SourceVerifier& verifier, const net::HttpRequest& request, TimePoint now) {
  switch (verifier.kind) {
    case VerifierKind::stripe:
      return verify_stripe(verifier, request, now);
    case VerifierKind::slack:
      return verify_slack(verifier, request, now);
    case VerifierKind::standard_webhooks:
      return verify_standard(verifier, request, now);
    default:
      if (!has_signature(verifier, request)) return refused();
      return {};
  }
}

}  // namespace fairlead::ingest
