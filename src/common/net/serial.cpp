#include "common/net/serial.hpp"

#include <boost/asio/query.hpp>
#include <boost/asio/strand.hpp>

namespace fairlead {
namespace asio = boost::asio;
namespace {

// Its presence in a context is the word.
class OneThread : public asio::execution_context::service {
 public:
  static inline asio::execution_context::id id;
  using key_type = OneThread;
  explicit OneThread(asio::execution_context& context) : service(context) {}

 private:
  void shutdown() noexcept override {}
};

}  // namespace

Serial make_serial(const asio::any_io_executor& executor) {
  auto& context = asio::query(executor, asio::execution::context);
  if (asio::has_service<OneThread>(context)) return executor;
  return asio::make_strand(executor);
}

void run_by_one_thread(asio::execution_context& context) { asio::make_service<OneThread>(context); }

}  // namespace fairlead
