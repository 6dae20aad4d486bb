#include "app/command_line.h"

#include <gtest/gtest.h>

namespace bikeflow {
namespace {

struct Given {
  std::string lake;
  std::optional<std::string> station;
  std::vector<std::string> inputs, maps;
  std::string format = "table";
  std::int64_t top = 10;
  Seconds poll = 30;
  bool totals = false;
};

class CommandLineTest : public ::testing::Test {
 protected:
  CommandLineTest() {
    Command& show = line_.add({.name = "show",
                               .summary = "the lake as a table",
                               .description = "Prints rows.",
                               .examples = {"bikeflow show --lake lake"}},
                              body("show"));
    show.text({.name = "--lake", .value = "DIR", .help = "the lake to read", .required = true},
              &given_.lake);
    show.text({"--station", "ID", "only this station"}, &given_.station);
    show.choice({.name = "--format", .help = "form"}, {"table", "csv", "json"}, &given_.format);
    show.number({"--top", "N", "so many"}, 1, 1000, &given_.top);
    show.flag({.name = "--totals", .help = "sums"}, &given_.totals);
    Command& backfill =
        line_.add({.name = "backfill", .summary = "files -> lake"}, body("backfill"));
    backfill.positionals({.name = "INPUT", .help = "files", .required = true}, &given_.inputs);
    backfill.list({"-m,--map", "A=B", "names"}, &given_.maps);
    backfill.duration({"--poll", "TIME", "every"}, 1, &given_.poll);
    line_.add({.name = "state show", .summary = "a checkpoint"}, body("state show"));
    line_.add({.name = "state discard", .summary = "undo"}, body("state discard"));
  }

  CommandBody body(const std::string& name) {
    return [this, name](Shell&) -> Result<ExitStatus> {
      ran_ = name;
      return ExitStatus::kDone;
    };
  }

  Parsed parse(std::vector<std::string> arguments) { return line_.parse(arguments, 80); }

  // The command that was run, or what is wrong.
  std::string run(std::vector<std::string> arguments) {
    const Parsed parsed = parse(std::move(arguments));
    if (parsed.kind != Parsed::Kind::kRun) return parsed.text;
    std::string text;
    Output out(text);
    Log log(LogFormat::kText, false);
    Shell shell{out, log, {}, {}};
    EXPECT_TRUE(parsed.body(shell));
    return ran_;
  }

  CommandLine line_;
  Given given_;
  std::string ran_;
};

TEST_F(CommandLineTest, SetsWhatIsGivenAndKeepsTheRest) {
  EXPECT_EQ(run({"show", "--lake=l", "--station", "ST-4", "--totals", "--top", "3"}), "show");
  EXPECT_EQ(given_.lake, "l");
  EXPECT_EQ(given_.station, "ST-4");
  EXPECT_EQ(given_.format, "table");
  EXPECT_EQ(given_.top, 3);
  EXPECT_TRUE(given_.totals);
}

TEST_F(CommandLineTest, TakesPositionalsRepeatedOptionsAndDurations) {
  EXPECT_EQ(run({"backfill", "a.csv", "--map", "bikes=n", "show", "-mx=y", "-", "--poll", "2m",
                 "--", "--b"}),
            "backfill");
  EXPECT_EQ(given_.inputs, (std::vector<std::string>{"a.csv", "show", "-", "--b"}));
  EXPECT_EQ(given_.maps, (std::vector<std::string>{"bikes=n", "x=y"}));
  EXPECT_EQ(given_.poll, 120);
}

TEST_F(CommandLineTest, FindsCommandsOfAGroup) {
  EXPECT_EQ(run({"state", "discard"}), "state discard");
  EXPECT_EQ(run({"state"}), "'state' needs a command after it (see: bikeflow state --help)");
  EXPECT_EQ(
      run({"state", "shwo"}),
      "unknown command 'state shwo'; did you mean 'state show'? (see: bikeflow state --help)");
}

TEST_F(CommandLineTest, SuggestsTheNearestName) {
  EXPECT_EQ(run({"shwo", "--lake", "l"}),
            "unknown command 'shwo'; did you mean 'show'? (see: bikeflow --help)");
  EXPECT_EQ(
      run({"frobnicate"}),
      "unknown command 'frobnicate'; there are: show, backfill, state show, state discard (see: "
      "bikeflow --help)");
  // Before the complaint about what is missing because of it.
  EXPECT_EQ(run({"show", "--lkae", "l"}),
            "unknown option '--lkae'; did you mean '--lake'? (see: bikeflow show --help)");
  EXPECT_EQ(run({"show", "--lake", "l", "--staton=4"}),
            "unknown option '--staton'; did you mean '--station'? (see: bikeflow show --help)");
  EXPECT_EQ(run({"--versoin"}),
            "unknown option '--versoin'; did you mean '--version'? (see: bikeflow --help)");
  EXPECT_EQ(
      run({"show", "--lake", "l", "--format", "jsno"}),
      "--format: 'jsno' is none of: table, csv, json; did you mean 'json'? (see: bikeflow show "
      "--help)");
}

TEST_F(CommandLineTest, RefusesWrongUse) {
  EXPECT_EQ(run({}), "no command (see: bikeflow --help)");
  EXPECT_EQ(run({"show"}), "--lake is missing (see: bikeflow show --help)");
  EXPECT_EQ(run({"backfill"}), "INPUT is missing (see: bikeflow backfill --help)");
  EXPECT_EQ(run({"show", "--lake"}), "--lake needs a value (see: bikeflow show --help)");
  EXPECT_EQ(run({"show", "--lake", "a", "--lake", "b"}),
            "--lake is given twice (see: bikeflow show --help)");
  EXPECT_EQ(run({"show", "--lake", "a", "b"}),
            "'b' is one argument too many (see: bikeflow show --help)");
  EXPECT_EQ(run({"show", "--lake", "--top", "5"}),
            "--lake needs a value (see: bikeflow show --help)");
  EXPECT_EQ(run({"show", "--totals=1"}), "--totals takes no value (see: bikeflow show --help)");
  EXPECT_EQ(run({"show", "-x"}), "unknown option '-x' (see: bikeflow show --help)");
  EXPECT_EQ(run({"show", "--lake", "a", "--top", "0"}),
            "--top: '0' is not a whole number from 1 to 1000 (see: bikeflow show --help)");
  EXPECT_EQ(run({"show", "--lake", "a", "--top", "5x"}),
            "--top: '5x' is not a whole number from 1 to 1000 (see: bikeflow show --help)");
  EXPECT_EQ(run({"backfill", "a", "--poll", "0s"}),
            "--poll: '0s' is shorter than 1s (see: bikeflow backfill --help)");
  EXPECT_EQ(
      run({"backfill", "a", "--poll", "30"}),
      "--poll: '30' is not a duration such as 30s, 10m or 24h (see: bikeflow backfill --help)");
}

TEST_F(CommandLineTest, TakesTheLogFormatOnEitherSideOfTheCommand) {
  EXPECT_EQ(parse({"--log-format", "json", "show", "--lake", "l"}).log_format, LogFormat::kJson);
  EXPECT_EQ(parse({"state", "show", "--log-format", "json"}).log_format, LogFormat::kJson);
  EXPECT_EQ(parse({"state", "show"}).log_format, LogFormat::kText);
  // Of what is wrong too, wherever it stands.
  EXPECT_EQ(parse({"show", "--lkae", "--log-format", "json"}).log_format, LogFormat::kJson);
  EXPECT_EQ(parse({"shwo", "--log-format=json"}).log_format, LogFormat::kJson);
}

TEST_F(CommandLineTest, RefusesAnUnknownLogFormat) {
  EXPECT_EQ(run({"state", "show", "--log-format", "xml"}),
            "--log-format: 'xml' is none of: text, json (see: bikeflow state show --help)");
}

TEST_F(CommandLineTest, PrintsHelpWhateverElseIsWrong) {
  const Parsed parsed = parse({"show", "--help"});
  EXPECT_EQ(parsed.kind, Parsed::Kind::kHelp);
  EXPECT_EQ(parsed.text, R"(bikeflow show: the lake as a table

Usage: bikeflow show --lake DIR [OPTION...]

Prints rows.

Options:
      --lake DIR               the lake to read (required)
      --station ID             only this station
      --format table|csv|json  form (default: table)
      --top N                  so many (default: 10)
      --totals                 sums
      --log-format text|json   form of messages (default: text)

Example:
  bikeflow show --lake lake
)");
}

TEST_F(CommandLineTest, SaysBeforeTheHelpThatThereIsNoSuchCommand) {
  const std::string group = parse({"state", "--help"}).text;
  EXPECT_EQ(parse({"state", "--help", "shwo"}).text,
            "unknown command 'state shwo'; did you mean 'state show'?\n\n" + group);
  EXPECT_EQ(parse({"state", "--what", "shwo", "--help"}).text, group);
}

TEST_F(CommandLineTest, ListsTheCommandsInTheProgramsHelp) {
  const std::string help = parse({"-h"}).text;
  EXPECT_NE(help.find("\n  show           the lake as a table\n"), std::string::npos) << help;
  EXPECT_NE(help.find("Exit status: 0 done;"), std::string::npos) << help;
}

TEST_F(CommandLineTest, TellsTheVersion) {
  EXPECT_TRUE(parse({"--version"}).text.starts_with("bikeflow 0."));
}

}  // namespace
}  // namespace bikeflow
