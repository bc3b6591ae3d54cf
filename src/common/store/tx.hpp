// A statement, its parameters and the transaction it runs in. Only files of this room include this header.
#pragma once

#include <optional>
#include <pqxx/pqxx>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/core/id.hpp"

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

// Bytes that go over as a binary parameter.
struct Bytes {
  std::string_view data;
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
inline pqxx::binarystring of(Bytes value) { return pqxx::binarystring(value.data.data(), value.data.size()); }

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

// A PostgreSQL array literal, built up element by element.
class ArrayText {
 public:
  void add_raw(std::string_view plain) {  // digits, uuids, times: nothing to escape
    separate();
    text_ += plain;
  }
  void add(std::string_view value) {
    separate();
    text_ += '"';
    for (const char c : value) {
      if (c == '"' || c == '\\') text_ += '\\';
      text_ += c;
    }
    text_ += '"';
  }
  void add_null() {
    separate();
    text_ += "NULL";
  }
  void add(const std::optional<std::string>& value) { value ? add(std::string_view(*value)) : add_null(); }
  template <class Tag>
  void add(const Id<Tag>& id) {
    add_raw(to_uuid(id));
  }
  template <class Tag>
  void add(const std::optional<Id<Tag>>& id) {
    id ? add_raw(to_uuid(*id)) : add_null();
  }
  void add(TimePoint time) { add_raw(to_rfc3339(time)); }
  void add(const std::optional<TimePoint>& time) { time ? add(*time) : add_null(); }
  void add(std::integral auto value) { add_raw(std::to_string(value)); }
  [[nodiscard]] std::string take() { return std::move(text_) + '}'; }

 private:
  void separate() {
    if (text_.size() > 1) text_ += ',';
  }
  std::string text_ = "{";
};

class Tx {
 public:
  Tx(pqxx::connection_base& connection, pqxx::transaction_base& transaction, std::set<std::string>& prepared)
      : connection_(connection), transaction_(transaction), prepared_(prepared) {}

  template <class... Args>
  pqxx::result exec(const Statement& statement, const Args&... args) {
    prepare(statement.name, statement.sql);
    return transaction_.exec_prepared(statement.name, param_of(args)...);
  }
  // For statements whose text names a day's partition.
  template <class... Args>
  pqxx::result exec_named(const std::string& name, const std::string& sql, const Args&... args) {
    prepare(name, sql);
    return transaction_.exec_prepared(name, param_of(args)...);
  }
  // Unprepared, without parameters: migrations and session settings.
  pqxx::result exec_script(const std::string& sql) { return transaction_.exec(sql); }

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

  pqxx::connection_base& connection_;
  pqxx::transaction_base& transaction_;
  std::set<std::string>& prepared_;
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
TimePoint as_time(const pqxx::field& field);
std::optional<TimePoint> as_optional_time(const pqxx::field& field);
std::string as_text(const pqxx::field& field);   // null: empty
std::string as_bytes(const pqxx::field& field);  // bytea

}  // namespace fairlead::store
