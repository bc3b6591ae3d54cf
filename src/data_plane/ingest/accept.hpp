// Judges a submission against a snapshot: who sends it, whether it may, and which subscriptions it meets. Pure;
// repeated whenever the configuration turns out to be newer at the commit.
#pragma once

#include "data_plane/ingest/event_request.hpp"
#include "data_plane/ingest/source_request.hpp"
#include "data_plane/match/snapshot.hpp"

namespace fairlead::ingest {

// More matches than this are expanded after the answer.
inline constexpr std::size_t matches_inline_max = 1000;

struct Submission {
  KeyHash key{};
  ProjectId project;
  EventKind kind = EventKind::endpoint;
  EventRequest request;
  std::shared_ptr<SourceArrival> source = nullptr;  // of what came in through a source: it is judged by that alone
  // Set by judge():
  match::ProjectPtr view;
  std::vector<match::Match> matches;
  bool is_pending = false;
};

// The project, if this key may write to it; the key's use is noted. Code::unauthorized: the key is unknown or expired;
// not_found: the project is not this key's, or is not at all; forbidden "insufficient_scope": a read-only key.
[[nodiscard]] Result<match::ProjectPtr> authorize(const KeyHash& key, const ProjectId& project,
                                                  const match::Snapshot& snapshot, TimePoint now);

// authorize(), then: not_found: the addressed endpoint is not the project's; too_large: over the project's payload
// limit; invalid: the project requires an idempotency key. Sets what the submission matches.
[[nodiscard]] Result<void> judge(Submission& submission, const match::Snapshot& snapshot, TimePoint now);

// Sets the matches, or that they are found after the answer: there are too many, or their filters take too long.
void find_submission_matches(Submission& submission, const match::ProjectView& view);

[[nodiscard]] Error payload_too_large(std::size_t bytes_max);

// True if it addresses an endpoint that nobody subscribed: it gets a catch-all subscription first (wire contract 3.3).
[[nodiscard]] bool needs_catch_all(const Submission& submission);

// The SHA-256 of a bearer API key. Code::unauthorized if the header is absent or no API key.
[[nodiscard]] Result<KeyHash> read_authorization(std::optional<std::string_view> header);

}  // namespace fairlead::ingest
