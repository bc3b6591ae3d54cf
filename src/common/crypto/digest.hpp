// Hashes, encodings, random bytes and constant-time comparison, over OpenSSL.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::crypto {

enum class Hash { sha256, sha512 };

[[nodiscard]] std::array<std::uint8_t, 32> sha256(std::string_view data);
[[nodiscard]] std::string hmac(Hash hash, std::string_view key, std::string_view data);  // raw bytes
[[nodiscard]] std::string to_hex(std::string_view bytes);                                // lower case
[[nodiscard]] std::string to_base64(std::string_view bytes);                             // padded, standard alphabet
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);             // strict; nothing if malformed
[[nodiscard]] bool equal_constant_time(std::string_view a, std::string_view b);
[[nodiscard]] std::string random_bytes(std::size_t count);
// `count` characters drawn evenly from `alphabet`.
[[nodiscard]] std::string random_text(std::size_t count, std::string_view alphabet);

}  // namespace fairlead::crypto
