#include "common/net/health_check.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <iostream>

#include "common/ops/task.hpp"

namespace fairlead::net {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace {

constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable);

std::unexpected<Error> silence(const asio::ip::tcp::endpoint& at, const boost::system::error_code& error) {
  std::string where = at.address().is_v6() ? "[" + at.address().to_string() + "]" : at.address().to_string();
  return fail(Code::unavailable, "no answer from " + where + ":" + std::to_string(at.port()) + ": " + error.message());
}

Task<Result<std::string>> get(asio::ip::tcp::endpoint at, std::string path, std::chrono::milliseconds timeout) {
  beast::tcp_stream stream(co_await asio::this_coro::executor);
  stream.expires_after(timeout);
  if (const auto [error] = co_await stream.async_connect(at, use_tuple); error) co_return silence(at, error);
  http::request<http::empty_body> request(http::verb::get, path, 11);
  request.set(http::field::host, "localhost");
  request.set(http::field::connection, "close");
  if (const auto [error, sent] = co_await http::async_write(stream, request, use_tuple); error)
    co_return silence(at, error);
  beast::flat_buffer buffer;
  http::response<http::string_body> answer;
  if (const auto [error, read] = co_await http::async_read(stream, buffer, answer, use_tuple); error)
    co_return silence(at, error);
  if (answer.result() == http::status::ok) co_return answer.body();
  co_return fail(Code::unavailable, std::to_string(answer.result_int()) + " " + answer.body());
}

}  // namespace

Result<std::string> check_health(Listen admin, std::string path, std::chrono::milliseconds timeout) {
  boost::system::error_code error;
  auto address = asio::ip::make_address(admin.address, error);
  if (error || admin.port == 0) return fail(Code::invalid, "the admin port's address is not known");
  if (address.is_unspecified()) {
    address = address.is_v6() ? asio::ip::address(asio::ip::address_v6::loopback())
                              : asio::ip::address(asio::ip::address_v4::loopback());
  }
  asio::io_context context;
  Result<std::string> result = fail(Code::internal, "not asked");
  asio::co_spawn(context, get({address, admin.port}, std::move(path), timeout),
                 [&](std::exception_ptr thrown, Result<std::string> answer) {
                   if (!thrown) result = std::move(answer);
                 });
  context.run();
  return result;
}

int run_health_check(const std::string& program, const Listen& admin, bool is_liveness) {
  const auto answer = check_health(admin, is_liveness ? "/healthz" : "/readyz");
  if (answer) {
    std::cout << *answer << '\n';
    return 0;
  }
  std::cerr << program << ": " << answer.error().message << '\n';
  return 1;
}

}  // namespace fairlead::net
