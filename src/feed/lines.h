// Bytes of NDJSON -> its lines, whatever the pieces in which the bytes arrive.
//
// Each line is a record, an empty one too (which is no JSON object, and refused as such). The last
// one may lack its line end. A carriage return before the line end stays: it is blank to JSON. A
// byte order mark is not looked for here: see byte_order_mark_size().
#pragma once

#include <optional>
#include <string_view>

#include "feed/record.h"

namespace bikeflow {

// Threads: none; one owner.
class LineFramer {
 public:
  // The next line at the front of `rest`, which is shortened by what was taken. Nothing: `rest` has
  // no whole line more; what is left of it must come again at the front of the next call's, with
  // more bytes behind it. `is_last`: no bytes come after `rest`, so that nothing means the end.
  //
  // At most kMaxRecordBytes are left over: of a longer line the first kDeadLetterRecordBytes are
  // handed out as too large, and the others are taken as they come.
  std::optional<Frame> next(std::string_view& rest, bool is_last);

  // After a line that was too large: takes the others of its bytes. False where it has not ended
  // yet.
  bool skip(std::string_view& rest);

 private:
  bool is_skipping_ = false;  // within a line that was too large
};

}  // namespace bikeflow
