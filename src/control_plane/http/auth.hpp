// Who calls: API keys by their SHA-256, remembered for a moment.
#pragma once

#include <mutex>
#include <unordered_map>

#include "common/domain/config.hpp"
#include "common/store/api_keys.hpp"
#include "control_plane/http/request.hpp"

namespace fairlead::control {

// The key's hash from an Authorization header. Code::unauthorized, reason "authentication_required" (no or unreadable
// header) or "authorization_failed" (a credential that is no API key).
[[nodiscard]] Result<KeyHash> parse_authorization(std::optional<std::string_view> header);

// Thread-safe. A key or project that was deleted elsewhere is still accepted for at most `memory`; here it ends at
// once.
class Authenticator {
 public:
  explicit Authenticator(store::Db& db) : db_(db) {}
  // Code::unauthorized if no such key lives, or it has expired.
  [[nodiscard]] Task<Result<Caller>> authenticate(KeyHash hash);
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
  template <class Map>
  void remember(Map& map, typename Map::key_type key, typename Map::mapped_type entry);

  store::Db& db_;
  std::mutex mutex_;  // guards the maps; never held over an await
  std::unordered_map<KeyHash, Remembered<store::ApiKey>, HashOfHash> keys_;
  std::unordered_map<ProjectId, Remembered<OrganisationId>> owners_;
  std::uint64_t generation_ = 0;  // raised by forget, so that a look-up under way does not bring the forgotten back
};

}  // namespace fairlead::control
