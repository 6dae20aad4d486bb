// What the open hours of live feeds wait for: their watermarks, as the newest checkpoint of each
// has them.
//
// Threads: none; one owner.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/zone.h"
#include "io/store.h"
#include "model/rows.h"

namespace bikeflow {

class FeedHours {
 public:
  struct Feed {
    Zone zone;
    Seconds watermark = 0;
    Window next;  // to close
    // "watermark 14:52:10, needs 15:00"
    [[nodiscard]] std::string wait(Seconds needs) const;
    // Of the next window: "hour 2024-08-11 14:00 open: watermark 14:52:10, needs 15:00".
    [[nodiscard]] std::string next_wait() const;
  };

  // A state that cannot be read is left out: bikeflow verify and state show say why.
  static Result<FeedHours> read(Store& store);

  // By the source in its files, which is the system's id. Null: no live feed, or one without a
  // round.
  [[nodiscard]] const Feed* find(std::string_view source) const;
  // Of all feeds, a few by name: "seoul: hour ..."; empty where there is none.
  [[nodiscard]] std::string all_waits() const;

 private:
  std::map<std::string, Feed, std::less<>> feeds_;
};

// A time of day where that is enough beside the other.
std::string beside(Seconds time, Seconds other, const Zone& zone);

}  // namespace bikeflow
