#include "common/store/attempts.hpp"

#include <algorithm>

#include "common/crypto/digest.hpp"
#include "common/store/tx.hpp"

namespace fairlead::store {
namespace {

constexpr Statement list_sql{"attempt_list", R"sql(
  SELECT a.delivery_id, a.n, d.endpoint_id, a.requested_at, a.status, a.failure, a.detail
    FROM attempts a JOIN deliveries d ON d.project_id = a.project_id AND d.id = a.delivery_id
   WHERE a.project_id = $1 AND a.delivery_id = $2 ORDER BY a.n DESC LIMIT $3)sql"};
constexpr Statement numbers_sql{"attempt_numbers",
                                "SELECT n FROM attempts WHERE project_id = $1 AND delivery_id = $2 LIMIT 32767"};
constexpr Statement get_sql{"attempt_get", R"sql(
  SELECT a.delivery_id, a.n, d.endpoint_id, a.requested_at, a.status, a.failure, a.detail
    FROM attempts a JOIN deliveries d ON d.project_id = a.project_id AND d.id = a.delivery_id
   WHERE a.project_id = $1 AND a.delivery_id = $2 AND a.n = $3)sql"};

StoredAttempt attempt_from(const pqxx::row& row) {
  StoredAttempt attempt{
      .delivery = as_id<DeliveryTag>(row[0]), .n = row[1].as<int>(), .endpoint = as_id<EndpointTag>(row[2])};
  attempt.record.requested_at = as_time(row[3]);
  attempt.record.status = row[4].is_null() ? 0 : row[4].as<int>();
  attempt.record.failure = as_text(row[5]);
  // Written by a newer program, or damaged: what has columns of its own is shown all the same.
  if (const auto decoded = decode_detail(as_bytes(row[6]), attempt.delivery, attempt.record); !decoded)
    attempt.record.error = decoded.error().message;
  return attempt;
}

}  // namespace

AttemptId attempt_id(const DeliveryId& delivery, int n) {
  std::string input(reinterpret_cast<const char*>(delivery.bytes.data()), delivery.bytes.size());
  input += "#" + std::to_string(n);
  const auto digest = crypto::sha256(input);
  std::array<std::uint8_t, 10> tail;
  std::copy_n(digest.begin(), tail.size(), tail.begin());
  return AttemptId{make_id_bytes(id_time(delivery.bytes), tail)};
}

Result<std::vector<StoredAttempt>> list_attempts(Tx& tx, const ProjectId& project, const DeliveryId& delivery) {
  std::vector<StoredAttempt> attempts;
  for (const auto& row : tx.exec(list_sql, project, delivery, attempts_listed_max))
    attempts.push_back(attempt_from(row));
  std::reverse(attempts.begin(), attempts.end());
  return attempts;
}

Result<StoredAttempt> get_attempt(Tx& tx, const ProjectId& project, const DeliveryId& delivery, const AttemptId& id) {
  for (const auto& number : tx.exec(numbers_sql, project, delivery)) {
    const int n = number[0].as<int>();
    if (attempt_id(delivery, n) != id) continue;
    const auto rows = tx.exec(get_sql, project, delivery, n);
    if (!rows.empty()) return attempt_from(rows[0]);
  }
  return fail(Code::not_found, "delivery attempt not found");
}

}  // namespace fairlead::store
