#include "common/net/gzip.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <new>

namespace fairlead::net {
namespace {

constexpr int kGzipOnly = 16 + MAX_WBITS;

}  // namespace

struct GzipDecoder::State {
  State() {
    if (inflateInit2(&stream, kGzipOnly) != Z_OK) throw std::bad_alloc();
  }
  ~State() { inflateEnd(&stream); }
  State(const State&) = delete;

  z_stream stream{};
  bool is_between_members = true;
};

GzipDecoder::GzipDecoder() : state_(std::make_unique<State>()) {}
GzipDecoder::~GzipDecoder() = default;
GzipDecoder::GzipDecoder(GzipDecoder&&) noexcept = default;
GzipDecoder& GzipDecoder::operator=(GzipDecoder&&) noexcept = default;

GzipDecoder::Step GzipDecoder::feed(std::string_view input, std::string& out, std::size_t bytes_max) {
  auto& stream = state_->stream;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));  // zlib reads only
  stream.avail_in = static_cast<uInt>(input.size());
  std::array<char, 16 * 1024> piece;
  while (true) {
    if (state_->is_between_members) {
      if (stream.avail_in == 0) return Step::more;
      inflateReset(&stream);
      state_->is_between_members = false;
    }
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    const int code = inflate(&stream, Z_NO_FLUSH);
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) return Step::broken;
    const std::size_t count = piece.size() - stream.avail_out;
    const std::size_t room = bytes_max - std::min(bytes_max, out.size());
    out.append(piece.data(), std::min(count, room));
    if (count > room) return Step::full;
    if (code == Z_STREAM_END) {
      state_->is_between_members = true;
    } else if (stream.avail_out != 0) {
      return Step::more;  // all input is taken
    }
  }
}

bool GzipDecoder::is_complete() const { return state_->is_between_members; }

}  // namespace fairlead::net
