#include "common/store/config_snapshot.hpp"

#include <gtest/gtest.h>

#include "common/crypto/digest.hpp"
#include "tests/support/test_database.hpp"

namespace fairlead::store {
namespace {

using fairlead::testing::TestDatabase;

constexpr const char* kOrganisation = "00000000-0000-0000-0000-000000000001";
constexpr const char* kProject = "00000000-0000-0000-0000-000000000002";
constexpr const char* kOther = "00000000-0000-0000-0000-000000000003";
constexpr const char* kEndpoint = "00000000-0000-0000-0000-000000000004";

class ConfigSnapshotTest : public ::testing::Test {
 protected:
  ConfigSnapshotTest()
      : connection_(database_.connect()),
        sealer_(*crypto::Sealer::from_text(Secret(crypto::make_master_key()))),
        stranger_(*crypto::Sealer::from_text(Secret(crypto::make_master_key()))) {
    database_.sql("UPDATE config_counter SET version = 1");
    database_.sql(std::string("INSERT INTO organisations VALUES ('") + kOrganisation + "', 'o', 1, now(), now())");
  }

  void add_project(const std::string& id, const std::string& config) {
    database_.sql(
        "INSERT INTO projects (id, organisation_id, name, type, config, config_version, created_at, updated_at)"
        " VALUES ('" +
        id + "', '" + kOrganisation + "', '" + id + "', 'outgoing', '" + config + "', 1, now(), now())");
  }
  void add_endpoint(const crypto::Sealer& sealer) {
    const std::string text = id_to_text(*id_from_uuid(kEndpoint));
    database_.sql(
        std::string("INSERT INTO endpoints (project_id, id, name, url, status, secrets, authentication, version,"
                    " created_at, updated_at) VALUES ('") +
        kProject + "', '" + kEndpoint + "', 'e', 'https://hooks.example.test', 'active', '[{\"sealed\":\"" +
        crypto::to_base64(sealer.seal("the secret", text)) + "\"}]', '{\"type\":\"basic_auth\",\"sealed\":\"" +
        crypto::to_base64(sealer.seal(R"({"username":"u","password":"p:w"})", text)) + "\"}', 1, now(), now())");
  }
  ConfigChanges read(std::int64_t since = 0) {
    auto changes = connection_.run(TxKind::snapshot, [&](Tx& tx) { return read_config_changes(tx, since, sealer_); });
    EXPECT_TRUE(changes) << changes.error().message;
    return changes ? *changes : ConfigChanges{};
  }

  TestDatabase database_;
  Connection connection_;
  crypto::Sealer sealer_, stranger_;
};

// Goal: a project's settings reach the data plane in its own units. Method: every setting that delivery reads, one row.
TEST_F(ConfigSnapshotTest, ReadsAProjectsSettings) {
  add_project(kProject, R"({"max_payload_read_size":2048,"strategy":{"type":"exponential","duration":7,"retry_count":3},
    "signature":{"header":"X-Sig","versions":[{"hash":"SHA512","encoding":"base64"}]},"request_id_header":"X-Id",
    "add_event_id_trace_headers":true,"ratelimit":{"count":500,"duration":60},"disable_endpoint":false,
    "circuit_breaker":{"error_timeout":60,"failure_threshold":50,"observability_window":2,"success_threshold":0}})");
  const auto changes = read();
  ASSERT_EQ(changes.projects.size(), 1U);
  const auto& settings = changes.projects[0].settings;
  EXPECT_EQ(settings.payload_bytes_max, 2048U);
  EXPECT_EQ(settings.retry.kind, RetryKind::exponential);
  EXPECT_EQ(settings.retry.interval, std::chrono::seconds(7));
  EXPECT_EQ(settings.retry.attempts_max, 3);
  EXPECT_EQ(settings.signature_header, "X-Sig");
  EXPECT_TRUE(settings.signatures[0].is_sha512 && settings.signatures[0].is_base64);
  EXPECT_EQ(settings.request_id_header, "X-Id");
  EXPECT_TRUE(settings.has_event_id_headers);
  EXPECT_EQ(settings.events_max, 500);
  EXPECT_EQ(settings.events_window, std::chrono::seconds(60));
  EXPECT_FALSE(settings.disables_endpoints);
  EXPECT_EQ(settings.breaker.open_for, std::chrono::seconds(60));
  EXPECT_EQ(settings.breaker.failure_percent, 50);
  EXPECT_EQ(settings.breaker.window, std::chrono::minutes(2));
  EXPECT_EQ(settings.breaker.successes_to_close, BreakerPolicy{}.successes_to_close);
}

// Goal: one project that cannot be read harms nobody else. Method: a setting of the wrong type beside a good project.
TEST_F(ConfigSnapshotTest, GoesOnWithDefaultsForABrokenProject) {
  add_project(kProject, R"({"max_payload_read_size":"many"})");
  add_project(kOther, R"({"max_payload_read_size":4096})");
  const auto changes = read();
  ASSERT_EQ(changes.projects.size(), 2U);
  EXPECT_EQ(changes.projects[0].settings.payload_bytes_max, ProjectSettings{}.payload_bytes_max);
  EXPECT_EQ(changes.projects[1].settings.payload_bytes_max, 4096U);
}

// Goal: secrets and credentials open with the master key that sealed them. Method: basic authentication and one secret.
TEST_F(ConfigSnapshotTest, OpensWhatItSealed) {
  add_project(kProject, "{}");
  add_endpoint(sealer_);
  const auto changes = read();
  ASSERT_EQ(changes.endpoints.size(), 1U);
  const auto& endpoint = changes.endpoints[0].endpoint;
  EXPECT_FALSE(endpoint.is_unreadable);
  ASSERT_EQ(endpoint.secrets.size(), 1U);
  EXPECT_EQ(endpoint.secrets[0].value.reveal(), "the secret");
  ASSERT_TRUE(endpoint.authentication);
  EXPECT_EQ(endpoint.authentication->name, "Authorization");
  EXPECT_EQ(endpoint.authentication->value.reveal(), "Basic " + crypto::to_base64("u:p:w"));
}

// Goal: an endpoint sealed by another key is marked and the rest is read. Method: seal with a stranger's key.
TEST_F(ConfigSnapshotTest, MarksAnEndpointThatItCannotOpen) {
  add_project(kProject, "{}");
  add_endpoint(stranger_);
  const auto changes = read();
  ASSERT_EQ(changes.endpoints.size(), 1U);
  EXPECT_TRUE(changes.endpoints[0].endpoint.is_unreadable);
  EXPECT_EQ(changes.projects.size(), 1U);
}

// Goal: a refresh reads only what is newer, tombstones included. Method: delete after the first read.
TEST_F(ConfigSnapshotTest, ReadsWhatIsNewerOnly) {
  add_project(kProject, "{}");
  add_endpoint(sealer_);
  EXPECT_TRUE(read(1).endpoints.empty());
  database_.sql("UPDATE config_counter SET version = 2");
  database_.sql("UPDATE endpoints SET deleted_at = now(), version = 2");
  const auto changes = read(1);
  EXPECT_EQ(changes.version, 2);
  ASSERT_EQ(changes.endpoints.size(), 1U);
  EXPECT_TRUE(changes.endpoints[0].is_deleted);
  EXPECT_TRUE(changes.projects.empty());
  EXPECT_TRUE(read(0).endpoints.empty());
}

}  // namespace
}  // namespace fairlead::store
