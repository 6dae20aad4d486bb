"""Small recordings from a seed, for tests that need no real one."""

import datetime
import json
import pathlib

import numpy

import recordings

BEGIN = int(datetime.datetime(2024, 8, 10, 22, 0, tzinfo=datetime.timezone.utc).timestamp())


def city(path: pathlib.Path, seed: int = 1, stations: int = 12, hours: float = 6, poll_seconds: int = 60,
         begin: int = BEGIN) -> recordings.Recording:
    """Polls of stations whose counts wander between none and their racks; one poll in fifty is lost,
    and so is, once, half an hour."""
    random = numpy.random.default_rng(seed)
    times = begin + 7 + numpy.arange(int(hours * 3600 / poll_seconds), dtype=numpy.int64) * poll_seconds
    racks = random.integers(5, 20, stations)
    steps = random.choice([0, 0, 0, -1, 1, -2, 2], (len(times), stations))
    bikes = numpy.empty((len(times), stations), numpy.int64)
    now = racks // 2
    for index, step in enumerate(steps):
        now = numpy.clip(now + step, 0, racks)
        bikes[index] = now
    kept = random.random(len(times)) > 0.02
    kept &= (times < begin + 2.4 * 3600) | (times > begin + 2.9 * 3600)
    recording = recordings.Recording(path)
    recording.write(
        numpy.repeat(times[kept], stations),
        numpy.tile(numpy.arange(stations), int(kept.sum())),
        bikes[kept].reshape(-1),
        numpy.tile(racks, int(kept.sum())),
        [f"ST-{number}" for number in range(1, stations + 1)],
    )
    return recording


def lines(recording: recordings.Recording) -> list[str]:
    """Its observations as NDJSON."""
    ids = recording.station_ids
    return [
        json.dumps({"station_id": ids[station], "observed_at": int(time), "bikes": int(bikes), "racks": int(racks)})
        for time, station, bikes, racks in recording.records.tolist()
    ]
