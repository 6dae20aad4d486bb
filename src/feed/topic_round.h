// A round as records of a topic, ready to be sent; and as bytes, while it waits for that:
//
//   u8       1, the format
//   string   the system
//   zigzag   observed_at, polled_at
//   varint   the number of records; of each its key and its value, both string
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/zone.h"
#include "feed/round.h"

namespace bikeflow {

struct TopicRound {
  struct Record {
    std::string key;    // the station's id
    std::string value;  // topic_record()
    friend bool operator==(const Record&, const Record&) = default;
  };

  std::string system;
  Seconds observed_at = 0;
  Seconds polled_at = 0;  // the records' timestamp
  std::vector<Record> records{};
  friend bool operator==(const TopicRound&, const TopicRound&) = default;

  void save(Writer& out) const;
  // False where the bytes are none of save(): then nothing is changed.
  bool load(Reader& in);
};

// `names_system`: the topic is of several systems, and each record says of which it is.
TopicRound topic_round(const Round& round, const Zone& zone, std::string_view system,
                       bool names_system, Seconds polled_at);

}  // namespace bikeflow
