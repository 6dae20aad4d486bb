#include "feed/round_letters.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "feed/topic_record.h"

namespace bikeflow {
namespace {

DeadLetter letter(const Refusal& why, std::string record, std::string_view system,
                  Seconds received_at) {
  record.resize(std::min(record.size(), kDeadLetterRecordBytes));
  return {std::string(system), {}, received_at, why, std::move(record)};
}

}  // namespace

DeadLetter letter_of(const SeenStation& station, Seconds observed_at, const Refusal& why,
                     std::string_view system, const Zone& zone, Seconds received_at) {
  return letter(why, topic_record(station, observed_at, zone, system), system, received_at);
}

std::vector<DeadLetter> letters_of_refused(const Round& round, std::string_view system,
                                           Seconds received_at) {
  std::vector<DeadLetter> letters;
  letters.reserve(round.refused.size());
  for (const RefusedStation& refused : round.refused) {
    letters.push_back(letter(refused.refusal, refused.record, system, received_at));
  }
  return letters;
}

std::vector<DeadLetter> letters_of_rejected(const Round& round, const Refusal& why,
                                            std::string_view system, const Zone& zone,
                                            Seconds received_at) {
  std::vector<DeadLetter> letters;
  letters.reserve(round.stations.size() + round.refused.size() + 1);
  if (round.stations.empty()) letters.push_back(letter(why, "", system, received_at));
  for (const SeenStation& station : round.stations) {
    letters.push_back(letter_of(station, round.observed_at, why, system, zone, received_at));
  }
  std::ranges::move(letters_of_refused(round, system, received_at), std::back_inserter(letters));
  return letters;
}

}  // namespace bikeflow
