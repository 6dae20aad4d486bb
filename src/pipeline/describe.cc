#include "pipeline/describe.h"

#include <fmt/format.h>

#include "base/time.h"

namespace bikeflow {

std::string describe(const TaskSettings& task, const LakeRule& lake) {
  const auto d = [](Seconds t) { return format_duration(t); };
  std::string text;
  const auto stage = [&](std::string_view name, std::string_view folder, std::string what) {
    text += fmt::format("{:<10} {:<9} {}\n", name, folder, what);
  };
  stage("read", "io",
        "files, pipes; gzip and zstd; decoded on several threads, kept in order; or a topic's "
        "partitions");
  stage("decode", "feed", "JSON, CSV, Parquet -> observations; what is none becomes a dead letter");
  stage("admit", "pipeline",
        fmt::format("more than {} ahead of the clock: dead letter; in files, a jump of more than "
                    "{} waits for "
                    "another station; before the watermark: late",
                    d(kFutureTolerance), d(kTimeJump)));
  stage(
      "order", "flow",
      fmt::format(
          "by time, for each station, until the watermark has passed (delay {}); duplicates go, of "
          "a conflict the lowest stays",
          d(task.delay)));
  stage("movements", "flow",
        fmt::format(
            "a fall is that many rentals, a rise that many returns; after a gap of more than {} an "
            "unobserved change",
            d(task.max_gap)));
  stage(
      "windows", "window",
      task.windows.slide == task.windows.length
          ? fmt::format(
                "{} long, aligned to the hour of standard time; closed when the watermark reaches "
                "the end",
                d(task.windows.length))
          : fmt::format(
                "{} long, one each {}, aligned to the hour of standard time; closed when the "
                "watermark reaches the end",
                d(task.windows.length), d(task.windows.slide)));
  stage("rows", "lake",
        fmt::format("a Parquet file for each window and system, by the local hour of its {} ({} "
                    "layout), each "
                    "chained to the one before",
                    path_time_word(lake.path_time), layout_word(lake.layout)));
  stage("commit", "pipeline",
        "a checkpoint with the state and the bytes of every file that is due; CURRENT, or "
        "the group's commit, names it");
  stage("publish", "io", "the files, then _SUCCESS of the hours that are complete");
  return text;
}

}  // namespace bikeflow
