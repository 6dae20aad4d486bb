#include "app/show_command.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include <fmt/ranges.h>

#include "app/completeness.h"
#include "app/lake_view.h"
#include "app/sheet.h"
#include "app/show_sums.h"
#include "app/times.h"
#include "base/nearest.h"
#include "model/schema.h"

namespace bikeflow {
namespace {

using Columns = std::vector<SheetColumn>;

// Whether the row's hour is final; not in the table, which says it below.
constexpr const char* kStateColumn = "hour_state";
constexpr std::size_t kNamedHours = 5;

// The columns of hourly_summary, under their own names; what the table calls those that it has room
// for.
Columns row_columns(const std::string& zone) {
  const std::map<std::string_view, std::string> headings = {{"start", "start (" + zone + ")"},
                                                            {"end", "end"},
                                                            {"stationId", "station"},
                                                            {"total_rental", "rentals"},
                                                            {"total_return", "returns"},
                                                            {"unobserved_change", "unobserved"},
                                                            {"bikes_open", "open"},
                                                            {"bikes_close", "close"},
                                                            {"bikes_min", "min"},
                                                            {"bikes_max", "max"},
                                                            {"observed_seconds", "observed s"},
                                                            {"empty_seconds", "empty s"},
                                                            {"full_seconds", "full s"}};
  Columns columns;
  for_each_column<HourlyRow>([&](const auto& column) {
    const auto heading = headings.find(column.name);
    const bool is_text = column.kType == ColumnType::kTime || column.kType == ColumnType::kString;
    columns.push_back({std::string(column.name), heading == headings.end() ? "" : heading->second,
                       is_text ? Table::Align::kLeft : Table::Align::kRight, column.name == "end"});
  });
  columns.push_back({kStateColumn, "", Table::Align::kLeft});
  return columns;
}

std::vector<Cell> cells_of(const HourlyRow& row, const HourState& state) {
  std::vector<Cell> cells;
  for_each_column<HourlyRow>([&](const auto& column) {
    if constexpr (std::decay_t<decltype(column)>::kType == ColumnType::kTime) {
      cells.emplace_back(TimeCell{column.get(row)});
    } else if constexpr (std::decay_t<decltype(column)>::kType == ColumnType::kString) {
      cells.emplace_back(std::string(column.get(row)));
    } else {
      cells.emplace_back(static_cast<std::int64_t>(column.get(row)));
    }
  });
  cells.emplace_back(state.text());
  return cells;
}

Columns total_columns(const std::string& zone) {
  return {{"start", "start (" + zone + ")", Table::Align::kLeft},
          {"end", "end", Table::Align::kLeft, true},
          {"stations", "stations"},
          {"total_rental", "rentals"},
          {"total_return", "returns"},
          {"unobserved_change", "unobserved"},
          {"bikes_close", "bikes at end"},
          {"observed_seconds", "observed s"},
          {"empty_seconds", "empty s"},
          {"full_seconds", "full s"},
          {kStateColumn, "", Table::Align::kLeft}};
}

std::vector<Cell> cells_of(const Window& window, const RowSums& sums, const HourState& state) {
  return {TimeCell{window.start}, TimeCell{window.end},   sums.rows,        sums.rentals,
          sums.returns,           sums.unobserved_change, sums.bikes_close, sums.observed_seconds,
          sums.empty_seconds,     sums.full_seconds,      state.text()};
}

Columns station_columns() {
  return {{"stationId", "station", Table::Align::kLeft},
          {"windows", "windows"},
          {"total_rental", "rentals"},
          {"total_return", "returns"},
          {"unobserved_change", "unobserved"},
          {"observed_seconds", "observed s"},
          {"empty_seconds", "empty s"},
          {"full_seconds", "full s"},
          {"largest_rental", "largest rental"},
          {"largest_return", "largest return"}};
}

std::vector<Cell> cells_of(const std::string& station, const RowSums& sums) {
  return {station,
          sums.rows,
          sums.rentals,
          sums.returns,
          sums.unobserved_change,
          sums.observed_seconds,
          sums.empty_seconds,
          sums.full_seconds,
          sums.largest_rental,
          sums.largest_return};
}

// The files of the system that is asked for, or the only one.
Result<const std::vector<HourFile>*> choose_system(const HourListing& listing,
                                                   const std::optional<std::string>& system,
                                                   const std::string& lake, Store& store) {
  if (listing.systems.empty()) {
    const auto feeds = FeedHours::read(store);
    const std::string waits = feeds ? feeds->all_waits() : "";
    return fail("{}: no rows yet: no file of {} is there{}{}", lake, kHourlyFolder,
                waits.empty() ? "" : "; ", waits);
  }
  if (!system && listing.systems.size() == 1) return &listing.systems.begin()->second;
  std::vector<std::string_view> names;
  for (const auto& [name, files] : listing.systems) names.push_back(name);
  if (!system) {
    return fail("{} has several systems; choose one with --system: {}", lake,
                fmt::join(names, ", "));
  }
  // Paths of the plain layout do not name their only system.
  if (names == std::vector<std::string_view>{""}) return &listing.systems.begin()->second;
  const auto found = listing.systems.find(*system);
  if (found != listing.systems.end()) return &found->second;
  const std::string hint = did_you_mean(*system, names);
  return fail("{} has no system '{}'{}", lake, *system,
              hint.empty() ? fmt::format("; there are: {}", fmt::join(names, ", ")) : hint);
}

Result<SystemRule> rule_of(const LakeView& lake, const HourFile& file,
                           const std::optional<std::string>& system) {
  auto rule = lake.rule_of(file);
  if (rule && system && rule->system != *system) {
    return fail("the lake has no system '{}'; its only one is {}", *system, rule->system);
  }
  return rule;
}

// The hours that are shown, and what is known of each.
class Hours {
 public:
  static Result<Hours> read(const LakeView& lake, const HourListing& listing,
                            const std::vector<HourFile>& files, const TimeRange& range,
                            const SystemRule& rule) {
    const auto completeness = Completeness::read(lake.store(), listing);
    if (!completeness) return std::unexpected(completeness.error());
    Hours hours;
    for (const std::vector<HourFile>& hour : by_hour(files, range)) {
      const std::string folder(folder_of(hour.front().path));
      const std::string marker = fmt::format("{}/{}", folder, kSuccessName);
      const bool is_final = std::ranges::binary_search(listing.markers, marker);
      hours.starts_.emplace_back(hour.front().name.window.start, folder);
      hours.states_[folder] = completeness->state_of(hour, is_final, rule);
    }
    // The hour of a live feed that has no file yet.
    const FeedHours::Feed* feed = completeness->feeds().find(files.back().name.source);
    if (feed != nullptr && range.contains(feed->next.start) &&
        !hours.states_.contains(folder_of(hourly_path(rule.lake, rule.zone, rule.system,
                                                      files.back().name.source, 0, feed->next)))) {
      hours.under_way_ = feed->next_wait();
    }
    return hours;
  }

  [[nodiscard]] const HourState& of(const HourFile& file) const {
    return states_.find(folder_of(file.path))->second;
  }

  // What those of a topic wait for. Below a table, where people look for what is new.
  void print_waits(const Zone& zone, Output& out) const {
    std::size_t waiting = 0;
    for (const auto& [start, folder] : starts_) {
      const HourState& state = states_.find(folder)->second;
      if (state.kind == HourState::Kind::kFinal || state.kind == HourState::Kind::kOpen) continue;
      if (++waiting > kNamedHours) continue;
      out.print("hour {} open: {}\n", local_time(start, zone), state.text());
    }
    if (!under_way_.empty()) out.print("{}\n", under_way_);
    if (waiting > kNamedHours) {
      out.print("and {} more open (--format csv and json name all)\n",
                counted(static_cast<std::int64_t>(waiting - kNamedHours), "hour", "hours"));
    }
  }

 private:
  std::vector<std::pair<Seconds, std::string>> starts_;   // and folders, in the order of time
  std::map<std::string, HourState, std::less<>> states_;  // by folder
  std::string under_way_;
};

// Rows window by window, one window in memory at a time.
class Rows {
 public:
  Rows(const LakeView& lake, const std::vector<HourFile>& files, const TimeRange& range,
       const Hours& hours, const std::optional<std::string>& station)
      : lake_(lake), hours_(hours), station_(station) {
    for (const HourFile& file : files) {
      if (range.contains(file.name.window.start)) files_.push_back(&file);
    }
  }

  [[nodiscard]] std::size_t file_count() const { return files_.size(); }

  // The next window that has rows to show, in order of station; false at the end.
  Result<bool> next(Window& window, std::vector<HourlyRow>& rows) {
    rows.clear();
    while (at_ < files_.size() && rows.empty()) {
      window = files_[at_]->name.window;
      state_ = &hours_.of(*files_[at_]);
      std::size_t read = 0;
      for (; at_ < files_.size() && files_[at_]->name.window == window; ++at_, ++read) {
        auto file = lake_.read(*files_[at_]);
        if (!file) return std::unexpected(file.error());
        for (HourlyRow& row : file->rows) {
          if (!station_ || row.station_id == *station_) {
            rows.push_back(std::move(row));
          } else {
            others_.insert(std::move(row.station_id));
          }
        }
      }
      if (read > 1) {
        std::stable_sort(rows.begin(), rows.end(), [](const HourlyRow& a, const HourlyRow& b) {
          return a.station_id < b.station_id;
        });
      }
    }
    return !rows.empty();
  }

  // Of the hour of the window that came last.
  [[nodiscard]] const HourState& state() const { return *state_; }

  // The stations that were met and not asked for.
  [[nodiscard]] const std::set<std::string>& others() const { return others_; }

 private:
  const LakeView& lake_;
  const Hours& hours_;
  const HourState* state_ = nullptr;
  const std::optional<std::string>& station_;
  std::vector<const HourFile*> files_;
  std::size_t at_ = 0;
  std::set<std::string> others_;
};

// Requires: in order of station.
bool is_again(const std::vector<HourlyRow>& rows, std::size_t i) {
  return i > 0 && rows[i].station_id == rows[i - 1].station_id;
}

Result<void> show_rows(Rows& source, Sheet& sheet, const Shell& shell) {
  Window window;
  std::vector<HourlyRow> rows;
  while (!shell.out.is_closed()) {
    const auto more = source.next(window, rows);
    if (!more) return std::unexpected(more.error());
    if (!*more) break;
    for (const HourlyRow& row : rows) sheet.row(cells_of(row, source.state()));
    sheet.flush();
  }
  return {};
}

Result<void> show_totals(Rows& source, const std::optional<std::int64_t>& top, bool has_sum,
                         Sheet& sheet) {
  Window window;
  std::vector<HourlyRow> rows;
  struct Hour {
    Window window;
    RowSums sums;
    const HourState* state = nullptr;
  };
  std::vector<Hour> hours;
  RowSums all;
  while (true) {
    const auto more = source.next(window, rows);
    if (!more) return std::unexpected(more.error());
    if (!*more) break;
    RowSums sums;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      sums.add(rows[i], is_again(rows, i));
      all.add(rows[i], is_again(rows, i));
    }
    hours.push_back({window, sums, &source.state()});
  }
  if (top) {
    std::stable_sort(hours.begin(), hours.end(),
                     [](const Hour& a, const Hour& b) { return a.sums.rentals > b.sums.rentals; });
    hours.resize(std::min(hours.size(), static_cast<std::size_t>(*top)));
  }
  for (const Hour& hour : hours) sheet.row(cells_of(hour.window, hour.sums, *hour.state));
  if (has_sum && !hours.empty()) {
    std::vector<Cell> cells = cells_of(Window{}, all, HourState{});
    cells[0] = top ? "all hours" : "sum";
    cells[1] = "";
    cells[2] = "";
    cells[6] = "";
    cells.back() = "";
    sheet.sums(cells);
  }
  return {};
}

Result<void> show_stations(Rows& source, std::int64_t top, const SystemRule& rule, Sheet& sheet) {
  Window window;
  std::vector<HourlyRow> rows;
  std::map<std::string, RowSums> stations;
  std::optional<Seconds> counted_to;
  while (true) {
    const auto more = source.next(window, rows);
    if (!more) return std::unexpected(more.error());
    if (!*more) break;
    // Of windows that overlap only those count that follow one another.
    if (counted_to && window.start < *counted_to) continue;
    counted_to = window.start + rule.length;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      stations[rows[i].station_id].add(rows[i], is_again(rows, i));
    }
  }
  std::vector<std::pair<std::string, RowSums>> sorted(stations.begin(), stations.end());
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
    return a.second.rentals > b.second.rentals;
  });
  sorted.resize(std::min(sorted.size(), static_cast<std::size_t>(top)));
  for (const auto& [station, sums] : sorted) sheet.row(cells_of(station, sums));
  return {};
}

// Why there is nothing to show, for whoever expected something.
std::string why_empty(const ShowOptions& options, const std::vector<HourFile>& files,
                      const Rows& rows, const Zone& zone) {
  Window first = files.front().name.window, last = files.back().name.window;
  const std::string there =
      fmt::format("the lake has hours from {} to {} ({})", local_time(first.start, zone),
                  local_time(last.end, zone), zone.name());
  if (rows.file_count() == 0) return "no hour begins in that time; " + there;
  if (!options.station) return "the files of that time hold no rows; " + there;
  const std::vector<std::string_view> others(rows.others().begin(), rows.others().end());
  return fmt::format("no row of station '{}' in {} hours{}; {}", *options.station,
                     rows.file_count(), did_you_mean(*options.station, others), there);
}

}  // namespace

Result<ExitStatus> show(const ShowOptions& options, Shell& shell) {
  const auto lake = LakeView::open(options.lake);
  if (!lake) return std::unexpected(lake.error());
  const auto listing = lake->list_hours();
  if (!listing) return std::unexpected(listing.error());
  const auto files = choose_system(*listing, options.system, options.lake, lake->store());
  if (!files) return std::unexpected(files.error());
  const auto rule = rule_of(*lake, (*files)->back(), options.system);
  if (!rule) return std::unexpected(rule.error());
  const auto range = parse_range(options.from, options.to, rule->zone);
  if (!range) return std::unexpected(range.error());
  const auto hours = Hours::read(*lake, *listing, **files, *range, *rule);
  if (!hours) return std::unexpected(hours.error());

  Rows rows(*lake, **files, *range, *hours, options.station);
  const std::string& zone = rule->zone.name();
  Sheet sheet(sheet_form(options.format),
              options.totals ? total_columns(zone)
              : options.top  ? station_columns()
                             : row_columns(zone),
              rule->zone, shell.out, shell.out_terminal);
  const auto shown = options.totals
                         ? show_totals(rows, options.top, rule->slide == rule->length, sheet)
                     : options.top ? show_stations(rows, *options.top, *rule, sheet)
                                   : show_rows(rows, sheet, shell);
  if (!shown) return std::unexpected(shown.error());
  if (sheet.is_empty()) shell.log.warning(why_empty(options, **files, rows, rule->zone));
  sheet.finish();
  if (options.format == "table") hours->print_waits(rule->zone, shell.out);
  return ExitStatus::kDone;
}

void register_show(CommandLine& line) {
  auto options = std::make_shared<ShowOptions>();
  Command& command = line.add(
      {.name = "show",
       .summary = "the lake as a table, as CSV or as JSON",
       .description =
           "Prints the rows of hourly_summary: one for each station and hour, in the order of time "
           "and station. Only the files of the hours asked for are opened.\n\n"
           "The table has local times and leaves out the largest movements; CSV and JSON have "
           "every "
           "column under its name in the lake, with times in UTC. JSON is one array with an object "
           "on each line.\n\n"
           "Hours of a topic or a live feed that are not final stand below the table with what "
           "they "
           "wait for. In "
           "CSV and JSON the column hour_state says it of each row: final, open, or the wait.",
       .examples = {"bikeflow show --lake lake --from 2024-08-11T08:00 --to 2024-08-11T10:00",
                    "bikeflow show --lake lake --totals",
                    "bikeflow show --lake lake --top 10 --from 2024-08-11 --to 2024-08-12",
                    "bikeflow show --lake lake --station ST-4 --format csv > station.csv"}},
      [options](Shell& shell) { return show(*options, shell); });
  command.text({.name = "--lake",
                .value = "DIR",
                .help = "the lake: a directory, or s3://bucket/prefix",
                .required = true},
               &options->lake);
  command.time({"--from", "TIME", "first hour to show, by its start"}, &options->from);
  command.time({"--to", "TIME", "show hours that start before this time"}, &options->to);
  command.text({"--station", "ID", "this station only"}, &options->station);
  command.text({"--system", "ID", "which system, where the lake has several"}, &options->system);
  command.number({"--top", "N",
                  "the N stations with the most rentals over the whole time; with "
                  "--totals: the N hours"},
                 1, 1'000'000'000, &options->top);
  command.flag({"--totals", "", "one line for each hour: the sums over all stations"},
               &options->totals);
  command.choice({"--format", "", "form of the result"}, {"table", "csv", "json"},
                 &options->format);
}

}  // namespace bikeflow
