#include "feed/topic_round.h"

#include <utility>

#include "feed/topic_record.h"

namespace bikeflow {
namespace {

constexpr std::uint8_t kFormat = 1;
constexpr std::size_t kLeastRecordBytes = 2;  // two empty strings

}  // namespace

void TopicRound::save(Writer& out) const {
  out.u8(kFormat);
  out.string(system);
  out.zigzag(observed_at);
  out.zigzag(polled_at);
  out.varint(records.size());
  for (const Record& record : records) {
    out.string(record.key);
    out.string(record.value);
  }
}

bool TopicRound::load(Reader& in) {
  if (in.u8() != kFormat) in.set_failed();
  TopicRound read;
  read.system = in.string();
  read.observed_at = in.zigzag();
  read.polled_at = in.zigzag();
  const std::uint64_t count = in.varint();
  if (count > in.left() / kLeastRecordBytes) in.set_failed();
  for (std::uint64_t i = 0; in.ok() && i < count; ++i) {
    Record record;
    record.key = in.string();
    record.value = in.string();
    read.records.push_back(std::move(record));
  }
  if (!in.ok()) return false;
  *this = std::move(read);
  return true;
}

TopicRound topic_round(const Round& round, const Zone& zone, std::string_view system,
                       bool names_system, Seconds polled_at) {
  TopicRound made{std::string(system), round.observed_at, polled_at};
  made.records.reserve(round.stations.size());
  for (const SeenStation& station : round.stations) {
    made.records.push_back(
        {station.id, topic_record(station, round.observed_at, zone, names_system ? system : "")});
  }
  return made;
}

}  // namespace bikeflow
