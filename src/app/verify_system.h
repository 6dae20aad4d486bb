// The files of one system, one after the other: each by itself, against the one before it, and
// against the checkpoint.
//
// Memory: for stations and partitions, not for files' rows.
//
// Threads: none; one owner.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "app/lake_view.h"
#include "app/times.h"
#include "app/verify_file.h"
#include "app/verify_report.h"
#include "pipeline/job.h"

namespace bikeflow {

// The paths of a whole lake, whatever part of it is verified.
using PathSet = std::set<std::string, std::less<>>;

class SystemVerifier {
 public:
  // `due`: files that a checkpoint says are still to be published. `has_several`: the system's
  // files are of more than one partition.
  SystemVerifier(const LakeView& lake, const PathSet& paths, const PathSet& due, bool has_several,
                 Zones& zones, VerifyReport& report)
      : lake_(lake),
        paths_(paths),
        due_(due),
        has_several_(has_several),
        zones_(zones),
        report_(report) {}

  // Requires: files in the order of window start, each once.
  void file(const HourFile& file);

  // The end of a partition's chain, as a checkpoint has it.
  struct ChainEnd {
    const Partition* partition = nullptr;
    std::string_view checkpoint;
  };
  // Those of one partition: which of its checkpoints counts may not be known, and then each of them
  // may be right about the newest file. After all files. Requires: at least one.
  void chain_end(const std::vector<ChainEnd>& ends);

  // After all of the above: notes about what was seen.
  void finish();

 private:
  using PartId = std::pair<std::string, std::int32_t>;  // source, number

  struct LastRow {
    std::int64_t file = 0;  // the how manieth of its partition
    Seconds start = 0;
    std::int32_t bikes_close = 0;
  };
  struct LastFile {
    std::string path;
    std::string row_hash;        // of its rows
    std::string settings;        // empty where they could not be read
    bool is_damaged = false;     // and that has been said
    bool may_lack_rows = false;  // because of it
  };
  struct Part {
    std::optional<LastFile> last;
    std::int64_t files = 0;
    std::int64_t hole =
        0;  // before this file something is known to be gone: nothing continues over it
    std::unordered_map<std::string, LastRow> stations;
  };

  // Where a file of those facts belongs; nothing where its zone is none.
  [[nodiscard]] std::optional<std::string> place_of(const FileFacts& facts);
  bool check_place(const HourFile& file, const FileFacts& facts);
  LastFile check_hash(const HourFile& file, const FileFacts& facts,
                      const std::vector<HourlyRow>& rows);
  void check_chain(Part& part, const std::string& path, const FileFacts& facts);
  void check_continuity(Part& part, const std::string& path, const FileFacts& facts,
                        const std::vector<HourlyRow>& rows);
  void compare(const Part& part, const std::string& path, const FileFacts& facts,
               const HourlyRow& row, const LastRow& before);
  void check_keys(const PartId& id, const std::string& path, const FileFacts& facts,
                  const std::vector<HourlyRow>& rows);
  void missing(const std::string& path, const std::string& named_by);
  // The file is where it should be, and nothing more can be said of it.
  void pass_over(const HourFile& file);

  const LakeView& lake_;
  const PathSet& paths_;
  const PathSet& due_;
  bool has_several_;
  Zones& zones_;
  VerifyReport& report_;
  std::map<PartId, Part> parts_;
  PathSet reported_missing_;

  // With several partitions: which of them has a row of each station in the windows that start now.
  Seconds start_ = 0;
  std::unordered_map<std::string, PartId> in_window_;
  std::unordered_map<std::string, PartId> home_;  // the partition of a station's last row
  std::set<std::string> moved_;
};

}  // namespace bikeflow
