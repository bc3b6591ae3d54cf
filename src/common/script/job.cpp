#include "common/script/job.hpp"

#include <nlohmann/json.hpp>

namespace fairlead::script {
namespace {

using nlohmann::json;

std::string framed(const json& value) {
  const auto text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  std::string frame;
  frame.reserve(frame_head_bytes + text.size());
  for (std::size_t index = 0; index < frame_head_bytes; ++index)
    frame.push_back(static_cast<char>(text.size() >> (8 * index) & 0xff));
  return frame + text;
}

std::unexpected<Error> not_a_frame() { return fail(Code::internal, "a script frame that is none"); }

// The object in the text, if its members are of these types.
std::optional<json> parse_object(std::string_view text, std::initializer_list<const char*> texts) {
  auto value = json::parse(text, nullptr, false);
  if (!value.is_object()) return std::nullopt;
  for (const char* name : texts) {
    if (!value.contains(name) || !value[name].is_string()) return std::nullopt;
  }
  return value;
}

// A number of lines or columns; whatever else it may be is not known.
std::uint32_t position_from(const json& value, const char* name) {
  if (!value.contains(name) || !value[name].is_number_unsigned()) return 0;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(value[name].get<std::uint64_t>(), source_bytes_max));
}

}  // namespace

std::string to_frame(const Job& job) {
  json value{{"source", job.source}, {"context", job.context}};
  if (job.payload) value["payload"] = *job.payload;
  return framed(value);
}

std::string to_frame(const Answer& answer) {
  if (answer) return framed({{"payload", answer->payload}, {"log", answer->log}});
  const auto& fault = answer.error();
  return framed({{"reason", fault.reason}, {"message", fault.message}, {"line", fault.line}, {"column", fault.column}});
}

std::size_t frame_length(std::string_view head) {
  std::size_t length = 0;
  for (std::size_t index = frame_head_bytes; index > 0; --index)
    length = length << 8 | static_cast<unsigned char>(head[index - 1]);
  return length;
}

Result<Job> parse_job(std::string_view text) {
  const auto value = parse_object(text, {"source", "context"});
  if (!value) return not_a_frame();
  Job job{.source = value->at("source").get<std::string>(), .context = value->at("context").get<std::string>()};
  if (!value->contains("payload")) return job;
  if (!value->at("payload").is_string()) return not_a_frame();
  job.payload = value->at("payload").get<std::string>();
  return job;
}

Result<Answer> parse_answer(std::string_view text) {
  if (const auto fault = parse_object(text, {"reason", "message"})) {
    return Answer(std::unexpected(Fault{.reason = fault->at("reason").get<std::string>(),
                                        .message = fault->at("message").get<std::string>(),
                                        .line = position_from(*fault, "line"),
                                        .column = position_from(*fault, "column")}));
  }
  const auto value = parse_object(text, {"payload"});
  if (!value || !value->contains("log") || !value->at("log").is_array()) return not_a_frame();
  Output output{.payload = value->at("payload").get<std::string>(), .log = {}};
  for (const auto& line : value->at("log")) {
    if (!line.is_string()) return not_a_frame();
    output.log.push_back(line.get<std::string>());
  }
  return Answer(std::move(output));
}

}  // namespace fairlead::script
