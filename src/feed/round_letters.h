// What of a live feed's round is kept as dead letters: each station of one that is not believed, in
// the topic's form, and what should have been a station and is none.
//
// Their positions are for the caller to give.
#pragma once

#include <string_view>
#include <vector>

#include "base/zone.h"
#include "feed/round.h"

namespace bikeflow {

// A station that was seen and is not taken. `system` is the letter's source, too.
DeadLetter letter_of(const SeenStation& station, Seconds observed_at, const Refusal& why,
                     std::string_view system, const Zone& zone, Seconds received_at);

// The parts of a round that are no stations.
std::vector<DeadLetter> letters_of_refused(const Round& round, std::string_view system,
                                           Seconds received_at);

// All of a round that is not believed: its stations, then its parts that are none. A letter whose
// record is empty where it has no station, so that each such round is there with its reason.
std::vector<DeadLetter> letters_of_rejected(const Round& round, const Refusal& why,
                                            std::string_view system, const Zone& zone,
                                            Seconds received_at);

}  // namespace bikeflow
