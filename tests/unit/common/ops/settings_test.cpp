#include "common/ops/settings.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace fairlead {
namespace {

using Values = std::map<std::string, std::string>;
using Problems = std::vector<std::string>;

// A file with this content, gone at the end of the test.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& content) {
    path_ = (std::filesystem::temp_directory_path() / "fairlead-settings-XXXXXX").string();
    const int file = mkstemp(path_.data());
    if (file >= 0) close(file);
    std::ofstream(path_, std::ios::binary) << content;
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() { std::filesystem::remove(path_); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string joined(const Problems& problems) {
  std::string all;
  for (const auto& text : problems) all += text + "\n";
  return all;
}

// Goal: defaults < file < environment < flags. Method: one setting given in more and more places.
TEST(SettingsReader, TakesTheNearestSource) {
  const TemporaryFile file(R"({"name":"file","threads":3,"on":true})");
  const Values with_file{{"FAIRLEAD_CONFIG_FILE", file.path()}};
  const auto read = [](Values environment, Values flags) {
    SettingsReader reader(std::move(environment), std::move(flags));
    return reader.text("FAIRLEAD_NAME", "default", "");
  };
  EXPECT_EQ(read({}, {}), "default");
  EXPECT_EQ(read(with_file, {}), "file");
  EXPECT_EQ(read({{"FAIRLEAD_CONFIG_FILE", file.path()}, {"FAIRLEAD_NAME", "environment"}}, {}), "environment");
  EXPECT_EQ(read({{"FAIRLEAD_NAME", "environment"}}, {{"FAIRLEAD_NAME", "flag"}}), "flag");
  EXPECT_EQ(read({}, with_file), "file");

  SettingsReader reader(with_file, {});
  EXPECT_EQ(reader.number("FAIRLEAD_THREADS", 1, 1, 64, ""), 3);
  EXPECT_TRUE(reader.flag("FAIRLEAD_ON", false, ""));
  EXPECT_EQ(reader.text("FAIRLEAD_NAME", "", ""), "file");
  EXPECT_EQ(reader.problems(), Problems{});
}

// Goal: a list in the file may be an array; other nestings and null are named as problems. Method: one of each.
TEST(SettingsReader, ReadsArraysOfTheFile) {
  const TemporaryFile file(
      R"({"networks":["10.0.0.0/8","fd00::/8"],"none":[],"object":{"a":1},"mixed":["a",1],"nothing":null})");
  SettingsReader reader({{"FAIRLEAD_CONFIG_FILE", file.path()}}, {});
  EXPECT_EQ(reader.list("FAIRLEAD_NETWORKS", ""), (std::vector<std::string>{"10.0.0.0/8", "fd00::/8"}));
  EXPECT_EQ(reader.list("FAIRLEAD_NONE", ""), std::vector<std::string>{});
  EXPECT_EQ(reader.text("FAIRLEAD_NOTHING", "default", ""), "default");
  for (const char* name : {"FAIRLEAD_OBJECT", "FAIRLEAD_MIXED"}) static_cast<void>(reader.text(name, "", ""));
  const auto problems = reader.problems();
  EXPECT_EQ(problems.size(), 2U) << joined(problems);
  EXPECT_NE(joined(problems).find("object"), std::string::npos);
  EXPECT_NE(joined(problems).find("mixed"), std::string::npos);
}

// Goal: every problem is named, all at once. Method: one reader with one fault of each kind.
TEST(SettingsReader, CollectsEveryProblem) {
  SettingsReader reader({{"FAIRLEAD_COUNT", "12x"},
                         {"FAIRLEAD_LOW", "0"},
                         {"FAIRLEAD_HIGH", "99999999999999999999"},
                         {"FAIRLEAD_ON", "yes"},
                         {"FAIRLEAD_LISTEN", "localhost"},
                         {"FAIRLEAD_MISPELT", "1"},
                         {"PATH", "/bin"}},
                        {{"FAIRLEAD_FLAG_TYPO", "1"}});
  EXPECT_EQ(reader.number("FAIRLEAD_COUNT", 7, 1, 10, ""), 7);
  EXPECT_EQ(reader.number("FAIRLEAD_LOW", 7, 1, 10, ""), 7);
  EXPECT_EQ(reader.number("FAIRLEAD_HIGH", 7, 1, 10, ""), 7);
  EXPECT_FALSE(reader.flag("FAIRLEAD_ON", false, ""));
  static_cast<void>(reader.listen("FAIRLEAD_LISTEN", "127.0.0.1:1", ""));
  const auto problems = reader.problems();
  ASSERT_EQ(problems.size(), 7U) << joined(problems);
  for (const char* name : {"FAIRLEAD_COUNT", "FAIRLEAD_LOW", "FAIRLEAD_HIGH", "FAIRLEAD_ON", "FAIRLEAD_LISTEN",
                           "FAIRLEAD_MISPELT", "FAIRLEAD_FLAG_TYPO"}) {
    EXPECT_NE(joined(problems).find(name), std::string::npos) << name;
  }
}

// Goal: a configuration file that cannot be used is a problem, not a default. Method: missing, a folder, no JSON, no
// object.
TEST(SettingsReader, NamesABadFile) {
  const TemporaryFile broken("{\"a\":"), array("[1]"), empty("");
  for (const std::string& path :
       {std::string("/nowhere/at/all"), std::string("/"), broken.path(), array.path(), empty.path()}) {
    const SettingsReader reader({{"FAIRLEAD_CONFIG_FILE", path}}, {});
    ASSERT_EQ(reader.problems().size(), 1U) << path;
    EXPECT_NE(reader.problems()[0].find("FAIRLEAD_CONFIG_FILE"), std::string::npos);
  }
}

// Goal: a secret comes from the environment or a file, and is never shown. Method: both ways, the masked view read.
TEST(SettingsReader, ReadsSecretsAndHidesThem) {
  const TemporaryFile file("from-file\r\n");
  SettingsReader reader({{"FAIRLEAD_A", "direct"},
                         {"FAIRLEAD_B_FILE", file.path()},
                         {"FAIRLEAD_C", "x"},
                         {"FAIRLEAD_C_FILE", file.path()},
                         {"FAIRLEAD_D_FILE", "/nowhere/at/all"},
                         {"FAIRLEAD_E_FILE", "/"},
                         {"FAIRLEAD_URL", "postgresql://u:hidden@h/d"}},
                        {});
  EXPECT_EQ(reader.secret("FAIRLEAD_A", "").reveal(), "direct");
  EXPECT_EQ(reader.secret("FAIRLEAD_B", "").reveal(), "from-file");
  static_cast<void>(reader.secret("FAIRLEAD_C", ""));
  EXPECT_TRUE(reader.secret("FAIRLEAD_D", "").empty());
  EXPECT_TRUE(reader.secret("FAIRLEAD_E", "").empty());
  EXPECT_EQ(reader.secret("FAIRLEAD_URL", "").reveal(), "postgresql://u:hidden@h/d");
  EXPECT_TRUE(reader.secret("FAIRLEAD_UNSET", "").empty());
  EXPECT_EQ(reader.problems().size(), 3U) << joined(reader.problems());
  for (const auto& [name, value, help] : reader.shown()) {
    EXPECT_EQ(value.find("direct"), std::string::npos);
    EXPECT_EQ(value.find("from-file"), std::string::npos);
    EXPECT_EQ(value.find("hidden"), std::string::npos);
  }
}

// Goal: addresses to listen on. Method: a table of text, address and port; what is no IP address and port is a problem.
TEST(SettingsReader, ReadsListenAddresses) {
  struct Case {
    std::string text, address;
    int port;
  };
  const Case good[] = {{"127.0.0.1:5005", "127.0.0.1", 5005},
                       {"0.0.0.0:0", "0.0.0.0", 0},
                       {"[::1]:65535", "::1", 65535},
                       {"[::]:80", "::", 80},
                       {"::1:80", "::1", 80}};
  for (const auto& [text, address, port] : good) {
    SettingsReader reader({{"FAIRLEAD_LISTEN", text}}, {});
    const Listen listen = reader.listen("FAIRLEAD_LISTEN", "127.0.0.1:1", "");
    EXPECT_EQ(reader.problems(), Problems{}) << text;
    EXPECT_EQ(listen.address, address);
    EXPECT_EQ(listen.port, port);
  }
  for (const char* text :
       {"", "5005", ":5005", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "127.0.0.1:-1",
        "127.0.0.1:80x", "[::1:80", "::1]:80", "[127.0.0.1]:80", "[]:80", "localhost:80", "127.1:80", "[::1]80"}) {
    SettingsReader reader({{"FAIRLEAD_LISTEN", text}}, {});
    static_cast<void>(reader.listen("FAIRLEAD_LISTEN", "127.0.0.1:1", ""));
    EXPECT_EQ(reader.problems().size(), 1U) << text;
  }
}

// Goal: lists are split at commas without their spaces. Method: one text with empty items.
TEST(SettingsReader, SplitsLists) {
  SettingsReader reader({{"FAIRLEAD_LIST", " a, b c ,,\td\t, "}}, {});
  EXPECT_EQ(reader.list("FAIRLEAD_LIST", ""), (std::vector<std::string>{"a", "b c", "d"}));
}

// Goal: no spelling of a URL shows its password. Method: a table.
TEST(MaskUrl, HidesEveryPassword) {
  const std::pair<const char*, const char*> cases[] = {
      {"postgresql://host/db", "postgresql://host/db"},
      {"postgresql://user@host:5432/db", "postgresql://user@host:5432/db"},
      {"postgresql://user:secret@host:5432/db", "postgresql://user:***@host:5432/db"},
      {"postgresql://:secret@host/db", "postgresql://:***@host/db"},
      {"postgresql://user:se@cret@host/db", "postgresql://user:***@host/db"},
      {"postgresql://user:sec/ret@host/db", "postgresql://user:***@host/db"},
      {"postgresql://user:sec?ret@host/db", "postgresql://user:***@host/db"},
      {"postgresql:///db?host=/run&user=u&password=secret", "postgresql:///db?host=/run&user=u&password=***"},
      {"postgresql:///db?password=secret&host=/run", "postgresql:///db?password=***&host=/run"},
      {"postgresql:///db?sslpassword=secret&host=/run", "postgresql:///db?sslpassword=***&host=/run"},
      {"postgresql://u:secret@h/db?password=secret", "postgresql://u:***@h/db?password=***"},
      {"no url", "no url"}};
  for (const auto& [url, shown] : cases) EXPECT_EQ(mask_url(url), shown);
}

// Goal: what both programs need is required, and the other program's settings are no problem. Method: empty, then
// complete.
TEST(CommonSettings, RequiresDatabaseAndKey) {
  SettingsReader empty({{"FAIRLEAD_LOG_LEVEL", "loud"}}, {});
  static_cast<void>(read_common_settings(empty));
  EXPECT_EQ(empty.problems().size(), 3U) << joined(empty.problems());

  SettingsReader complete({{"FAIRLEAD_DATABASE_URL", "postgresql:///x"},
                           {"FAIRLEAD_MASTER_KEY", "k"},
                           {"FAIRLEAD_ALLOW_NETWORKS", "10.0.0.0/8"},
                           {"FAIRLEAD_LOG_LEVEL", "debug"},
                           {"FAIRLEAD_NODE_NAME", "a"},
                           {"FAIRLEAD_CONTROL_LISTEN", "127.0.0.1:1"}},
                          {});
  const CommonSettings settings = read_common_settings(complete);
  EXPECT_EQ(complete.problems(), Problems{});
  EXPECT_EQ(settings.database_url.reveal(), "postgresql:///x");
  EXPECT_EQ(settings.master_key.reveal(), "k");
  EXPECT_EQ(settings.allow_networks, std::vector<std::string>{"10.0.0.0/8"});
  EXPECT_EQ(settings.log_level, "debug");
}

// Goal: the environment is read whole. Method: a variable set here.
TEST(ProcessEnvironment, HoldsVariables) {
  setenv("FAIRLEAD_TEST_VARIABLE", "a=b", 1);
  EXPECT_EQ(process_environment().at("FAIRLEAD_TEST_VARIABLE"), "a=b");
  unsetenv("FAIRLEAD_TEST_VARIABLE");
}

}  // namespace
}  // namespace fairlead
