// Who calls: API keys and portal tokens by their SHA-256, remembered for a moment.
#pragma once

#include <mutex>
#include <unordered_map>

#include "common/store/api_keys.hpp"
#include "common/store/portal_links.hpp"
#include "control_plane/http/request.hpp"

namespace fairlead::control {

struct Route;

// What an Authorization header carries.
struct Credential {
  enum class Kind {
    api_key,       // CO.…
    portal_token,  // PRT.…, short-lived
    portal_link,   // a link's static token: neither dot nor prefix
  };
  Kind kind = Kind::api_key;
  KeyHash hash{};
};

// Code::unauthorized, reason "authentication_required" (no or unreadable header) or "authorization_failed" (what cannot
// be a credential of ours).
[[nodiscard]] Result<Credential> parse_authorization(std::optional<std::string_view> header);

// The least scope that a key needs for a route, by what its method and path are: a GET reads (but for one that makes a
// token), a POST of an event creates events, everything else needs a full key.
[[nodiscard]] KeyScope scope_of(const Route& route);

// Code::forbidden, reason "insufficient_scope" (the key's scope), "portal_token_refused" (no route for portal tokens),
// "capability_missing" (the link does not allow it) or "organisation_key_required".
[[nodiscard]] Result<void> check_right(const Caller& caller, const Route& route);

// Thread-safe. A credential or project that was deleted elsewhere is still accepted for at most `memory`; here it ends
// at once.
class Authenticator {
 public:
  explicit Authenticator(store::Db& db) : db_(db) {}
  // Code::unauthorized if no such credential lives, or it has expired. A key's use is noted.
  [[nodiscard]] Task<Result<Caller>> authenticate(Credential credential);
  // Code::not_found if the project is not the caller's: the same for a foreign and for a random id.
  [[nodiscard]] Task<Result<ProjectId>> reach_project(Caller caller, std::string id_text);
  // Forgets everything remembered: after a deletion.
  void forget();

  static constexpr std::chrono::milliseconds memory{1000};
  static constexpr std::size_t remembered_max = 10000;

 private:
  struct HashOfHash {
    std::size_t operator()(const KeyHash& hash) const noexcept;
  };
  template <class T>
  struct Remembered {
    T value;
    Steady::time_point until;
  };
  struct Known {
    Caller caller;
    std::optional<TimePoint> expires_at;
  };
  template <class Map>
  void remember(Map& map, typename Map::key_type key, typename Map::mapped_type entry);
  [[nodiscard]] Task<Result<std::optional<Known>>> look_up(Credential credential);
  // True at most once a minute for each key.
  [[nodiscard]] bool is_worth_noting(const ApiKeyId& key, TimePoint now);

  store::Db& db_;
  std::mutex mutex_;  // guards what follows; never held over an await
  std::unordered_map<KeyHash, Remembered<Known>, HashOfHash> credentials_;
  std::unordered_map<ProjectId, Remembered<OrganisationId>> owners_;
  std::unordered_map<ApiKeyId, TimePoint> noted_;
  std::uint64_t generation_ = 0;  // raised by forget, so that a look-up under way does not bring the forgotten back
};

}  // namespace fairlead::control
