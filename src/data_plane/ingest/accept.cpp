#include "data_plane/ingest/accept.hpp"

#include <algorithm>

#include "common/crypto/digest.hpp"

namespace fairlead::ingest {
namespace {

Error key_refused() {
  return {Code::unauthorized, "the API key is unknown, expired or revoked", "authorization_failed"};
}

// A dynamic event goes to its endpoint whatever the subscription selects; nothing if the snapshot knows of none yet.
std::vector<match::Match> first_subscription(const match::ProjectView& view, const EndpointId& endpoint) {
  const auto* subscriptions = view.by_endpoint.find(endpoint);
  if (subscriptions == nullptr || subscriptions->empty()) return {};
  return {{.subscription = subscriptions->front(), .endpoint = view.find_endpoint(endpoint)}};
}

}  // namespace

Result<KeyHash> read_authorization(std::optional<std::string_view> header) {
  if (!header || header->empty()) {
    return fail(
        Error{Code::unauthorized, "an API key is expected: Authorization: Bearer CO.…", "authentication_required"});
  }
  // One scheme, one space, one credential (wire contract 1.4); another scheme is a credential that we do not know.
  const auto space = header->find(' ');
  if (space == std::string_view::npos || space == 0 || space + 1 == header->size() ||
      header->find(' ', space + 1) != std::string_view::npos) {
    return fail(
        Error{Code::unauthorized, "an API key is expected: Authorization: Bearer CO.…", "authentication_required"});
  }
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  const bool is_bearer = std::ranges::equal(header->substr(0, space), std::string_view("bearer"), {}, lower);
  if (!is_bearer || !header->substr(space + 1).starts_with("CO.")) return fail(key_refused());
  return crypto::sha256(header->substr(space + 1));
}

Result<match::ProjectPtr> authorize(const KeyHash& key, const ProjectId& project, const match::Snapshot& snapshot,
                                    TimePoint now) {
  const auto found = snapshot.keys.find(key);
  if (found == snapshot.keys.end() || (found->second.expires_at && *found->second.expires_at <= now)) {
    return fail(key_refused());
  }
  auto view = snapshot.find_project(project);
  if (!view || view->organisation != found->second.organisation ||
      (found->second.project && *found->second.project != project)) {
    return fail(Code::not_found, "there is no project " + to_text(project));
  }
  if (found->second.scope == KeyScope::read_only) {
    return fail(Error{Code::forbidden, "a read-only key cannot create events", "insufficient_scope"});
  }
  found->second.use->note(now);
  return view;
}

Result<void> judge(Submission& submission, const match::Snapshot& snapshot, TimePoint now) {
  if (submission.source) return judge_source(submission, snapshot, now);
  FL_TRY(auto view, authorize(submission.key, submission.project, snapshot, now));
  const auto& content = *submission.request.content;
  if (content.body->size() > view->settings.payload_bytes_max) {
    return fail(payload_too_large(view->settings.payload_bytes_max));
  }
  if (content.idempotency_key.empty() && view->settings.request_id_header != ProjectSettings{}.request_id_header) {
    return bad_field("idempotency_key", "required",
                     "this project sends the header " + view->settings.request_id_header +
                         ", so every event needs an idempotency_key");
  }
  const auto& target = submission.request.target;
  if (target.endpoint && !view->find_endpoint(*target.endpoint)) {
    return fail(Error{Code::not_found, "there is no endpoint " + to_text(*target.endpoint), "", "endpoint_id"});
  }
  submission.is_pending = submission.kind == EventKind::broadcast;
  submission.matches.clear();
  if (submission.kind == EventKind::dynamic) {
    submission.matches = first_subscription(*view, *target.endpoint);
  } else if (!submission.is_pending) {
    find_submission_matches(submission, *view);
  }
  submission.view = std::move(view);
  return {};
}

void find_submission_matches(Submission& submission, const match::ProjectView& view) {
  auto found = match::match_event(
      view,
      {.target = submission.request.target, .content = *submission.request.content, .matches_max = matches_inline_max});
  submission.is_pending = found.next.has_value();
  if (!submission.is_pending) submission.matches = std::move(found.matches);
}

Error payload_too_large(std::size_t bytes_max) {
  return {Code::too_large, "data may have at most " + std::to_string(bytes_max) + " bytes", "payload_too_large",
          "data"};
}

bool needs_catch_all(const Submission& submission) {
  const auto& endpoint = submission.request.target.endpoint;
  return endpoint && submission.view->by_endpoint.find(*endpoint) == nullptr;
}

}  // namespace fairlead::ingest
