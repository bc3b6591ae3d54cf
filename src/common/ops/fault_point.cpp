#include "common/ops/fault_point.hpp"

#ifdef FAIRLEAD_FAULT_POINTS

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <csignal>
#include <utility>

namespace fairlead {
namespace {

using namespace std::string_view_literals;

constexpr std::array kPoints{
    std::pair{"ingest_before_commit"sv, FaultPoint::ingest_before_commit},
    std::pair{"ingest_after_commit"sv, FaultPoint::ingest_after_commit},
    std::pair{"delivery_before_send"sv, FaultPoint::delivery_before_send},
    std::pair{"delivery_after_send"sv, FaultPoint::delivery_after_send},
    std::pair{"result_before_record"sv, FaultPoint::result_before_record},
    std::pair{"result_after_record"sv, FaultPoint::result_after_record},
    std::pair{"expansion_before_commit"sv, FaultPoint::expansion_before_commit},
    std::pair{"expansion_after_commit"sv, FaultPoint::expansion_after_commit},
};
constexpr std::array kActions{std::pair{"kill"sv, FaultAction::kill}, std::pair{"freeze"sv, FaultAction::freeze}};

struct Armed {
  FaultPlan plan;
  std::atomic<bool> is_armed = false;
  std::atomic<std::uint32_t> passed = 0;
};
Armed& armed() {
  static Armed instance;
  return instance;
}

template <class Table>
auto find_word(const Table& table, std::string_view word, std::string_view what)
    -> Result<decltype(table.front().second)> {
  std::string known;
  for (const auto& [name, value] : table) {
    if (name == word) return value;
    known += (known.empty() ? "" : ", ") + std::string(name);
  }
  return fail(Code::invalid, "no such " + std::string(what) + " \"" + std::string(word) + "\"; there are " + known);
}

// Cuts what stands before the next colon off the front; all of it if there is none.
std::string_view take_part(std::string_view& text) {
  const auto part = text.substr(0, text.find(':'));
  text.remove_prefix(std::min(part.size() + 1, text.size()));
  return part;
}

}  // namespace

Result<FaultPlan> parse_fault_plan(std::string_view text) {
  FaultPlan plan;
  FL_TRY(plan.point, find_word(kPoints, take_part(text), "fault point"));
  FL_TRY(plan.action, find_word(kActions, take_part(text), "action"));
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), plan.passing);
  if (error != std::errc{} || end != text.data() + text.size() || plan.passing == 0) {
    return fail(Code::invalid,
                "expected POINT:ACTION:PASSING with a passing from 1, not passing \"" + std::string(text) + "\"");
  }
  return plan;
}

void arm_fault_point(const FaultPlan& plan) {
  armed().plan = plan;
  armed().is_armed.store(true, std::memory_order_release);
}

Result<void> arm_fault_point(std::map<std::string, std::string>& environment) {
  const auto setting = environment.extract("FAIRLEAD_FAULT_POINT");
  if (setting.empty() || setting.mapped().empty()) return {};
  const auto plan = parse_fault_plan(setting.mapped());
  if (!plan) return fail(Code::invalid, setting.key() + ": " + plan.error().message);
  arm_fault_point(*plan);
  return {};
}

void fault_point(FaultPoint point) {
  auto& state = armed();
  if (!state.is_armed.load(std::memory_order_acquire) || state.plan.point != point) return;
  if (state.passed.fetch_add(1) + 1 != state.plan.passing) return;
  // To this very thread: sent to the process, another could take it a moment later, and this one would have gone on.
  static_cast<void>(raise(state.plan.action == FaultAction::kill ? SIGKILL : SIGSTOP));
}

}  // namespace fairlead

#endif
