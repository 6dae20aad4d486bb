"""The files of the lake as other programs see them: names, types, values, nulls, compression."""

import datetime
import subprocess

import duckdb
import pandas
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

MS_UTC = pa.timestamp("ms", "UTC")
START = datetime.datetime(2024, 8, 11, 14, tzinfo=datetime.timezone.utc)

# As the page "What the numbers mean" has them; a column is never renamed, moved or retyped.
COLUMNS = {
    "hourly_summary": [
        ("start", MS_UTC), ("end", MS_UTC), ("stationId", pa.string()),
        ("total_rental", pa.int64()), ("total_return", pa.int64()), ("unobserved_change", pa.int64()),
        ("bikes_open", pa.int32()), ("bikes_close", pa.int32()), ("bikes_min", pa.int32()),
        ("bikes_max", pa.int32()), ("observed_seconds", pa.int32()), ("empty_seconds", pa.int32()),
        ("full_seconds", pa.int32()), ("largest_rental", pa.int32()), ("largest_return", pa.int32())],
    "late": [
        ("station_id", pa.string()), ("observed_at", MS_UTC), ("bikes", pa.int32()), ("racks", pa.int32()),
        ("watermark", MS_UTC), ("source", pa.string()), ("partition", pa.int32()), ("offset", pa.int64())],
    "dead_letter": [
        ("source", pa.string()), ("partition", pa.int32()), ("offset", pa.int64()), ("received_at", MS_UTC),
        ("reason", pa.string()), ("detail", pa.string()), ("byte", pa.int64()), ("record", pa.binary())],
}
NULLABLE = {"racks", "byte"}


@pytest.fixture(scope="module")
def folder(program, tmp_path_factory):
    folder = tmp_path_factory.mktemp("samples")
    subprocess.run([program.parent / "test" / "sample_files", folder], check=True)
    return folder


@pytest.mark.parametrize("name", COLUMNS)
def test_columns_in_pyarrow(folder, name):
    schema = pq.read_schema(folder / f"{name}.parquet")
    assert [(field.name, field.type) for field in schema] == COLUMNS[name]
    assert {field.name for field in schema if field.nullable} == NULLABLE & set(schema.names)
    assert schema.metadata == {b"source": b"bikes", b"closed_by": b"idle"}


@pytest.mark.parametrize("name", COLUMNS)
def test_zstd_and_dictionaries(folder, name):
    metadata = pq.ParquetFile(folder / f"{name}.parquet").metadata
    assert metadata.num_row_groups == 1
    for i in range(metadata.num_columns):
        column = metadata.row_group(0).column(i)
        assert column.compression == "ZSTD"
        assert column.has_dictionary_page == (COLUMNS[name][i][1] == pa.string()), column.path_in_schema
        assert column.is_stats_set == (COLUMNS[name][i][1] == MS_UTC), column.path_in_schema


def test_values_in_pyarrow(folder):
    hourly = pq.read_table(folder / "hourly_summary.parquet").to_pylist()
    assert len(hourly) == 3000
    assert list(hourly[2999].values()) == [
        START, START + datetime.timedelta(hours=1), "ST-2999", 2999, 2, -2999, 3, 5, 1, 7, 3600, 2999, 0, 2, 1]
    late = pq.read_table(folder / "late.parquet").to_pylist()
    assert [row["racks"] for row in late[:3]] == [15, None, 15]
    assert late[59]["observed_at"] == START + datetime.timedelta(seconds=59)
    letters = pq.read_table(folder / "dead_letter.parquet").to_pylist()
    assert [row["byte"] for row in letters[:4]] == [0, None, None, 3]
    assert (letters[7]["reason"], letters[7]["detail"], letters[7]["record"]) == ("bad_bikes", "따릉이", b"{\xff")
    assert pq.read_table(folder / "empty.parquet").num_rows == 0


def test_duckdb(folder):
    types = {name: kind for name, kind, *_ in
             duckdb.sql(f"DESCRIBE FROM '{folder}/hourly_summary.parquet'").fetchall()}
    assert types["start"] == types["end"] == "TIMESTAMP WITH TIME ZONE"
    assert types["stationId"] == "VARCHAR"
    assert types["total_rental"] == "BIGINT" and types["bikes_open"] == "INTEGER"
    query = f"""SELECT count(*), sum(total_rental), min(epoch("start")), max(stationId), sum(bikes_max)
                FROM '{folder}/hourly_summary.parquet' WHERE "start" = '2024-08-11 14:00:00+00'"""
    assert duckdb.sql(query).fetchall() == [(3000, 3000 * 2999 // 2, START.timestamp(), "ST-2999", 21000)]
    assert duckdb.sql(f"SELECT count(racks), count(*) FROM '{folder}/late.parquet'").fetchall() == [(1500, 3000)]
    assert duckdb.sql(f"SELECT sum(byte), any_value(record) FROM '{folder}/dead_letter.parquet'").fetchall() == [
        (sum(range(0, 3000, 3)), b"{\xff")]
    assert duckdb.sql(f"SELECT count(*) FROM '{folder}/empty.parquet'").fetchall() == [(0,)]


def test_pandas(folder):
    frame = pandas.read_parquet(folder / "hourly_summary.parquet")
    assert str(frame["start"].dtype) == "datetime64[ms, UTC]"
    assert frame["total_rental"].dtype == "int64" and frame["bikes_open"].dtype == "int32"
    assert (frame["start"] == pandas.Timestamp(START)).all()
    assert frame["stationId"].iloc[-1] == "ST-2999"
    assert pandas.read_parquet(folder / "late.parquet")["racks"].isna().sum() == 1500
