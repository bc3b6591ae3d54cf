#include "common/store/attempts.hpp"

#include <algorithm>

#include "common/crypto/digest.hpp"
#include "common/store/tx.hpp"

namespace fairlead::store {
namespace {

constexpr Statement list_sql{"attempt_list", R"sql(
  SELECT delivery_id, n, endpoint_id, url, address, requested_at, responded_at, status, reason_phrase, failure, error,
         request_headers, response_headers, response_body
    FROM attempts WHERE project_id = $1 AND delivery_id = $2 ORDER BY n DESC LIMIT $3)sql"};
constexpr Statement numbers_sql{"attempt_numbers",
                                "SELECT n FROM attempts WHERE project_id = $1 AND delivery_id = $2 LIMIT 32767"};
constexpr Statement get_sql{"attempt_get", R"sql(
  SELECT delivery_id, n, endpoint_id, url, address, requested_at, responded_at, status, reason_phrase, failure, error,
         request_headers, response_headers, response_body
    FROM attempts WHERE project_id = $1 AND delivery_id = $2 AND n = $3)sql"};

StoredAttempt attempt_from(const pqxx::row& row) {
  return {.delivery = as_id<DeliveryTag>(row[0]),
          .n = row[1].as<int>(),
          .endpoint = as_id<EndpointTag>(row[2]),
          .url = as_text(row[3]),
          .address = as_text(row[4]),
          .requested_at = as_time(row[5]),
          .responded_at = as_optional_time(row[6]),
          .status = row[7].is_null() ? 0 : row[7].as<int>(),
          .reason_phrase = as_text(row[8]),
          .failure = as_text(row[9]),
          .error = as_text(row[10]),
          .request_headers = as_text(row[11]),
          .response_headers = as_text(row[12]),
          .response_body = as_bytes(row[13])};
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
