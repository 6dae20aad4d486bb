// What verify finds, printed as it is found.
//
// Text: "PATH: what is wrong", a line each. JSON: one object; its "violations" come first, an
// object a line.
//
// Threads: none; one owner.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/shell.h"

namespace bikeflow {

// One fixed word for each kind of violation.
enum class Breach : std::uint8_t {
  kUnreadable,     // not a file of this program's, though its name says so
  kMetadata,       // a key is missing, or is not what the file's name or rows say
  kSettings,       // other settings than those of the file before it
  kMisplaced,      // in another folder, or under another name, than its rows belong to
  kForeign,        // what this program did not write, where readers would take it for data
  kDuplicateFile,  // a second file of one partition and window
  kDuplicateKey,   // a second row of one station and window
  kOrder,          // rows that are not sorted
  kValue,          // a value that cannot be
  kBalance,        // open + returns - rentals + unobserved is not close
  kContinuity,     // a row does not begin with the count that the one before it ended with
  kChanged,        // rows that are not those that the file's own metadata speak of
  kRewritten,      // another file than the one that the next file, or the state, speaks of
  kMissingFile,
  kMissingRow,
  kChain,   // a file that the chain does not know
  kMarker,  // a _SUCCESS that is missing, or where no file is
  kLog,     // not what the topic says, read again
};
std::string_view breach_word(Breach breach);  // "missing_file"

class VerifyReport {
 public:
  VerifyReport(bool is_json, std::string lake, Output& out);

  // `path` is within the lake. `station` is empty where it is not about one.
  void violation(Breach breach, std::string_view path, std::string_view station,
                 std::string_view message);
  // Something that is worth knowing, and no violation. `kind`: "open", "due", "moved", "perhaps
  // missing", or "log": what was read again and compared.
  void note(std::string_view kind, std::string_view text);
  // What could not be looked at, so that nothing can be said about it.
  void unverified(std::string_view what);

  void count(std::string_view what, std::int64_t more) { counts_[std::string(what)] += more; }

  [[nodiscard]] std::int64_t violations() const { return violations_; }
  // Sources and partitions of the files that violations named, as far as the names tell.
  [[nodiscard]] const std::set<std::pair<std::string, std::int32_t>>& blamed() const {
    return blamed_;
  }

  // Prints the notes and the summary.
  ExitStatus finish();

 private:
  void finish_text(bool is_whole);
  void finish_json(bool is_whole);
  [[nodiscard]] std::int64_t count_of(std::string_view what) const;
  [[nodiscard]] std::string shown(std::string_view path) const;

  bool is_json_;
  std::string lake_;
  Output& out_;
  std::int64_t violations_ = 0;
  std::set<std::pair<std::string, std::int32_t>> blamed_;
  std::map<std::string, std::int64_t, std::less<>> counts_;
  std::vector<std::pair<std::string, std::string>> notes_;
  std::vector<std::string> unverified_;
};

}  // namespace bikeflow
