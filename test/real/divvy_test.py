"""Chicago's feed of July to September 2013, 15.7 million observations, through `backfill`."""

import gzip
import json
import re
import zoneinfo

import numpy
import pandas
import pyarrow.dataset
import pyarrow.parquet
import pytest

import lakes

CHICAGO = zoneinfo.ZoneInfo("America/Chicago")
TYPES = {
    "start": "TIMESTAMP WITH TIME ZONE",
    "end": "TIMESTAMP WITH TIME ZONE",
    "stationId": "VARCHAR",
    "total_rental": "BIGINT",
    "total_return": "BIGINT",
    "unobserved_change": "BIGINT",
} | {column: "INTEGER" for column in lakes.COLUMNS[6:]}


@pytest.fixture(scope="module")
def parquet(divvy, expanded):
    """The expansion as one Parquet file with integer station ids."""
    path = expanded / (divvy.path.stem + ".parquet")
    if not path.exists():
        table = divvy.table()
        ids = pyarrow.array([int(station) for station in divvy.station_ids], pyarrow.int32())
        ids = ids.take(table["station_id"].combine_chunks().indices)
        pyarrow.parquet.write_table(table.set_column(0, "station_id", ids), path.with_suffix(".part"))
        path.with_suffix(".part").rename(path)
    return path


@pytest.fixture(scope="module")
def lake(bikeflow, parquet, tmp_path_factory):
    path = tmp_path_factory.mktemp("divvy") / "lake"
    bikeflow.succeed("backfill", parquet, "--lake", path, "--timezone", "America/Chicago",
                     "--system", "divvy", timeout=300)
    return lakes.Lake(path)


@pytest.fixture(scope="module")
def reference(divvy, reference_rows, tmp_path_factory):
    path = tmp_path_factory.mktemp("reference") / "divvy.csv"
    counted = reference_rows(divvy, path)
    assert counted == "accepted 15666628 repeated 0 late 0 time_jump 0\n"
    return path


def test_every_row_equals_the_reference(lake, reference):
    assert lake.unequal_to(reference) == []


def test_the_books_balance(lake):
    assert lake.unbalanced() == []
    assert lake.discontinuous() == []


def test_nothing_is_late_or_dead(lake):
    assert lake.data_set("late") == []
    assert lake.data_set("dead_letter") == []


def test_rentals_beside_the_true_trips(lake, divvy, data, say):
    [(rentals, returns)] = lake.sql("SELECT sum(total_rental), sum(total_return) FROM hourly_summary")
    with gzip.open(data / "divvy-2013-q3.trips-sample.csv.gz", "rt") as lines:
        starts = pandas.read_csv(lines)["started_at"].to_numpy()
    polls = numpy.unique(divvy.records["observed_at"])
    starts = starts[(starts >= polls[0]) & (starts < polls[-1])]
    before = numpy.searchsorted(polls, starts, side="right") - 1
    is_seen = polls[before + 1] - polls[before] <= 600
    share = 1 / 75 + 1 / 100 - 1 / 300
    true, seen = len(starts) / share, is_seen.sum() / share
    say(f"Divvy, July to September 2013: {rentals:,} rentals inferred ({returns:,} returns); {true:,.0f} true trips"
        f" ({len(starts):,} sampled), {seen:,.0f} of them while it was recorded: {rentals / seen:.3f} of these")
    assert rentals > 0


def test_duckdb_reads_types_and_sums(lake, reference):
    described = lake.sql("SELECT column_name, column_type FROM (DESCRIBE hourly_summary)")
    assert dict(described[: len(TYPES)]) == TYPES
    assert {name for name, _ in described[len(TYPES):]} == {"system", "year", "month", "day", "hour"}
    sums = ", ".join(f"sum({column})::BIGINT" for column in lakes.SUMMED)
    expected = pandas.read_csv(reference)[lakes.SUMMED].sum()
    assert lake.sql(f"SELECT {sums} FROM hourly_summary") == [tuple(expected.astype(int))]
    # The partition columns are usable as they are.
    by_month = lake.sql("SELECT system, year, month, count(*) FROM hourly_summary GROUP BY ALL ORDER BY ALL")
    assert [row[:3] for row in by_month] == [("divvy", 2013, "07"), ("divvy", 2013, "08"), ("divvy", 2013, "09")]


def test_pyarrow_and_pandas_read_it(lake, reference):
    expected = pandas.read_csv(reference, dtype={"stationId": str})
    dataset = pyarrow.dataset.dataset(lake.path / "hourly_summary", partitioning="hive")
    assert dataset.schema.names == [*lakes.COLUMNS, "system", "year", "month", "day", "hour"]
    assert dataset.schema.field("start").type == pyarrow.timestamp("ms", tz="UTC")
    rows = dataset.to_table().to_pandas()
    assert rows["start"].dt.tz is not None
    assert rows[lakes.SUMMED].sum().to_dict() == expected[lakes.SUMMED].sum().to_dict()

    rows = pandas.read_parquet(lake.path / "hourly_summary", filters=[("month", "=", 8)])
    starts = pandas.to_datetime(expected["start"], unit="s", utc=True).dt.tz_convert(CHICAGO)
    assert len(rows) == int((starts.dt.month == 8).sum())
    assert set(rows["stationId"]) == set(expected["stationId"][starts.dt.month == 8])


def test_paths_say_the_local_hour_of_the_start(lake):
    assert lake.misplaced("divvy", CHICAGO) == []


def test_one_whole_sorted_file_for_an_hour(lake):
    files = lake.files()
    assert len(files) == len({name.rpartition("/")[0] for name in files})
    [(hours,)] = lake.sql("SELECT count(DISTINCT start) FROM hourly_summary")
    assert len(files) == hours
    for name in files[:: len(files) // 50]:
        table = pyarrow.parquet.ParquetFile(lake.path / name).read()
        stations = table["stationId"].to_pylist()
        assert stations == sorted(set(stations), key=str.encode), name
        assert int(table.schema.metadata[b"rows"]) == len(stations), name
        assert len(set(table["start"].to_pylist())) == 1, name
        assert (lake.path / name).parent.joinpath("_SUCCESS").exists(), name
    assert lake.sql(
        "SELECT count(*) FROM parquet_metadata(?) WHERE compression <> 'ZSTD'",
        str(lake.path / files[0])) == [(0,)]


def test_a_second_backfill_of_the_same_file_changes_nothing(bikeflow, lake, parquet):
    before = lake.hashes()
    bikeflow.succeed("backfill", parquet, "--lake", lake.path, "--timezone", "America/Chicago",
                     "--system", "divvy", timeout=300)
    assert lake.hashes() == before


def test_verify_finds_nothing(bikeflow, lake):
    done = bikeflow.succeed("verify", "--lake", lake.path, timeout=300)
    assert "violation" not in done.stdout or re.search(r"\b0 violations|no violations", done.stdout)


def test_show_agrees(bikeflow, lake):
    done = bikeflow.succeed("show", "--lake", lake.path, "--from", "2013-08-10T10:00:00", "--to",
                            "2013-08-10T12:00:00", "--totals", "--format", "json", timeout=60)
    [(rentals, returns)] = lake.sql(
        "SELECT sum(total_rental)::BIGINT, sum(total_return)::BIGINT FROM hourly_summary"
        " WHERE month = 8 AND day = 10 AND hour IN (10, 11)")
    totals = json.loads(done.stdout)
    assert sum(hour["total_rental"] for hour in totals) == rentals
    assert sum(hour["total_return"] for hour in totals) == returns
