// Whether a fleet has come to its end: everything is read, closed, published and marked.
#include <algorithm>

#include <fmt/format.h>

#include "lake/closed_hours.h"
#include "sim/fleet.h"

namespace bikeflow::sim {

// Everything is read, closed, committed and published, and every marker is written.
bool Fleet::is_all_done() const {
  if (!topic_.is_whole() || !calls_.empty()) return false;
  std::size_t owned = 0;
  for (const auto& process : processes_) {
    for (const auto& [partition, owner] : process->member->owners()) {
      ++owned;
      if (owner.phase() != Owner::Phase::kReading || !owner.is_at_rest()) return false;
      const auto commit = group_.committed(partition);
      if (!commit || commit->offset != topic_.high(partition)) return false;
    }
  }
  return owned == static_cast<std::size_t>(topic_.partitions()) && is_all_closed() && is_all_told();
}

// Nothing is under way, and only with the next hours that are closed it will be right.
bool Fleet::is_word_missing() const { return calls_.empty() && !is_all_told(); }

// Each partition has said how far it has closed, when it knew of all; and no older word of it was
// put later.
bool Fleet::is_all_told() const {
  for (const auto& process : processes_) {
    if (process->known_partitions != topic_.partitions()) return false;
    for (const auto& [partition, owner] : process->member->owners()) {
      const auto bytes = bucket_.get(closed_hours_path(kFleetTopic, partition));
      const auto told = bytes ? parse_closed_hours(*bytes) : fail("none");
      if (!told || told->partitions != topic_.partitions()) return false;
      for (const auto& each : owner.job()->partitions()) {
        const Task& task = each->task();
        const Seconds to = task.settings().windows.pane_start(task.watermark().value());
        const auto span = told->systems.find(each->settings().system);
        if (span == told->systems.end() || span->second.closed_to < to) return false;
      }
    }
  }
  return true;
}

bool Fleet::is_all_closed() const {
  for (const auto& process : processes_) {
    for (const auto& [partition, owner] : process->member->owners()) {
      if (owner.job() == nullptr) return false;
      for (const auto& each : owner.job()->partitions()) {
        const Seconds watermark = each->task().watermark().value();
        if (watermark < input_.parts.back().read_at + 5 * kHour) return false;
      }
    }
  }
  return true;
}

std::string Fleet::where_it_stands() const {
  std::string text = fmt::format("{} of the topic sent, {} calls under way", time_, calls_.size());
  for (const auto& process : processes_) {
    text += fmt::format("; process {}", process->id);
    for (const auto& [partition, owner] : process->member->owners()) {
      text += fmt::format(" {}:{}{}", partition, static_cast<int>(owner.phase()),
                          owner.is_at_rest() ? " at rest" : "");
      if (owner.job() == nullptr) continue;
      text += fmt::format(" at {} of {}, checkpoint {}", owner.job()->log()->next_offset,
                          topic_.high(partition), owner.job()->checkpoint_name());
    }
  }
  return text;
}

}  // namespace bikeflow::sim
