// Takes away from the process what a function has no business with: files, network, processes, privileges, memory.
#pragma once

#include <cstddef>

namespace fairlead::script {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define FAIRLEAD_SCRIPT_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define FAIRLEAD_SCRIPT_SANITIZED 1
#endif
#endif

// What the sanitizers cannot do with: their allocators take memory in ways of their own, so there the limit is only the
// one that the other side keeps (resident_bytes_max), which counts what they add.
#ifdef FAIRLEAD_SCRIPT_SANITIZED
inline constexpr bool has_hard_memory_limit = false;
inline constexpr std::size_t resident_bytes_max = 512UL * 1024 * 1024;
#else
inline constexpr bool has_hard_memory_limit = true;
inline constexpr std::size_t resident_bytes_max = 128UL * 1024 * 1024;
#endif

inline constexpr std::size_t heap_bytes_max = 64UL * 1024 * 1024;
// Beside the heap: frames on their way in and out.
inline constexpr std::size_t data_bytes_max = heap_bytes_max + 16UL * 1024 * 1024;

// Before any thread is there: no new privileges, no files to write, no core, namespaces of its own where the kernel
// permits them. False if a part that must hold does not.
[[nodiscard]] bool confine_process();
// When the engine stands, for all threads: no system call but those on a short list, none with a path, a socket or a
// process; and no more than data_bytes_max above what is in use now. False if the kernel refuses.
[[nodiscard]] bool confine_calls_and_memory();

}  // namespace fairlead::script
