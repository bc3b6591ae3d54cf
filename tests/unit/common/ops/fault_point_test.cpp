#include "common/ops/fault_point.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>

namespace fairlead {
namespace {

#ifdef FAIRLEAD_FAULT_POINTS

std::string refusal(std::string_view text) {
  const auto plan = parse_fault_plan(text);
  return plan ? "accepted" : plan.error().message;
}

// Goal: a plan names point, action and passing. Method: both actions, the smallest and the largest passing.
TEST(FaultPlan, ReadsPointActionAndPassing) {
  const auto kill = parse_fault_plan("ingest_after_commit:kill:37");
  ASSERT_TRUE(kill) << kill.error().message;
  EXPECT_EQ(kill->point, FaultPoint::ingest_after_commit);
  EXPECT_EQ(kill->action, FaultAction::kill);
  EXPECT_EQ(kill->passing, 37U);
  const auto freeze = parse_fault_plan("result_before_record:freeze:4294967295");
  ASSERT_TRUE(freeze) << freeze.error().message;
  EXPECT_EQ(freeze->point, FaultPoint::result_before_record);
  EXPECT_EQ(freeze->action, FaultAction::freeze);
  EXPECT_EQ(freeze->passing, 4294967295U);
  for (const auto* name : {"ingest_before_commit", "delivery_before_send", "delivery_after_send", "result_after_record",
                           "expansion_before_commit", "expansion_after_commit"}) {
    EXPECT_TRUE(parse_fault_plan(std::string(name) + ":kill:1")) << name;
  }
}

// Goal: what is misspelt is named, with what there is. Method: one fault in each part.
TEST(FaultPlan, RefusesWhatItDoesNotKnow) {
  EXPECT_NE(refusal("ingest_after_comit:kill:1").find("no such fault point \"ingest_after_comit\""), std::string::npos);
  EXPECT_NE(refusal("ingest_after_comit:kill:1").find("ingest_after_commit"), std::string::npos);
  EXPECT_NE(refusal("ingest_after_commit:stop:1").find("no such action \"stop\"; there are kill, freeze"),
            std::string::npos);
  for (const auto* text :
       {"ingest_after_commit:kill:0", "ingest_after_commit:kill:-1", "ingest_after_commit:kill:1x",
        "ingest_after_commit:kill:", "ingest_after_commit:kill:4294967296", "ingest_after_commit:kill:1:1"}) {
    EXPECT_NE(refusal(text).find("POINT:ACTION:PASSING"), std::string::npos) << text;
  }
  for (const auto* text : {"", ":", "ingest_after_commit", "ingest_after_commit:kill"}) {
    EXPECT_NE(refusal(text), "accepted") << text;
  }
}

// Goal: the environment arms, its variable is taken out, and nonsense is refused by the variable's name. Method: none,
// wrong.
TEST(FaultPlan, ComesFromTheEnvironment) {
  std::map<std::string, std::string> environment{{"OTHER", "1"}};
  EXPECT_TRUE(arm_fault_point(environment));
  environment["FAIRLEAD_FAULT_POINT"] = "nowhere:kill:1";
  const auto armed = arm_fault_point(environment);
  ASSERT_FALSE(armed);
  EXPECT_TRUE(armed.error().message.starts_with("FAIRLEAD_FAULT_POINT: no such fault point \"nowhere\""))
      << armed.error().message;
  EXPECT_EQ(environment, (std::map<std::string, std::string>{{"OTHER", "1"}}));
}

// Goal: the armed point ends the process at the named passing and not before; other points pass. Method: a child
// process.
TEST(FaultPointDeathTest, KillsAtThePassing) {
  EXPECT_EXIT(
      {
        arm_fault_point({.point = FaultPoint::delivery_after_send, .action = FaultAction::kill, .passing = 3});
        for (int passing = 0; passing < 9; ++passing) fault_point(FaultPoint::delivery_before_send);
        for (int passing = 0; passing < 2; ++passing) fault_point(FaultPoint::delivery_after_send);
        static_cast<void>(!write(STDERR_FILENO, "two passed\n", 11));
        fault_point(FaultPoint::delivery_after_send);
        _exit(0);
      },
      testing::KilledBySignal(SIGKILL), "two passed");
}

#else

// Goal: a build without fault points takes no notice of them. Method: the calls, which are nothing.
TEST(FaultPlan, IsNotInThisBuild) {
  std::map<std::string, std::string> environment{{"FAIRLEAD_FAULT_POINT", "ingest_before_commit:kill:1"}};
  EXPECT_TRUE(arm_fault_point(environment));
  EXPECT_EQ(environment.size(), 1U);
  fault_point(FaultPoint::ingest_before_commit);
}

#endif

}  // namespace
}  // namespace fairlead
