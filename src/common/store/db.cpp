#include "common/store/db.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "common/store/tx.hpp"

namespace fairlead::store {

void Tx::prepare(const std::string& name, const std::string& sql) {
  if (session_.prepared.contains(name)) return;
  session_.deadline.expect_within(session_.answer_limit);
  session_.connection.prepare(name, sql);
  session_.prepared.insert(name);
}

TimePoint as_time(const pqxx::field& field) {
  const std::string_view text(field.c_str(), field.size());
  if (text == "-infinity") return TimePoint{};
  const auto time = parse_time(text);
  if (!time) throw std::runtime_error("unreadable time from the database: " + std::string(text));
  return *time;
}

std::optional<TimePoint> as_optional_time(const pqxx::field& field) {
  if (field.is_null()) return std::nullopt;
  return as_time(field);
}

std::string as_text(const pqxx::field& field) {
  return field.is_null() ? "" : std::string(field.c_str(), field.size());
}

std::string as_bytes(const pqxx::field& field) {
  if (field.is_null()) return "";
  const pqxx::binarystring bytes(field);
  return bytes.str();
}

namespace {

// Turns libpqxx's notice stream into nothing: what matters comes back as errors.
struct SilentNotices : pqxx::errorhandler {
  explicit SilentNotices(pqxx::connection_base& connection) : errorhandler(connection) {}
  bool operator()(const char[]) noexcept override { return false; }
};

// How much longer than the server's own limit an answer may take.
constexpr std::chrono::milliseconds kAnswerGrace{2000};

// libpq waits for ever for the first answer of a server that accepts connections and does nothing more.
std::string with_connect_timeout(const std::string& url) {
  if (url.find("connect_timeout") != std::string::npos) return url;
  const bool is_uri = url.starts_with("postgres://") || url.starts_with("postgresql://");
  if (!is_uri) return url + " connect_timeout=5";
  return url + (url.find('?') == std::string::npos ? "?" : "&") + "connect_timeout=5";
}

Error lost(const std::string& why) { return {Code::unavailable, "database: " + why, "database_unavailable"}; }

}  // namespace

struct Connection::Live {
  explicit Live(const std::string& url) : connection(url), notices(connection) {
    // A connection that came back by itself in mid-work would hide that an outcome is unknown.
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wdeprecated-declarations"
    connection.inhibit_reactivation(true);
#pragma clang diagnostic pop
  }
  pqxx::connection connection;
  SilentNotices notices;
  std::set<std::string> prepared;
  struct Receiver : pqxx::notification_receiver {
    Receiver(pqxx::connection_base& c, const std::string& channel, std::vector<std::string>& out)
        : notification_receiver(c, channel), heard(out) {}
    void operator()(const std::string& payload, int) override { heard.push_back(payload); }
    std::vector<std::string>& heard;
  };
  std::vector<std::string> received;
  std::unique_ptr<Receiver> receiver;
};

Connection::Connection(DbOptions options)
    : options_(std::move(options)),
      answer_limit_(options_.statement_timeout.count() > 0 ? options_.statement_timeout + kAnswerGrace
                                                           : std::chrono::milliseconds(0)),
      deadline_(std::make_shared<AnswerDeadline>()) {}
Connection::~Connection() {
  if (deadline_) deadline_->watch(-1);
}
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;

Result<void> Connection::open() {
  try {
    auto live = std::make_unique<Live>(with_connect_timeout(options_.url));
    auto& connection = live->connection;
    deadline_->watch(connection.sock());
    deadline_->expect_within(answer_limit_);
    connection.set_variable("application_name", "'" + options_.application_name + "'");
    connection.set_variable("statement_timeout", std::to_string(options_.statement_timeout.count()));
    // A process that froze between two statements holds no rows for longer than a node's lease.
    connection.set_variable("idle_in_transaction_session_timeout", "5000");
    connection.set_variable("synchronous_commit", "on");
    connection.set_variable("timezone", "'UTC'");
    connection.set_variable("bytea_output", "'hex'");
    connection.set_variable("client_min_messages", "'warning'");
    if (options_.is_hot) {
      connection.set_variable("jit", "off");
      connection.set_variable("plan_cache_mode", "'force_generic_plan'");
      connection.set_variable("enable_seqscan", "off");
      connection.set_variable("enable_mergejoin", "off");
      if (!options_.may_hash) connection.set_variable("enable_hashjoin", "off");
    }
    deadline_->answered();
    live_ = std::move(live);
    return {};
  } catch (const std::exception& error) {
    deadline_->watch(-1);
    return fail(lost(error.what()));
  }
}

void Connection::drop() {
  deadline_->watch(-1);
  live_.reset();
}

Result<void> Connection::run_erased(TxKind kind, const std::function<Result<void>(Tx&)>& work) {
  if (!live_) FL_TRY_VOID(open());
  // Whichever way this ends, nothing is awaited afterwards: an idle connection is not cut.
  const struct Idle {
    AnswerDeadline& deadline;
    ~Idle() { deadline.answered(); }
  } idle{*deadline_};
  auto& connection = live_->connection;
  try {
    const auto in = [&](auto&& transaction) -> Result<void> {
      Tx tx({connection, live_->prepared, *deadline_, answer_limit_}, transaction);
      FL_TRY_VOID(work(tx));
      deadline_->expect_within(answer_limit_);
      transaction.commit();
      return {};
    };
    switch (kind) {
      case TxKind::autocommit:
        return in(pqxx::nontransaction(connection));
      case TxKind::read_write:
        return in(pqxx::work(connection));
      case TxKind::snapshot:
        return in(pqxx::transaction<pqxx::repeatable_read, pqxx::read_only>(connection));
    }
  } catch (const pqxx::in_doubt_error& error) {
    drop();
    return fail(lost(error.what()));
  } catch (const pqxx::broken_connection& error) {
    drop();
    return fail(lost(error.what()));
  } catch (const pqxx::sql_error& error) {
    // 57xxx: the server is going away or ended us; 53xxx: out of resources; 58xxx: its system failed.
    const std::string& state = error.sqlstate();
    if (!connection.is_open() || state.starts_with("57P") || state.starts_with("53") || state.starts_with("58") ||
        state == "25006" || state.empty()) {
      drop();
      return fail(lost(error.what()));
    }
    // Cancelled by a timeout, a lock not had in time, a deadlock or a serialisation failure: nothing was stored, and it
    // may go through later.
    if (state == "57014" || state == "55P03" || state == "40P01" || state == "40001") {
      return fail(Error{Code::unavailable, "database: " + state + ": " + error.what(), "database_busy"});
    }
    // Class 22 and 23 speak of the values; anything else is ours or the server's fault.
    const bool is_content = state.starts_with("22") || state.starts_with("23");
    return fail(
        Error{Code::internal, state + ": " + error.what(), is_content ? "content_refused" : "statement_refused"});
  } catch (const std::exception& error) {
    const bool is_open = connection.is_open();
    drop();
    if (!is_open) return fail(lost(error.what()));
    return fail(Error{Code::internal, error.what(), "database_failed"});
  }
  return fail(Code::internal, "unknown transaction kind");
}

Result<std::vector<std::string>> Connection::wait_notification(const std::string& channel,
                                                               std::chrono::milliseconds wait) {
  if (!live_) FL_TRY_VOID(open());
  try {
    if (!live_->receiver) {
      live_->receiver = std::make_unique<Live::Receiver>(live_->connection, channel, live_->received);
    }
    live_->connection.await_notification(wait.count() / 1000, (wait.count() % 1000) * 1000);
    return std::exchange(live_->received, {});
  } catch (const std::exception& error) {
    drop();
    return fail(lost(error.what()));
  }
}

struct Db::State {
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<Job> jobs;
  bool is_stopping = false;
  std::vector<std::thread> threads;
  std::unique_ptr<AnswerWatch> watch;
};

Db::Db(DbOptions options) : state_(std::make_unique<State>()) {
  std::vector<std::shared_ptr<AnswerDeadline>> deadlines;
  for (int index = 0; index < options.connections; ++index) {
    Connection made(options);
    deadlines.push_back(made.deadline());
    state_->threads.emplace_back([state = state_.get(), connection = std::move(made)]() mutable {
      for (;;) {
        std::unique_lock lock(state->mutex);
        state->wake.wait(lock, [&] { return state->is_stopping || !state->jobs.empty(); });
        if (state->jobs.empty()) return;
        Job job = std::move(state->jobs.front());
        state->jobs.pop_front();
        lock.unlock();
        job(connection);
      }
    });
  }
  state_->watch = std::make_unique<AnswerWatch>(std::move(deadlines));
}

Db::~Db() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->is_stopping = true;
  }
  state_->wake.notify_all();
  for (auto& thread : state_->threads) thread.join();
}

void Db::enqueue(Job job) {
  {
    const std::lock_guard lock(state_->mutex);
    state_->jobs.push_back(std::move(job));
  }
  state_->wake.notify_one();
}

}  // namespace fairlead::store
