#include "io/parquet_file.h"

#include <fcntl.h>

#include <filesystem>
#include <span>
#include <vector>

#include "io/byte_source.h"
#include "io/temp_file.h"

namespace bikeflow {

Result<File> open_parquet_file(const std::string& path) {
  auto source = ByteSource::open(path);
  if (!source) return std::unexpected(source.error());
  if (!source->is_compressed()) return open_file(path, O_RDONLY);
  std::error_code error;
  const std::filesystem::path folder = std::filesystem::temp_directory_path(error);
  if (error) return fail("TMPDIR, where {} is to be unpacked: {}", path, error.message());
  auto unpacked = TempFile::create(folder.string());
  if (!unpacked) return std::unexpected(unpacked.error());
  std::vector<char> block(std::size_t{1} << 20);
  while (true) {
    auto got = source->read(block);
    if (!got) return std::unexpected(got.error());
    if (*got == 0) return std::move(*unpacked).release();
    auto done = unpacked->append(std::as_bytes(std::span(block).first(*got)));
    if (!done) return std::unexpected(done.error());
  }
}

}  // namespace bikeflow
