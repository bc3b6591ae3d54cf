#include "common/store/attempt_detail.hpp"

#include <algorithm>
#include <array>

#include "common/crypto/digest.hpp"

namespace fairlead::store {
namespace {

// The layout: version, then url, address, answer time, reason phrase, error, five phases, request headers, response
// headers, and the answer's body as the rest. Numbers are LEB128, texts have their length before them, a time or phase
// is counted from one, so that zero says "none". A header is a name (its place in kNames plus one, or 0 and its text)
// and a value (a Form and what that form needs). Both lists may grow at their ends only.
constexpr std::uint64_t kVersion = 1;
constexpr std::array<std::string_view, 24> kNames{"X-Convoy-Signature",
                                                  "webhook-id",
                                                  "webhook-timestamp",
                                                  "webhook-signature",
                                                  "Content-Type",
                                                  "Accept-Encoding",
                                                  "User-Agent",
                                                  "traceparent",
                                                  "X-Convoy-Idempotency-Key",
                                                  "X-Convoy-Event-ID",
                                                  "Fairlead-Hops",
                                                  "Content-Length",
                                                  "Date",
                                                  "Server",
                                                  "Connection",
                                                  "Authorization",
                                                  "X-Convoy-EventDelivery-ID",
                                                  "content-type",
                                                  "content-length",
                                                  "date",
                                                  "server",
                                                  "connection",
                                                  "Cache-Control",
                                                  "cache-control"};
constexpr std::array<std::string_view, 8> kValues{
    "application/json", "gzip", "***", "keep-alive", "close", "1", "0", "application/json; charset=utf-8"};

enum Form : std::uint64_t {
  plain = 0,         // the text
  delivery_id = 1,   // the delivery's id as text
  unix_seconds = 2,  // the second of requested_at
  hex = 3,           // a text, then bytes in lower-case hex
  base64 = 4,        // a text, then bytes in padded base64
  known = 16,        // kValues[form - known]
};

class Writer {
 public:
  void number(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
    out += static_cast<char>(value);
  }
  void text(std::string_view value) {
    number(value.size());
    out += value;
  }
  std::string out;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  std::uint64_t number() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (bytes_.empty()) break;
      const auto byte = static_cast<std::uint8_t>(bytes_.front());
      bytes_.remove_prefix(1);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    is_good_ = false;
    return 0;
  }
  std::string_view text() {
    const auto size = number();
    if (size > bytes_.size()) is_good_ = false;
    if (!is_good_) return {};
    const auto value = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return value;
  }
  void fail() { is_good_ = false; }
  [[nodiscard]] std::string_view rest() const { return bytes_; }
  [[nodiscard]] bool is_good() const { return is_good_; }

 private:
  std::string_view bytes_;
  bool is_good_ = true;
};

std::string seconds_of(TimePoint time) {
  return std::to_string(std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count());
}

int hex_digit(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; }

// Bytes of the longest even run of lower-case hex at the end; empty if it is too short to be a hash.
std::string hex_tail(std::string_view value) {
  std::size_t digits = 0;
  while (digits < value.size() && hex_digit(value[value.size() - digits - 1]) >= 0) ++digits;
  digits -= digits % 2;
  std::string bytes;
  if (digits < 32) return bytes;
  for (std::size_t at = value.size() - digits; at < value.size(); at += 2)
    bytes += static_cast<char>(hex_digit(value[at]) << 4 | hex_digit(value[at + 1]));
  return bytes;
}

// Bytes of a base64 hash at the end (SHA-256: 44 characters, SHA-512: 88); empty if there is none in canonical form.
std::string base64_tail(std::string_view value) {
  for (const std::size_t size : {std::size_t{88}, std::size_t{44}}) {
    if (value.size() < size || value.back() != '=') continue;
    // What decodes has one text only: bits beyond the last byte are refused.
    if (auto bytes = crypto::from_base64(value.substr(value.size() - size))) return *std::move(bytes);
  }
  return {};
}

class Codec {
 public:
  Codec(const DeliveryId& delivery, TimePoint requested_at)
      : id_(to_text(delivery)), seconds_(seconds_of(requested_at)) {}

  void write(Writer& out, const HeaderList& headers) const {
    out.number(headers.size());
    for (const auto& [name, value] : headers) {
      const auto place = std::ranges::find(kNames, name);
      out.number(place == kNames.end() ? 0 : static_cast<std::uint64_t>(place - kNames.begin()) + 1);
      if (place == kNames.end()) out.text(name);
      write_value(out, value);
    }
  }

  void read(Reader& in, HeaderList& headers) const {
    for (auto left = in.number(); left > 0 && in.is_good(); --left) {
      const auto place = in.number();
      if (place > kNames.size()) return in.fail();
      std::string name(place == 0 ? in.text() : kNames[place - 1]);
      headers.emplace_back(std::move(name), read_value(in));
    }
  }

 private:
  void write_value(Writer& out, const std::string& value) const {
    if (value == id_) return out.number(Form::delivery_id);
    if (value == seconds_) return out.number(Form::unix_seconds);
    if (const auto place = std::ranges::find(kValues, value); place != kValues.end())
      return out.number(Form::known + static_cast<std::uint64_t>(place - kValues.begin()));
    if (const auto bytes = hex_tail(value); !bytes.empty())
      return write_split(out, Form::hex, std::string_view(value).substr(0, value.size() - bytes.size() * 2), bytes);
    if (const auto bytes = base64_tail(value); !bytes.empty()) {
      const auto characters = (bytes.size() + 2) / 3 * 4;
      return write_split(out, Form::base64, std::string_view(value).substr(0, value.size() - characters), bytes);
    }
    out.number(Form::plain);
    out.text(value);
  }

  static void write_split(Writer& out, Form form, std::string_view head, std::string_view bytes) {
    out.number(form);
    out.text(head);
    out.text(bytes);
  }

  std::string read_value(Reader& in) const {
    const auto form = in.number();
    switch (form) {
      case Form::plain:
        return std::string(in.text());
      case Form::delivery_id:
        return id_;
      case Form::unix_seconds:
        return seconds_;
      case Form::hex: {
        std::string head(in.text());
        return head + crypto::to_hex(in.text());
      }
      case Form::base64: {
        std::string head(in.text());
        return head + crypto::to_base64(in.text());
      }
      default:
        if (form >= Form::known && form - Form::known < kValues.size()) return std::string(kValues[form - Form::known]);
        in.fail();
        return {};
    }
  }

  std::string id_, seconds_;
};

}  // namespace

namespace {

void write_detail(Writer& out, const AttemptRecord& attempt, const DeliveryId& delivery) {
  out.out.reserve(256 + attempt.response_body.size());
  out.number(kVersion);
  out.text(attempt.url);
  out.text(attempt.address);
  out.number(attempt.responded_at ? static_cast<std::uint64_t>(std::max<std::int64_t>(
                                        0, (*attempt.responded_at - attempt.requested_at).count())) +
                                        1
                                  : 0);
  out.text(attempt.reason_phrase);
  out.text(attempt.error);
  for (const auto phase : attempt.phases_us)
    out.number(static_cast<std::uint64_t>(std::max<std::int64_t>(-1, phase) + 1));
  const Codec codec(delivery, attempt.requested_at);
  codec.write(out, attempt.request_headers);
  codec.write(out, attempt.response_headers);
  out.out += attempt.response_body;
}

Result<void> read_detail(Reader& in, const DeliveryId& delivery, AttemptRecord& attempt) {
  if (in.number() != kVersion) return fail(Code::internal, "an attempt's detail is of another version");
  attempt.url = in.text();
  attempt.address = in.text();
  if (const auto responded = in.number(); responded > 0)
    attempt.responded_at = attempt.requested_at + Micros(responded - 1);
  attempt.reason_phrase = in.text();
  attempt.error = in.text();
  for (auto& phase : attempt.phases_us) phase = static_cast<std::int64_t>(in.number()) - 1;
  const Codec codec(delivery, attempt.requested_at);
  codec.read(in, attempt.request_headers);
  codec.read(in, attempt.response_headers);
  if (!in.is_good()) return fail(Code::internal, "an attempt's detail is damaged");
  attempt.response_body = in.rest();
  return {};
}

}  // namespace

std::string encode_detail(const AttemptRecord& attempt, const DeliveryId& delivery) {
  Writer out;
  write_detail(out, attempt, delivery);
  return std::move(out.out);
}

Result<void> decode_detail(std::string_view detail, const DeliveryId& delivery, AttemptRecord& attempt) {
  Reader in(detail);
  return read_detail(in, delivery, attempt);
}

std::string encode_first_attempt(const AttemptRecord& attempt, const DeliveryId& delivery) {
  Writer out;
  out.number(static_cast<std::uint64_t>(attempt.status));
  // Counted from the delivery's own time, to either side of it: another node's clock may have made the id.
  const std::int64_t offset = (attempt.requested_at - id_time(delivery.bytes)).count();
  out.number(static_cast<std::uint64_t>(offset) << 1 ^ static_cast<std::uint64_t>(offset >> 63));
  write_detail(out, attempt, delivery);
  return std::move(out.out);
}

Result<void> decode_first_attempt(std::string_view bytes, const DeliveryId& delivery, AttemptRecord& attempt) {
  Reader in(bytes);
  attempt.status = static_cast<int>(in.number());
  const auto folded = in.number();
  attempt.requested_at = id_time(delivery.bytes) + Micros(static_cast<std::int64_t>(folded >> 1 ^ (0 - (folded & 1))));
  attempt.failure = "none";
  return read_detail(in, delivery, attempt);
}

}  // namespace fairlead::store
