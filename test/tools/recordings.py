"""The real recordings, expanded to one observation per station and poll.

Each expansion is kept in build/recordings under a name that changes with its inputs and with this
file. It has an Arrow table (columns observed_at, station, bikes, racks; ascending by time, then by
station) and the same as 16-byte records for test/tools/reference_rows.
"""

import hashlib
import pathlib

import numpy
import pyarrow
import pyarrow.csv
import pyarrow.feather

RECORD = numpy.dtype([("observed_at", "<i8"), ("station", "<i4"), ("bikes", "<i2"), ("racks", "<i2")])


class Recording:
    """One expansion: `records` is RECORD[n], station numbers index `station_ids`."""

    def __init__(self, path: pathlib.Path):
        self.path = path
        self.bin = path.with_suffix(".bin")
        self.stations = path.with_suffix(".stations")

    @property
    def exists(self) -> bool:
        return self.path.exists()

    @property
    def station_ids(self) -> list[str]:
        return self.stations.read_text().splitlines()

    @property
    def records(self) -> numpy.ndarray:
        return numpy.memmap(self.bin, dtype=RECORD, mode="r")

    def table(self, begin: int = 0, end: int | None = None) -> pyarrow.Table:
        """Observations with observed_at in [begin, end), as the columns of a recorded file."""
        records = self.records
        first = numpy.searchsorted(records["observed_at"], begin)
        last = len(records) if end is None else numpy.searchsorted(records["observed_at"], end)
        part = records[first:last]
        ids = pyarrow.DictionaryArray.from_arrays(
            pyarrow.array(part["station"]), pyarrow.array(self.station_ids)
        )
        return pyarrow.table(
            {
                "station_id": ids,
                "observed_at": pyarrow.array(part["observed_at"]),
                "bikes": pyarrow.array(part["bikes"]),
                "racks": pyarrow.array(part["racks"]),
            }
        )

    def write(self, times, stations, bikes, racks, station_ids):
        records = numpy.empty(len(times), RECORD)
        records["observed_at"], records["station"] = times, stations
        records["bikes"], records["racks"] = bikes, racks
        self.path.parent.mkdir(parents=True, exist_ok=True)
        records.tofile(self.bin)
        self.stations.write_text("".join(f"{station}\n" for station in station_ids))
        self.path.touch()  # last: whoever sees it finds the others whole


def _recording(folder: pathlib.Path, name: str, *inputs: pathlib.Path) -> Recording:
    digest = hashlib.sha256()
    for path in (pathlib.Path(__file__), *inputs):
        digest.update(path.read_bytes())
    return Recording(folder / f"{name}-{digest.hexdigest()[:16]}.done")


def _read(path: pathlib.Path) -> pyarrow.Table:
    return pyarrow.csv.read_csv(path)


def divvy(data: pathlib.Path, folder: pathlib.Path) -> Recording:
    """July to September 2013: at a poll a station has the values of its latest change at or before it."""
    polls_path = data / "divvy-2013-q3.polls.csv.gz"
    changes_path = data / "divvy-2013-q3.changes.csv.gz"
    recording = _recording(folder, "divvy", polls_path, changes_path)
    if recording.exists:
        return recording
    polls = _read(polls_path)["observed_at"].to_numpy()
    changes = _read(changes_path)
    station_ids, station = numpy.unique(changes["station_id"].to_numpy(), return_inverse=True)

    # The row of `changes` that is in force for each poll and station; -1 before a station's first one.
    in_force = numpy.full((len(polls), len(station_ids)), -1, numpy.int32)
    poll = numpy.searchsorted(polls, changes["observed_at"].to_numpy())
    in_force[poll, station] = numpy.arange(changes.num_rows, dtype=numpy.int32)
    numpy.maximum.accumulate(in_force, axis=0, out=in_force)
    poll, station = numpy.nonzero(in_force >= 0)
    row = in_force[poll, station]
    recording.write(
        polls[poll],
        station,
        changes["bikes"].to_numpy()[row],
        changes["racks"].to_numpy()[row],
        station_ids,
    )
    return recording


def bayarea_trips(data: pathlib.Path) -> dict[str, numpy.ndarray]:
    """The true trips; their times, known to the minute, are spread within it by the trip's number."""
    table = _read(data / "bayarea-2014-h1.trips.csv.gz")
    trips = {name: table[name].to_numpy() for name in table.column_names}
    spread = trips["trip_id"].astype(numpy.uint64) * numpy.uint64(0x9E3779B97F4A7C15)
    trips["started_at"] = trips["started_at"] + (spread >> numpy.uint64(40)).astype(numpy.int64) % 60
    trips["ended_at"] = trips["ended_at"] + (spread >> numpy.uint64(20)).astype(numpy.int64) % 60
    trips["ended_at"] = numpy.maximum(trips["ended_at"], trips["started_at"] + 1)
    return trips


def bayarea(data: pathlib.Path, folder: pathlib.Path, poll_seconds: int) -> Recording:
    """The true trips of January to June 2014, seen by a poll at every whole `poll_seconds`.

    Each station starts with the fewest bikes with which it never has less than none.
    """
    trips_path = data / "bayarea-2014-h1.trips.csv.gz"
    stations_path = data / "bayarea-2014.stations.csv"
    recording = _recording(folder, f"bayarea-{poll_seconds}s", trips_path, stations_path)
    if recording.exists:
        return recording
    trips = bayarea_trips(data)
    stations = _read(stations_path)
    # A station that was moved is listed at both its places.
    station_ids, first_row = numpy.unique(stations["station_id"].to_numpy(), return_index=True)

    time = numpy.concatenate([trips["started_at"], trips["ended_at"]])
    station = numpy.searchsorted(
        station_ids, numpy.concatenate([trips["start_station_id"], trips["end_station_id"]])
    )
    change = numpy.repeat(numpy.array([-1, 1], numpy.int32), len(trips["trip_id"]))
    begin = time.min() // poll_seconds * poll_seconds
    polls = numpy.arange(begin, time.max() + poll_seconds, poll_seconds)

    # A poll sees what happened up to and including its second.
    bikes = numpy.zeros((len(polls), len(station_ids)), numpy.int16)
    numpy.add.at(bikes, (numpy.searchsorted(polls, time), station), change.astype(numpy.int16))
    numpy.cumsum(bikes, axis=0, out=bikes)
    bikes -= bikes.min(axis=0)
    racks = stations["racks"].to_numpy()[first_row].astype(numpy.int16)
    recording.write(
        numpy.repeat(polls, len(station_ids)),
        numpy.tile(numpy.arange(len(station_ids), dtype=numpy.int32), len(polls)),
        bikes.reshape(-1),
        numpy.tile(racks, len(polls)),
        station_ids,
    )
    return recording
