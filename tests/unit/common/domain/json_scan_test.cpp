#include "common/domain/json_scan.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <nlohmann/json.hpp>
#include <random>

#include "common/core/utf8.hpp"

namespace fairlead {
namespace {

using namespace std::string_literals;

std::string nested(int depth) {
  return std::string(static_cast<std::size_t>(depth), '[') + std::string(static_cast<std::size_t>(depth), ']');
}

// Goal: everything that RFC 8259 allows is taken. Method: a table.
TEST(ValidateJson, TakesEveryForm) {
  const std::string cases[] = {"0",
                               "-0",
                               "10",
                               "-1.5",
                               "1e5",
                               "1E+5",
                               "1e-05",
                               "0.00",
                               "0e0",
                               "1e999",
                               "123456789012345678901234567890",
                               "true",
                               "false",
                               "null",
                               R"("")",
                               "[]",
                               "{}",
                               " \t\r\n[ ] ",
                               "{\"a\" : [1 , {\"b\":null}], \"a\":2}",
                               R"(["\"\\\/\b\f\n\r\t"])",
                               R"("\u0001\u00e9\uABcd\uD83D\uDE00")",
                               "\"\xc2\x80\xe0\xa0\x80\xed\x9f\xbf\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"",
                               "\"\x7f\"",
                               "[[],{},\"\",0,[[{}]]]",
                               "\"12345678123456\"",
                               "\"1234567812345678123456781234567812345\"",
                               nested(json_depth_max)};
  for (const auto& text : cases)
    EXPECT_TRUE(validate_json(text)) << text << ": " << validate_json(text).error().message;
}

// Malformed documents, and the byte at which each is refused.
const std::pair<std::string, std::size_t> kMalformed[] = {{"", 0},
                                                          {"  ", 2},
                                                          {"\xef\xbb\xbf{}", 0},
                                                          {"01", 1},
                                                          {"-", 1},
                                                          {"-a", 1},
                                                          {"+1", 0},
                                                          {".5", 0},
                                                          {"1.", 2},
                                                          {"1.e5", 2},
                                                          {"1e", 2},
                                                          {"1e+", 3},
                                                          {"0x1", 1},
                                                          {"NaN", 0},
                                                          {"nul", 0},
                                                          {"nulll", 4},
                                                          {"True", 0},
                                                          {"[1,]", 3},
                                                          {"[,1]", 1},
                                                          {"[1 2]", 3},
                                                          {"[1", 2},
                                                          {"[", 1},
                                                          {"]", 0},
                                                          {"[}", 1},
                                                          {"{]", 1},
                                                          {"[1}", 2},
                                                          {"{\"a\":1]", 6},
                                                          {"{\"a\"}", 4},
                                                          {"{\"a\":}", 5},
                                                          {"{\"a\":1,}", 7},
                                                          {"{a:1}", 1},
                                                          {"{1:1}", 1},
                                                          {"{\"a\":1 \"b\":2}", 7},
                                                          {"{", 1},
                                                          {"{\"a\":1", 6},
                                                          {"\"", 1},
                                                          {"\"abc", 4},
                                                          {"\"\\", 1},
                                                          {"\"\\\"", 3},
                                                          {R"("\x")", 1},
                                                          {R"("\u12")", 1},
                                                          {R"("\u12g4")", 1},
                                                          {R"("a\u0000")", 2},
                                                          {R"("\uD800")", 1},
                                                          {R"("\uD800\uD800")", 1},
                                                          {R"("\uD800xuDC00")", 1},
                                                          {R"("\uDC00")", 1},
                                                          {R"("\uD83D\u")", 1},
                                                          {"\"\n\"", 1},
                                                          {"\"\x1f\"", 1},
                                                          {"\"a\0\""s, 2},
                                                          {"1\0"s, 1},
                                                          {"\0"s, 0},
                                                          {"'a'", 0},
                                                          {"1 1", 2},
                                                          {"{}x", 2},
                                                          {"[1]//", 3},
                                                          {"\"\x80\"", 1},
                                                          {"\"\xc0\x80\"", 1},
                                                          {"\"\xc1\xbf\"", 1},
                                                          {"\"\xe0\x9f\xbf\"", 1},
                                                          {"\"\xed\xa0\x80\"", 1},
                                                          {"\"\xf0\x8f\xbf\xbf\"", 1},
                                                          {"\"\xf4\x90\x80\x80\"", 1},
                                                          {"\"\xf5\x80\x80\x80\"", 1},
                                                          {"\"\xff\"", 1},
                                                          {"\"\xc3\"", 1},
                                                          {"\"\xe2\x82\"", 1},
                                                          {"\"\xf0\x9f\x98\"", 1},
                                                          {"\"\xe2\x82", 1},
                                                          {"\"1234567812345678\x01\"", 17},
                                                          {"\"123456781234567\x80\"", 16},
                                                          {"[1\v]", 2},
                                                          {nested(json_depth_max + 1), json_depth_max}};

// Goal: everything else is refused, at the right byte. Method: the table above.
TEST(ValidateJson, RefusesEverythingElse) {
  for (const auto& [text, offset] : kMalformed) {
    const auto result = validate_json(text);
    ASSERT_FALSE(result) << text;
    EXPECT_EQ(result.error().code, Code::invalid);
    EXPECT_EQ(result.error().reason, "invalid_json");
    EXPECT_TRUE(result.error().message.starts_with("byte " + std::to_string(offset) + ": "))
        << text << ": " << result.error().message;
  }
}

// Goal: the fast path finds a special byte at every place of a block. Method: strings of 1 to 40 characters with one
// special character at every index.
TEST(ValidateJson, SeesSpecialBytesAtEveryPlace) {
  for (std::size_t size = 1; size <= 40; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      std::string text = "\"" + std::string(size, 'a') + "\"";
      text[at + 1] = '\x1f';
      EXPECT_FALSE(validate_json(text));
      text[at + 1] = '\x80';
      EXPECT_FALSE(validate_json(text));
      text[at + 1] = '"';
      EXPECT_FALSE(validate_json(text));
      text[at + 1] = '\\';
      EXPECT_EQ(validate_json(text).has_value(), false);
      for (const char fine : {' ', '!', '#', '[', ']', '\x7f'}) {
        text[at + 1] = fine;
        EXPECT_TRUE(validate_json(text)) << text;
      }
    }
  }
}

// Goal: members come in order with unescaped keys and the exact bytes of their values. Method: odd spacing, duplicates,
// nested keys that must not show.
TEST(ScanObject, GivesExactSpans) {
  const std::string text =
      " {\"a\" :  { \"x\" : [1, 2] }  ,\"\\u00e9\\n\\uD83D\\uDE00\":-1.50 ,\n\"a\":\" s \",\"\":[ ],\"k\"\t:{}\n} ";
  const auto members = scan_object(text);
  ASSERT_TRUE(members) << members.error().message;
  const std::pair<std::string, std::string> expected[] = {
      {"a", "{ \"x\" : [1, 2] }"}, {"é\n😀", "-1.50"}, {"a", "\" s \""}, {"", "[ ]"}, {"k", "{}"}};
  ASSERT_EQ(members->size(), std::size(expected));
  for (std::size_t index = 0; index < std::size(expected); ++index) {
    EXPECT_EQ((*members)[index].key, expected[index].first);
    EXPECT_EQ((*members)[index].value, expected[index].second);
    EXPECT_GE((*members)[index].value.data(), text.data());
    EXPECT_LE((*members)[index].value.data() + (*members)[index].value.size(), text.data() + text.size());
  }
  EXPECT_TRUE(scan_object("{}")->empty());
}

// Goal: values that are no object are told from malformed text. Method: one of each.
TEST(ScanObject, RefusesOtherValues) {
  for (const char* text : {"[{\"a\":1}]", "\"{}\"", "1", "null"})
    EXPECT_EQ(scan_object(text).error().reason, "not_an_object") << text;
  for (const char* text : {"", "{", "[", "{\"a\":1}}", "{\"a\":1} {"})
    EXPECT_EQ(scan_object(text).error().reason, "invalid_json") << text;
}

// Goal: an array's items are their exact bytes, whatever stands within them. Method: brackets, commas and quotes in
// strings, nested values, every kind of space.
TEST(ScanArray, GivesExactSpans) {
  const auto items = scan_array(" [ 1 ,\n\"a,]\\\"\\\\\" , [2, [3]],{\"k\": [\"}\"]}\t,null , { } ] ");
  ASSERT_TRUE(items);
  EXPECT_EQ(*items, (std::vector<std::string_view>{"1", R"("a,]\"\\")", "[2, [3]]", R"({"k": ["}"]})", "null", "{ }"}));
  EXPECT_EQ(scan_array("[]").value().size(), 0U);
  EXPECT_EQ(scan_array(" [ \n ] ").value().size(), 0U);
  EXPECT_EQ(scan_array("[[]]").value(), std::vector<std::string_view>{"[]"});
}

// Goal: what is no array, or no JSON, is refused as what it is. Method: each kind of value, and cut or trailing texts.
TEST(ScanArray, RefusesOtherValues) {
  for (const auto* text : {"{}", "1", "\"[]\"", "null", "true"})
    EXPECT_EQ(scan_array(text).error().reason, "not_an_array");
  for (const auto* text : {"", " ", "[", "[1", "[1,]", "[1] 2", "[1]]", "[,]", "[\"a]"})
    EXPECT_EQ(scan_array(text).error().reason, "invalid_json") << text;
}

// Goal: string spans are unescaped, and nothing else is taken for a string. Method: a table.
TEST(JsonString, Unescapes) {
  EXPECT_EQ(json_string(R"("a\"\\\/\b\f\n\r\tz")"), "a\"\\/\b\f\n\r\tz");
  EXPECT_EQ(json_string(R"("\u0041\u00E9\u20ac\ud83d\uDE00!")"), "Aé€😀!");
  EXPECT_EQ(json_string("\"\""), "");
  for (const char* text : {"", "\"", "a", "1", "\"a\"b", "\"a\" ", "[\"a\"]", R"("\ud800")", R"("\u00)", "\"a\nb\""}) {
    EXPECT_FALSE(json_string(text)) << text;
  }
}

// Whether a document that nlohmann accepts is one that we refuse on purpose: deep nesting, NUL, a byte order mark.
// It takes a raw NUL for the end of the text, skips a mark, and knows no lone surrogates either.
bool is_our_refusal(const std::string& text) {
  int depth = 0, deepest = 0;
  bool is_string = false, has_nul = text.find('\0') != std::string::npos;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (is_string) {
      has_nul = has_nul || text.substr(at, 6) == "\\u0000";
      if (text[at] == '\\')
        ++at;
      else if (text[at] == '"')
        is_string = false;
    } else if (text[at] == '"') {
      is_string = true;
    } else if (text[at] == '[' || text[at] == '{') {
      deepest = std::max(deepest, ++depth);
    } else if (text[at] == ']' || text[at] == '}') {
      --depth;
    }
  }
  return deepest > json_depth_max || has_nul || text.starts_with("\xef\xbb\xbf");
}

// Whether nlohmann refuses it only because the number is beyond double: grammar is all that counts here.
bool is_number_overflow(const std::string& text) {
  try {
    static_cast<void>(nlohmann::json::parse(text));
    return false;
  } catch (const nlohmann::json::exception& error) {
    return dynamic_cast<const nlohmann::json::out_of_range*>(&error) != nullptr;
  }
}

std::string make_document(std::mt19937& random, int depth) {
  const auto pick = [&](unsigned bound) { return static_cast<unsigned>(random() % bound); };
  static const std::array<const char*, 18> leaves = {"0",
                                                     "-1",
                                                     "12.5e3",
                                                     "1e400",
                                                     "-0.0",
                                                     "true",
                                                     "false",
                                                     "null",
                                                     "\"\"",
                                                     "\"plain text of some length\"",
                                                     R"("\u0041\ud83d\ude00")",
                                                     R"("\\\"\/\n")",
                                                     "\"é€😀\"",
                                                     R"("\u0000")",
                                                     "\"a\\u001f\"",
                                                     "123456789012345678901",
                                                     "1E+2",
                                                     "[]"};
  if (depth == 0 || pick(3) == 0) return leaves[pick(leaves.size())];
  const bool is_object = pick(2) == 0;
  std::string text = is_object ? "{" : "[";
  for (unsigned left = pick(4); left > 0; --left) {
    if (is_object)
      text += std::string(pick(2), ' ') + "\"k" + std::to_string(pick(9)) + "\"" + std::string(pick(2), '\n') + ":";
    text += std::string(pick(2), ' ') + make_document(random, depth - 1) + std::string(pick(2), '\t');
    if (left > 1) text += ',';
  }
  return text + (is_object ? "}" : "]");
}

// Goal: we accept what another parser accepts, but for what we refuse on purpose. Method: 20,000 generated documents,
// most of them damaged in one to three places, against nlohmann::json::accept; fixed seed.
TEST(ValidateJson, AgreesWithAnotherParser) {
  std::mt19937 random(20260102);
  static const std::string odd = "{}[]\",:\\/u0123456789abcdefDEntrls.+-eE \t\n\x80\xc3\xa9\xed\xa0\xf0\x9f\x1f\x7f\0"s;
  int accepted = 0, refused = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string text = round % 100 == 0 ? nested(120 + static_cast<int>(random() % 16)) : make_document(random, 5);
    for (unsigned left = random() % 4; left > 0 && !text.empty(); --left) {
      const std::size_t at = random() % text.size();
      const char c = odd[random() % odd.size()];
      switch (random() % 4) {
        case 0:
          text.erase(at, 1 + random() % 2);
          break;
        case 1:
          text.insert(at, 1, c);
          break;
        case 2:
          text[at] = c;
          break;
        default:
          text.resize(at);
          break;
      }
    }
    const bool is_fine = validate_json(text).has_value();
    bool is_expected = nlohmann::json::accept(text) && !is_our_refusal(text);
    if (!is_expected && is_fine) is_expected = is_number_overflow(text);
    ASSERT_EQ(is_fine, is_expected) << "round " << round << ": " << text;
    ++(is_fine ? accepted : refused);
    if (is_fine) {
      ASSERT_TRUE(is_utf8(text));
    }
  }
  EXPECT_GT(accepted, 4000);
  EXPECT_GT(refused, 4000);
}

// Goal: members mean the same to another parser. Method: 2,000 generated objects; keys and values compared, last one
// wins.
TEST(ScanObject, AgreesWithAnotherParser) {
  std::mt19937 random(7);
  int compared = 0;
  for (int round = 0; round < 6000; ++round) {
    const std::string text = make_document(random, 4);
    const auto members = scan_object(text);
    const auto json = nlohmann::json::parse(text, nullptr, false);
    if (!members || !json.is_object()) continue;
    nlohmann::json ours = nlohmann::json::object();
    for (const auto& [key, value] : *members) ours[key] = nlohmann::json::parse(value);
    ASSERT_EQ(ours, json) << text;
    ++compared;
  }
  EXPECT_GT(compared, 1000);
}

// Goal: cost grows with the length and nothing else. Method: 1 MiB of each shape that tempts a scanner into quadratic
// work; the whole takes well under the generous bound, where quadratic work would take hours.
TEST(ScanObject, IsLinear) {
  constexpr std::size_t bytes = 1024 * 1024;
  std::string many = "{\"k\":0";
  while (many.size() < bytes) many += ",\"\":0";
  many += '}';
  std::string escapes = "{\"";
  while (escapes.size() < bytes) escapes += "\\u00e9";
  escapes += "\":1}";
  std::string deep = "{\"a\":[";
  while (deep.size() < bytes) deep += nested(json_depth_max - 2) + ",";
  deep += "0]}";
  const std::string open = "{\"a\":\"" + std::string(bytes, '\\');
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(scan_object(many));
  EXPECT_TRUE(scan_object(escapes));
  EXPECT_TRUE(scan_object(deep));
  EXPECT_FALSE(scan_object(open));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
}

}  // namespace
}  // namespace fairlead
