"""`verify` names what was done to a lake behind its writer's back."""

import json
import pathlib
import shutil

import pyarrow
import pyarrow.parquet
import pytest

import lakes
import synthetic


@pytest.fixture(scope="module")
def written(bikeflow, tmp_path_factory):
    folder = tmp_path_factory.mktemp("verify")
    recording = synthetic.city(folder / "city.done")
    lines = synthetic.lines(recording)
    lines[2000:2000] = [lines[0], "no record"]  # a late one and a dead letter
    (folder / "city.ndjson").write_text("\n".join(lines) + "\n")
    bikeflow.succeed("backfill", folder / "city.ndjson", "--lake", folder / "lake", "--timezone",
                     "Asia/Seoul", "--system", "seoul")
    return folder / "lake"


@pytest.fixture
def lake(written, tmp_path):
    """A copy of the lake, to be damaged."""
    shutil.copytree(written, tmp_path / "lake")
    return lakes.Lake(tmp_path / "lake")


def rewrite(path: pathlib.Path, change):
    """Replaces a row file by what `change` makes of its table, with the metadata as it was."""
    table = pyarrow.parquet.ParquetFile(path).read()
    changed = change(table).replace_schema_metadata(table.schema.metadata)
    pyarrow.parquet.write_table(changed, path, compression="zstd")


def add_one(table: pyarrow.Table, *columns: str) -> pyarrow.Table:
    for column in columns:
        index = table.schema.get_field_index(column)
        values = table[column].to_pylist()
        values[0] += 1
        table = table.set_column(index, table.schema.field(index), pyarrow.array(values, table.schema.field(index).type))
    return table


def expect_named(bikeflow, lake: lakes.Lake, *names: str) -> str:
    """Status 1, and a line of the report has each of the names."""
    done = bikeflow.run("verify", "--lake", lake.path)
    assert done.returncode == 1, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
    for name in names:
        assert name in done.stdout, done.stdout
    assert "state discard" in done.stderr, "says what to do"
    return done.stdout


def test_an_intact_lake_is_intact(bikeflow, lake):
    before = lake.hashes()
    done = bikeflow.run("verify", "--lake", lake.path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not done.stderr
    assert lake.hashes() == before
    assert len(lake.files()) == 6


@pytest.mark.parametrize("which", [0, 3, -1])
@pytest.mark.parametrize("columns", [
    ("bikes_close",), ("total_rental", "total_return"), ("observed_seconds",), ("largest_return",)], ids="+".join)
def test_a_changed_count(bikeflow, lake, which, columns):
    name = lake.files()[which]
    rewrite(lake.path / name, lambda table: add_one(table, *columns))
    expect_named(bikeflow, lake, name)


def test_a_row_file_written_again_as_it_was_is_no_damage(bikeflow, lake):
    rewrite(lake.path / lake.files()[2], lambda table: table)
    bikeflow.succeed("verify", "--lake", lake.path)


@pytest.mark.parametrize("which", [0, 3, -1])
def test_a_missing_hour_file(bikeflow, lake, which):
    name = lake.files()[which]
    (lake.path / name).unlink()
    expect_named(bikeflow, lake, name)


def test_several_missing_hours(bikeflow, lake):
    for name in lake.files()[2:5]:
        (lake.path / name).unlink()
    expect_named(bikeflow, lake, lake.files()[1].rpartition("/")[0].rpartition("=")[0])


@pytest.mark.parametrize("where", ["same", "other"])
def test_a_duplicate_file(bikeflow, lake, where):
    source = lake.path / lake.files()[1]
    folder = source.parent if where == "same" else (lake.path / lake.files()[4]).parent
    copy = folder / source.name.replace("backfill-0", "backfill-9").replace("backfill", "copy")
    shutil.copyfile(source, copy)
    expect_named(bikeflow, lake, str(copy.relative_to(lake.path)))


def test_a_file_in_another_hour(bikeflow, lake):
    source, other = lake.path / lake.files()[1], lake.path / lake.files()[4]
    moved = other.parent / source.name
    source.rename(moved)
    expect_named(bikeflow, lake, str(moved.relative_to(lake.path)))


@pytest.mark.parametrize("row", [0, 5, -1])
def test_a_missing_station_row(bikeflow, lake, row):
    name = lake.files()[3]

    def without(table):
        row_number = row % table.num_rows
        return pyarrow.concat_tables([table.slice(0, row_number), table.slice(row_number + 1)])

    rewrite(lake.path / name, without)
    expect_named(bikeflow, lake, name)


def test_a_row_twice(bikeflow, lake):
    name = lake.files()[3]
    rewrite(lake.path / name, lambda table: pyarrow.concat_tables([table, table.slice(2, 1)]))
    expect_named(bikeflow, lake, name)


def test_foreign_files(bikeflow, lake):
    folder = (lake.path / lake.files()[2]).parent
    rows = pyarrow.table({"start": [1], "stationId": ["ST-1"]})
    pyarrow.parquet.write_table(rows, folder / "part-00000.parquet")
    (folder / "notes.parquet").write_text("no Parquet at all")
    (lake.path / "hourly_summary" / "stray.parquet").write_bytes((lake.path / lake.files()[0]).read_bytes())
    report = expect_named(
        bikeflow, lake, str((folder / "part-00000.parquet").relative_to(lake.path)),
        str((folder / "notes.parquet").relative_to(lake.path)), "hourly_summary/stray.parquet")
    assert report.isprintable() or "\n" in report


def test_a_truncated_file(bikeflow, lake):
    name = lake.files()[3]
    path = lake.path / name
    path.write_bytes(path.read_bytes()[:-100])
    expect_named(bikeflow, lake, name)


def test_metadata_that_lies(bikeflow, lake):
    name = lake.files()[3]
    table = pyarrow.parquet.ParquetFile(lake.path / name).read()
    lie = {**table.schema.metadata, b"window_start": b"2024-08-11T05:00:00Z"}
    pyarrow.parquet.write_table(table.replace_schema_metadata(lie), lake.path / name)
    expect_named(bikeflow, lake, name)


def test_a_report_for_programs(bikeflow, lake):
    name = lake.files()[3]
    (lake.path / name).unlink()
    done = bikeflow.run("verify", "--lake", lake.path, "--format", "json")
    assert done.returncode == 1
    assert name in json.dumps(json.loads(done.stdout), ensure_ascii=False)


def test_what_is_no_lake_cannot_be_verified(bikeflow, tmp_path):
    for path in (tmp_path / "nothing", tmp_path):
        done = bikeflow.run("verify", "--lake", path)
        assert done.returncode == 3, done.stdout + done.stderr
        assert str(path) in done.stderr
