#include "sim/disk.h"

#include <utility>

#include "pipeline/checkpoint_name.h"

namespace bikeflow::sim {
namespace {

Done end_of(Fault fault) {
  switch (fault) {
    case Fault::kNone:
      return Done::kYes;
    case Fault::kKilledBefore:
    case Fault::kKilledMidway:
    case Fault::kKilledAfter:
      return Done::kKilled;
    case Fault::kFailsBefore:
    case Fault::kFailsMidway:
    case Fault::kDiskFull:
      return Done::kFailed;
  }
  return Done::kFailed;
}

bool is_whole(Fault fault) { return fault == Fault::kNone || fault == Fault::kKilledAfter; }
bool is_nothing(Fault fault) {
  return fault == Fault::kKilledBefore || fault == Fault::kFailsBefore;
}

}  // namespace

Done Disk::write_checkpoint(const std::string& name, std::string_view bytes) {
  const Fault fault = faults_.next(Operation::kWriteCheckpoint);
  Rng& shape = faults_.shape();
  if (is_whole(fault)) {
    checkpoints_[name] = bytes;
  } else if (!is_nothing(fault) && shape.chance(0.7)) {
    // The writer may not have come to removing it. The size may be there before the bytes are.
    const auto written = shape.below(static_cast<std::uint32_t>(bytes.size()));
    std::string torn(bytes.substr(0, written));
    if (shape.chance(0.3)) torn.resize(bytes.size(), '\0');
    checkpoints_[name] = std::move(torn);
    ++faults_.counts().torn_checkpoints;
  }
  return end_of(fault);
}

Done Disk::set_current(const std::string& name) {
  const Fault fault = faults_.next(Operation::kSetCurrent);
  if (fault == Fault::kKilledMidway || fault == Fault::kFailsMidway) {
    // Renamed or not; and if it was, its folder was not synced.
    ++faults_.counts().currents_unsure;
    if (faults_.shape().chance(0.6)) current_ = name;
  } else if (is_whole(fault)) {
    current_ = name;
    durable_current_ = name;
  }
  return end_of(fault);
}

Done Disk::put(std::span<const DueFile* const> files) {
  const Fault fault = faults_.next(Operation::kPut);
  if (is_whole(fault)) {
    for (const DueFile* file : files) {
      see(file->path, file->bytes);
      durable_.erase(file->path);
    }
    return end_of(fault);
  }
  Rng& shape = faults_.shape();
  if (is_nothing(fault) || (fault == Fault::kDiskFull && shape.chance(0.6))) return end_of(fault);
  std::size_t seen = 0;
  for (const DueFile* file : files) {
    if (shape.chance(0.5)) continue;
    if (!durable_.contains(file->path)) {
      const auto before = lake_.find(file->path);
      durable_[file->path] = before == lake_.end() ? std::nullopt : std::optional(before->second);
    }
    see(file->path, file->bytes);
    ++seen;
  }
  if (seen > 0 && seen < files.size()) ++faults_.counts().groups_in_part;
  return end_of(fault);
}

void Disk::see(const std::string& path, std::string bytes) {
  const auto [at, is_new] = lake_.try_emplace(path);
  if (is_new) {
    sights_.push_back({Sight::What::kCame, path});
  } else if (at->second != bytes) {
    sights_.push_back({Sight::What::kChanged, path});
  }
  at->second = std::move(bytes);
}

Done Disk::remove_old(std::string_view current) {
  const Fault fault = faults_.next(Operation::kRemoveOld);
  if (is_nothing(fault)) return end_of(fault);
  const std::uint64_t sequence = *checkpoint_sequence(current);
  std::erase_if(checkpoints_, [&](const auto& checkpoint) {
    return *checkpoint_sequence(checkpoint.first) + kKeptSequences <= sequence &&
           (is_whole(fault) || faults_.shape().chance(0.5));
  });
  return end_of(fault);
}

std::optional<std::string> Disk::load_current() {
  durable_current_ = current_;
  return current_;
}

void Disk::cut_power() {
  Rng& shape = faults_.shape();
  if (shape.chance(0.7)) current_ = durable_current_;
  durable_current_ = current_;
  for (auto& [path, bytes] : std::exchange(durable_, {})) {
    if (shape.chance(0.5)) continue;
    if (bytes) {
      see(path, std::move(*bytes));
    } else {
      lake_.erase(path);
      sights_.push_back({Sight::What::kWent, path});
      ++faults_.counts().files_taken_back;
    }
  }
}

}  // namespace bikeflow::sim
