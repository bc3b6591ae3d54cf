// What must not run beside itself: a strand, or nothing at all in a context whose only thread does the same for free.
// Whatever is called from outside such a context is posted to it, or guards itself.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution_context.hpp>

namespace fairlead {

// Work on one Serial runs one after another, in the order in which it was posted.
using Serial = boost::asio::any_io_executor;

// A Serial of its own on the executor's context. A strand costs an allocation and a hop for each piece of work, so
// there is none where run_by_one_thread said that it is not needed.
[[nodiscard]] Serial make_serial(const boost::asio::any_io_executor& executor);

// To be said of a context before anything else is made on it, and kept: run() is called by one thread only.
void run_by_one_thread(boost::asio::execution_context& context);

}  // namespace fairlead
