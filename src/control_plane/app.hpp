// The composition: the only file that knows every part of the control plane.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>

#include "common/core/result.hpp"
#include "control_plane/settings.hpp"

namespace fairlead::control {

// The parts of a running control plane, on the caller's io_context, which must outlive it and must have stopped before
// it ends.
class App {
 public:
  // Code::invalid if a setting cannot be used.
  [[nodiscard]] static Result<std::unique_ptr<App>> make(boost::asio::io_context& context, const Settings& settings);
  ~App();
  App(const App&) = delete;
  // Begins to serve. Code::unavailable if a port cannot be bound.
  [[nodiscard]] Result<void> start();
  // Stops accepting and lets requests under way end.
  void drain();
  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] std::uint16_t admin_port() const;
  [[nodiscard]] std::size_t connections() const;

 private:
  struct Parts;
  explicit App(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

// Waits for the database, migrates (or checks the schema), serves until SIGTERM or SIGINT, drains.
[[nodiscard]] Result<void> serve(const Settings& settings, bool migrates);

}  // namespace fairlead::control
