// Takes away from the process what a function has no business with: files, network, processes, privileges, memory.
#pragma once

#include <cstddef>

namespace fairlead::script {

// What the sanitizers cannot do without is left to them, where it says is_sanitized: memory, which their allocators
// take in ways of their own (there only resident_bytes_max bounds it), a pipe, by which they find out what can be read
// (confine.cpp), and time, since they are slow (cpu_watch.cpp).
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool is_sanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool is_sanitized = true;
#else
inline constexpr bool is_sanitized = false;
#endif
#else
inline constexpr bool is_sanitized = false;
#endif

// What the other side lets a worker hold of the machine's memory before it kills it.
inline constexpr std::size_t resident_bytes_max = (is_sanitized ? 512UL : 128UL) * 1024 * 1024;
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
