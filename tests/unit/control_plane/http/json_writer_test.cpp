#include "control_plane/http/json_writer.hpp"

#include <gtest/gtest.h>

namespace fairlead::control {
namespace {

// Goal: commas, nesting and every kind of value come out as JSON, in order. Method: one object with all of them.
TEST(JsonWriter, WritesEverything) {
  JsonWriter json;
  json.begin_object()
      .field("z", 1)
      .field("a", "q\"\n")
      .field("b", true)
      .field("n", nullptr)
      .field("none", std::optional<int>());
  json.field("list", std::vector<std::string>{"x", "y"})
      .key("empty")
      .begin_array()
      .end_array()
      .key("o")
      .begin_object()
      .end_object();
  json.text_or_absent("absent", "").raw_field("raw", "1.10").field("last", 0.5).end_object();
  EXPECT_EQ(
      json.take(),
      R"({"z":1,"a":"q\"\n","b":true,"n":null,"none":null,"list":["x","y"],"empty":[],"o":{},"raw":1.10,"last":0.5})");
}

// Goal: bytes that are no UTF-8 never break the answer. Method: a stray byte.
TEST(JsonWriter, ReplacesInvalidUtf8) {
  JsonWriter json;
  json.value(
      "a\xff"
      "b");
  EXPECT_EQ(json.take(),
            "\"a\xEF\xBF\xBD"
            "b\"");
}

}  // namespace
}  // namespace fairlead::control
