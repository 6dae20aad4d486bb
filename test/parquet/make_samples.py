"""Writes the Parquet files beside it, which the tests of src/lake/ and src/io/ read: column types and
damage that bikeflow's own encoder never makes.

    python3 test/parquet/make_samples.py
"""

import base64
import datetime
import pathlib

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as encryption

HERE = pathlib.Path(__file__).parent
POLL = 1_723_384_800  # 2024-08-11T14:00:00Z


def write(name: str, columns: dict[str, pa.Array], **options) -> None:
    pq.write_table(pa.table(columns), HERE / f"{name}.parquet", compression="zstd", **options)


def good(**changed) -> dict[str, pa.Array]:
    """Two polls of two stations; a column given as None is left out."""
    columns = {
        "station_id": pa.array(["ST-4", "ST-5", "ST-4", "ST-5"]),
        "observed_at": pa.array([POLL, POLL, POLL + 30, POLL + 30], pa.int64()),
        "bikes": pa.array([3, 0, 2, 10_000], pa.int32()),
        "racks": pa.array([15, 8, 15, None], pa.int32()),
    } | changed
    return {name: column for name, column in columns.items() if column is not None}


def times(unit: str, zone: str | None, factor: int) -> pa.Array:
    seconds = [POLL, POLL, POLL + 30, POLL + 30]
    return pa.array([second * factor + factor // 2 for second in seconds], pa.timestamp(unit, zone))


def write_types() -> None:
    write("plain", good())
    write("small_integers", good(
        station_id=pa.array([4, 70_000, 4, 70_000], pa.uint32()),
        observed_at=pa.array([POLL * 1000 + 1, POLL * 1000, POLL * 1000 + 30_999, POLL * 1000 + 30_000], pa.uint64()),
        bikes=pa.array([3, 0, 2, 100], pa.uint8()), racks=pa.array([15, 8, 15, None], pa.int16())))
    write("texts", good(
        observed_at=pa.array(["2024-08-11 22:00:00", "2024-08-11T14:00:00Z", "2024-08-11T23:00:30+09:00",
                              str(POLL + 30)]),
        bikes=pa.array(["3", "0", "2", "10000"]), racks=pa.array(["15", "8", "15.5", ""])))
    write("dictionaries", good(
        station_id=pa.array(["ST-4", "ST-5", "ST-4", "ST-5"]).dictionary_encode(),
        bikes=pa.DictionaryArray.from_arrays(pa.array([1, 0, 2, 3], pa.int8()), pa.array([0, 3, 2, 10_000]))))
    write("large_strings", good(station_id=pa.array(["ST-4", "ST-5", "ST-4", "ST-5"], pa.large_string())))
    write("string_views", good(station_id=pa.array(["ST-4", "ST-5", "ST-4", "ST-5"], pa.string_view())))
    write("binary", good(station_id=pa.array([b"ST-4", b"ST-5", b"ST-4", b"ST-5"])))
    write("not_dictionary_encoded", good(), use_dictionary=False)
    for unit, factor in {"ms": 1000, "us": 1_000_000, "ns": 1_000_000_000}.items():
        write(f"timestamp_{unit}", good(observed_at=times(unit, "UTC", factor)))
    write("timestamp_int96", good(observed_at=times("ns", None, 1_000_000_000)),
          use_deprecated_int96_timestamps=True)
    write("no_racks", good(racks=None))
    write("null_racks", good(racks=pa.nulls(4)))
    write("topic_names", {
        "rackTotCnt": pa.array(["15", "8", "15", None]), "parkingBikeTotCnt": pa.array(["3", "0", "2", "10000"]),
        "stationId": pa.array(["ST-4", "ST-5", "ST-4", "ST-5"]),
        "timestamp": pa.array(["2024-08-11 23:00:00"] * 2 + ["2024-08-11 23:00:30"] * 2),
        "tags": pa.array([["a"], [], None, ["b", "c"]])})
    write("both_names", {"stationId": pa.array(["X"] * 4)} | good() | {"timestamp": pa.array(["x"] * 4)})
    write("systems", good(system=pa.array(["seoul", None, "", "busan"])))


def write_local_times() -> None:
    """The night in which Chicago's clocks went back, 2013-11-03, and an hour that it never had."""
    minutes = [(3, 0, 59), (3, 1, 0), (3, 1, 59), (3, 1, 0), (3, 1, 20), (3, 2, 0)]
    local = [datetime.datetime(2013, 11, day, hour, minute) for day, hour, minute in minutes]
    local.append(datetime.datetime(2013, 3, 10, 2, 30))
    rows = len(local)
    write("local_times", {
        "station_id": pa.array(["5"] * rows), "observed_at": pa.array(local, pa.timestamp("us")),
        "bikes": pa.array(range(rows), pa.int32())}, row_group_size=4)


def write_refused() -> None:
    """Each row but the first and the last is refused."""
    at, name = POLL, "ST-4"
    rows = [
        (name, at, 1, "seoul"),
        (None, at, None, "seoul"),
        ("", at, 1, "seoul"),
        ("a\nb", at, 1, "seoul"),
        ("x" * 129, at, 1, "seoul"),
        (name, at, 1, "a\x7fb"),
        (name, at, None, "seoul"),
        (name, at, -1, "seoul"),
        (name, at, 10_001, "seoul"),
        (name, None, 1, "seoul"),
        (name, 0, 1, "seoul"),
        (name, -5, 1, "seoul"),
        (name, at * 1_000_000, 1, "seoul"),
        (name, at + 30, 2, "seoul"),
    ]
    station, time, bikes, system = zip(*rows)
    write("refused", {
        "station_id": pa.array(station), "observed_at": pa.array(time, pa.int64()),
        "bikes": pa.array(bikes, pa.int64()), "system": pa.array(system),
        "racks": pa.array([15, None] + [-1] * (len(rows) - 3) + [99_999], pa.int64())})
    write("bad_utf8", good(station_id=pa.array([b"ST-4", b"\xff\xfe", b"ST-4", b"\xc3\xa9"])))


def write_groups() -> None:
    rows = range(500)
    write("groups", {
        "station_id": pa.array([f"S{row % 7}" for row in rows]),
        "observed_at": pa.array([POLL + row for row in rows], pa.int64()),
        "bikes": pa.array([row % 20 for row in rows], pa.int32())}, row_group_size=100)
    write("empty", {name: column.slice(0, 0) for name, column in good().items()})


def write_wrong() -> None:
    write("float_bikes", good(bikes=pa.array([3.0, 0.0, 2.0, None])))
    write("float_times", good(observed_at=pa.array([1.5, 2.5, 3.5, 4.5])))
    write("date_times", good(observed_at=pa.array([19_000] * 4, pa.date32())))
    write("bool_bikes", good(bikes=pa.array([True, False, True, None])))
    write("null_bikes", good(bikes=pa.nulls(4)))
    write("list_station", good(station_id=pa.array([["ST-4"]] * 4)))
    columns = good()
    write("misnamed", {"station": columns["station_id"]} | good(station_id=None))


def hours(stations: list[str], first: int = 1) -> dict[str, pa.Array]:
    """Rows of hourly_summary, in which no two numbers of a column are the same."""
    rows = len(stations)
    start = pa.array([POLL * 1000] * rows, pa.timestamp("ms", "UTC"))
    columns = {"start": start, "end": start, "stationId": pa.array(stations)}
    for name in ("total_rental", "total_return", "unobserved_change"):
        columns[name] = pa.array(range(first, first + rows), pa.int64())
    for name in ("bikes_open", "bikes_close", "bikes_min", "bikes_max", "observed_seconds", "empty_seconds",
                 "full_seconds", "largest_rental", "largest_return"):
        columns[name] = pa.array(range(first, first + rows), pa.int32())
    return columns


def write_rows_of_others() -> None:
    """Files of hourly_summary as other programs would rewrite them."""
    columns = hours(["ST-4"])
    write("hourly", columns | {"note": pa.array(["of another program"])})
    write("hourly_us", columns | {"start": columns["start"].cast(pa.timestamp("us", "UTC"))})
    write("hourly_local", columns | {"start": columns["start"].cast(pa.int64()).cast(pa.timestamp("ms"))})
    write("hourly_int32", columns | {"total_rental": pa.array([1], pa.int32())})
    write("hourly_half", columns | {"end": pa.array([POLL * 1000 + 500], pa.timestamp("ms", "UTC"))})
    write("hourly_null", hours(["ST-4", "ST-5"]) | {"bikes_min": pa.array([None, 2], pa.int32())})
    write("hourly_groups", hours(["ST-4", "ST-5", "ST-6"] * 2 + ["ST-6", "ST-7", "ST-4"] + ["ST-9"]),
          row_group_size=3, write_batch_size=1, data_page_size=1)


class KeysInTheOpen(encryption.KmsClient):
    """Wraps a key by writing it down: nothing here is secret."""

    def wrap_key(self, key_bytes, master_key_identifier):
        return base64.b64encode(key_bytes)

    def unwrap_key(self, wrapped_key, master_key_identifier):
        return base64.b64decode(wrapped_key)


def write_encrypted() -> None:
    factory = encryption.CryptoFactory(lambda _: KeysInTheOpen())
    for name, plaintext_footer in (("encrypted", False), ("encrypted_columns", True)):
        properties = factory.file_encryption_properties(
            encryption.KmsConnectionConfig(),
            encryption.EncryptionConfiguration(footer_key="footer", column_keys={"column": ["bikes"]},
                                               plaintext_footer=plaintext_footer))
        write(name, good(), encryption_properties=properties)


if __name__ == "__main__":
    for make in (write_types, write_local_times, write_refused, write_groups, write_wrong, write_rows_of_others,
                 write_encrypted):
        make()
