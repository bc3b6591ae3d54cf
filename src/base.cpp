// Carries the precompiled header (precompiled.hpp); see src/CMakeLists.txt.
