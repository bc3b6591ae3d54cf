// The coroutine type of every stage and handler.
#pragma once

#include <boost/asio/awaitable.hpp>

namespace fairlead {

template <class T>
using Task = boost::asio::awaitable<T>;

}  // namespace fairlead
