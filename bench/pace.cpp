#include "pace.hpp"

namespace fairlead::bench {

Pace::Pace(PaceOptions options, std::int64_t begin_ns)
    : options_(options), begin_ns_(begin_ns), end_ns_(begin_ns + static_cast<std::int64_t>(options.seconds * 1e9)) {}

bool Pace::has_ended(std::int64_t at) const {
  return is_stopped_ || at >= end_ns_ || (options_.count_max != 0 && next_sequence_ >= options_.count_max);
}

std::int64_t Pace::due_ns() const {
  return begin_ns_ + static_cast<std::int64_t>(static_cast<double>(turn_) * 1e9 / options_.rate);
}

void Pace::advance(std::int64_t now) {
  if (options_.rate <= 0) return;
  for (auto due = due_ns(); due <= now && !has_ended(due); due = due_ns()) {
    ++turn_;
    lateness_.add(now - due);
    // An event that finds no room is not sent, and takes no sequence number.
    if (waiting_.size() < options_.backlog_max)
      waiting_.push_back({next_sequence_++, now});
    else
      ++dropped_;
  }
}

std::optional<Ticket> Pace::take(std::int64_t now) {
  if (options_.rate <= 0) {
    if (has_ended(now)) return std::nullopt;
    return Ticket{next_sequence_++, now};
  }
  if (waiting_.empty()) return std::nullopt;
  const auto ticket = waiting_.front();
  waiting_.pop_front();
  return ticket;
}

std::int64_t Pace::wake_ns() const {
  if (options_.rate <= 0) return INT64_MAX;
  const auto due = due_ns();
  return has_ended(due) ? INT64_MAX : due;
}

bool Pace::is_over(std::int64_t now) const {
  return options_.rate <= 0 ? has_ended(now) : waiting_.empty() && has_ended(due_ns());
}

}  // namespace fairlead::bench
