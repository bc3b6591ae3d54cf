#include "data_plane/deliver/verdict.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>

namespace fairlead::deliver {
namespace {

using net::FailureClass;

bool was_surely_not_received(FailureClass failure) {
  switch (failure) {
    case FailureClass::dns:
    case FailureClass::address_refused:
    case FailureClass::connect_refused:
    case FailureClass::connect_timeout:
    case FailureClass::connect_failed:
    case FailureClass::tls_handshake:
    case FailureClass::tls_certificate:
    case FailureClass::token_failed:
      return true;
    default:
      return false;
  }
}

bool is_named(std::string_view name, std::string_view lower) {
  return name.size() == lower.size() && std::equal(name.begin(), name.end(), lower.begin(), [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
         });
}

std::string describe(const net::ClientResponse& response) {
  if (response.failure == FailureClass::http_status)
    return "the endpoint answered HTTP " + std::to_string(response.status);
  std::string text(net::to_text(response.failure));
  if (!response.error.empty()) text += ": " + response.error;
  return text;
}

}  // namespace

std::optional<TimePoint> parse_retry_after(std::string_view value, TimePoint now) {
  using namespace std::chrono;
  const TimePoint earliest = now + seconds(1), latest = now + hours(1);
  long count = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), count);
  if (!value.empty() && end == value.data() + value.size() && count >= 0) {
    if (error == std::errc::result_out_of_range || count > 3600) return latest;
    if (error == std::errc{}) return std::clamp(now + seconds(count), earliest, latest);
  }
  std::tm date{};
  const std::string text(value);
  const char* rest = strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &date);
  if (rest == nullptr || *rest != '\0') return std::nullopt;
  return std::clamp(TimePoint{seconds(timegm(&date))}, earliest, latest);
}

Verdict judge_answer(const net::ClientResponse& response, const Trial& trial) {
  Verdict verdict;
  if (response.failure == FailureClass::none) return verdict;
  verdict.reason = describe(response);
  verdict.is_gone = response.status == 410;
  if (response.status == 429 || response.status == 503) {
    for (const auto& [name, value] : response.headers) {
      if (is_named(name, "retry-after")) verdict.hold_until = parse_retry_after(value, trial.now);
    }
  }
  verdict.next_due = next_attempt_at(trial.policy, trial.attempt, trial.now, trial.jitter);
  if (response.failure == FailureClass::unsendable) {
    verdict.next_due.reset();
  } else if (trial.is_at_most_once && !was_surely_not_received(response.failure)) {
    verdict.next_due.reset();
    verdict.reason += " (delivered at most once: not tried again)";
  } else if (!verdict.next_due) {
    verdict.reason = "Retry limit exceeded; " + verdict.reason;
  }
  if (verdict.next_due && verdict.hold_until) verdict.next_due = std::max(*verdict.next_due, *verdict.hold_until);
  verdict.status = verdict.next_due ? DeliveryStatus::retry : DeliveryStatus::failure;
  return verdict;
}

}  // namespace fairlead::deliver
