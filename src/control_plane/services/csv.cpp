#include "control_plane/services/csv.hpp"

#include "common/core/utf8.hpp"

namespace fairlead::control {
namespace {

auto invalid(std::size_t line, const char* what) {
  return fail(Error{Code::invalid, "line " + std::to_string(line) + ": " + what, "invalid_csv"});
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  // One field, and what ended it: ',' or '\n' (the end of the text, too).
  Result<char> read_field(std::string& field) {
    field.clear();
    if (at_ < text_.size() && text_[at_] == '"') {
      FL_TRY_VOID(read_quoted(field));
    } else {
      while (at_ < text_.size() && text_[at_] != ',' && !is_line_end()) {
        if (text_[at_] == '"') return invalid(line_, "a quote within a field that does not begin with one");
        field += text_[at_++];
      }
    }
    if (at_ == text_.size()) return '\n';
    if (text_[at_] == ',') {
      ++at_;
      return ',';
    }
    if (!is_line_end()) return invalid(line_, "expected a comma or the line's end after the quote");
    at_ += text_[at_] == '\r' ? 2 : 1;
    ++line_;
    return '\n';
  }
  [[nodiscard]] bool is_at_end() const { return at_ == text_.size(); }
  [[nodiscard]] std::size_t line() const { return line_; }

 private:
  [[nodiscard]] bool is_line_end() const {
    return text_[at_] == '\n' || (text_[at_] == '\r' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n');
  }
  Result<void> read_quoted(std::string& field) {
    const auto begin = line_;
    for (++at_; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '"') {
        if (at_ + 1 == text_.size() || text_[at_ + 1] != '"') {
          ++at_;
          return {};
        }
        ++at_;
      }
      if (c == '\n') ++line_;
      field += c;
    }
    return invalid(begin, "a quote that is not closed");
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
};

}  // namespace

Result<std::vector<std::vector<std::string>>> parse_csv(std::string_view text, const CsvLimits& limits) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  if (!is_utf8(text) || text.find('\0') != std::string_view::npos)
    return fail(Error{Code::invalid, "expected UTF-8 without NUL", "invalid_csv"});
  std::vector<std::vector<std::string>> rows;
  Reader reader(text);
  std::vector<std::string> row;
  std::string field;
  for (bool is_row_open = false; is_row_open || !reader.is_at_end();) {
    const auto line = reader.line();
    FL_TRY(const char end, reader.read_field(field));
    if (field.size() > limits.field_bytes_max) return invalid(line, "a field is too long");
    if (row.size() == limits.columns_max) return invalid(line, "too many columns");
    row.push_back(field);
    is_row_open = end == ',';
    if (is_row_open) continue;
    if (row.size() > 1 || !row.front().empty()) {
      if (rows.size() == limits.rows_max)
        return fail(Error{Code::invalid, "at most " + std::to_string(limits.rows_max) + " rows", "too_many"});
      rows.push_back(std::move(row));
    }
    row.clear();
  }
  return rows;
}

}  // namespace fairlead::control
