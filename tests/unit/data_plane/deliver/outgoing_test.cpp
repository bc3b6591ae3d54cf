#include "data_plane/deliver/outgoing.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/crypto/signature.hpp"

namespace fairlead::deliver {
namespace {

using namespace std::chrono_literals;
const TimePoint kNow{std::chrono::seconds(1700000000)};

EndpointConfig endpoint_with(std::vector<SecretConfig> secrets) {
  EndpointConfig endpoint;
  endpoint.url = "https://hooks.example.test/in?x=1";
  endpoint.secrets = std::move(secrets);
  return endpoint;
}

EventContent content_of(std::string body, std::string headers_json = "") {
  EventContent content;
  content.event_type = "t";
  content.body = std::make_shared<const std::string>(std::move(body));
  content.headers_json = std::move(headers_json);
  return content;
}

std::string header_of(const net::HeaderList& headers, std::string_view name) {
  std::string found;
  int count = 0;
  for (const auto& [key, value] : headers) {
    if (key == name) found = value, ++count;
  }
  EXPECT_LE(count, 1) << name;
  return found;
}

// Goal: both signatures cover the bytes sent, under every live secret. Method: a rotation; an expired secret signs
// nothing.
TEST(MakeRequest, SignsWithEveryLiveSecret) {
  const auto endpoint =
      endpoint_with({{Secret("gone"), kNow}, {Secret("old"), kNow + Micros(1)}, {Secret("new"), std::nullopt}});
  const auto request =
      make_request({.delivery = {}, .event = {}, .now = kNow}, content_of("{ \"a\":1 }"), {}, endpoint);
  ASSERT_TRUE(request);
  EXPECT_EQ(*request->body, "{ \"a\":1 }");
  EXPECT_EQ(header_of(request->headers, "X-Convoy-Signature"),
            crypto::sign_advanced({{}}, {"old", "new"}, 1700000000, "{ \"a\":1 }"));
  const std::string id = to_text(DeliveryId{});
  EXPECT_EQ(header_of(request->headers, "webhook-id"), id);
  EXPECT_EQ(header_of(request->headers, "webhook-timestamp"), "1700000000");
  EXPECT_EQ(header_of(request->headers, "webhook-signature"),
            crypto::sign_standard({"old", "new"}, id, 1700000000, "{ \"a\":1 }"));
}

// Goal: a producer's headers never replace ours, and the others arrive. Method: custom headers of every kind.
TEST(MakeRequest, KeepsThePrecedenceOfHeaders) {
  auto endpoint = endpoint_with({{Secret("s"), std::nullopt}});
  endpoint.authentication = AuthenticationHeader{"X-Key", Secret("real")};
  auto content = content_of(
      "1",
      R"({"x-convoy-signature":"forged","content-type":"text/plain","x-key":"forged","Webhook-Id":"forged","X-A":"1","User-Agent":"mine"})");
  content.idempotency_key = "inv-1";
  ProjectSettings settings;
  settings.has_event_id_headers = true;
  const auto request = make_request({.delivery = {}, .event = {}, .now = kNow}, content, settings, endpoint);
  ASSERT_TRUE(request);
  const auto& headers = request->headers;
  EXPECT_TRUE(std::ranges::none_of(
      headers, [](const auto& header) { return header.second == "forged" || header.second == "text/plain"; }));
  EXPECT_EQ(header_of(headers, "X-Key"), "real");
  EXPECT_EQ(header_of(headers, "X-A"), "1");
  EXPECT_EQ(header_of(headers, "Fairlead-Hops"), "1");
  EXPECT_EQ(header_of(headers, "User-Agent"), "mine");
  EXPECT_EQ(header_of(headers, "X-Convoy-Idempotency-Key"), "inv-1");
  EXPECT_EQ(header_of(headers, "X-Convoy-Event-ID"), to_text(EventId{}));
  EXPECT_EQ(header_of(headers, "X-Convoy-EventDelivery-ID"), to_text(DeliveryId{}));
}

// Goal: what is kept of an attempt shows no credential and is otherwise as it was. Method: credentials in two places,
// bytes that are no UTF-8 in the answer.
TEST(MakeAttempt, MasksCredentials) {
  auto endpoint = endpoint_with({{Secret("s"), std::nullopt}});
  endpoint.authentication = AuthenticationHeader{"X-Key", Secret("real-credential")};
  const auto request =
      make_request({.delivery = {}, .event = {}, .now = kNow},
                   content_of("1", R"({"Authorization":"Bearer other-credential","X-A":"1"})"), {}, endpoint);
  ASSERT_TRUE(request);
  net::ClientResponse response;
  response.status = 200;
  response.reason = std::string("O\0K\xff", 4);
  response.headers = {{"X-B", "\xc3\x28"}};
  response.body = std::string("\0\xff", 2);
  response.request_headers = request->headers;
  const auto made = make_attempt(endpoint.url, endpoint, response, kNow, kNow + 1s);
  const auto& record = *made;
  EXPECT_EQ(header_of(record.request_headers, "X-Key"), "***");
  EXPECT_EQ(header_of(record.request_headers, "Authorization"), "***");
  EXPECT_EQ(header_of(record.request_headers, "X-A"), "1");
  EXPECT_EQ(record.reason_phrase, response.reason);
  EXPECT_EQ(record.response_headers, response.headers);
  EXPECT_EQ(record.response_body, std::string("\0\xff", 2));
}

// Goal: a form endpoint gets the fields, signed as they are sent, and its certificate goes with the request. Method: an
// object; then what is no object.
TEST(MakeRequest, SignsTheFormThatItSends) {
  auto endpoint = endpoint_with({{Secret("s"), std::nullopt}});
  endpoint.is_form = true;
  endpoint.certificate = std::make_shared<const ClientCertificate>();
  const OutgoingInput input{.delivery = {}, .event = {}, .now = kNow};
  const auto request = make_request(input, content_of(R"({"b":1.50,"a":"x y"})"), {}, endpoint);
  ASSERT_TRUE(request);
  EXPECT_EQ(*request->body, "a=x+y&b=1.50");
  EXPECT_EQ(request->certificate, endpoint.certificate);
  EXPECT_EQ(header_of(request->headers, "Content-Type"), "application/x-www-form-urlencoded");
  EXPECT_EQ(header_of(request->headers, "X-Convoy-Signature"),
            crypto::sign_advanced({{}}, {"s"}, 1700000000, "a=x+y&b=1.50"));
  const auto refused = make_request(input, content_of("[1]"), {}, endpoint);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "unsendable");
}

// Goal: an access token is the Authorization header, whatever the producer's headers say. Method: both at once.
TEST(MakeRequest, CarriesTheTokenAlone) {
  const auto endpoint = endpoint_with({{Secret("s"), std::nullopt}});
  const OutgoingInput input{.delivery = {}, .event = {}, .now = kNow, .authorization = "Bearer t"};
  const auto request = make_request(input, content_of("{}", R"({"authorization":"mine"})"), {}, endpoint);
  ASSERT_TRUE(request);
  EXPECT_EQ(header_of(request->headers, "Authorization"), "Bearer t");
  EXPECT_EQ(header_of(request->headers, "authorization"), "");
}

}  // namespace
}  // namespace fairlead::deliver
