#include "common/script/worker/engine_text.hpp"

#include <js/CharacterEncoding.h>
#include <js/JSON.h>
#include <jsapi.h>

namespace fairlead::script {
namespace {

constexpr std::size_t kMessageBytesMax = 500;

void append_utf8(std::string& text, char32_t point) {
  if (point < 0x80) {
    text.push_back(static_cast<char>(point));
    return;
  }
  const int tail = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
  constexpr unsigned char kHeads[] = {0, 0xC0, 0xE0, 0xF0};
  text.push_back(static_cast<char>(kHeads[tail] | (point >> (6 * tail))));
  for (int index = tail - 1; index >= 0; --index)
    text.push_back(static_cast<char>(0x80 | (point >> (6 * index) & 0x3F)));
}

struct Collected {
  std::u16string text;
  std::size_t units_max;
  bool is_too_much = false;
};

bool collect_text(const char16_t* units, std::uint32_t count, void* data) {
  auto& collected = *static_cast<Collected*>(data);
  collected.is_too_much = collected.text.size() + count > collected.units_max;
  if (!collected.is_too_much) collected.text.append(units, count);
  return !collected.is_too_much;
}

}  // namespace

std::string to_utf8(std::u16string_view text) {
  std::string utf8;
  utf8.reserve(text.size());
  for (std::size_t index = 0; index < text.size(); ++index) {
    char32_t point = text[index];
    if (point >= 0xD800 && point < 0xE000) {
      const bool is_pair = point < 0xDC00 && index + 1 < text.size() && (text[index + 1] & 0xFC00) == 0xDC00;
      point = is_pair ? 0x10000 + ((point & 0x3FF) << 10) + (text[++index] & 0x3FF) : 0xFFFD;
    }
    append_utf8(utf8, point);
  }
  return utf8;
}

bool parse_text(JSContext* context, std::string_view json, JS::MutableHandleValue value) {
  JS::RootedString text(context, JS_NewStringCopyUTF8N(context, JS::UTF8Chars(json.data(), json.size())));
  return text && JS_ParseJSON(context, text, value);
}

Written write_json(JSContext* context, JS::MutableHandleValue value, std::size_t bytes_max, std::string& text) {
  Collected collected{.text = {}, .units_max = bytes_max};
  const bool is_written = JS_Stringify(context, value, nullptr, JS::UndefinedHandleValue, &collect_text, &collected);
  if (collected.is_too_much) {
    JS_ClearPendingException(context);
    return Written::too_much;
  }
  if (!is_written) return Written::failed;
  text = to_utf8(collected.text);
  return text.size() > bytes_max ? Written::too_much : Written::all;
}

std::string bounded_message(std::string_view text) {
  if (text.size() <= kMessageBytesMax) return std::string(text);
  auto cut = kMessageBytesMax;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) --cut;
  return std::string(text.substr(0, cut)) + "…";
}

}  // namespace fairlead::script
