#include "data_plane/settings.hpp"

#include <unistd.h>

#include <algorithm>
#include <thread>

#include "common/crypto/seal.hpp"
#include "common/net/address_guard.hpp"

namespace fairlead::data {
namespace {

std::string host_name() {
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 ? name : "fairlead-data";
}

}  // namespace

ReadSettings read_settings(std::map<std::string, std::string> environment, std::map<std::string, std::string> flags) {
  SettingsReader reader(std::move(environment), std::move(flags));
  ReadSettings read;
  auto& settings = read.settings;
  settings.common = read_common_settings(reader);
  settings.listen =
      reader.listen("FAIRLEAD_DATA_LISTEN", "127.0.0.1:5008", "address and port where producers create events");
  settings.admin_listen = reader.listen("FAIRLEAD_DATA_ADMIN_LISTEN", "127.0.0.1:5009",
                                        "address and port of /healthz, /readyz and /metrics");
  settings.node_name = reader.text("FAIRLEAD_NODE_NAME", host_name(),
                                   "name of this node, its own among the data planes of one database; a restarted node "
                                   "takes over its predecessor's lanes by it");
  settings.dns_servers =
      reader.list("FAIRLEAD_DNS_SERVERS", "DNS servers as ADDRESS[:PORT], comma separated; default: the system's");
  settings.tls_ca_file =
      reader.text("FAIRLEAD_TLS_CA_FILE", "", "PEM file with a further certificate authority that endpoints may use");
  // Database connections have threads of their own, and PostgreSQL is often a neighbour on the same machine.
  const int half = std::clamp(static_cast<int>(std::thread::hardware_concurrency()) / 2, 1, 8);
  settings.threads = static_cast<int>(
      reader.number("FAIRLEAD_THREADS", half, 1, 64,
                    "threads that serve producers, and as many that deliver; default: half the processors, at most 8"));
  settings.endpoint_concurrency = static_cast<int>(reader.number(
      "FAIRLEAD_ENDPOINT_CONCURRENCY", 64, 1, 1000, "requests under way to one endpoint at a time, at most"));
  settings.payload_bytes_max =
      static_cast<std::size_t>(reader.number("FAIRLEAD_PAYLOAD_BYTES_MAX", 1024 * 1024, 1024, 16 * 1024 * 1024,
                                             "bytes that an event's payload may have; a project may set less"));
  settings.events_per_minute_max =
      static_cast<int>(reader.number("FAIRLEAD_INGEST_EVENTS_PER_MINUTE_MAX", 0, 0, 100'000'000,
                                     "events that this node takes in a minute, of all projects together; 0: no limit"));
  settings.connections_max = static_cast<std::size_t>(
      reader.number("FAIRLEAD_CONNECTIONS_MAX", 8192, 16, 100'000,
                    "connections of producers at a time, half of them from one address; full, those that have waited "
                    "for their client the longest are closed for newcomers"));
  settings.drain_delay = std::chrono::seconds(
      reader.number("FAIRLEAD_DRAIN_DELAY_SECONDS", 0, 0, 300,
                    "on SIGTERM: seconds to go on accepting events while /readyz already says no"));
  settings.drain_deadline = std::chrono::seconds(reader.number(
      "FAIRLEAD_DRAIN_SECONDS", 25, 1, 600, "on SIGTERM: seconds that requests under way may take to end"));
  if (settings.node_name.empty() || settings.node_name.size() > 255)
    reader.problem("FAIRLEAD_NODE_NAME: expected 1 to 255 bytes");
  if (!settings.tls_ca_file.empty() && access(settings.tls_ca_file.c_str(), R_OK) != 0) {
    reader.problem("FAIRLEAD_TLS_CA_FILE: cannot read " + settings.tls_ca_file);
  }
  if (const auto guard = net::AddressGuard::from_allowed(settings.common.allow_networks); !guard) {
    reader.problem("FAIRLEAD_ALLOW_NETWORKS: " + guard.error().message);
  }
  if (!settings.common.master_key.empty()) {
    if (const auto sealer = crypto::Sealer::from_text(settings.common.master_key); !sealer) {
      reader.problem("FAIRLEAD_MASTER_KEY: " + sealer.error().message);
    }
  }
  read.problems = reader.problems();
  read.shown = reader.shown();
  return read;
}

}  // namespace fairlead::data
