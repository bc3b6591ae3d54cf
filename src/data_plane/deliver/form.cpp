#include "data_plane/deliver/form.hpp"

#include <map>

#include "common/domain/json_scan.hpp"

namespace fairlead::deliver {
namespace {

// The URL Standard's application/x-www-form-urlencoded serializer: a space is "+".
void append_encoded(std::string& form, std::string_view text) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '*' || c == '-' ||
        c == '.' || c == '_') {
      form += c;
    } else if (c == ' ') {
      form += '+';
    } else {
      form += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
}

}  // namespace

Result<std::string> to_form(std::string_view json) {
  const auto members = scan_object(json);
  if (!members) {
    return fail(Error{Code::invalid, "the payload is no JSON object and cannot be sent as a form", "unsendable"});
  }
  std::map<std::string_view, std::string_view> fields;
  for (const auto& member : *members) fields[member.key] = member.value;
  std::string form;
  for (const auto& [key, value] : fields) {
    if (!form.empty()) form += '&';
    append_encoded(form, key);
    form += '=';
    if (const auto text = json_string(value))
      append_encoded(form, *text);
    else if (value != "null")
      append_encoded(form, value);
  }
  return form;
}

}  // namespace fairlead::deliver
