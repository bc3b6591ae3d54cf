// Brings the schema up to date, or says that it is not.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "common/core/result.hpp"
#include "common/core/secret.hpp"

namespace fairlead::control {

// Waits up to `patience` for the database, logging while it is away. Code::unavailable if it stays away.
[[nodiscard]] Result<void> wait_for_database(const Secret& url, std::chrono::seconds patience);
// Applies what is missing; the names of what was applied.
[[nodiscard]] Result<std::vector<std::string>> migrate_database(const Secret& url);
// Code::conflict unless the schema is exactly this program's or newer by forward-compatible migrations.
[[nodiscard]] Result<void> check_schema(const Secret& url);

}  // namespace fairlead::control
