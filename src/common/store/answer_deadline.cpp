#include "common/store/answer_deadline.hpp"

#include <sys/socket.h>

namespace fairlead::store {
namespace {

constexpr std::chrono::milliseconds kLookEvery{250};

}  // namespace

void AnswerDeadline::watch(int socket) {
  const std::lock_guard lock(mutex_);
  socket_ = socket;
  due_ = Steady::time_point::max();
}

void AnswerDeadline::expect_within(std::chrono::milliseconds limit) {
  const std::lock_guard lock(mutex_);
  due_ = limit.count() > 0 ? Steady::now() + limit : Steady::time_point::max();
}

void AnswerDeadline::answered() {
  const std::lock_guard lock(mutex_);
  due_ = Steady::time_point::max();
}

void AnswerDeadline::cut_if_overdue(Steady::time_point now) {
  const std::lock_guard lock(mutex_);
  if (socket_ < 0 || now < due_) return;
  ::shutdown(socket_, SHUT_RDWR);
  due_ = Steady::time_point::max();
}

AnswerWatch::AnswerWatch(std::vector<std::shared_ptr<AnswerDeadline>> deadlines)
    : deadlines_(std::move(deadlines)), thread_([this] { run(); }) {}

AnswerWatch::~AnswerWatch() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void AnswerWatch::run() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, kLookEvery, [this] { return is_stopping_; })) {
    const auto now = Steady::now();
    for (const auto& deadline : deadlines_) deadline->cut_if_overdue(now);
  }
}

}  // namespace fairlead::store
