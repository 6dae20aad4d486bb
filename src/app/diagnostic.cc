#include "app/diagnostic.h"

#include <algorithm>
#include <array>
#include <tuple>

#include <fmt/core.h>

#include "app/terminal.h"

namespace bikeflow {
namespace {

constexpr std::string_view kMask = "***";

bool names_secret(std::string_view key) {
  std::string lower;
  for (const char c : key) lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  constexpr std::array<std::string_view, 5> words = {"key", "token", "secret", "passw",
                                                     "credential"};
  if (lower.ends_with("_file")) return false;  // where it is, not what
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return lower.find(word) != std::string::npos; });
}

// The key that ends before `equals`: a word, perhaps in quotation marks.
std::string_view key_before(std::string_view line, std::size_t equals) {
  const std::string_view left = line.substr(0, equals);
  const auto end = left.find_last_not_of(" \t\"'");
  if (end == std::string_view::npos) return {};
  const auto begin = left.find_last_of(" \t\"',{", end);
  return left.substr(begin == std::string_view::npos ? 0 : begin + 1,
                     end - (begin == std::string_view::npos ? 0 : begin + 1) + 1);
}

// Where the value that begins at `from` ends: after its closing quotation mark, or before what ends
// a bare one.
std::size_t end_of_value(std::string_view line, std::size_t from) {
  if (from >= line.size()) return line.size();
  const char quote = line[from];
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
  return value.size() > 5 && value.substr(1).starts_with("${") &&
         value.find('}') == value.size() - 2;
}

// ://user:password@ -> ://***@
std::string without_user(std::string_view line) {
  std::string shown;
  for (auto at = line.find("://"); at != std::string_view::npos; at = line.find("://")) {
    shown += line.substr(0, at + 3);
    line.remove_prefix(at + 3);
    const auto end = line.find_first_of("@/ \t\"'");
    if (end != std::string_view::npos && line[end] == '@' && !line.starts_with("${")) {
      shown += kMask;
      line.remove_prefix(end);
    }
  }
  return shown += line;
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

std::string excerpt(std::string_view line, const Diagnostic& diagnostic) {
  const Place& place = diagnostic.place;
  const std::string shown =
      without_controls(diagnostic.hides_value ? without_value(line) : masked(line));
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

std::string masked(std::string_view line) {
  std::string shown;
  std::size_t copied = 0;
  for (auto equals = line.find('='); equals != std::string_view::npos;) {
    const std::size_t from = std::min(line.find_first_not_of(" \t", equals + 1), line.size());
    const std::size_t end = end_of_value(line, from);
    if (names_secret(key_before(line, equals)) && !is_reference(line.substr(from, end - from))) {
      shown += line.substr(copied, from - copied);
      shown += kMask;
      copied = end;
      equals = line.find('=', end);
    } else {
      equals = line.find('=', equals + 1);
    }
  }
  shown += line.substr(copied);
  return without_user(shown);
}

std::string render(std::string_view file, std::string_view text,
                   std::vector<Diagnostic> diagnostics) {
  std::stable_sort(
      diagnostics.begin(), diagnostics.end(), [](const Diagnostic& a, const Diagnostic& b) {
        return std::tie(a.place.line, a.place.column) < std::tie(b.place.line, b.place.column);
      });
  std::string all;
  for (const Diagnostic& diagnostic : diagnostics) {
    const Place& place = diagnostic.place;
    const std::string message = without_controls(diagnostic.message);
    if (place.line == 0) {
      all += fmt::format("{}: error: {}\n", file, message);
    } else {
      all += fmt::format("{}:{}:{}: error: {}\n", file, place.line, place.column, message);
      all += excerpt(line_of(text, place.line), diagnostic);
    }
  }
  return all;
}

}  // namespace bikeflow
