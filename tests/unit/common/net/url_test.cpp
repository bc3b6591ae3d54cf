#include "common/net/url.hpp"

#include <gtest/gtest.h>

#include <string>

namespace fairlead::net {
namespace {

// Goal: a URL's parts come out canonical. Method: shapes that are accepted, with exact parts.
TEST(ParseUrl, TakesApartWhatItAccepts) {
  struct Case {
    std::string text, host;
    std::uint16_t port;
    std::string target, host_header;
    bool tls, is_address;
  };
  const Case cases[] = {
      {"https://hooks.example.com/in?a=1", "hooks.example.com", 443, "/in?a=1", "hooks.example.com", true, false},
      {"HTTP://Hooks.Example.COM", "hooks.example.com", 80, "/", "hooks.example.com", false, false},
      {"http://hooks.example.com:8080?x=/y", "hooks.example.com", 8080, "/?x=/y", "hooks.example.com:8080", false,
       false},
      {"https://hooks.example.com.:443/", "hooks.example.com", 443, "/", "hooks.example.com", true, false},
      {"https://93.184.216.34:444/a", "93.184.216.34", 444, "/a", "93.184.216.34:444", true, true},
      {"http://93.184.216.34./", "93.184.216.34", 80, "/", "93.184.216.34", false, true},
      {"http://[2606:2800:0220:1::1]:81/", "2606:2800:220:1::1", 81, "/", "[2606:2800:220:1::1]:81", false, true},
      {"https://xn--bcher-kva.example/%C3%BC", "xn--bcher-kva.example", 443, "/%C3%BC", "xn--bcher-kva.example", true,
       false},
      {"https://a_b.example.com/", "a_b.example.com", 443, "/", "a_b.example.com", true, false},
      {"https://1.2.3.4.example.com/", "1.2.3.4.example.com", 443, "/", "1.2.3.4.example.com", true, false},
  };
  for (const auto& each : cases) {
    const auto url = parse_url(each.text);
    ASSERT_TRUE(url) << each.text << ": " << url.error().message;
    EXPECT_EQ(url->host, each.host);
    EXPECT_EQ(url->port, each.port) << each.text;
    EXPECT_EQ(url->target, each.target);
    EXPECT_EQ(url->host_header(), each.host_header);
    EXPECT_EQ(url->tls, each.tls) << each.text;
    EXPECT_EQ(url->host_is_address, each.is_address) << each.text;
  }
}

// Goal: whatever two parsers could read differently is refused, with one code and reason. Method: a table of hostile
// shapes.
TEST(ParseUrl, RefusesEverythingAmbiguous) {
  const std::string label63(63, 'a'), label64(64, 'a');
  std::string name254 = label63 + "." + label63 + "." + label63 + "." + std::string(62, 'a');
  ASSERT_EQ(name254.size(), 254U);
  const std::string refused[] = {
      "",
      "hooks.example.com",
      "//hooks.example.com/",
      "ftp://hooks.example.com/",
      "file:///etc/passwd",
      "https:/hooks.example.com",
      "https:hooks.example.com",
      " https://hooks.example.com/",
      "https://hooks.example.com/a b",
      "https://hooks.example.com/\r\nX: y",
      std::string("https://hooks.example.com/\0", 27),
      "https://hooks.example.com/\x7f",
      "https://b\xc3\xbc"
      "cher.example/",
      "https://user@hooks.example.com/",
      "https://user:pass@hooks.example.com/",
      "https://hooks.example.com\\@10.0.0.1/",
      "https://hooks.example.com/#part",
      "https://",
      "https:///path",
      "https://:443/",
      "https://./",
      "https://../",
      "https://.example.com/",
      "https://a..example.com/",
      "https://example.com../",
      "https://-a.example.com/",
      "https://a-.example.com/",
      "https://a%2eb.example.com/",
      "https://localhost/",
      "https://data:5008/",
      "https://localhost./",
      "https://2130706433/",
      "https://0x7f000001/",
      "https://0x7f.1/",
      "https://127.1/",
      "https://127.0.1/",
      "https://0177.0.0.1/",
      "https://127.0.0.01/",
      "https://127.0.0.1.5/",
      "https://256.1.1.1/",
      "https://1.1.1/",
      "https://1.1.1.0x1/",
      "https://example.1/",
      "https://example.0xff/",
      "https://example.0x/",
      "https://127.0.0.1../",
      "https://[::1",
      "https://[::1]a/",
      "https://[fe80::1%25eth0]/",
      "https://[fe80::1%eth0]/",
      "https://[127.0.0.1]/",
      "https://[]/",
      "https://::1/",
      "https://hooks.example.com:/",
      "https://hooks.example.com:0/",
      "https://hooks.example.com:65536/",
      "https://hooks.example.com:+80/",
      "https://hooks.example.com:8 0/",
      "https://hooks.example.com:080080/",
      "https://hooks.example.com:80:80/",
      "https://" + label64 + ".example/",
      "https://" + name254 + "/",
      "https://hooks.example.com/" + std::string(4096, 'a'),
  };
  for (const auto& text : refused) {
    const auto url = parse_url(text);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().code, Code::invalid) << text;
    EXPECT_EQ(url.error().reason, "invalid_url") << text;
    EXPECT_FALSE(url.error().message.empty());
  }
  EXPECT_TRUE(parse_url("https://" + label63 + ".example/"));
  EXPECT_TRUE(parse_url("https://" + name254.substr(1) + "/"));
}

// Goal: the operator's own URLs may have one label, and nothing else is relaxed. Method: both parsers over the same
// texts.
TEST(ParseInternalUrl, AllowsSingleLabelsOnly) {
  const auto url = parse_internal_url("http://data:5008");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->host, "data");
  EXPECT_EQ(url->port, 5008);
  EXPECT_TRUE(parse_internal_url("http://localhost:5008/"));
  for (const auto* text : {"http://2130706433/", "http://0x7f000001/", "http://user@data/", "http://127.1/",
                           "data:5008", "http://a..b/"}) {
    EXPECT_FALSE(parse_internal_url(text)) << text;
  }
}

}  // namespace
}  // namespace fairlead::net
