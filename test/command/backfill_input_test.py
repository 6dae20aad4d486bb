"""Input that is not as it should be: each record a dead letter, each file a clear error, all counted."""

import collections
import datetime
import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import time

import pyarrow
import pyarrow.parquet
import pytest

import lakes
import synthetic

GOOD = {"station_id": "ST-1", "observed_at": synthetic.BEGIN, "bikes": 5, "racks": 9}


def backfill(bikeflow, lake: pathlib.Path, *inputs, **options):
    return bikeflow.run("backfill", *inputs, "--lake", lake, "--timezone", "Asia/Seoul", "--system",
                        "seoul", **options)


def utc(seconds: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)


def reasons(lake: pathlib.Path) -> dict[str, int]:
    return dict(collections.Counter(row["reason"] for row in lakes.Lake(lake).data_set("dead_letter")))


def accepted(lake: pathlib.Path) -> int:
    """How many observations of the minute-wise good lines are in the rows, by the seconds they cover."""
    [(rows,)] = lakes.Lake(lake).sql("SELECT count(*) FROM hourly_summary")
    return rows


def line(**changes) -> bytes:
    record = {**GOOD, **changes}
    return json.dumps({key: value for key, value in record.items() if value is not ...}).encode()


DAY = 86400
# Each record, and the reason for which it is refused; None where it is an observation.
RECORDS: list[tuple[bytes, str | None]] = [
    (line(), None),
    (line()[:-7], "not_json"),
    (b'{"station_id":"ST-1"', "not_json"),
    (b"station_id=ST-1", "not_json"),
    (b"[1,2]", "not_json"),
    (b'"text"', "not_json"),
    (b'{"station_id":"ST-\xff","observed_at":1723327200,"bikes":5}', "not_utf8"),
    (b'{"station_id":"ST-\xed\xa0\x80","observed_at":1723327200,"bikes":5}', "not_utf8"),
    (b'{"x":"' + b"y" * 10_000_000 + b'","station_id":"ST-1"}', "too_large"),
    (line(x=...)[:-1] + b',"deep":' + b"[" * 1000 + b"]" * 1000 + b"}", "too_deep"),
    (b'{"bikes":7,"bikes":"x","station_id":"ST-2","observed_at":1723327200}', None),  # the first counts
    (b'{"station_id":"ST-\x001","observed_at":1723327200,"bikes":5}', "not_json"),
    (line(station_id="ST-\x001"), "bad_station"),
    (line(station_id=...), "missing_station"),
    (line(station_id=""), "bad_station"),
    (line(station_id="s" * 129), "bad_station"),
    (line(station_id="s" * 128), None),
    (line(bikes=...), "missing_bikes"),
    (line(bikes=None), "missing_bikes"),
    (line(bikes=-1), "bad_bikes"),
    (line(bikes=10_001), "bad_bikes"),
    (line(bikes=10_000, station_id="ST-3"), None),
    (line(bikes=10**30), "bad_bikes"),
    (line(bikes=1.5), "bad_bikes"),
    (line(bikes=True), "bad_bikes"),
    (line(bikes=""), "bad_bikes"),
    (line(bikes="1e3"), "bad_bikes"),
    (line(bikes="+5"), "bad_bikes"),
    (line(bikes="-5"), "bad_bikes"),
    (line(bikes="5 "), "bad_bikes"),
    (line(bikes="5", station_id="ST-4"), None),
    (line(bikes=[5]), "bad_bikes"),
    (line(racks="x", station_id="ST-5"), None),
    (line(racks=-3, station_id="ST-6"), None),
    (line(observed_at=...), "missing_time"),
    (line(observed_at=0), "bad_time"),
    (line(observed_at=-5), "bad_time"),
    (line(observed_at="yesterday"), "bad_time"),
    (line(observed_at="2024-02-30T00:00:00Z"), "bad_time"),
    (line(observed_at=synthetic.BEGIN * 1000, station_id="ST-7"), None),  # milliseconds
    (line(observed_at=synthetic.BEGIN * 10**9), "bad_time"),
    (line(observed_at="2999-01-01T00:00:00Z"), "future"),
    (line(observed_at=32472144000), "future"),
    (line(observed_at="2024-08-11T07:00:00+09:00", station_id="ST-8"), None),
    (line(observed_at=synthetic.BEGIN + 40 * DAY), "time_jump"),
    (b"", "not_json"),
    (b"  ", "not_json"),
]


def test_each_bad_record_of_ndjson_is_a_dead_letter(bikeflow, tmp_path):
    path = tmp_path / "records.ndjson"
    path.write_bytes(b"\n".join(record for record, _ in RECORDS) + b"\n")
    done = backfill(bikeflow, tmp_path / "lake", path)
    assert done.returncode == 0, done.stderr
    letters = lakes.Lake(tmp_path / "lake").data_set("dead_letter")
    by_offset = {row["offset"]: row for row in letters}
    for offset, (record, reason) in enumerate(RECORDS):
        assert by_offset.get(offset, {"reason": None})["reason"] == reason, record[:200]
        if reason:
            assert by_offset[offset]["record"] == record[:4096]
    assert len(letters) == len([reason for _, reason in RECORDS if reason])
    assert {row["source"] for row in letters} == {str(path)}

    stations = lakes.Lake(tmp_path / "lake").sql("SELECT DISTINCT stationId FROM hourly_summary ORDER BY 1")
    assert [name for (name,) in stations] == [*(f"ST-{n}" for n in range(1, 9)), "s" * 128]
    for reason, count in collections.Counter(reason for _, reason in RECORDS if reason).items():
        assert reason in done.stdout + done.stderr, f"{reason}: {count}"


def test_dead_letters_fail_a_strict_run(bikeflow, tmp_path):
    (tmp_path / "records.ndjson").write_bytes(line() + b"\n" + line(bikes=-1) + b"\n")
    done = backfill(bikeflow, tmp_path / "lake", tmp_path / "records.ndjson", "--strict")
    assert done.returncode == 1
    assert reasons(tmp_path / "lake") == {"bad_bikes": 1}


CSV_HEADER = "station_id,observed_at,bikes,racks"
T = synthetic.BEGIN


@pytest.mark.parametrize("text, refused", [
    (f"{CSV_HEADER}\nST-1,{T},5,9\nST-2,{T},6,9\n", {}),
    (f"\ufeff{CSV_HEADER}\r\nST-1,{T},5,9\r\nST-2,{T},6,\r\n", {}),
    (f'{CSV_HEADER},name\n"ST-1",{T},"5",9,"a, ""quoted""\nname"\nST-2,{T},6,9,x\n', {}),
    (f"bikes;observed_at;station_id\n5;{T};ST-1\n6;{T};ST-2\n", {}),
    (f"bikes\tobserved_at\tstation_id\n5\t{T}\tST-1\n6\t{T}\tST-2\n", {}),
    (f"{CSV_HEADER}\nST-1,{T},5,9\n\nST-2,{T},6,9\nST-3,{T}\n", {"bad_csv": 2}),
    (f"{CSV_HEADER}\nST-1,{T},5,9\nST-2,{T},6,9\nST-3,{T},1.5,9\n,{T},5,9\nST-3,,5,9\n",
     {"bad_bikes": 1, "missing_station": 1, "missing_time": 1}),
], ids=["plain", "bom-crlf", "quoted", "semicolon", "tab", "short-row", "bad-fields"])
def test_csv_in_its_dialects(bikeflow, tmp_path, text, refused):
    (tmp_path / "polls.csv").write_bytes(text.encode())
    done = backfill(bikeflow, tmp_path / "lake", tmp_path / "polls.csv")
    assert done.returncode == 0, done.stderr
    assert reasons(tmp_path / "lake") == refused
    assert lakes.Lake(tmp_path / "lake").sql(
        "SELECT stationId, bikes_close FROM hourly_summary ORDER BY 1") == [("ST-1", 5), ("ST-2", 6)]


def table(**columns) -> pyarrow.Table:
    return pyarrow.table({"station_id": ["ST-1"], "observed_at": [T], "bikes": [5], **columns})


def write_parquet(path: pathlib.Path, rows: pyarrow.Table):
    pyarrow.parquet.write_table(rows, path)


def make_no_file(path):
    return path / "polls.ndjson", ["polls.ndjson", "No such file"]


def make_folder(path):
    (path / "polls.csv").mkdir()
    return path / "polls.csv", ["polls.csv", "folder"]


def make_csv_without_header(path):
    (path / "polls.csv").write_text(f"ST-1,{T},5,9\n")
    return path / "polls.csv", ["polls.csv", "header", "station_id"]


def make_csv_without_a_column(path):
    (path / "polls.csv").write_text(f"station_id,observed_at,num_bikes\nST-1,{T},5\n")
    return path / "polls.csv", ["polls.csv", "bikes", "--map"]


def make_parquet_of_wrong_type(path):
    write_parquet(path / "polls.parquet", table(bikes=[[5]]))
    return path / "polls.parquet", ["polls.parquet", "bikes"]


def make_parquet_without_a_column(path):
    write_parquet(path / "polls.parquet", table().drop_columns("observed_at"))
    return path / "polls.parquet", ["polls.parquet", "observed_at"]


def make_truncated_parquet(path):
    write_parquet(path / "polls.parquet", table())
    whole = (path / "polls.parquet").read_bytes()
    (path / "polls.parquet").write_bytes(whole[: len(whole) // 2])
    return path / "polls.parquet", ["polls.parquet"]


def make_encrypted_parquet(path):
    write_parquet(path / "polls.parquet", table())
    whole = (path / "polls.parquet").read_bytes()
    (path / "polls.parquet").write_bytes(b"PARE" + whole[4:-4] + b"PARE")
    return path / "polls.parquet", ["polls.parquet", "encrypted"]


def make_truncated_gzip(path):
    import gzip

    whole = gzip.compress(b"\n".join(line(observed_at=T + i) for i in range(5000)))
    (path / "polls.ndjson.gz").write_bytes(whole[: len(whole) // 2])
    return path / "polls.ndjson.gz", ["polls.ndjson.gz"]


def make_damaged_zstd(path):
    (path / "polls.ndjson.zst").write_bytes(b"\x28\xb5\x2f\xfd" + b"\x00" * 50)
    return path / "polls.ndjson.zst", ["polls.ndjson.zst"]


def make_unknown_kind(path):
    (path / "polls.xlsx").write_bytes(b"PK\x03\x04")
    return path / "polls.xlsx", ["polls.xlsx", "zip"]


@pytest.mark.parametrize("make", [
    make_no_file, make_folder, make_csv_without_header, make_csv_without_a_column, make_parquet_of_wrong_type,
    make_parquet_without_a_column, make_truncated_parquet, make_encrypted_parquet,
    make_truncated_gzip, make_damaged_zstd, make_unknown_kind])
def test_a_file_that_cannot_be_read_is_a_clear_error(bikeflow, tmp_path, make):
    path, said = make(tmp_path)
    done = backfill(bikeflow, tmp_path / "lake", path, timeout=20)
    assert done.returncode in (1, 2), done.stderr
    for words in said:
        assert words in done.stderr, done.stderr
    assert lakes.Lake(tmp_path / "lake").files() == []


@pytest.mark.parametrize("kind", ["fifo", "stdin"])
def test_a_pipe_is_read_or_refused_but_never_waited_for_in_vain(bikeflow, tmp_path, kind):
    """Standard input is an input; a named pipe cannot be resumed and has no second reading."""
    text = line() + b"\n" + line(station_id="ST-2") + b"\n"
    if kind == "stdin":
        done = backfill(bikeflow, tmp_path / "lake", "-", input=text, text=False, stdin=None)
        assert done.returncode == 0, done.stderr
        assert accepted(tmp_path / "lake") == 2
        return
    os.mkfifo(tmp_path / "polls.ndjson")
    writer = subprocess.Popen(["sh", "-c", f"cat > '{tmp_path}/polls.ndjson'"], stdin=subprocess.PIPE)
    try:
        writer.stdin.write(text)
        writer.stdin.close()
        done = backfill(bikeflow, tmp_path / "lake", tmp_path / "polls.ndjson", timeout=20)
        if done.returncode == 0:
            assert accepted(tmp_path / "lake") == 2
        else:
            assert "pipe" in done.stderr and "polls.ndjson" in done.stderr
            assert lakes.Lake(tmp_path / "lake").files() == []
    finally:
        writer.kill()
        writer.wait()


def test_an_unknown_zone_names_the_nearest(bikeflow, tmp_path):
    (tmp_path / "polls.ndjson").write_bytes(line())
    done = bikeflow.run("backfill", tmp_path / "polls.ndjson", "--lake", tmp_path / "lake", "--timezone",
                        "Asia/Seol")
    assert done.returncode == 2
    assert "Asia/Seoul" in done.stderr


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    """A day of polls, as NDJSON, and the lake that an undisturbed backfill makes of it."""
    folder = tmp_path_factory.mktemp("city")
    recording = synthetic.city(folder / "city.done", stations=60, hours=24)
    (folder / "city.ndjson").write_text("\n".join(synthetic.lines(recording)) + "\n")
    return folder / "city.ndjson", recording


def expect_no_half_files(lake: pathlib.Path):
    for path in lake.glob("**/*.parquet"):
        pyarrow.parquet.ParquetFile(path).read()


def test_a_lake_that_may_not_be_written(bikeflow, city, tmp_path):
    setpriv = shutil.which("setpriv")
    drop = []
    if os.geteuid() == 0:
        if not setpriv:
            pytest.skip("setpriv is absent, and root may write everywhere")
        drop = [setpriv, "--bounding-set=-dac_override,-dac_read_search"]
    (tmp_path / "lake").mkdir()
    (tmp_path / "lake").chmod(0o555)
    command = [*drop, *bikeflow.command("backfill", city[0], "--lake", tmp_path / "lake", "--timezone",
                                        "Asia/Seoul", "--system", "seoul")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1, done.stderr
    assert f"{tmp_path}/lake" in done.stderr and "ermission denied" in done.stderr
    assert list((tmp_path / "lake").iterdir()) == []


def finish_and_compare(bikeflow, city, lake: pathlib.Path, reference_rows, tmp_path):
    """The same command again, with room: the lake is as if nothing had happened."""
    done = backfill(bikeflow, lake, city[0])
    assert done.returncode == 0, done.stderr
    reference_rows(city[1], tmp_path / "reference.csv")
    assert lakes.Lake(lake).unequal_to(tmp_path / "reference.csv") == []
    bikeflow.succeed("verify", "--lake", lake)


@pytest.mark.parametrize("size_kib", [16, 64, 160])
def test_a_full_lake(bikeflow, city, tmp_path, reference_rows, size_kib):
    lake = tmp_path / "lake"
    lake.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size_kib}k", "none", lake],
                             capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("a small file system cannot be mounted here")
    try:
        done = backfill(bikeflow, lake, city[0])
        assert done.returncode == 1, done.stdout + done.stderr
        assert "no space left" in done.stderr and str(lake) in done.stderr, done.stderr
        expect_no_half_files(lake)
        subprocess.run(["mount", "-o", "remount,size=64m", lake], check=True)
        finish_and_compare(bikeflow, city, lake, reference_rows, tmp_path)
    finally:
        subprocess.run(["umount", lake], check=True)


@pytest.mark.parametrize("limit", [100, 2000, 5000])
def test_a_file_that_may_not_grow(bikeflow, city, tmp_path, reference_rows, limit):
    def limit_files():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))

    done = backfill(bikeflow, tmp_path / "lake", city[0], preexec_fn=limit_files, restore_signals=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert str(tmp_path / "lake") in done.stderr, done.stderr
    expect_no_half_files(tmp_path / "lake")
    finish_and_compare(bikeflow, city, tmp_path / "lake", reference_rows, tmp_path)


def test_a_lake_in_use(bikeflow, city, tmp_path):
    lake = tmp_path / "lake"
    first = subprocess.Popen(
        bikeflow.command("backfill", "-", "--lake", lake, "--timezone", "Asia/Seoul", "--system", "seoul"),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        first.stdin.write(line() + b"\n")
        first.stdin.flush()
        until = time.monotonic() + 20
        while not list(lake.glob("_bikeflow/**/lock")) and time.monotonic() < until:
            time.sleep(0.02)
        done = backfill(bikeflow, lake, city[0])
        assert done.returncode == 1, done.stderr
        assert str(first.pid) in done.stderr, done.stderr
        _, errors = first.communicate(timeout=20)
        assert first.returncode == 0, errors
    finally:
        if first.poll() is None:
            first.kill()
            first.wait()
    assert accepted(lake) == 1


def test_a_lake_of_a_newer_version(bikeflow, city, tmp_path):
    lake = tmp_path / "lake"
    (tmp_path / "one.ndjson").write_bytes(line() + b"\n")
    assert backfill(bikeflow, lake, tmp_path / "one.ndjson").returncode == 0
    before = lakes.Lake(lake).hashes()
    mark = lake / "_bikeflow" / "lake.json"
    written = json.loads(mark.read_text())
    mark.write_text(json.dumps({**written, "format": written["format"] + 1}))
    for done in (backfill(bikeflow, lake, city[0]), bikeflow.run("verify", "--lake", lake)):
        assert done.returncode in (1, 3), done.stdout + done.stderr
        assert "newer" in done.stderr and "lake.json" in done.stderr, done.stderr
    assert lakes.Lake(lake).hashes() == before


def test_other_settings_than_the_checkpoint_s_are_refused(bikeflow, city, tmp_path):
    lake = tmp_path / "lake"
    (tmp_path / "one.ndjson").write_bytes(line() + b"\n")
    assert backfill(bikeflow, lake, tmp_path / "one.ndjson").returncode == 0
    before = lakes.Lake(lake).hashes()
    done = bikeflow.run("backfill", city[0], "--lake", lake, "--timezone", "Asia/Kolkata", "--system", "seoul")
    assert done.returncode == 1, done.stderr
    assert "Asia/Seoul" in done.stderr and "Asia/Kolkata" in done.stderr
    assert lakes.Lake(lake).hashes() == before


def test_earlier_input_is_refused_naming_the_hour(bikeflow, tmp_path):
    lake = tmp_path / "lake"
    (tmp_path / "late.ndjson").write_bytes(line(observed_at=T + 7200) + b"\n")
    (tmp_path / "early.ndjson").write_bytes(line() + b"\n")
    assert backfill(bikeflow, lake, tmp_path / "late.ndjson").returncode == 0
    before = lakes.Lake(lake).hashes()
    done = backfill(bikeflow, lake, tmp_path / "early.ndjson")
    assert done.returncode == 1, done.stderr
    assert "early.ndjson" in done.stderr and "2024-08-1" in done.stderr
    assert lakes.Lake(lake).hashes() == before


def test_standard_input_given_again_is_said_to_be_there(bikeflow, city, tmp_path):
    lake = tmp_path / "lake"
    with open(city[0]) as text:
        assert backfill(bikeflow, lake, "-", stdin=text).returncode == 0
    before = lakes.Lake(lake).hashes()
    with open(city[0]) as text:
        done = backfill(bikeflow, lake, "-", stdin=text)
    assert done.returncode == 1, done.stderr
    assert "Is it already there?" in done.stderr
    assert lakes.Lake(lake).hashes() == before


def test_input_without_an_observation_is_warned_of(bikeflow, tmp_path):
    path = tmp_path / "other.ndjson"
    path.write_bytes(line(bikes=..., n=5) + b"\n")
    done = backfill(bikeflow, tmp_path / "lake", path)
    assert done.returncode == 0, done.stderr
    assert "1 dead letter (missing_bikes 1)" in done.stdout
    assert "--map" in done.stderr and "state discard" in done.stderr
    path.write_bytes(b"")
    done = backfill(bikeflow, tmp_path / "empty", path)
    assert done.returncode == 0 and "no record" in done.stderr
    path.write_bytes(line() + b"\n" + line(bikes=...) + b"\n")
    assert "warning" not in backfill(bikeflow, tmp_path / "half", path).stderr


def test_summary_is_of_this_run_alone(bikeflow, tmp_path):
    """A system and stations that an earlier run brought are not counted again."""
    path = tmp_path / "a.ndjson"
    path.write_bytes(line() + b"\n")
    assert "1 record of 1 station in" in backfill(bikeflow, tmp_path / "lake", path).stdout
    path = tmp_path / "b.ndjson"
    path.write_bytes(line(system="other", observed_at=synthetic.BEGIN + DAY) + b"\n")
    done = backfill(bikeflow, tmp_path / "lake", path)
    assert "1 record of 1 station in" in done.stdout, done.stdout + done.stderr
    assert "1 row in 1 hour: 0 rentals" in done.stdout


def test_disorder_is_refused_before_anything_is_published(bikeflow, city, tmp_path):
    """Sorted by station: --order time says so, --order station reads it."""
    records = [json.loads(text) for text in city[0].read_text().splitlines()]
    records.sort(key=lambda record: (record["station_id"], record["observed_at"]))
    path = tmp_path / "export.ndjson"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    done = backfill(bikeflow, tmp_path / "lake", path)
    assert done.returncode == 1, done.stderr
    assert "--order station" in done.stderr
    assert lakes.Lake(tmp_path / "lake").files() == []
    assert lakes.Lake(tmp_path / "lake").data_set("late") == []


def test_a_station_sorted_export(bikeflow, city, tmp_path, reference_rows):
    records = [json.loads(text) for text in city[0].read_text().splitlines()]
    records.sort(key=lambda record: (record["station_id"], record["observed_at"]))
    path = tmp_path / "export.ndjson"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    done = backfill(bikeflow, tmp_path / "lake", path, "--order", "station")
    assert done.returncode == 0, done.stderr
    reference_rows(city[1], tmp_path / "reference.csv")
    assert lakes.Lake(tmp_path / "lake").unequal_to(tmp_path / "reference.csv") == []


def test_late_rows_are_kept(bikeflow, city, tmp_path):
    """One late record in two hundred: rows as without it, and a row of `late` with the watermark."""
    texts = city[0].read_text().splitlines()
    late = []
    mixed = []
    for number, text in enumerate(texts):
        mixed.append(text)
        if number % 200 == 199 and number > 60 * 60:
            record = {**json.loads(texts[number - 60 * 40]), "bikes": 77}
            late.append((record, json.loads(text)["observed_at"] - 600, len(mixed)))
            mixed.append(json.dumps(record))
    (tmp_path / "mixed.ndjson").write_text("\n".join(mixed) + "\n")
    assert backfill(bikeflow, tmp_path / "with", tmp_path / "mixed.ndjson").returncode == 0
    assert backfill(bikeflow, tmp_path / "without", city[0]).returncode == 0
    assert lakes.Lake(tmp_path / "with").data_set("late") == [
        {"station_id": record["station_id"], "observed_at": utc(record["observed_at"]), "bikes": 77,
         "racks": record["racks"], "watermark": utc(watermark), "source": str(tmp_path / "mixed.ndjson"),
         "partition": 0, "offset": offset} for record, watermark, offset in late]
    assert lakes.Lake(tmp_path / "with").rows() == lakes.Lake(tmp_path / "without").rows()


def test_a_dry_run_counts_and_writes_nothing(bikeflow, city, tmp_path):
    said = backfill(bikeflow, tmp_path / "lake", city[0], "--dry-run").stdout
    assert not (tmp_path / "lake").exists()
    real = backfill(bikeflow, tmp_path / "lake", city[0]).stdout
    assert said.splitlines()[1:] == real.splitlines()[1:]  # the first line has the speed
    [(rows, rentals)] = lakes.Lake(tmp_path / "lake").sql(
        "SELECT count(*), sum(total_rental)::BIGINT FROM hourly_summary")
    assert f"{rows:,} rows" in said and f"{rentals:,} rentals" in said


def test_systems_of_one_input_are_apart(bikeflow, city, reference_rows, tmp_path):
    """Two systems in one file, one of them an hour behind the other: each has its own watermark."""
    records = [json.loads(text) for text in city[0].read_text().splitlines()]
    mixed = []
    for record in records:
        mixed.append({**record, "system": "north"})
        mixed.append({**record, "system": "south", "observed_at": record["observed_at"] - 7200})
    (tmp_path / "mixed.ndjson").write_text("".join(json.dumps(record) + "\n" for record in mixed))
    assert backfill(bikeflow, tmp_path / "lake", tmp_path / "mixed.ndjson").returncode == 0
    lake = lakes.Lake(tmp_path / "lake")
    assert lake.data_set("late") == []
    rows = lake.rows()
    north = [row[1:] for row in rows if row[0] == "north"]
    south = [(row[1] + 7200, row[2] + 7200, *row[3:]) for row in rows if row[0] == "south"]
    assert north == south
    assert lake.discontinuous() == []
    bikeflow.succeed("verify", "--lake", lake.path)


def test_other_names_of_fields(bikeflow, tmp_path):
    (tmp_path / "polls.csv").write_text(f"id,time,num_bikes,docks\nST-1,{T},5,5\n")
    done = backfill(bikeflow, tmp_path / "lake", tmp_path / "polls.csv", "--map", "bikes=num_bikes", "--map",
                    "station_id=id", "--map", "observed_at=time", "--map", "racks=docks")
    assert done.returncode == 0, done.stderr
    assert lakes.Lake(tmp_path / "lake").sql("SELECT stationId, bikes_close, full_seconds FROM hourly_summary") == [
        ("ST-1", 5, 600)]
    done = backfill(bikeflow, tmp_path / "lake", tmp_path / "polls.csv", "--map", "racks=docks", "bikes=num_bikes")
    assert done.returncode == 1 and "put --map before each: --map bikes=num_bikes" in done.stderr
