// Text and JSON on their way into the engine and out of it.
#pragma once

#include <js/TypeDecls.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace fairlead::script {

enum class Written { all, too_much, failed };

// False with an exception pending.
[[nodiscard]] bool parse_text(JSContext* context, std::string_view json, JS::MutableHandleValue value);
// The value as JSON text in UTF-8, no more than `bytes_max`.
[[nodiscard]] Written write_json(JSContext* context, JS::MutableHandleValue value, std::size_t bytes_max,
                                 std::string& text);
// UTF-8; what is no character becomes U+FFFD.
[[nodiscard]] std::string to_utf8(std::u16string_view text);
// An error's text for people, cut to a length that an answer can bear.
[[nodiscard]] std::string bounded_message(std::string_view text);

}  // namespace fairlead::script
