#include "control_plane/http/query.hpp"

#include <gtest/gtest.h>

namespace fairlead::control {
namespace {

// Goal: escapes and "+" are decoded, repeated names keep their order, list spellings are one name. Method: one string
// with all of them.
TEST(Query, DecodesAndCollects) {
  const auto query = Query::parse("a=1&b=x%20y+z&a=2&ids[]=p&ids[0]=q&ids[12]=r&flag&%61%3D=%26");
  EXPECT_EQ(query.all("a"), (std::vector<std::string>{"1", "2"}));
  EXPECT_EQ(query.first("b"), "x y z");
  EXPECT_EQ(query.all("ids"), (std::vector<std::string>{"p", "q", "r"}));
  EXPECT_EQ(query.first("a="), "&");
  EXPECT_EQ(query.first("flag"), std::nullopt);
}

// Goal: blank values count as absent, broken escapes stay as they are, other brackets are part of the name. Method:
// each.
TEST(Query, OddForms) {
  const auto query = Query::parse("blank=&spaces=+&bad=%zz%4&name[x]=1&[]=2&&=3");
  EXPECT_EQ(query.first("blank"), std::nullopt);
  EXPECT_EQ(query.first("spaces"), std::nullopt);
  EXPECT_EQ(query.first("bad"), "%zz%4");
  EXPECT_EQ(query.first("name"), std::nullopt);
  EXPECT_EQ(query.first("name[x]"), "1");
  EXPECT_EQ(query.first("[]"), "2");
}

}  // namespace
}  // namespace fairlead::control
