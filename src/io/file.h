// Files by descriptor, and folders that survive a power cut.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace bikeflow {

// An open file, closed with its owner.
class File {
 public:
  File() = default;
  explicit File(int descriptor) : descriptor_(descriptor) {}
  File(File&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  File& operator=(File&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~File();

  [[nodiscard]] int descriptor() const { return descriptor_; }
  [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }

 private:
  int descriptor_ = -1;
};

// open(2) below the folder `at` (AT_FDCWD: the working directory), close-on-exec; new files get
// mode 0666 less the umask. `shown` is the path that an error names.
Result<File> open_file(int at, const std::string& path, int flags, std::string_view shown);
Result<File> open_file(const std::string& path, int flags);

// Writes all of `bytes`, or says why not.
Result<void> write_all(const File& file, std::string_view bytes, std::string_view shown);

// fsync(2): what was written through this descriptor is on the disk afterwards.
Result<void> sync_file(const File& file, std::string_view shown);

// Whether what is committed and published must outlive the machine. Without syncs it outlives the
// process only: for tests, and for lakes that may be thrown away.
enum class Syncs : std::uint8_t { kOn, kOff };

// Fills the room from the file's beginning on; an Error where the file is shorter.
Result<void> read_exactly(const File& file, std::span<char> room, std::string_view shown);

// The whole of a file; nothing where there is none of that name.
Result<std::optional<std::string>> read_file_if_any(int at, const std::string& path,
                                                    std::string_view shown);

struct ListedFile {
  std::string name;
  std::uint64_t size_bytes = 0;
};

// The files right in the open folder, in no order.
Result<std::vector<ListedFile>> list_files(const File& folder, std::string_view shown);

// Creates a folder and those above it where missing; each new one is on the disk afterwards,
// because its parent was synced.
Result<void> make_folders(const std::string& path);

}  // namespace bikeflow
