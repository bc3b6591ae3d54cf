#include "data_plane/deliver/form.hpp"

#include <gtest/gtest.h>

namespace fairlead::deliver {
namespace {

std::string form(std::string_view json) {
  const auto made = to_form(json);
  EXPECT_TRUE(made) << json;
  return made ? *made : "";
}

// Goal: numbers keep their characters, texts are unescaped and encoded, null is nothing, what is nested stays as it
// was. Method: a member of each kind, out of order.
TEST(ToForm, KeepsWhatWasReceived) {
  EXPECT_EQ(form(R"({"z":1.50,"a":-0,"m":1E+400,"i":123456789012345678901})"),
            "a=-0&i=123456789012345678901&m=1E%2B400&z=1.50");
  EXPECT_EQ(form(R"({"t":"a b&c=+\u00e9\n","n":null,"y":true,"x":false,"e":""})"),
            "e=&n=&t=a+b%26c%3D%2B%C3%A9%0A&x=false&y=true");
  EXPECT_EQ(form("{\"o\": { \"k\" : [1, 2] } ,\"l\":[ ]}"), "l=%5B+%5D&o=%7B+%22k%22+%3A+%5B1%2C+2%5D+%7D");
}

// Goal: of equal keys the last wins, keys are encoded like values, an empty object is an empty form. Method: each once.
TEST(ToForm, TreatsKeysLikeEverybodyElse) {
  EXPECT_EQ(form(R"({"a":1,"a":2,"b c":3,"\u0061":4})"), "a=4&b+c=3");
  EXPECT_EQ(form(" {} "), "");
}

// Goal: what is no object is refused in a way that the sender tells from a fault. Method: every other kind.
TEST(ToForm, RefusesWhatIsNoObject) {
  for (const char* json : {"[1]", "1", "\"a\"", "null", "true", "", "{"}) {
    const auto made = to_form(json);
    ASSERT_FALSE(made) << json;
    EXPECT_EQ(made.error().reason, "unsendable");
  }
}

}  // namespace
}  // namespace fairlead::deliver
