#include "control_plane/services/source_json.hpp"

#include "control_plane/services/source_broker.hpp"
#include "control_plane/services/source_verifier.hpp"

namespace fairlead::control {
namespace {

constexpr const char* kNoTime = "0001-01-01T00:00:00Z";

void write_provider_config(JsonWriter& json, const store::Source& source) {
  json.key("provider_config");
  if (source.provider != "twitter") {
    json.value(nullptr);
    return;
  }
  json.begin_object().key("twitter").begin_object();
  json.field("crc_verified_at", source.crc_verified_at).end_object().end_object();
}

}  // namespace

Result<void> write_source(JsonWriter& json, const store::Source& source, const SourceView& view) {
  json.begin_object().field("uid", source.id).field("project_id", source.project).field("mask_id", source.mask);
  json.field("name", source.name).field("url", view.base_url + "/ingest/" + source.mask).field("type", source.type);
  json.field("provider", source.provider).field("is_disabled", source.is_disabled).key("verifier");
  FL_TRY_VOID(write_source_verifier(json, source, view.sealer));
  json.key("custom_response").begin_object().field("body", source.response_body);
  json.field("content_type", source.response_type).end_object();
  write_provider_config(json, source);
  json.field("forward_headers", source.forward_headers).key("pub_sub");
  FL_TRY_VOID(write_source_broker(json, source, view.sealer));
  json.field("idempotency_keys", source.idempotency_keys).field("event_type_location", source.event_type_location);
  json.field("convert_forms", source.converts_forms).field("body_function", source.body_function);
  json.field("header_function", source.header_function).field("created_at", source.created_at);
  json.field("updated_at", source.updated_at).field("deleted_at", nullptr).end_object();
  return {};
}

void write_source_brief(JsonWriter& json, const char* name, const std::optional<store::SourceBrief>& source) {
  json.key(name).begin_object();
  json.field("uid", source ? to_text(source->id) : "").field("project_id", source ? to_text(source->project) : "");
  json.field("mask_id", source ? source->mask : "").field("name", source ? source->name : "").field("url", "");
  json.field("type", source ? source->type : "").field("provider", source ? source->provider : "");
  json.field("is_disabled", source && source->is_disabled).field("verifier", nullptr);
  json.key("custom_response").begin_object().field("body", "").field("content_type", "").end_object();
  for (const char* text : {"provider_config", "forward_headers", "pub_sub", "idempotency_keys"})
    json.field(text, nullptr);
  json.field("event_type_location", "").field("body_function", nullptr).field("header_function", nullptr);
  json.field("created_at", kNoTime).field("updated_at", kNoTime).field("deleted_at", nullptr).end_object();
}

}  // namespace fairlead::control
