// The task against the reference, on random input.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cstdint>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/task.h"
#include "test/property.h"
#include "test/reference.h"
#include "test/scenario.h"

namespace bikeflow {

std::ostream& operator<<(std::ostream& out, const HourlyRow& row) {
  return out << '[' << row.window.start << ',' << row.window.end << ") " << row.station_id
             << ": rental " << row.total_rental << " return " << row.total_return << " unobserved "
             << row.unobserved_change << " open " << row.bikes_open << " close " << row.bikes_close
             << " min " << row.bikes_min << " max " << row.bikes_max << " observed "
             << row.observed_seconds << " empty " << row.empty_seconds << " full "
             << row.full_seconds << " largest " << row.largest_rental << '/' << row.largest_return;
}

namespace {

// Feeds `input` in batches of the sizes given, the last one repeated, and ends it.
Published run(const reference::Input& input, const reference::Settings& settings,
              const std::vector<std::size_t>& sizes = {SIZE_MAX}) {
  Task task(task_settings(settings));
  Names names;
  Published published;
  std::size_t next_size = 0;
  for (std::size_t begin = 0; begin < input.arrivals.size();) {
    const std::size_t size =
        std::min(std::max<std::size_t>(1, sizes[next_size]), input.arrivals.size() - begin);
    if (next_size + 1 < sizes.size()) ++next_size;
    task.observe(batch_of(input, begin, begin + size, names), "", kLongAfter);
    published.take_from(task);
    begin += size;
  }
  task.end_input(kLongAfter, settings.closes_all);
  published.take_from(task);
  return published;
}

std::vector<Position> positions(const std::vector<DeadLetter>& letters) {
  std::vector<Position> out;
  for (const DeadLetter& letter : letters) out.push_back(letter.position);
  std::ranges::sort(out);
  return out;
}

// How often the scenarios had what they are for: a property that never meets a gap proves nothing
// of gaps.
struct Met {
  std::int64_t rows = 0, unobserved = 0, late = 0, refused = 0, repeated = 0, empty = 0, full = 0;
  void add(const reference::Outcome& outcome) {
    rows += std::ssize(outcome.rows);
    late += std::ssize(outcome.late);
    refused += std::ssize(outcome.too_far);
    repeated += outcome.repeated;
    for (const HourlyRow& row : outcome.rows) {
      unobserved += row.unobserved_change != 0;
      empty += row.empty_seconds;
      full += row.full_seconds;
    }
  }
};

void expect_equal(const Published& published, const reference::Outcome& expected) {
  RC_ASSERT(published.rows == expected.rows);
  RC_ASSERT(published.late == expected.late);
  RC_ASSERT(positions(published.refused) == expected.too_far);
}

void expect_books_balance(const std::vector<HourlyRow>& rows, bool is_tumbling) {
  std::map<std::string, std::int32_t> closed_with;
  for (const HourlyRow& row : rows) {
    RC_ASSERT(row.bikes_open + row.total_return - row.total_rental + row.unobserved_change ==
              row.bikes_close);
    const auto [before, is_first] = closed_with.try_emplace(row.station_id, row.bikes_open);
    if (is_tumbling) RC_ASSERT(before->second == row.bikes_open);
    before->second = row.bikes_close;
  }
}

TEST(TaskProperty, RowsEqualTheReference) {
  Met met;
  check(1000, [&] {
    Scenario scenario = *any_scenario({.most_lag_percent = 180});
    scenario.settings.closes_all = *rc::gen::arbitrary<bool>();
    const reference::Input input = arrivals_of(scenario);
    const reference::Outcome expected = reference::evaluate(input, scenario.settings);
    const Published published = run(input, scenario.settings);
    expect_equal(published, expected);
    expect_books_balance(published.rows, scenario.settings.slide == scenario.settings.length);
    met.add(expected);
  });
  EXPECT_GT(met.rows, 1000);
  EXPECT_GT(met.unobserved, 100);
  EXPECT_GT(met.late, 100);
  EXPECT_GT(met.repeated, 100);
  EXPECT_GT(met.empty, 1000);
  EXPECT_GT(met.full, 1000);
}

TEST(TaskProperty, FilesWithTimesFarAheadEqualTheReference) {
  Met met;
  check(1000, [&] {
    const Scenario scenario = *any_scenario({.most_lag_percent = 130, .has_far_ahead = true});
    const reference::Input input = arrivals_of(scenario);
    const reference::Outcome expected = reference::evaluate(input, scenario.settings);
    expect_equal(run(input, scenario.settings), expected);
    met.add(expected);
  });
  EXPECT_GT(met.rows, 1000);
  EXPECT_GT(met.refused, 50);
  EXPECT_GT(met.late, 50);
}

TEST(TaskProperty, OrderInsideTheDelayAndDuplicatesChangeNothing) {
  Met met;
  check(1000, [&] {
    Scenario scenario = *any_scenario({.most_lag_percent = 100});
    const Published one = run(arrivals_of(scenario), scenario.settings);
    const reference::Input reordered = arrivals_of(scenario, *rc::gen::inRange(1, 100));
    const Published other = run(reordered, scenario.settings);
    RC_ASSERT(one.rows == other.rows);
    RC_ASSERT(one.late.empty() && other.late.empty());

    // Conflicts are part of what was observed; duplicates are not.
    for (Poll& poll : scenario.polls) {
      if (poll.again == Poll::Again::kNo) poll.again = Poll::Again::kDuplicate;
    }
    RC_ASSERT(run(arrivals_of(scenario), scenario.settings).rows == one.rows);
    met.add(reference::evaluate(reordered, scenario.settings));
  });
  EXPECT_GT(met.rows, 1000);
  EXPECT_GT(met.repeated, 100);
}

bool is_equal(const ClosedWindow& one, const ClosedWindow& other) {
  return one.window == other.window && one.rows == other.rows && one.closed_by == other.closed_by &&
         one.from == other.from && one.to == other.to;
}

void expect_same(const Published& one, const Published& other) {
  RC_ASSERT(std::ranges::equal(one.closed, other.closed, is_equal));
  RC_ASSERT(one.late == other.late);
  RC_ASSERT(one.refused == other.refused);
}

TEST(TaskProperty, BatchesMayBeCutAnywhere) {
  check(1000, [] {
    const Scenario scenario =
        *any_scenario({.most_lag_percent = 130, .has_far_ahead = *rc::gen::arbitrary<bool>()});
    const reference::Input input = arrivals_of(scenario);
    const auto sizes = *rc::gen::nonEmpty(
        rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(1, 20)));
    expect_same(run(input, scenario.settings, sizes), run(input, scenario.settings, {1}));
    expect_same(run(input, scenario.settings), run(input, scenario.settings, {1}));
  });
}

Task restored(const Task& task) {
  Writer saved;
  task.save(saved);
  Reader bytes(saved.bytes());
  Result<Task> loaded = Task::load(task.settings(), bytes);
  RC_ASSERT(loaded.has_value());
  RC_ASSERT(bytes.at_end());
  RC_ASSERT(loaded->counters() == task.counters());
  Writer again;
  loaded->save(again);
  RC_ASSERT(again.bytes() == saved.bytes());
  return std::move(*loaded);
}

TEST(TaskProperty, ATaskRestoredAtAnyPointGoesOnAsIfNothingHadHappened) {
  check(1000, [] {
    const Scenario scenario =
        *any_scenario({.most_lag_percent = 130, .has_far_ahead = *rc::gen::arbitrary<bool>()});
    const reference::Input input = arrivals_of(scenario);
    const Published whole = run(input, scenario.settings, {1});

    // Restored after every single record ...
    Task always(task_settings(scenario.settings));
    Names names;
    Published published;
    for (std::size_t i = 0; i < input.arrivals.size(); ++i) {
      always = restored(always);
      always.observe(batch_of(input, i, i + 1, names), "", kLongAfter);
      published.take_from(always);
    }
    always = restored(always);
    always.end_input(kLongAfter, true);
    published.take_from(always);
    expect_same(published, whole);
    RC_ASSERT(published.rows == whole.rows);

    // ... and once, with a longer life before and after it.
    const std::size_t cut = *rc::gen::inRange<std::size_t>(0, input.arrivals.size() + 1);
    Task once(task_settings(scenario.settings));
    Names names_of_once;
    Published of_once;
    once.observe(batch_of(input, 0, cut, names_of_once), "", kLongAfter);
    of_once.take_from(once);
    once = restored(once);
    once.observe(batch_of(input, cut, input.arrivals.size(), names_of_once), "", kLongAfter);
    of_once.take_from(once);
    once.end_input(kLongAfter, true);
    of_once.take_from(once);
    expect_same(of_once, whole);
  });
}

TEST(TaskProperty, TheFutureIsADeadLetterAndMovesNothing) {
  std::int64_t refused = 0;
  check(1000, [&] {
    const Scenario scenario = *any_scenario({.has_far_ahead = *rc::gen::arbitrary<bool>()});
    reference::Input input = arrivals_of(scenario);
    const Seconds behind = *rc::gen::inRange(0, 900);
    Task task(task_settings(scenario.settings));
    Names names;
    Published published;
    for (std::size_t i = 0; i < input.arrivals.size(); ++i) {
      // A clock that stands still while ten records arrive, and is behind the feed's.
      input.clock.push_back(input.arrivals[i / 10 * 10].observed_at - behind);
      task.observe(batch_of(input, i, i + 1, names), "", input.clock[i]);
    }
    task.end_input(kLongAfter, true);
    published.take_from(task);
    const reference::Outcome expected = reference::evaluate(input, scenario.settings);
    RC_ASSERT(published.rows == expected.rows);
    RC_ASSERT(published.late == expected.late);
    std::vector<Position> future;
    std::vector<Position> too_far;
    for (const DeadLetter& letter : published.refused) {
      (letter.refusal.reason == Reason::kFuture ? future : too_far).push_back(letter.position);
      RC_ASSERT(letter.record == "record " + std::to_string(letter.position.offset));
    }
    std::ranges::sort(too_far);
    RC_ASSERT(future == expected.future);
    RC_ASSERT(too_far == expected.too_far);
    refused += std::ssize(future);
  });
  EXPECT_GT(refused, 100);
}

// The windows that end by `t`, the last of them. Closing up to any other time is no decision of the
// clock.
Seconds last_window_end(Seconds t, const reference::Settings& settings) {
  const Seconds shifted = t + settings.hour_phase;
  return t - shifted % settings.slide;
}

// `feed` observes all arrivals, closes windows on the way and notes that in the input; then the
// rows are the reference's, late ones among them.
template <class Feed>
void expect_equal_where_closed_on_the_way(bool closes_all, const Feed& feed) {
  Met met;
  check(1000, [&] {
    Scenario scenario = *any_scenario({.most_lag_percent = 180});
    scenario.settings.closes_all = closes_all;
    reference::Input input = arrivals_of(scenario);
    Task task(task_settings(scenario.settings));
    Published published;
    feed(scenario.settings, input, task, published);
    task.end_input(kLongAfter, closes_all);
    published.take_from(task);
    const reference::Outcome expected = reference::evaluate(input, scenario.settings);
    expect_equal(published, expected);
    met.add(expected);
  });
  EXPECT_GT(met.rows, 1000);
  EXPECT_GT(met.late, 1000);
}

TEST(TaskProperty, TheClockClosesWhatTheReferenceCloses) {
  expect_equal_where_closed_on_the_way(
      false, [](const reference::Settings& settings, reference::Input& input, Task& task,
                Published& published) {
        Names names;
        for (std::size_t i = 0; i < input.arrivals.size(); ++i) {
          if (*rc::gen::weightedElement<bool>({{5, false}, {1, true}})) {
            // Also before the first observation, and far into a silence.
            const Seconds silence = *rc::gen::element<Seconds>(0, 60, 3600, 3 * kHour);
            const Seconds end = last_window_end(input.arrivals[i].observed_at + silence, settings);
            input.closes.push_back({i, end});
            task.close_up_to(end, ClosedBy::kIdle);
            published.take_from(task);
            task = restored(task);
          }
          task.observe(batch_of(input, i, i + 1, names), "", kLongAfter);
          published.take_from(task);
        }
      });
}

TEST(TaskProperty, LaterInputGoesOnWhereTheEndHasClosed) {
  expect_equal_where_closed_on_the_way(
      true, [](const reference::Settings& /*settings*/, reference::Input& input, Task& task,
               Published& published) {
        Names names;
        const std::size_t cut = *rc::gen::inRange<std::size_t>(0, input.arrivals.size() + 1);
        task.observe(batch_of(input, 0, cut, names), "", kLongAfter);
        task.end_input(kLongAfter, true);
        published.take_from(task);
        if (!published.closed.empty()) input.closes = {{cut, published.closed.back().window.end}};
        task = restored(task);
        task.observe(batch_of(input, cut, input.arrivals.size(), names), "", kLongAfter);
      });
}

TEST(TaskProperty, CountersAddUp) {
  check(1000, [] {
    const Scenario scenario = *any_scenario({.most_lag_percent = 130, .has_far_ahead = true});
    const reference::Input input = arrivals_of(scenario);
    const reference::Outcome expected = reference::evaluate(input, scenario.settings);
    Task task(task_settings(scenario.settings));
    Names names;
    task.observe(batch_of(input, 0, input.arrivals.size(), names), "", kLongAfter);
    task.end_input(kLongAfter, true);
    const TaskCounters& counters = task.counters();
    RC_ASSERT(counters.records == std::ssize(input.arrivals));
    RC_ASSERT(counters.accepted == expected.accepted);
    RC_ASSERT(counters.duplicates + counters.conflicts == expected.repeated);
    RC_ASSERT(counters.late == std::ssize(expected.late));
    RC_ASSERT(counters.refused == std::ssize(expected.too_far));
    RC_ASSERT(counters.rows == std::ssize(expected.rows));
    std::int64_t rentals = 0, returns = 0;
    for (const HourlyRow& row : expected.rows) {
      rentals += row.total_rental;
      returns += row.total_return;
    }
    if (scenario.settings.slide == scenario.settings.length) {
      RC_ASSERT(counters.rentals == rentals);
      RC_ASSERT(counters.returns == returns);
    }
  });
}

}  // namespace
}  // namespace bikeflow
