#pragma once
namespace fairlead {
inline constexpr const char* kVersion = "0.1.0";
}
