// What is wrong with a text file, said as a compiler says it:
//
//   bikeflow.toml:14:1: error: unknown key 'lenght' in [window]; did you mean 'length'?
//      14 | lenght = "1h"
//         | ^~~~~~
//
// Secrets in the line are masked: "key = ***".
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bikeflow {

// A stretch of one line: counted from 1, in characters (not bytes).
struct TextSpan {
  int line = 0;  // 0: the file as a whole
  int column = 0;
  int end_column = 0;  // one past the last character; no more than `column`: a caret alone
};

struct Diagnostic {
  TextSpan place;
  std::string message;
  bool hides_value = false;  // what stands after '=' in the line might be a secret
};

// In the order of the file. `text` is the whole file.
std::string render(std::string_view file, std::string_view text,
                   std::vector<Diagnostic> diagnostics);

// A line with the values of keys that name secrets, and what may be secret in URLs (the user, and
// the values of the query), replaced by ***. References such as "${NAME}" stay. `is_all_secret`: so
// are the values of all keys.
std::string masked(std::string_view line, bool is_all_secret = false);

}  // namespace bikeflow
