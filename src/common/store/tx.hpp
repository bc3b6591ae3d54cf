// A statement, its parameters and the transaction it runs in. Only files of this room include this header.
#pragma once

#include <bit>
#include <concepts>
#include <cstring>
#include <optional>
#include <pqxx/pqxx>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "common/core/check.hpp"
#include "common/core/id.hpp"
#include "common/store/answer_deadline.hpp"

namespace fairlead::store {
struct Nullable;
}
template <>
struct pqxx::string_traits<fairlead::store::Nullable>;

namespace fairlead::store {

// Named and prepared on first use by its connection; the name is its metric label.
struct Statement {
  const char* name;
  const char* sql;
};

// A parameter in PostgreSQL's binary form.
struct Wire {
  std::string data;
};

namespace param {

inline std::string of(const std::string& value) { return value; }
inline std::string of(std::string_view value) { return std::string(value); }
inline std::string of(const char* value) { return value; }
inline std::string of(bool value) { return value ? "t" : "f"; }
template <class T>
  requires(std::is_integral_v<T> && !std::is_same_v<T, bool>)
std::string of(T value) {
  return std::to_string(value);
}
inline std::string of(TimePoint value) { return to_rfc3339(value); }
template <class Tag>
std::string of(const Id<Tag>& id) {
  return to_uuid(id);
}
inline pqxx::binarystring of(const Wire& value) { return pqxx::binarystring(value.data.data(), value.data.size()); }

}  // namespace param

struct Nullable {
  std::string value = {};
  bool is_null = true;
};

}  // namespace fairlead::store

template <>
struct pqxx::string_traits<fairlead::store::Nullable> {
  static constexpr const char* name() noexcept { return "nullable"; }
  static constexpr bool has_null() noexcept { return true; }
  static bool is_null(const fairlead::store::Nullable& value) { return value.is_null; }
  static std::string to_string(const fairlead::store::Nullable& value) { return value.value; }
};

namespace fairlead::store {

// What an array's elements look like on the wire: PostgreSQL's type (pg_type.dat) and its binary form (…_recv).
namespace element {

struct Uuid {
  static constexpr std::uint32_t oid = 2950;
};
struct Int2 {
  static constexpr std::uint32_t oid = 21;
};
struct Int4 {
  static constexpr std::uint32_t oid = 23;
};
struct Int8 {
  static constexpr std::uint32_t oid = 20;
};
struct Text {
  static constexpr std::uint32_t oid = 25;
};
struct Bytea {
  static constexpr std::uint32_t oid = 17;
};
struct Timestamp {
  static constexpr std::uint32_t oid = 1184;  // with time zone: microseconds since 2000-01-01 UTC
};

}  // namespace element

// A one-dimensional array parameter in binary form (array_recv), built up element by element: nothing is formatted,
// escaped or parsed on either side.
template <class Element>
class Array {
 public:
  Array() { wire_.resize(kHeadBytes); }
  // Room for elements of that many bytes in all.
  void reserve(std::size_t count, std::size_t bytes) { wire_.reserve(kHeadBytes + count * 4 + bytes); }

  void add_null() {
    has_null_ = 1;
    put_int(std::uint32_t{0xffffffff});
    ++count_;
  }
  void add(std::string_view value)
    requires(std::is_same_v<Element, element::Text> || std::is_same_v<Element, element::Bytea>)
  {
    put(value.data(), value.size());
  }
  template <class Tag>
    requires std::is_same_v<Element, element::Uuid>
  void add(const Id<Tag>& id) {
    put(id.bytes.data(), id.bytes.size());
  }
  void add(std::integral auto value)
    requires(std::is_same_v<Element, element::Int2> || std::is_same_v<Element, element::Int4> ||
             std::is_same_v<Element, element::Int8>)
  {
    using Wire =
        std::conditional_t<std::is_same_v<Element, element::Int2>, std::int16_t,
                           std::conditional_t<std::is_same_v<Element, element::Int4>, std::int32_t, std::int64_t>>;
    FL_CHECK(std::in_range<Wire>(value), "an array's element fits its column's type");
    put_number(static_cast<std::make_unsigned_t<Wire>>(static_cast<Wire>(value)));
  }
  void add(TimePoint time)
    requires std::is_same_v<Element, element::Timestamp>
  {
    constexpr TimePoint kEpoch = std::chrono::sys_days{std::chrono::year{2000} / 1 / 1};
    put_number(static_cast<std::uint64_t>((time - kEpoch).count()));
  }
  template <class Value>
  void add(const std::optional<Value>& value) {
    value ? add(*value) : add_null();
  }

  [[nodiscard]] bool is_empty() const { return count_ == 0; }
  // The parameter; the array is empty afterwards and not to be used again.
  [[nodiscard]] Wire take() {
    if (count_ == 0) wire_.resize(12);
    set_int(0, count_ == 0 ? 0 : 1);  // dimensions
    set_int(4, has_null_);
    set_int(8, Element::oid);
    if (count_ > 0) {
      set_int(12, count_);
      set_int(16, 1);  // the first index
    }
    return {std::move(wire_)};
  }

 private:
  static constexpr std::size_t kHeadBytes = 20;

  void put(const void* data, std::size_t bytes) {
    put_int(static_cast<std::uint32_t>(bytes));
    wire_.append(static_cast<const char*>(data), bytes);
    ++count_;
  }
  template <std::unsigned_integral Number>
  void put_number(Number number) {
    const Number swapped = std::byteswap(number);
    put(&swapped, sizeof swapped);
  }
  void put_int(std::uint32_t number) {
    const auto swapped = std::byteswap(number);
    wire_.append(reinterpret_cast<const char*>(&swapped), sizeof swapped);
  }
  void set_int(std::size_t offset, std::uint32_t number) {
    const auto swapped = std::byteswap(number);
    std::memcpy(wire_.data() + offset, &swapped, sizeof swapped);
  }

  std::string wire_;
  std::uint32_t count_ = 0, has_null_ = 0;
};

// An empty text is stored as null.
[[nodiscard]] inline std::optional<std::string_view> or_null(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional<std::string_view>(text);
}

using UuidArray = Array<element::Uuid>;
using Int2Array = Array<element::Int2>;
using Int4Array = Array<element::Int4>;
using Int8Array = Array<element::Int8>;
using TextArray = Array<element::Text>;
using ByteaArray = Array<element::Bytea>;
using TimestampArray = Array<element::Timestamp>;

class Tx {
 public:
  struct Session {
    pqxx::connection_base& connection;
    std::set<std::string>& prepared;  // names known to the server
    AnswerDeadline& deadline;
    std::chrono::milliseconds answer_limit;  // of each statement
  };
  Tx(Session session, pqxx::transaction_base& transaction) : session_(session), transaction_(transaction) {}

  template <class... Args>
  pqxx::result exec(const Statement& statement, const Args&... args) {
    prepare(statement.name, statement.sql);
    session_.deadline.expect_within(session_.answer_limit);
    return transaction_.exec_prepared(statement.name, param_of(args)...);
  }
  // For statements whose text names a day's partition.
  template <class... Args>
  pqxx::result exec_named(const std::string& name, const std::string& sql, const Args&... args) {
    prepare(name, sql);
    session_.deadline.expect_within(session_.answer_limit);
    return transaction_.exec_prepared(name, param_of(args)...);
  }
  // Unprepared, without parameters: migrations and session settings.
  pqxx::result exec_script(const std::string& sql) {
    session_.deadline.expect_within(session_.answer_limit);
    return transaction_.exec(sql);
  }

 private:
  template <class T>
  static auto param_of(const T& value) {
    return param::of(value);
  }
  template <class T>
  static Nullable param_of(const std::optional<T>& value) {
    if (!value) return {};
    return {std::string(param::of(*value)), false};
  }
  void prepare(const std::string& name, const std::string& sql);

  Session session_;
  pqxx::transaction_base& transaction_;
};

// Reading columns.
template <class Tag>
Id<Tag> as_id(const pqxx::field& field) {
  return Id<Tag>{id_from_uuid(std::string_view(field.c_str(), field.size())).value()};
}
template <class Tag>
std::optional<Id<Tag>> as_optional_id(const pqxx::field& field) {
  if (field.is_null()) return std::nullopt;
  return as_id<Tag>(field);
}
// Of array_to_string(uuid[], ','): null and empty give none.
template <class Tag>
std::vector<Id<Tag>> as_ids(const pqxx::field& field) {
  constexpr std::size_t kUuid = 36;
  std::vector<Id<Tag>> ids;
  const std::string_view text(field.c_str(), field.size());
  for (std::size_t at = 0; at + kUuid <= text.size(); at += kUuid + 1)
    ids.push_back(Id<Tag>{id_from_uuid(text.substr(at, kUuid)).value()});
  return ids;
}
TimePoint as_time(const pqxx::field& field);
std::optional<TimePoint> as_optional_time(const pqxx::field& field);
std::string as_text(const pqxx::field& field);   // null: empty
std::string as_bytes(const pqxx::field& field);  // bytea

}  // namespace fairlead::store
