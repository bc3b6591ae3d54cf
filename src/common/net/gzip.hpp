// Streaming, bounded gzip decoding: a stranger's bytes never grow beyond the caller's maximum.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace fairlead::net {

class GzipDecoder {
 public:
  enum class Step { more, full, broken };

  GzipDecoder();
  ~GzipDecoder();
  GzipDecoder(GzipDecoder&&) noexcept;
  GzipDecoder& operator=(GzipDecoder&&) noexcept;
  // Appends what `input` decodes to. full: `out` would exceed `bytes_max`; it holds exactly that many, and decoding is
  // over. Several gzip members in a row are one text (RFC 1952 §2.2).
  [[nodiscard]] Step feed(std::string_view input, std::string& out, std::size_t bytes_max);
  // The input may end here: nothing came, or the last member is whole.
  [[nodiscard]] bool is_complete() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fairlead::net
