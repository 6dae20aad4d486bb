#include "app/diagnostic.h"

#include <algorithm>
#include <tuple>

#include <fmt/core.h>

#include "app/secret.h"
#include "app/terminal.h"

namespace bikeflow {
namespace {

constexpr std::string_view kMask = "***";

// The key that ends before `equals`: a word, perhaps in quotation marks.
std::string_view key_before(std::string_view line, std::size_t equals) {
  const std::string_view left = line.substr(0, equals);
  const auto end = left.find_last_not_of(" \t\"'");
  if (end == std::string_view::npos) return {};
  const auto begin = left.find_last_of(" \t\"',{", end);
  return left.substr(begin == std::string_view::npos ? 0 : begin + 1,
                     end - (begin == std::string_view::npos ? 0 : begin + 1) + 1);
}

// Where the value that begins at `from` ends: after its closing quotation mark, of an array or a
// table after the last bracket of the line, or before what ends a bare one.
std::size_t end_of_value(std::string_view line, std::size_t from) {
  if (from >= line.size()) return line.size();
  const char quote = line[from];
  if (quote == '[' || quote == '{') {
    const auto last = line.rfind(quote == '[' ? ']' : '}');
    return last == std::string_view::npos || last < from ? line.size() : last + 1;
  }
  if (quote != '"' && quote != '\'') return std::min(line.find_first_of(",}", from), line.size());
  for (std::size_t at = from + 1; at < line.size(); ++at) {
    if (quote == '"' && line[at] == '\\') {
      ++at;
    } else if (line[at] == quote) {
      return at + 1;
    }
  }
  return line.size();
}

bool is_reference(std::string_view value) {
  return value.size() > 3 && value.starts_with("${") && value.find('}') == value.size() - 1;
}

bool is_quoted_reference(std::string_view value) {
  return value.size() > 2 && is_reference(value.substr(1, value.size() - 2));
}

// "user:password" -> ***, "${USER}:${PASSWORD}" stays.
bool is_of_references(std::string_view user) {
  const auto colon = user.find(':', user.starts_with("${") ? user.find('}') : 0);
  return is_reference(user.substr(0, colon)) &&
         (colon == std::string_view::npos || is_reference(user.substr(colon + 1)));
}

// "a=1&b=${B}" -> "a=***&b=${B}"
std::string without_values(std::string_view query) {
  std::string shown;
  while (!query.empty()) {
    const std::string_view parameter = query.substr(0, query.find('&'));
    const auto equals = parameter.find('=');
    if (equals == std::string_view::npos || is_reference(parameter.substr(equals + 1))) {
      shown += parameter;
    } else {
      shown += parameter.substr(0, equals + 1);
      shown += kMask;
    }
    query.remove_prefix(parameter.size());
    if (query.empty()) break;
    shown += '&';
    query.remove_prefix(1);
  }
  return shown;
}

// What may be a URL, or was meant to be one: without user, password and the values of its query.
std::string without_url_secrets(std::string_view word) {
  std::string shown;
  const std::string_view address = word.substr(0, word.find('?'));
  std::string_view rest = word;
  const auto at = address.rfind('@');
  if (at != std::string_view::npos && address.find(':') < at) {
    const auto scheme = address.find("://");
    const std::size_t from = scheme == std::string_view::npos || scheme > at ? 0 : scheme + 3;
    shown += address.substr(0, from);
    const std::string_view user = address.substr(from, at - from);
    shown += is_of_references(user) ? user : kMask;
    rest.remove_prefix(at);
  }
  const auto query = rest.find('?');
  if (query == std::string_view::npos) return shown += rest;
  shown += rest.substr(0, query + 1);
  return shown += without_values(rest.substr(query + 1));
}

std::string without_secrets_in_urls(std::string_view line) {
  constexpr std::string_view kEnds = " \t\"'";
  std::string shown;
  while (true) {
    const auto end = std::min(line.find_first_of(kEnds), line.size());
    shown += without_url_secrets(line.substr(0, end));
    if (end == line.size()) return shown;
    shown += line[end];
    line.remove_prefix(end + 1);
  }
}

// Whether the line's table is one of those of which every value may be a key: [feed.headers].
bool is_in_secret_table(std::string_view text, int number) {
  std::string_view table;
  for (int line = 1; line < number && !text.empty(); ++line) {
    const auto end = std::min(text.find('\n'), text.size());
    std::string_view read = text.substr(0, end);
    read.remove_prefix(std::min(read.find_first_not_of(" \t"), read.size()));
    if (read.starts_with('[')) table = read.substr(0, read.find(']'));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  const std::string_view name = table.substr(table.find_last_of("[.") + 1);
  return names_secret(name);
}

std::string_view line_of(std::string_view text, int number) {
  for (int line = 1; line < number; ++line) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  std::string_view line = text.substr(0, text.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// The first `count` characters of UTF-8 text.
std::string_view first_characters(std::string_view text, int count) {
  std::size_t at = 0;
  while (at < text.size() && count > 0) {
    ++at;
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) ++at;
    --count;
  }
  return text.substr(0, at);
}

// Spaces as wide as the text; tabs stay, so that what follows stands below what follows them.
std::string blank_like(std::string_view text) {
  std::string blank;
  for (std::size_t from = 0; from <= text.size();) {
    const auto tab = text.find('\t', from);
    const std::string_view part = text.substr(from, tab - from);
    blank += std::string(static_cast<std::size_t>(display_width(part)), ' ');
    if (tab == std::string_view::npos) break;
    blank += '\t';
    from = tab + 1;
  }
  return blank;
}

// A terminal must not obey what a file holds.
std::string without_controls(std::string text) {
  for (char& c : text) {
    if ((c >= 0 && c < 0x20 && c != '\t') || c == 0x7F) c = '?';
  }
  return text;
}

std::string without_value(std::string_view line) {
  const auto equals = line.find('=');
  return std::string(line.substr(0, std::min(equals, line.size()))) + "= ***";
}

std::string excerpt(std::string_view text, const Diagnostic& diagnostic) {
  const TextSpan& place = diagnostic.place;
  const std::string_view line = line_of(text, place.line);
  const std::string shown =
      without_controls(diagnostic.hides_value ? without_value(line)
                                              : masked(line, is_in_secret_table(text, place.line)));
  // Where masking changed what stands before the place, or the place itself, a caret is all we
  // have.
  const std::string_view before = first_characters(line, place.column - 1);
  const std::string_view through =
      first_characters(line, std::max(place.column, place.end_column - 1));
  const bool before_kept = shown.starts_with(before);
  const bool place_kept = shown.starts_with(through);
  const int width = place_kept ? std::max(1, display_width(through.substr(before.size()))) : 1;
  const std::string marks = "^" + std::string(static_cast<std::size_t>(width - 1), '~');
  const std::string lead =
      before_kept ? blank_like(before) : blank_like(shown.substr(0, shown.find('*')));
  return fmt::format("{:>5} | {}\n      | {}{}\n", place.line, shown, lead, marks);
}

}  // namespace

std::string masked(std::string_view line, bool is_all_secret) {
  std::string shown;
  std::size_t copied = 0;
  for (auto equals = line.find('='); equals != std::string_view::npos;) {
    const std::size_t from = std::min(line.find_first_not_of(" \t", equals + 1), line.size());
    const std::size_t end = end_of_value(line, from);
    const bool is_secret = is_all_secret || names_secret(key_before(line, equals));
    if (is_secret && !is_quoted_reference(line.substr(from, end - from))) {
      shown += without_secrets_in_urls(line.substr(copied, from - copied));
      shown += kMask;
      copied = end;
      equals = line.find('=', end);
    } else {
      const bool is_quoted = from < line.size() && (line[from] == '"' || line[from] == '\'');
      equals = line.find('=', is_quoted ? end : equals + 1);
    }
  }
  return shown += without_secrets_in_urls(line.substr(copied));
}

std::string render(std::string_view file, std::string_view text,
                   std::vector<Diagnostic> diagnostics) {
  std::stable_sort(
      diagnostics.begin(), diagnostics.end(), [](const Diagnostic& a, const Diagnostic& b) {
        return std::tie(a.place.line, a.place.column) < std::tie(b.place.line, b.place.column);
      });
  std::string all;
  for (const Diagnostic& diagnostic : diagnostics) {
    const TextSpan& place = diagnostic.place;
    const std::string message = without_controls(diagnostic.message);
    if (place.line == 0) {
      all += fmt::format("{}: error: {}\n", file, message);
    } else {
      all += fmt::format("{}:{}:{}: error: {}\n", file, place.line, place.column, message);
      all += excerpt(text, diagnostic);
    }
  }
  return all;
}

}  // namespace bikeflow
