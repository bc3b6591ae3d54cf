#include "common/store/attempts.hpp"

#include <algorithm>

#include "common/crypto/digest.hpp"
#include "common/store/tx.hpp"

namespace fairlead::store {
namespace {

// All that a delivery has: rows of attempts, and the first one that stands in the delivery itself, without columns.
constexpr const char* kAll = R"sql(
  SELECT a.delivery_id, a.n, d.endpoint_id, a.requested_at, a.status, a.failure, a.detail
    FROM attempts a JOIN deliveries d ON d.project_id = a.project_id AND d.id = a.delivery_id
   WHERE a.project_id = $1 AND a.delivery_id = $2
  UNION ALL
  SELECT d.id, 1, d.endpoint_id, NULL, NULL, NULL, d.first_attempt FROM deliveries d
   WHERE d.project_id = $1 AND d.id = $2 AND d.first_attempt IS NOT NULL)sql";
StoredAttempt attempt_from(const pqxx::row& row) {
  StoredAttempt attempt{
      .delivery = as_id<DeliveryTag>(row[0]), .n = row[1].as<int>(), .endpoint = as_id<EndpointTag>(row[2])};
  const bool is_first = row[5].is_null();
  if (!is_first) {
    attempt.record.requested_at = as_time(row[3]);
    attempt.record.status = row[4].is_null() ? 0 : row[4].as<int>();
    attempt.record.failure = as_text(row[5]);
  }
  const auto decoded = is_first ? decode_first_attempt(as_bytes(row[6]), attempt.delivery, attempt.record)
                                : decode_detail(as_bytes(row[6]), attempt.delivery, attempt.record);
  // Written by a newer program, or damaged: what has columns of its own is shown all the same.
  if (!decoded) attempt.record.error = decoded.error().message;
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
  static const std::string sql = std::string(kAll) + " ORDER BY 2 DESC LIMIT $3";
  std::vector<StoredAttempt> attempts;
  for (const auto& row : tx.exec_named("attempt_list", sql, project, delivery, attempts_listed_max))
    attempts.push_back(attempt_from(row));
  std::reverse(attempts.begin(), attempts.end());
  return attempts;
}

Result<StoredAttempt> get_attempt(Tx& tx, const ProjectId& project, const DeliveryId& delivery, const AttemptId& id) {
  static const std::string numbers_sql = "SELECT n FROM (" + std::string(kAll) + ") a LIMIT 32767";
  static const std::string sql = "SELECT * FROM (" + std::string(kAll) + ") a WHERE n = $3";
  for (const auto& number : tx.exec_named("attempt_numbers", numbers_sql, project, delivery)) {
    const int n = number[0].as<int>();
    if (attempt_id(delivery, n) != id) continue;
    const auto rows = tx.exec_named("attempt_get", sql, project, delivery, n);
    if (!rows.empty()) return attempt_from(rows[0]);
  }
  return fail(Code::not_found, "delivery attempt not found");
}

}  // namespace fairlead::store
