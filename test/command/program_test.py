"""The program as scripts and terminals meet it: help, wrong use, forms of output, exit status."""

import csv
import io
import json
import os
import pty
import re
import subprocess

import pytest

import lakes
import synthetic


@pytest.fixture(scope="module")
def lake(bikeflow, tmp_path_factory):
    folder = tmp_path_factory.mktemp("program")
    recording = synthetic.city(folder / "city.done")
    (folder / "city.ndjson").write_text("\n".join(synthetic.lines(recording)) + "\n")
    bikeflow.succeed("backfill", folder / "city.ndjson", "--lake", folder / "lake", "--timezone",
                     "Asia/Seoul", "--system", "seoul")
    return lakes.Lake(folder / "lake")


def commands(bikeflow) -> list[str]:
    text = bikeflow.succeed("--help").stdout
    listed = text.partition("Commands:\n")[2].partition("\n\n")[0]
    return [match[1] for match in re.finditer(r"^  (\S+(?: \S+)?)  ", listed, re.MULTILINE)]


def on_a_terminal(bikeflow, *arguments, **environment) -> str:
    """What a command prints on a terminal, standard error included."""
    try:
        ours, theirs = pty.openpty()
    except OSError:
        pytest.skip("this system gives out no terminals (is /dev/pts mounted?)")
    env = {**os.environ, "TERM": "xterm", **environment}
    env = {name: value for name, value in env.items() if value is not None}
    child = subprocess.Popen(bikeflow.command(*arguments), stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs,
                             env=env)
    os.close(theirs)
    text = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # the terminal's other end is closed
            break
        if not part:
            break
        text += part
    os.close(ours)
    child.wait(timeout=60)
    return text.decode()


def test_every_command_has_help_with_an_example(bikeflow):
    found = commands(bikeflow)
    for expected in ("demo", "run", "backfill", "show", "verify", "check", "simulate", "state show", "state discard",
                     "describe"):
        assert expected in found
    for command in found:
        done = bikeflow.succeed(*command.split(), "--help")
        assert f"Usage: bikeflow {command}" in done.stdout
        assert f"  bikeflow {command} " in done.stdout.partition("Example")[2] or command == "describe"
        assert done.stderr == ""
        assert max(map(len, done.stdout.partition("\nExample")[0].splitlines())) <= 80


def test_wrong_use_is_status_2_and_suggests(bikeflow):
    for arguments, message in (
        ((), "no command (see: bikeflow --help)"),
        (("shwo",), "unknown command 'shwo'; did you mean 'show'?"),
        (("show", "--lkae", "x"), "unknown option '--lkae'; did you mean '--lake'?"),
        (("show",), "--lake is missing"),
        (("show", "--lake", "x", "--from", "yesterday"), "--from: 'yesterday' is not a time such as"),
        (("verify", "--lake", "x", "--format", "xml"), "--format: 'xml' is none of: text, json"),
        (("serve",), "--config is missing"),
        (("state", "rewind"), "--lake is missing"),
        (("state",), "'state' needs a command after it"),
        (("run",), "run needs one of --config FILE and --feed URL"),
    ):
        done = bikeflow.run(*arguments)
        assert (done.returncode, done.stdout) == (2, ""), arguments
        assert done.stderr.startswith("bikeflow: error: ") and message in done.stderr


def test_messages_as_json(bikeflow):
    done = bikeflow.run("show", "--lkae", "x", "--log-format", "json")
    assert done.returncode == 2
    message = json.loads(done.stderr)
    assert message["level"] == "error" and "'--lake'" in message["message"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", message["time"])


def test_a_pipeline_without_a_source_is_refused(bikeflow, tmp_path):
    config = tmp_path / "bikeflow.toml"
    config.write_text(f'[system]\nid = "seoul"\ntimezone = "Asia/Seoul"\n[lake]\nurl = "{tmp_path}/lake"\n'
                      '[dashboard]\nlisten = "127.0.0.1:0"\n')
    done = bikeflow.run("run", "-c", config)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{config}: names no source: a [feed], or a topic in [kafka]" in done.stderr
    done = bikeflow.run("serve", "-c", config)
    assert done.returncode == 1 and "this has no [kafka]" in done.stderr
    done = bikeflow.run("check", "-c", config)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ok          dashboard     127.0.0.1:0: free to listen on" in done.stdout
    assert not (tmp_path / "lake").exists()


def test_a_wrong_configuration_is_refused_as_by_a_compiler(bikeflow, tmp_path):
    config = tmp_path / "bikeflow.toml"
    config.write_text('[system]\nid = "seoul"\ntimezone = "Asia/Soul"\n[feed]\nkind = "seoul"\nkey = "hunter2"\n'
                      'evry = "30s"\n[lake]\nurl = "lake"\n[window]\nlenght = "1h"\n')
    done = bikeflow.run("check", "-c", config)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        f"{config}:3:12: error: Asia/Soul: no such time zone; did you mean 'Asia/Seoul'?",
        '    3 | timezone = "Asia/Soul"',
        "      |            ^~~~~~~~~~~",
        f"{config}:7:1: error: unknown key 'evry' in [feed]; did you mean 'every'?",
        '    7 | evry = "30s"',
        "      | ^~~~",
        f"{config}:11:1: error: unknown key 'lenght' in [window]; did you mean 'length'?",
        '   11 | lenght = "1h"',
        "      | ^~~~~~",
        f"bikeflow: error: {config}: 3 errors",
    ]


def test_the_example_of_a_configuration_is_right_and_all_defaults(bikeflow):
    assert bikeflow.succeed("describe", "-c", "examples/bikeflow.toml").stdout == bikeflow.succeed("describe").stdout


def test_secrets_come_from_the_environment_and_stay_out_of_messages(bikeflow, tmp_path):
    config = tmp_path / "bikeflow.toml"
    config.write_text('[system]\nid = "seoul"\ntimezone = "Asia/Seoul"\n[feed]\nkind = "seoul"\n'
                      f'key = "${{SEOUL_API_KEY}}"\nurl = "http://127.0.0.1:1"\n[lake]\nurl = "{tmp_path}/lake"\n')
    done = bikeflow.run("check", "-c", config)
    assert done.returncode == 1
    assert f"{config}:6:7: error: [feed] key: the environment variable SEOUL_API_KEY is not set" in done.stderr
    done = bikeflow.run("check", "-c", config, env={"SEOUL_API_KEY": "hunter2"})
    assert done.returncode == 1 and "refused: http://127.0.0.1:1/***/json/bikeList/1/1000/" in done.stdout
    assert "hunter2" not in done.stdout + done.stderr
    config.write_text(config.read_text().replace('"${SEOUL_API_KEY}"', "hunter2"))
    done = bikeflow.run("check", "-c", config)
    assert done.returncode == 1 and "hunter2" not in done.stdout + done.stderr


def test_show_prints_what_readers_see(bikeflow, lake):
    rows = list(csv.DictReader(io.StringIO(bikeflow.succeed("show", "--lake", lake.path, "--format", "csv").stdout)))
    expected = lake.sql("SELECT strftime(start, '%Y-%m-%dT%H:%M:%SZ'), stationId, total_rental, bikes_close"
                        " FROM hourly_summary ORDER BY start, stationId")
    found = [(row["start"], row["stationId"], int(row["total_rental"]), int(row["bikes_close"])) for row in rows]
    assert found == expected and len(found) > 50
    assert list(rows[0]) == [*lakes.COLUMNS, "hour_state"] and {row["hour_state"] for row in rows} <= {"final", "open"}
    assert json.loads(bikeflow.succeed("show", "--lake", lake.path, "--format", "json").stdout) == [
        {name: value if name in ("start", "end", "stationId", "hour_state") else int(value) for name, value in row.items()}
        for row in rows]


def test_show_sums_what_readers_sum(bikeflow, lake):
    totals = json.loads(bikeflow.succeed("show", "--lake", lake.path, "--totals", "--format", "json").stdout)
    assert [(hour["stations"], hour["total_rental"], hour["total_return"]) for hour in totals] == lake.sql(
        "SELECT count(*), sum(total_rental)::BIGINT, sum(total_return)::BIGINT FROM hourly_summary"
        " GROUP BY start ORDER BY start")
    top = json.loads(bikeflow.succeed("show", "--lake", lake.path, "--top", "3", "--format", "json").stdout)
    assert [(row["stationId"], row["total_rental"]) for row in top] == lake.sql(
        "SELECT stationId, sum(total_rental)::BIGINT AS n FROM hourly_summary GROUP BY stationId"
        " ORDER BY n DESC, stationId LIMIT 3")
    some = bikeflow.succeed("show", "--lake", lake.path, "--from", "2024-08-11T08:00", "--to", "2024-08-11T09:00",
                            "--station", "ST-7", "--format", "json").stdout
    assert [row["start"] for row in json.loads(some)] == ["2024-08-10T23:00:00Z"]


def test_an_empty_result_says_why(bikeflow, lake):
    done = bikeflow.succeed("show", "--lake", lake.path, "--from", "2030-01-01", "--format", "json")
    assert json.loads(done.stdout) == []
    assert "no hour begins in that time; the lake has hours from 2024-08-11 07:00 to " in done.stderr


def test_a_reader_that_leaves_early_ends_it_quietly(bikeflow, lake):
    show = subprocess.Popen(bikeflow.command("show", "--lake", lake.path), stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)
    show.stdout.close()
    assert (show.stderr.read(), show.wait(timeout=60)) == ("", 0)


def test_a_full_disk_under_the_output_is_an_error(bikeflow, lake):
    with open("/dev/full", "w") as full:
        done = subprocess.run(bikeflow.command("show", "--lake", lake.path), stdout=full, stderr=subprocess.PIPE,
                              text=True)
    assert done.returncode == 1
    assert done.stderr == "bikeflow: error: cannot write to standard output: No space left on device\n"


def test_colours_are_for_terminals_that_want_them(bikeflow, lake):
    arguments = ("show", "--lake", lake.path, "--totals")
    assert "\x1b[" in on_a_terminal(bikeflow, *arguments, NO_COLOR=None)
    assert "\x1b[" not in on_a_terminal(bikeflow, *arguments, NO_COLOR="1")
    assert "\x1b[" not in on_a_terminal(bikeflow, *arguments, NO_COLOR=None, TERM="dumb")
    assert "\x1b[" not in bikeflow.succeed(*arguments, env={"NO_COLOR": "", "TERM": "xterm"}).stdout
    assert "\x1b[31m" in on_a_terminal(bikeflow, "shwo", NO_COLOR=None)


def test_a_backfill_is_undone_and_done_again(bikeflow, tmp_path):
    recording = synthetic.city(tmp_path / "city.done", hours=3)
    (tmp_path / "city.ndjson").write_text("\n".join(synthetic.lines(recording)) + "\nno observation\n")
    lake = lakes.Lake(tmp_path / "lake")
    backfill = ("backfill", tmp_path / "city.ndjson", "--lake", lake.path, "--timezone", "Asia/Seoul",
                "--system", "seoul")
    bikeflow.succeed(*backfill)
    before = lake.hashes()
    assert len(before) > 6
    shown = json.loads(bikeflow.succeed("state", "show", "--lake", lake.path, "--format", "json").stdout)
    assert shown[0]["dead_letters"] == {"not_json": 1}
    assert shown[0]["partitions"][0]["newest_file"] == lake.files()[-1]

    listed = bikeflow.succeed("state", "discard", "--lake", lake.path).stdout.splitlines()
    assert set(before) < {os.path.relpath(path, lake.path) for path in listed}
    assert lake.hashes() == before
    bikeflow.succeed("state", "discard", "--lake", lake.path, "--yes")
    assert lake.hashes() == {}

    bikeflow.succeed(*backfill)
    again = lake.hashes("dead_letter")  # those tell when they were read
    assert again == {name: value for name, value in before.items() if not name.startswith("dead_letter")}
    bikeflow.succeed("verify", "--lake", lake.path)
