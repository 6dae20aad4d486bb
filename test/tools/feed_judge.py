"""What the lake of live feeds must hold, computed from what was served, and the state of a feed's job.

    rounds = feed_judge.seoul_rounds(feeds)                      # or gbfs_rounds(feeds, "north")
    expected = feed_judge.expected_rows(tool, folder, "seoul", rounds, length=10, delay=2, max_gap=20)
    assert feed_judge.differences(expected, lake.rows()) == []

The rows are the slow reference's (test/reference.h, over test/tools/topic_reference.cc).
"""

import csv
import dataclasses
import io
import pathlib
import struct
import subprocess

import pyarrow

import feed_server
from lakes import COLUMNS

PACKED = struct.Struct("<qqqihh")  # test/tools/topic_reference.cc says what
HEADER_BYTES = 28  # of a checkpoint, before its packed content; the last 8 are that one's size


@dataclasses.dataclass(frozen=True)
class Round:
    poll: int  # its number
    observed_at: int
    stations: dict[str, tuple[int, int]]


def seoul_rounds(feeds: feed_server.FeedServer) -> list[Round]:
    """Those that came whole. Requires: the server holds its answers."""
    return [Round(poll.number, int(poll.rows_at), poll.stations)
            for poll in feeds.served(feed_server.SEOUL) if poll.is_whole]


def gbfs_rounds(feeds: feed_server.FeedServer, system: str) -> list[Round]:
    return [Round(poll.number, poll.observed_at, poll.stations) for poll in feeds.served(system)]


def expected_rows(tool: pathlib.Path, folder: pathlib.Path, system: str, rounds: list[Round], length: int,
                  delay: int, max_gap: int) -> list[tuple]:
    """As lakes.Lake.rows() has them, all windows closed."""
    folder.mkdir(parents=True, exist_ok=True)
    stations: dict[str, int] = {}
    packed = bytearray()
    for round_ in rounds:
        for station, (bikes, racks) in round_.stations.items():
            packed += PACKED.pack(round_.observed_at, len(packed) // PACKED.size, round_.observed_at,
                                  stations.setdefault(station, len(stations)), bikes, racks)
    records, names, out = folder / "records.bin", folder / "stations", folder / "reference"
    records.write_bytes(packed)
    names.write_text("".join(f"{station}\n" for station in stations))
    subprocess.run([tool, records, names, out, "--length", str(length), "--slide", str(length), "--delay", str(delay),
                    "--max-gap", str(max_gap)], check=True, timeout=120)
    rows = csv.DictReader(io.StringIO(pathlib.Path(f"{out}.rows.csv").read_text()))
    return sorted((system, *(row[name] if name == "stationId" else int(row[name]) for name in COLUMNS))
                  for row in rows)


def differences(expected: list[tuple], rows: list[tuple], limit: int = 5) -> list[str]:
    found = []
    for what, some, others in (("missing in", expected, rows), ("only in", rows, expected)):
        wrong = sorted(set(some) - set(others))
        found += [f"{what} the lake: {len(wrong)}"] if wrong else []
        found += [f"  {dict(zip(('system', *COLUMNS), row))}" for row in wrong[:limit]]
    if len(rows) != len(set(rows)):
        found.append("rows that are there twice")
    return found


def sequence(lake: pathlib.Path, system: str) -> int:
    """Of the job's last commit: the number of commits so far."""
    current = lake / "_bikeflow/state" / system / "CURRENT"
    return int(current.read_text().partition("-")[0]) if current.exists() else 0


def files_with(lake: pathlib.Path, secrets: list[bytes]) -> list[str]:
    """Files of a lake that hold one of the secrets, packed or not."""
    found = []
    for path in lake.glob("**/*"):
        if not path.is_file():
            continue
        data = path.read_bytes()
        if path.parent.parent == lake / "_bikeflow/state" and data.startswith(b"BIKEFLOW"):
            size = int.from_bytes(data[HEADER_BYTES - 8:HEADER_BYTES], "little")
            packed = data[HEADER_BYTES:HEADER_BYTES + size]
            data += pyarrow.CompressedInputStream(io.BytesIO(packed), "zstd").read()
        if any(secret in data for secret in secrets):
            found.append(str(path))
    return found
