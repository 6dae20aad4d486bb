"""True trips of San Francisco's bay, January to June 2014, played as polls, through `backfill`."""

import datetime
import pathlib
import zoneinfo

import duckdb
import pytest

import lakes
import recordings

LOS_ANGELES = zoneinfo.ZoneInfo("America/Los_Angeles")


def write_as(table, path: pathlib.Path):
    """A recorded file of the kind that its name says; each kind writes its times in another way."""
    kind = "".join(path.suffixes)
    times = {
        ".parquet": "to_timestamp(observed_at)",
        ".csv.gz": "observed_at",
        ".ndjson.zst": "observed_at * 1000",
        ".csv": "strftime(make_timestamp(observed_at * 1000000), '%Y-%m-%dT%H:%M:%SZ')",
        ".ndjson": "strftime(make_timestamp((observed_at - 28800) * 1000000), '%Y-%m-%dT%H:%M:%S-08:00')",
    }[kind]
    options = {
        ".parquet": "FORMAT parquet",
        ".csv.gz": "FORMAT csv, HEADER, COMPRESSION gzip",
        ".ndjson.zst": "FORMAT json, COMPRESSION zstd",
        ".csv": "FORMAT csv, HEADER",
        ".ndjson": "FORMAT json",
    }[kind]
    with duckdb.connect() as connection:
        connection.register("observations", table)
        connection.execute("SET threads = 1")  # keeps the order
        connection.execute(
            f"COPY (SELECT station_id, {times} AS observed_at, bikes, racks FROM observations)"
            f" TO '{path}' ({options})"
        )


def month(number: int) -> int:
    """When a month of 2014 began there, in Unix seconds."""
    return int(datetime.datetime(2014, number, 1, tzinfo=LOS_ANGELES).timestamp())


@pytest.fixture(scope="module")
def monthly_files(data, expanded, tmp_path_factory):
    """The 60 s polls, a file of another kind for each month."""
    recording = recordings.bayarea(data, expanded, 60)
    folder = tmp_path_factory.mktemp("bayarea")
    kinds = ["parquet", "csv.gz", "ndjson.zst", "csv", "ndjson", "parquet"]
    files = []
    for index, kind in enumerate(kinds):
        files.append(folder / f"{'fbdace'[index]}.{kind}")  # names in another order than the times
        end = month(index + 2) if index + 1 < len(kinds) else None
        write_as(recording.table(month(index + 1) if index else 0, end), files[-1])
    return files


def backfill(bikeflow, files, lake: pathlib.Path) -> lakes.Lake:
    bikeflow.succeed("backfill", *files, "--lake", lake, "--timezone", "America/Los_Angeles",
                     "--system", "bayarea", timeout=300)
    return lakes.Lake(lake)


def test_months_of_all_kinds_at_60_s_equal_the_reference(
        bikeflow, data, expanded, monthly_files, reference_rows, tmp_path, say):
    recording = recordings.bayarea(data, expanded, 60)
    lake = backfill(bikeflow, sorted(monthly_files), tmp_path / "lake")
    reference_rows(recording, tmp_path / "reference.csv")
    assert lake.unequal_to(tmp_path / "reference.csv") == []
    assert lake.unbalanced() == []
    assert lake.discontinuous() == []
    assert lake.data_set("late") == [] and lake.data_set("dead_letter") == []
    assert lake.misplaced("bayarea", LOS_ANGELES) == []
    bikeflow.succeed("verify", "--lake", lake.path, timeout=300)
    expect_fewer_seen_than_true(lake, data, 60, say)


def expect_fewer_seen_than_true(lake: lakes.Lake, data, poll_seconds: int, say):
    """A rental and a return between two polls cancel; nothing else is lost, and nothing is invented."""
    [(rentals, unobserved)] = lake.sql(
        "SELECT sum(total_rental), sum(abs(unobserved_change)) FROM hourly_summary")
    true = len(recordings.bayarea_trips(data)["trip_id"])
    say(f"Bay Area, January to June 2014, a poll every {poll_seconds} s:"
        f" {rentals:,} rentals seen of {true:,} true: {rentals / true:.3f}")
    assert unobserved == 0
    assert rentals < true


@pytest.mark.parametrize("poll_seconds", [30, 300])
def test_rentals_seen_by_poll_interval(
        bikeflow, data, expanded, reference_rows, tmp_path, say, poll_seconds):
    recording = recordings.bayarea(data, expanded, poll_seconds)
    write_as(recording.table(), tmp_path / "polls.parquet")
    lake = backfill(bikeflow, [tmp_path / "polls.parquet"], tmp_path / "lake")
    if poll_seconds == 300:  # for 37 million observations the reference needs 3 GB
        reference_rows(recording, tmp_path / "reference.csv")
        assert lake.unequal_to(tmp_path / "reference.csv") == []
    assert lake.unbalanced() == []
    expect_fewer_seen_than_true(lake, data, poll_seconds, say)


@pytest.mark.parametrize("length, slide", [("1h", "5m"), ("30m", "30m")])
def test_other_windows_equal_the_reference(
        bikeflow, data, expanded, reference_rows, tmp_path, length, slide):
    """Sliding windows in a zone whose hours start at :30 UTC; a week of 5-minute polls."""
    whole = recordings.bayarea(data, expanded, 300)
    table = whole.table(month(3), month(3) + 7 * 86400)
    week = recordings.Recording(tmp_path / "week.done")
    numbers = [whole.station_ids.index(station) for station in table["station_id"].to_pylist()]
    week.write(*(column.to_numpy() for column in (table["observed_at"],)), numbers,
               table["bikes"].to_numpy(), table["racks"].to_numpy(), whole.station_ids)
    write_as(table, tmp_path / "week.parquet")
    (tmp_path / "bikeflow.toml").write_text(
        '[system]\nid = "bayarea"\ntimezone = "Asia/Kolkata"\n'
        f'[window]\nlength = "{length}"\nslide = "{slide}"\nmax_gap = "4m"\n')
    bikeflow.succeed("backfill", tmp_path / "week.parquet", "--lake", tmp_path / "lake",
                     "--timezone", "Asia/Kolkata", "-c", tmp_path / "bikeflow.toml")
    seconds = {"1h": "3600", "30m": "1800", "5m": "300"}
    reference_rows(week, tmp_path / "reference.csv", [
        "--length", seconds[length], "--slide", seconds[slide], "--max-gap", "240", "--phase", "1800"])
    assert lakes.Lake(tmp_path / "lake").unequal_to(tmp_path / "reference.csv") == []
