#include "data_plane/ingest/batch_answer.hpp"

#include <nlohmann/json.hpp>

#include "common/net/fault.hpp"
#include "common/net/problem.hpp"

namespace fairlead::ingest {

net::HttpResponse batch_created(const std::vector<Result<StoredEvent>>& answers) {
  using Json = nlohmann::ordered_json;
  Json items = Json::array();
  std::size_t duplicates = 0, failed = 0;
  for (std::size_t index = 0; index < answers.size(); ++index) {
    Json item{{"index", index}};
    if (const auto& answer = answers[index]) {
      item["status"] = static_cast<unsigned>(net::http::status::created);
      item["uid"] = to_text(answer->id);
      item["is_duplicate_event"] = answer->is_duplicate;
      duplicates += answer->is_duplicate ? 1 : 0;
    } else {
      const auto fault = net::describe(answer.error());
      item["status"] = static_cast<unsigned>(fault.status);
      item["code"] = fault.code;
      if (!fault.field.empty()) item["field"] = fault.field;
      item["message"] = fault.message;
      ++failed;
    }
    items.push_back(std::move(item));
  }
  const std::size_t accepted = answers.size() - failed;
  const Json data{{"accepted", accepted}, {"duplicates", duplicates}, {"failed", failed}, {"items", std::move(items)}};
  const auto message = std::to_string(accepted) + " events accepted, " + std::to_string(failed) + " refused";
  return net::success(net::http::status::created, message,
                      data.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace fairlead::ingest
