// A job on random input, stopped between any two effects and restored: the files are those of a job
// that nothing stopped, and hold the reference's rows.
#include "pipeline/job.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "lake/parquet.h"
#include "lake/paths.h"
#include "test/property.h"
#include "test/reference.h"
#include "test/scenario.h"

namespace bikeflow {
namespace {

// Where a commit ends: after so many of its effects, counting each file that is put as one.
constexpr int kNever = 1'000'000;

class Machine {
 public:
  Machine(const Scenario& scenario, const Zone& zone) : settings_(scenario.settings), zone_(zone) {
    input_ = arrivals_of(scenario);
  }

  // Commits after every `every` records; the n-th commit stops after stops[n] effects, if it has so
  // many.
  void run(std::size_t every, const std::vector<int>& stops) {
    auto stop = stops.begin();
    while (true) {
      Job job = start();
      Names names = names_up_to(read_to_);
      for (std::size_t i = read_to_;; i += every) {
        const bool is_end = i >= input_.arrivals.size();
        Task& task = job.find("seoul")->task();
        if (is_end) {
          task.end_input(kLongAfter, true);
        } else {
          task.observe(batch_of(input_, i, std::min(i + every, input_.arrivals.size()), names),
                       "polls", kLongAfter);
        }
        for (FileRequest& file : job.find("seoul")->take_files()) {
          job.add_due({file.path, encode_hourly(file.rows, file.metadata).value()});
        }
        const int effects = stop == stops.end() ? kNever : *stop++;
        if (!commit(job, std::min(i + every, input_.arrivals.size()), effects)) break;
        if (is_end) return;
      }
    }
  }

  const std::map<std::string, std::string>& lake() const { return lake_; }
  const reference::Input& input() const { return input_; }
  int restored() const { return restored_; }

 private:
  Job start() {
    if (current_.empty()) {
      Job job({"backfill", "backfill", "0123", LakeRule{}});
      job.add("seoul", zone_, task_settings(settings_));
      return job;
    }
    ++restored_;
    Job job = Job::restore(checkpoints_.at(current_)).value();
    int left = kNever;
    execute(job.publish_due(), left);
    job.published();
    return job;
  }

  Names names_up_to(std::size_t end) const {
    Names names;
    for (std::size_t i = 0; i < end; ++i) names.intern(input_.stations[input_.arrivals[i].station]);
    return names;
  }

  // False where the process has died.
  bool commit(Job& job, std::size_t read_to, int effects) {
    const auto name = std::to_string(job.sequence() + 1) + "-" + std::to_string(++commits_);
    const std::vector<Effect> wanted = job.commit(name).value();
    const std::string before = current_;
    const bool is_alive = execute(wanted, effects);
    if (current_ != before) read_to_ = read_to;
    if (is_alive) job.published();
    return is_alive;
  }

  bool execute(const std::vector<Effect>& effects, int& left) {
    for (const Effect& effect : effects) {
      if (left == 0) return false;
      if (const auto* write = std::get_if<WriteCheckpoint>(&effect)) {
        checkpoints_[write->name] = write->bytes;
      } else if (const auto* set = std::get_if<SetCurrent>(&effect)) {
        current_ = set->name;
      } else if (const auto* put = std::get_if<PutFiles>(&effect)) {
        for (const DueFile* file : put->files) {
          if (left-- <= 0) return false;
          const auto [it, is_new] = lake_.try_emplace(file->path, file->bytes);
          RC_ASSERT(is_new || it->second == file->bytes);  // no reader ever sees a file change
        }
        continue;
      }
      --left;
    }
    return true;
  }

  reference::Settings settings_;
  Zone zone_;
  reference::Input input_;
  std::map<std::string, std::string> lake_;
  std::map<std::string, std::string> checkpoints_;
  std::string current_;
  std::size_t read_to_ = 0;
  int commits_ = 0;
  int restored_ = 0;
};

// All rows of a data set whose files are made at commits.
template <class Row, class Decode>
std::vector<Row> rows_of(const std::map<std::string, std::string>& lake, std::string_view folder,
                         Decode decode) {
  std::vector<Row> rows;
  for (const auto& [path, bytes] : lake) {
    if (path.starts_with(folder) && path.ends_with(".parquet")) {
      std::ranges::move(decode(bytes).value().rows, std::back_inserter(rows));
    }
  }
  std::ranges::sort(rows, {}, &Row::position);
  return rows;
}

std::map<std::string, std::string> part_of(const std::map<std::string, std::string>& lake,
                                           std::string_view folder) {
  std::map<std::string, std::string> part;
  for (const auto& file : lake) {
    if (file.first.starts_with(folder)) part.insert(file);
  }
  return part;
}

TEST(JobProperty, FilesAreTheSameWhereverTheProcessDies) {
  int restored = 0;
  std::size_t files = 0, late_rows = 0, dead_letters = 0;
  check(60, [&] {
    Scenario scenario =
        *any_scenario({.most_lag_percent = 130, .has_far_ahead = *rc::gen::arbitrary<bool>()});
    const Zone zone =
        Zone::load(*rc::gen::element<std::string>("Asia/Seoul", "Asia/Kolkata", "America/Chicago"))
            .value();
    scenario.settings.hour_phase = zone.hour_phase();
    const auto every = *rc::gen::inRange<std::size_t>(1, 12);
    const auto stops = *rc::gen::container<std::vector<int>>(
        rc::gen::weightedOneOf<int>({{1, rc::gen::just(kNever)}, {2, rc::gen::inRange(0, 8)}}));

    Machine undisturbed(scenario, zone);
    undisturbed.run(every, {});
    Machine disturbed(scenario, zone);
    disturbed.run(every, stops);
    Machine in_one_piece(scenario, zone);
    in_one_piece.run(SIZE_MAX / 2, {});

    // How often is committed, and what dies between, is not to be seen in the rows' files.
    RC_ASSERT(disturbed.lake() == undisturbed.lake());
    RC_ASSERT(part_of(undisturbed.lake(), "hourly_summary/") ==
              part_of(in_one_piece.lake(), "hourly_summary/"));

    const reference::Outcome expected = reference::evaluate(disturbed.input(), scenario.settings);
    std::vector<HourlyRow> rows;
    const Seconds closed_to = expected.rows.empty() ? 0 : expected.rows.back().window.end;
    for (const auto& [path, bytes] : disturbed.lake()) {
      if (!path.starts_with("hourly_summary/") || !path.ends_with(".parquet")) continue;
      const RowFile<HourlyRow> file = decode_hourly(bytes).value();
      // An hour is complete with the last window that starts in it.
      const Seconds local =
          file.rows.at(0).window.start + zone.offset_at(file.rows.at(0).window.start);
      const Seconds hours_end = file.rows[0].window.start - local % kHour + kHour;
      const Seconds last_end = hours_end - scenario.settings.slide + scenario.settings.length;
      RC_ASSERT(disturbed.lake().contains(fmt::format("{}/_SUCCESS", folder_of(path))) ==
                (last_end <= closed_to));
      rows.insert(rows.end(), file.rows.begin(), file.rows.end());
      ++files;
    }
    std::ranges::sort(rows, {}, [](const HourlyRow& row) {
      return std::tie(row.window.start, row.window.end, row.station_id);
    });
    RC_ASSERT(rows == expected.rows);

    auto late = rows_of<LateRow>(disturbed.lake(), "late/", decode_late);
    std::vector<LateRow> expected_late = expected.late;
    for (LateRow& row : expected_late) row.source = late.empty() ? "" : late.front().source;
    std::ranges::sort(expected_late, {}, &LateRow::position);
    RC_ASSERT(late == expected_late);
    std::vector<Position> too_far;
    for (const DeadLetter& letter :
         rows_of<DeadLetter>(disturbed.lake(), "dead_letter/", decode_dead_letters)) {
      too_far.push_back(letter.position);
    }
    RC_ASSERT(too_far == expected.too_far);
    restored += disturbed.restored();
    late_rows += late.size();
    dead_letters += too_far.size();
  });
  EXPECT_GT(restored, 50);
  EXPECT_GT(files, 500u);
  EXPECT_GT(late_rows, 50u);
  EXPECT_GT(dead_letters, 5u);
}

}  // namespace
}  // namespace bikeflow
