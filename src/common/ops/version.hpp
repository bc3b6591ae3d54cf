// What we are, and the version of the wire that we speak.
#pragma once

namespace fairlead {

inline constexpr const char* kVersion = "0.1.0";
inline constexpr const char* kApiVersion = "2025-11-24";

}  // namespace fairlead
