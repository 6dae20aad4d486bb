"""What a backfill costs, beside something that does less, in the same call.

  ./dev bench backfill

1. The Divvy quarter as Parquet (15.7 million observations), against DuckDB computing only total_rental and
   total_return from the same file (lag() and a group-by).
2. One day of 2,799 stations each 30 s as NDJSON in the topic's form (8 million records), against a bare pass
   of one thread over the same file (bench/bare_json_pass.cc).
3. The start of the program to the first row written, on a small input.
4. The program's size, and that of the libraries that it is linked with.

Each is run in turn with its peer; times are the medians of RUNS, memory the largest resident set.
"""

import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "test/tools"))

import recordings  # noqa: E402

DATA = pathlib.Path(os.environ.get("BIKEFLOW_DATA", ROOT / "../shared/data"))

BIKEFLOW = ROOT / "build/bikeflow"
RUNS = 5

DUCKDB = """
import duckdb, sys
connection = duckdb.connect()
connection.execute("SET threads = 2")
print(connection.execute(f'''
  WITH steps AS (
    SELECT station_id, observed_at,
           bikes - lag(bikes) OVER (PARTITION BY station_id ORDER BY observed_at) AS change
    FROM read_parquet('{sys.argv[1]}'))
  SELECT count(*), sum(r), sum(t) FROM (
    SELECT station_id, observed_at // 3600 AS hour,
           sum(greatest(-change, 0)) AS r, sum(greatest(change, 0)) AS t
    FROM steps GROUP BY ALL)''').fetchone())
"""


# A child begins with the resident set of its parent, so the parent must be small: this one has 10 MB.
LAUNCHER = """
import os, sys, time
began = time.monotonic()
pid = os.spawnvp(os.P_NOWAIT, sys.argv[1], sys.argv[1:])
_, status, usage = os.wait4(pid, 0)
cpu = usage.ru_utime + usage.ru_stime
print("", status, time.monotonic() - began, cpu, usage.ru_maxrss / 1024, file=sys.stdout)
"""


def run(command):
    """Wall seconds, CPU seconds and peak MB of a command, and what it printed."""
    command = [str(c) for c in command]
    launched = subprocess.run([sys.executable, "-I", "-S", "-c", LAUNCHER, *command], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True, check=True)
    text, _, last = launched.stdout.rstrip("\n").rpartition("\n")
    status, wall, cpu, memory = last.split()
    if status != "0":
        sys.exit(f"failed ({status}): {' '.join(command)}")
    return float(wall), float(cpu), float(memory), text


def compare(title, names, commands):
    """Runs two commands in turn and prints a row for each, and the ratio of their medians."""
    measured = ([], [])
    for _ in range(RUNS):
        for row, command in zip(measured, commands):
            row.append(run(command() if callable(command) else command)[:3])
    print(f"\n{title}")
    print(f"  {'':34} {'wall s':>20} {'cpu s':>8} {'peak MB':>8}")
    medians = []
    for name, row in zip(names, measured):
        wall, cpu, memory = (sorted(column) for column in zip(*row))
        medians.append((statistics.median(wall), memory[-1]))
        span = f"{statistics.median(wall):.2f} ({wall[0]:.2f}-{wall[-1]:.2f})"
        print(f"  {name:34} {span:>20} {statistics.median(cpu):8.2f} {memory[-1]:8.0f}")
    ratio = medians[0][0] / medians[1][0]
    print(f"  time: {ratio:.2f} of the peer's; memory: {medians[0][1] / medians[1][1]:.2f} of the peer's")
    return medians[0][0]


def new_lake(folder):
    """A folder for each run. None is deleted before the end: a file system that discards freed blocks does
    so at the next sync, which would be that of the run after."""
    return pathlib.Path(tempfile.mkdtemp(prefix="lake-", dir=folder)) / "lake"


def floor(folder):
    """Seconds to make the folders and files of the lake that was just written, and to sync them."""
    lake = next(folder.glob("lake-*/lake/hourly_summary"))
    files = [path.relative_to(lake) for path in lake.rglob("*") if path.is_file()]
    copy = folder / "floor"
    began = time.monotonic()
    for path in files:
        (copy / path).parent.mkdir(parents=True, exist_ok=True)
        (copy / path).write_bytes(b"")
    os.sync()
    return time.monotonic() - began


def divvy(folder):
    if not DATA.is_dir():
        print(f"skipped: no recordings in {DATA} (BIKEFLOW_DATA names their folder)")
        return
    recording = recordings.divvy(DATA, ROOT / "build/recordings")
    path = folder / "divvy.parquet"
    import pyarrow.parquet

    pyarrow.parquet.write_table(recording.table(), path)
    rows = len(recording.records)
    backfill = lambda: [  # noqa: E731
        BIKEFLOW, "backfill", path, "--lake", new_lake(folder), "--timezone", "America/Chicago",
        "--system", "divvy",
    ]
    wall = compare(
        f"Divvy, July to September 2013, Parquet: {rows:,} observations",
        ("bikeflow backfill", "DuckDB, lag() and a group-by"),
        (backfill, [sys.executable, "-c", DUCKDB, path]),
    )
    print(f"  {rows / wall / 1e6:.1f} million observations/s, everything written and durable")
    print(f"  of that, what the file system takes for as many files, made and synced: {floor(folder):.2f} s")
    if pathlib.Path("/dev/shm").is_dir():
        with tempfile.TemporaryDirectory(dir="/dev/shm") as memory:
            walls = [run([*backfill()[:3], "--lake", f"{memory}/{n}", *backfill()[5:]])[0] for n in range(RUNS)]
        print(f"  with the lake in memory (/dev/shm): {statistics.median(walls):.2f} s")


def ndjson(folder):
    path = folder / "day.ndjson"
    run([BIKEFLOW, "simulate", "--form", "topic", "--out", path, "--truth", folder / "truth.csv"])
    backfill = lambda: [  # noqa: E731
        BIKEFLOW, "backfill", path, "--lake", new_lake(folder), "--timezone", "Asia/Seoul",
        "--system", "seoul",
    ]
    bare = [ROOT / "build/bench/bare_json_pass", path]
    wall = compare(
        f"A day of Seoul, each 30 s, NDJSON in the topic's form: {path.stat().st_size / 2**20:,.0f} MiB, "
        + run(bare)[3].split(",")[0],
        ("bikeflow backfill", "bare pass, one thread, simdjson"),
        (backfill, bare),
    )
    print(f"  {path.stat().st_size / 2**20 / wall:,.0f} MiB/s")


def first_row(folder):
    path = folder / "small.ndjson"
    lines = [
        f'{{"station_id":"A{s}","observed_at":{1_700_000_000 + t},"bikes":{(t // 60 + s) % 9}}}'
        for t in range(0, 7200, 60)
        for s in range(10)
    ]
    path.write_text("\n".join(lines) + "\n")
    walls = []
    for _ in range(11):
        command = [BIKEFLOW, "backfill", path, "--lake", new_lake(folder), "--timezone", "UTC"]
        walls.append(run(command)[0])
    print(f"\nStart to the end of a small backfill ({len(lines):,} records, 3 hours written and durable):")
    print(f"  median {statistics.median(walls) * 1000:.0f} ms, fastest {min(walls) * 1000:.0f} ms")


def sizes():
    print("\nSize on disk:")
    print(f"  {BIKEFLOW.name:28} {BIKEFLOW.stat().st_size / 2**20:6.1f} MiB (with its symbols)")
    listed = subprocess.run(["ldd", BIKEFLOW], capture_output=True, text=True, check=True).stdout
    total = 0
    for line in sorted(listed.splitlines()):
        if "=> /" in line:
            library = pathlib.Path(line.split("=> ")[1].split(" ")[0])
            total += library.stat().st_size
            if library.stat().st_size > 2**19:
                print(f"  {library.name:28} {library.stat().st_size / 2**20:6.1f} MiB")
    print(f"  {'all libraries':28} {total / 2**20:6.1f} MiB")


def main():
    with tempfile.TemporaryDirectory(prefix="bikeflow-bench-") as name:
        folder = pathlib.Path(name)
        divvy(folder)
        first_row(folder)
        ndjson(folder)
    sizes()


if __name__ == "__main__":
    main()
