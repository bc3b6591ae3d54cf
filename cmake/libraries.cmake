# Every outside library, once. Asio and Beast are compiled once, into fairlead_beast.
find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(ZLIB REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(GTest REQUIRED)
find_package(prometheus-cpp REQUIRED)
find_package(CLI11 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(PQXX REQUIRED IMPORTED_TARGET libpqxx)
find_library(MIMALLOC mimalloc REQUIRED)  # in place of malloc, which was a fifth of what an event cost the data plane
pkg_check_modules(CARES REQUIRED IMPORTED_TARGET libcares)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)  # $regex of filters: linear time whatever the pattern
# Without its -pthread, which the precompiled header is not compiled with: Threads::Threads links what that stands for.
set_target_properties(PkgConfig::RE2 PROPERTIES INTERFACE_COMPILE_OPTIONS "")
pkg_check_modules(MOZJS REQUIRED IMPORTED_TARGET mozjs-102)    # runs functions, in workers of their own
pkg_check_modules(SECCOMP REQUIRED IMPORTED_TARGET libseccomp)  # confines those workers
pkg_check_modules(YAML REQUIRED IMPORTED_TARGET yaml-0.1)  # OpenAPI documents that are imported
