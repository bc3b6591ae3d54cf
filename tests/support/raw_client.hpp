// A client over a plain blocking socket, for tests that need exact bytes on the wire.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace fairlead::test {

class RawClient {
 public:
  // Connects to 127.0.0.1. Reads give up after ten seconds.
  explicit RawClient(std::uint16_t port);
  ~RawClient();
  RawClient(const RawClient&) = delete;

  bool send(std::string_view bytes);
  void finish();  // no more is sent (FIN)
  // One answer, by its Content-Length or, without one, its head alone. Empty: the connection ended before it was
  // complete.
  std::string read_answer();
  // Whatever still comes until the server closes.
  std::string read_rest();
  // True if the server closes before anything else comes.
  bool is_closed() { return read_rest().empty() && !is_timed_out_; }
  // The server has closed or reset, whatever there is still to read.
  [[nodiscard]] bool is_ended() const;
  [[nodiscard]] bool is_timed_out() const { return is_timed_out_; }

 private:
  bool read_more();
  int fd_;
  std::string buffer_;
  bool is_timed_out_ = false;
};

}  // namespace fairlead::test
