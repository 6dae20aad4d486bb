// A checkpoint from any bytes: refused, or a job that works.
//
// The input is 8 bytes of a length, the state inside a checkpoint, which is so long, and the bytes
// of due files; it is packed and signed here, as each format, or the hash would keep every mutation
// out.

#include <zstd.h>

#include <cstdint>
#include <cstdlib>

#include "base/bytes.h"
#include "base/hash.h"
#include "pipeline/job.h"

namespace {

std::string checkpoint_of(std::uint32_t format, std::string_view state, std::string_view due) {
  std::string packed(ZSTD_compressBound(state.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), state.data(), state.size(), 1));
  bikeflow::Writer out;
  out.raw("BIKEFLOW");
  out.u32(format);
  out.u64(state.size());
  out.u64(packed.size());
  out.raw(packed);
  out.raw(due);
  out.u64(bikeflow::hash64(out.bytes()));
  return out.take();
}

// What was accepted must work to the end, and keep the books.
void use(bikeflow::Job& job) {
  if (!job.due().empty()) job.acknowledge(std::string(job.due().front().path));
  job.published();
  for (const auto& partition : job.partitions()) {
    bikeflow::Task& task = partition->task();
    if (task.has_started()) {
      bikeflow::Batch batch;
      if (task.names().size() == 0) std::abort();
      batch.records = {{task.watermark().latest() + 30, {3, 10}, 0, 0, 0, 0}};
      task.observe(batch, "fuzz", task.watermark().latest() + 60);
    }
    task.end_input(task.watermark().latest(), true);
    for (const bikeflow::FileRequest& file : partition->take_files()) {
      for (const bikeflow::HourlyRow& row : file.rows) {
        if (row.bikes_open + row.total_return - row.total_rental + row.unobserved_change !=
            row.bikes_close) {
          std::abort();
        }
      }
      job.add_due({file.path, ""});
    }
  }
  auto effects = job.commit("fuzz");
  if (effects &&
      !bikeflow::Job::restore(std::get<bikeflow::WriteCheckpoint>(effects->at(0)).bytes)) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  (void)bikeflow::Job::restore(input);
  const std::size_t state_size = std::min<std::size_t>(bikeflow::Reader(input).u64(), input.size());
  input.remove_prefix(std::min<std::size_t>(8, input.size()));
  const std::string_view state = input.substr(0, state_size);
  for (std::uint32_t format = 1; format <= bikeflow::kCheckpointFormat; ++format) {
    auto job = bikeflow::Job::restore(checkpoint_of(format, state, input.substr(state.size())));
    if (job) use(*job);
  }
  return 0;
}
