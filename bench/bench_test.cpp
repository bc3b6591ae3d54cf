// The measuring tools' own parts: a benchmark that miscounts is worse than none.
#include <gtest/gtest.h>

#include <cerrno>

#include "histogram.hpp"
#include "http_frame.hpp"
#include "pace.hpp"
#include "payload.hpp"
#include "sink_routes.hpp"
#include "socket.hpp"
#include "tally.hpp"

namespace fairlead::bench {
namespace {

constexpr std::int64_t kMs = 1'000'000;

// Goal: percentiles are exact to 0.4 % over six orders of magnitude. Method: known samples, one a millisecond.
TEST(Histogram, GivesPercentilesOfKnownSamples) {
  Histogram histogram;
  for (int ms = 1; ms <= 10'000; ++ms) histogram.add(ms * kMs);
  EXPECT_NEAR(histogram.percentile_ns(0.5), 5'000.0 * kMs, 20.0 * kMs);
  EXPECT_NEAR(histogram.percentile_ns(0.99), 9'900.0 * kMs, 40.0 * kMs);
  EXPECT_DOUBLE_EQ(histogram.percentile_ns(1), 10'000.0 * kMs);
  EXPECT_NEAR(histogram.percentile_ns(0), 1.0 * kMs, 0.004 * kMs);
  EXPECT_EQ(histogram.count(), 10'000U);
}

// Goal: the edges count: nothing, negative, the smallest and the largest durations. Method: add them and read them
// back.
TEST(Histogram, TakesEveryDuration) {
  Histogram histogram;
  EXPECT_EQ(histogram.percentile_ns(0.5), 0);
  histogram.add(-5);
  EXPECT_EQ(histogram.percentile_ns(1), 0);
  for (const std::int64_t edge : {1L, 255L, 256L, 511L, 512L, 513L, 1'023L, 1'024L}) {
    Histogram one;
    one.add(edge);
    EXPECT_NEAR(one.percentile_ns(0.5), static_cast<double>(edge), static_cast<double>(edge) * 0.004) << edge;
  }
  histogram.add(INT64_MAX);
  EXPECT_DOUBLE_EQ(histogram.percentile_ns(1), static_cast<double>(INT64_MAX));
}

// Goal: two connections' samples are as one's. Method: the same samples split and merged.
TEST(Histogram, MergesToTheSame) {
  Histogram whole, left, right;
  for (int index = 0; index < 1'000; ++index) {
    whole.add(index * kMs);
    (index % 3 == 0 ? left : right).add(index * kMs);
  }
  left.merge(right);
  EXPECT_EQ(left.to_json(), whole.to_json());
}

// Goal: a payload is JSON of exactly the asked size and its stamp comes back. Method: sizes around the line's length.
TEST(Payload, IsJsonOfItsSizeAndGivesItsStampBack) {
  for (std::size_t bytes = Payload::kBytesMin; bytes < Payload::kBytesMin + 200; ++bytes) {
    Payload payload(bytes);
    const std::string text(payload.stamped({.run = 4'294'967'295U, .sequence = 7, .sent_ns = INT64_MAX}));
    ASSERT_EQ(text.size(), bytes);
    ASSERT_TRUE(nlohmann::json::accept(text)) << text;
    const auto stamp = find_stamp(text);
    ASSERT_TRUE(stamp);
    EXPECT_EQ(stamp->run, 4'294'967'295U);
    EXPECT_EQ(stamp->sequence, 7U);
    EXPECT_EQ(stamp->sent_ns, INT64_MAX);
  }
}

// Goal: any changed byte is noticed, any stranger's body refused. Method: change one byte at a time; cut short.
TEST(Payload, NoticesEveryChangedByte) {
  Payload payload(Payload::kBytesMin);
  const Stamp stamp{.run = 1, .sequence = 2, .sent_ns = 3};
  const std::string text(payload.stamped(stamp));
  EXPECT_TRUE(payload.is_intact(text, stamp));
  for (std::size_t index = 0; index < text.size(); ++index) {
    auto changed = text;
    changed[index] = '~';
    EXPECT_FALSE(payload.is_intact(changed, stamp)) << index;
  }
  EXPECT_FALSE(find_stamp(std::string_view(text).substr(0, 40)));
  EXPECT_FALSE(
      find_stamp(R"({"other":"0000000001-0000000002-00000000000000000003","more":"........................"})"));
}

// Goal: a message is found only when it is whole. Method: every prefix of one, then one with another behind it.
TEST(HttpFrame, WaitsForTheWholeMessage) {
  const std::string message = "POST /e/1 HTTP/1.1\r\ncontent-length:  5 \r\nWebhook-Signature: v1,x\r\n\r\nhello";
  for (std::size_t bytes = 0; bytes < message.size(); ++bytes) {
    const auto frame = parse_frame(std::string_view(message).substr(0, bytes));
    ASSERT_TRUE(frame) << frame.error();
    EXPECT_FALSE(frame->has_value()) << bytes;
  }
  const std::string two = message + "POST /e/2";
  const auto frame = parse_frame(two);
  ASSERT_TRUE(frame && *frame);
  EXPECT_EQ((*frame)->start_line, "POST /e/1 HTTP/1.1");
  EXPECT_EQ((*frame)->body, "hello");
  EXPECT_EQ((*frame)->total_bytes, message.size());
  EXPECT_TRUE((*frame)->keep_alive);
  EXPECT_TRUE((*frame)->has_signature);
}

// Goal: what is not read is refused, never guessed. Method: each kind of message that this reader does not know.
TEST(HttpFrame, RefusesWhatItDoesNotRead) {
  EXPECT_FALSE(parse_frame("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"));
  EXPECT_FALSE(parse_frame("HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\n"));
  EXPECT_FALSE(parse_frame("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n"));
  EXPECT_FALSE(parse_frame("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n"));
  EXPECT_FALSE(parse_frame("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"));
  EXPECT_FALSE(parse_frame("HTTP/1.1 200 OK\r\n\r\n"));
  EXPECT_FALSE(parse_frame("GET / HTTP/1.1\r\nno colon\r\n\r\n"));
  EXPECT_FALSE(parse_frame(std::string(70'000, 'a')));
  const auto closing = parse_frame("HTTP/1.1 204 No Content\r\nConnection: Close\r\n\r\n");
  ASSERT_TRUE(closing && *closing);
  EXPECT_FALSE((*closing)->keep_alive);
}

// Goal: loss, duplicates, changes and strangers are counted apart. Method: one delivery of each kind.
TEST(Tally, TellsKindsOfDeliveriesApart) {
  Payload payload(Payload::kBytesMin);
  Tally tally({.run = 5, .fan_out = 2}, payload);
  const auto deliver = [&](std::string body, std::uint32_t endpoint, bool has_signature = true) {
    tally.add({.body = body, .has_signature = has_signature}, endpoint, 100 * kMs);
  };
  const auto text = [&](std::uint32_t run, std::uint32_t sequence) {
    return std::string(payload.stamped({.run = run, .sequence = sequence, .sent_ns = 90 * kMs}));
  };
  deliver(text(5, 0), 0);
  deliver(text(5, 0), 1);  // the other endpoint's share of the same event
  deliver(text(5, 0), 1);  // twice
  deliver(text(5, 1'000'000), 0);
  deliver(text(4, 1), 0);  // an earlier run's
  deliver("{}", 0);
  deliver(text(5, 2), 0, false);
  auto changed = text(5, 3);
  changed.back() = ' ';
  deliver(changed, 0);
  const auto json = tally.to_json();
  EXPECT_EQ(json["unique"], 5);
  EXPECT_EQ(json["duplicates"], 1);
  EXPECT_EQ(json["other_runs"], 1);
  EXPECT_EQ(json["strange"], 1);
  EXPECT_EQ(json["unsigned"], 1);
  EXPECT_EQ(json["altered"], 1);
  EXPECT_NEAR(json["latency"]["p50_ms"].get<double>(), 10, 0.04);
}

// Goal: a header whose name is as long as one that counts, and is another, is passed over. Method: one of each length.
TEST(HttpFrame, PassesOverHeadersOfTheSameLength) {
  const auto frame = parse_frame(
      "POST /e/1 HTTP/1.1\r\ncontent-lengtx: no\r\nwebhook-signaturx: v1,x\r\nconnectiox: close\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(frame && *frame);
  EXPECT_TRUE((*frame)->keep_alive);
  EXPECT_FALSE((*frame)->has_signature);
  EXPECT_TRUE((*frame)->body.empty());
}

// Goal: an open loop gives each event once, when it is due and not before, and says when the next one is. Method: 10 a
// second for a second; time passed in.
TEST(Pace, OpenLoopGivesWhatIsDue) {
  Pace pace({.rate = 10, .seconds = 1}, 1'000 * kMs);
  pace.advance(1'000 * kMs);
  EXPECT_EQ(pace.take(1'000 * kMs).value().sequence, 0U);
  EXPECT_FALSE(pace.take(1'000 * kMs));
  EXPECT_EQ(pace.wake_ns(), 1'100 * kMs);
  pace.advance(1'250 * kMs);
  EXPECT_EQ(pace.take(1'300 * kMs).value().due_ns, 1'250 * kMs);  // it waited 50 ms for a connection: that counts
  EXPECT_EQ(pace.take(1'300 * kMs).value().sequence, 2U);
  EXPECT_FALSE(pace.is_over(1'300 * kMs));
  pace.advance(5'000 * kMs);
  for (std::uint32_t sequence = 3; sequence < 10; ++sequence) EXPECT_EQ(pace.take(0).value().sequence, sequence);
  EXPECT_FALSE(pace.take(5'000 * kMs));
  EXPECT_TRUE(pace.is_over(5'000 * kMs));
  EXPECT_EQ(pace.wake_ns(), INT64_MAX);
  EXPECT_EQ(pace.lateness().count(), 10U);
}

// Goal: what finds no room is dropped and takes no number; a stop ends the sending, not what waits. Method: room for 2.
TEST(Pace, OpenLoopDropsAboveItsBacklog) {
  Pace pace({.rate = 10, .seconds = 1, .backlog_max = 2}, 0);
  pace.advance(350 * kMs);
  EXPECT_EQ(pace.dropped(), 2U);
  EXPECT_EQ(pace.take(0).value().sequence, 0U);
  pace.advance(400 * kMs);
  pace.stop();
  pace.advance(900 * kMs);
  EXPECT_FALSE(pace.is_over(900 * kMs));
  EXPECT_EQ(pace.take(0).value().sequence, 1U);
  EXPECT_EQ(pace.take(0).value().sequence, 2U);
  EXPECT_FALSE(pace.take(0));
  EXPECT_TRUE(pace.is_over(900 * kMs));
}

// Goal: a closed loop never waits, and ends by time or by count. Method: both ends.
TEST(Pace, ClosedLoopEndsByTimeOrCount) {
  Pace timed({.rate = 0, .seconds = 1}, 0);
  EXPECT_EQ(timed.take(999 * kMs).value().sequence, 0U);
  EXPECT_FALSE(timed.take(1'000 * kMs));
  EXPECT_TRUE(timed.is_over(1'000 * kMs));
  EXPECT_EQ(timed.wake_ns(), INT64_MAX);
  Pace counted({.rate = 0, .seconds = 1, .count_max = 2}, 0);
  EXPECT_TRUE(counted.take(0));
  EXPECT_FALSE(counted.is_over(0));
  EXPECT_TRUE(counted.take(0));
  EXPECT_FALSE(counted.take(0));
}

// Goal: each path asks for what it says, and nothing else is taken for one. Method: every kind, then wrong ones.
TEST(SinkRoutes, TellRequestsApart) {
  const auto action = [](std::string_view line) { return parse_sink_request(line).value().action; };
  EXPECT_EQ(action("POST /e/7 HTTP/1.1"), SinkAction::deliver);
  EXPECT_EQ(parse_sink_request("POST /e/7 HTTP/1.1")->endpoint, 7U);
  EXPECT_EQ(action("POST /n/0 HTTP/1.1"), SinkAction::neighbour);
  EXPECT_EQ(action("POST /door/1 HTTP/1.1"), SinkAction::door);
  EXPECT_EQ(action("POST /hang/1 HTTP/1.1"), SinkAction::hang);
  EXPECT_EQ(action("POST /trickle/12 HTTP/1.1"), SinkAction::trickle);
  EXPECT_EQ(action("GET /report HTTP/1.1"), SinkAction::report);
  EXPECT_TRUE(parse_sink_request("POST /set_door?open=1 HTTP/1.1")->is_open);
  EXPECT_FALSE(parse_sink_request("POST /set_door?open=0 HTTP/1.1")->is_open);
  const auto reset = parse_sink_request("POST /reset?run=3&fan_out=5&neighbour_bytes=256 HTTP/1.1");
  ASSERT_TRUE(reset);
  EXPECT_EQ(reset->run, 3U);
  EXPECT_EQ(reset->fan_out, 5U);
  EXPECT_EQ(reset->neighbour_bytes, 256U);
  for (const auto* wrong : {"GET /e/7 HTTP/1.1", "POST /e/ HTTP/1.1", "POST /e/7x HTTP/1.1", "POST /x/7 HTTP/1.1",
                            "POST /reset?fan_out=1 HTTP/1.1", "POST /reset?run=1&fan_out=0 HTTP/1.1",
                            "POST /reset?run=1&neighbour_bytes=8 HTTP/1.1", "POST /set_door? HTTP/1.1", ""}) {
    EXPECT_FALSE(parse_sink_request(wrong)) << wrong;
  }
}

// Goal: sockets connect, say so, and a refusal is told. Method: a listener of our own, then the port it had.
TEST(Socket, ConnectsAndTellsRefusals) {
  auto listener = listen_on("127.0.0.1", 0);
  const auto port = port_of(listener);
  Poller poller;
  auto client = start_connect("127.0.0.1", port);
  poller.add(client, 5);
  const auto events = poller.wait(5'000 * kMs);
  ASSERT_EQ(events.size(), 1U);
  const std::uint64_t tag = events[0].data.u64;  // a copy: epoll_event is packed
  EXPECT_EQ(tag, 5U);
  EXPECT_NE(events[0].events & EPOLLOUT, 0U);
  EXPECT_EQ(connect_error(client), 0);
  EXPECT_TRUE(accept_from(listener).is_open());
  EXPECT_FALSE(accept_from(listener).is_open());
  listener.close();
  auto refused = start_connect("127.0.0.1", port);
  if (refused.is_open()) {
    poller.add(refused, 6);
    bool is_told = false;
    for (const auto& event : poller.wait(5'000 * kMs)) is_told = is_told || event.data.u64 == 6;
    EXPECT_TRUE(is_told);
    EXPECT_EQ(connect_error(refused), ECONNREFUSED);
  }
}

}  // namespace
}  // namespace fairlead::bench
