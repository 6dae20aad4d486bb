// Dead letters of whoever has no lake, in a folder of text for people and their tools: what
// `bikeflow poll` did not send, and why (poll_run.h).
//
//   2024-08-11-0001.ndjson   a JSON object a line, with the dead_letter data set's names:
//     {"source":"seoul","received_at":"2024-08-11T13:30:00Z","reason":"bad_bikes",
//      "detail":"...","byte":null,"record":"..."}    (without the line end)
//
// Named by the UTC day on which it was written, and numbered, as a day may need several. Appended
// to, and synced once for all that is written at a time. A line that a crash has cut goes when the
// folder is opened: it was never promised. After a clock that was set back the day stays the last
// one, so that names are in the order of writing.
//
// All files together take no more than a bound: the oldest file makes room. They are small beside
// it, so that what goes at once is a small part. A file that cannot be written or removed, as it is
// somebody else's, is left alone.
//
// What the disk does not take waits in memory, up to kMostInMemoryBytes.
//
// Threads: none; one owner. Requires: no other process writes there.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "io/file.h"
#include "model/dead_letter.h"

namespace bikeflow {

class DeadLetterFolder {
 public:
  static constexpr std::uint64_t kMostInMemoryBytes = std::uint64_t{16} << 20;
  static constexpr std::uint64_t kMostAtOnceBytes = std::uint64_t{64} << 20;  // of a healthy disk
  static constexpr std::uint64_t kFilesInBound = 8;

  // The folder itself is made when there is something to put there.
  static Result<std::unique_ptr<DeadLetterFolder>> open(std::string folder,
                                                        std::uint64_t most_bytes);

  // They wait for keep().
  void add(const std::vector<DeadLetter>& letters);
  // What waits is durable. An Error: it waits on.
  Result<void> keep(Seconds now);

  [[nodiscard]] const std::string& folder() const { return folder_; }
  [[nodiscard]] std::uint64_t most_bytes() const { return most_bytes_; }
  [[nodiscard]] std::uint64_t waiting_bytes() const { return waiting_.size(); }
  // Since the beginning, for want of room in the folder.
  [[nodiscard]] std::uint64_t gone_bytes() const { return gone_bytes_; }
  // Since the beginning, for want of room in memory.
  [[nodiscard]] std::uint64_t lost_bytes() const { return lost_bytes_; }

 private:
  struct Name {
    std::string day;  // as in the file's name
    std::uint64_t number = 0;
    friend auto operator<=>(const Name&, const Name&) = default;
  };
  struct Kept {
    Name name;
    std::uint64_t size_bytes = 0;
  };

  DeadLetterFolder(std::string folder, std::uint64_t most_bytes)
      : folder_(std::move(folder)), most_bytes_(most_bytes) {}

  static std::string file_name(const Name& name);
  static bool parse(std::string_view text, Name& name);

  [[nodiscard]] std::string path(std::string_view name) const;
  // Nothing where there is none.
  [[nodiscard]] Result<std::optional<File>> open_folder() const;
  Result<File> open_or_make_folder() const;
  // The oldest first.
  Result<std::vector<Kept>> find(const File& opened) const;
  [[nodiscard]] Name name_for(const std::vector<Kept>& files, std::string day) const;
  void leave_at_most(std::uint64_t most_bytes, std::uint64_t& counted_bytes);
  Result<void> write(Seconds now);
  Result<void> make_room(const File& opened, const std::vector<Kept>& files);
  // Without `lines` it only removes what is no whole line.
  Result<void> append(const File& opened, const File& file, const std::string& shown,
                      std::string_view lines);

  const std::string folder_;
  const std::uint64_t most_bytes_;
  std::string waiting_;  // lines
  std::uint64_t gone_bytes_ = 0, lost_bytes_ = 0;
  bool has_failed_ = false;  // the last time
  bool has_synced_ = false;  // the folder, in which the last process may have made a file
};

}  // namespace bikeflow
