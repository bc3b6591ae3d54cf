// The producer of the load: posts events to data planes over keep-alive connections, at a fixed rate (open loop) or as
// fast as they answer (closed loop, one request in flight a connection), and prints what was accepted and how fast as
// JSON.
#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>

#include "load.hpp"
#include "socket.hpp"

namespace fairlead::bench {
namespace {

void add_options(CLI::App& app, LoadOptions& options) {
  app.add_option("--address", options.address, "IPv4 address of the data planes")->capture_default_str();
  app.add_option("--port", options.ports, "ports of the data planes; connections are spread over them")->required();
  app.add_option("--project", options.project, "project id")->required();
  auto* file =
      app.add_option("--endpoints-file", options.endpoints_file, "endpoint ids, one a line; events go to them in turn")
          ->check(CLI::ExistingFile);
  app.add_option("--owner-id", options.owner, "fan each event out to all endpoints of this owner instead")
      ->excludes(file);
  app.add_option("--event-type", options.event_type)->capture_default_str();
  app.add_option("--connections", options.connections, "keep-alive connections, each with one request in flight")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  app.add_option("--rate", options.pace.rate, "events a second whether or not answers come (0: as fast as they come)")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
  app.add_option("--seconds", options.pace.seconds, "how long to send")
      ->check(CLI::Range(0.01, 3600.0))
      ->capture_default_str();
  app.add_option("--count", options.pace.count_max, "send at most this many events (0: no bound but the time)")
      ->capture_default_str();
  app.add_option("--payload-bytes", options.payload_bytes, "size of an event's data")
      ->check(CLI::Range(Payload::kBytesMin, std::size_t{1} << 20))
      ->capture_default_str();
  app.add_option("--run", options.run, "number that the sink tells runs apart by")->capture_default_str();
  app.add_option("--grace-seconds", options.grace_seconds, "how long to wait for the last answers")
      ->check(CLI::Range(0.0, 3600.0))
      ->capture_default_str();
}

int run(int count, char** arguments) {
  CLI::App app{"Posts events to Fairlead data planes. The API key is read from the environment: FAIRLEAD_BENCH_KEY."};
  LoadOptions options;
  add_options(app, options);
  CLI11_PARSE(app, count, arguments);
  const char* key = std::getenv("FAIRLEAD_BENCH_KEY");
  if (key == nullptr || *key == '\0') throw std::runtime_error("FAIRLEAD_BENCH_KEY is not set");
  if (options.owner.empty() && options.endpoints_file.empty())
    throw std::runtime_error("name --endpoints-file or --owner-id");
  options.api_key = key;
  never_interrupt();
  Load load(std::move(options));
  load.run();
  std::cout << load.report().dump() << std::endl;
  return 0;
}

}  // namespace
}  // namespace fairlead::bench

int main(int count, char** arguments) {
  try {
    return fairlead::bench::run(count, arguments);
  } catch (const std::exception& error) {
    std::cerr << "fairlead_bench_driver: " << error.what() << '\n';
    return 1;
  }
}
