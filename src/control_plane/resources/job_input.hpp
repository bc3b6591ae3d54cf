// A job as a request describes it.
#pragma once

#include "common/store/jobs.hpp"
#include "control_plane/http/json_body.hpp"
#include "control_plane/http/json_writer.hpp"

namespace fairlead::control {

struct JobInput {
  store::Job job;  // without id and project
  bool is_dry_run = false;
};

// Code::invalid naming the field: "required", "wrong_type", "out_of_range", "invalid_kind", "invalid_time",
// "invalid_range", "invalid_status", or "not_for_this_kind" for a filter that the kind does not have. What ids stand
// for is not looked up.
[[nodiscard]] Result<JobInput> parse_job(const JsonBody& body, TimePoint now);
void write_job(JsonWriter& json, const store::Job& job);

}  // namespace fairlead::control
