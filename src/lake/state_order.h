// What an operator has decided about a partition that has stopped: written beside its checkpoints
// by a command, executed by the partition's owner as an ordinary checkpoint and commit, then
// removed.
//
//   _bikeflow/state/<topic>/<partition>/order-<id>.json
//   {"format":1,"id":"<16 hex digits>","kind":"rewind","checkpoint":"12-0123456789abcdef",
//    "newest":"14-0123456789abcdef"}
//
// Each has a name of its own: its removal, which a store may carry out late or twice, can never be
// that of the next one. A checkpoint holds the id of the order that was executed last, so that none
// is executed twice.
//
// A command that deletes files first writes its order as unfinished: where it is cut off, the
// partition stops and asks for it again, and does not go on as if those files were there.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace bikeflow {

struct StateOrder {
  enum class Kind : std::uint8_t {
    kAcceptGap,  // go on after records that are gone
    kRewind,     // go on from an older checkpoint
    kDiscard,    // begin anew at the oldest record
  };
  std::uint64_t id = 0;  // random, not 0
  Kind kind = Kind::kAcceptGap;
  std::string checkpoint;      // of kRewind
  std::string newest;          // the newest checkpoint when it was given; empty: there was none
  bool is_unfinished = false;  // files may be deleted already, or are still to be: not executed

  friend bool operator==(const StateOrder&, const StateOrder&) = default;
};

std::string state_order_name(std::uint64_t id);
// Also the one name that all had in the first versions.
bool is_state_order_name(std::string_view name);

std::string_view order_word(StateOrder::Kind kind);  // "accept-gap", "rewind", "discard"

std::string to_json(const StateOrder& order);
Result<StateOrder> parse_state_order(std::string_view json);

}  // namespace bikeflow
