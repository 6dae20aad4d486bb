"""What the lake must hold of a topic, computed from the topic alone, and what it holds.

    expected = topic_judge.Expected(kafka, topic, tool, folder)       # reads the whole topic
    lake = topic_judge.in_folder(path)        # or in_bucket()
    assert topic_judge.differences(expected, lake) == []

The rows are the slow reference's (test/reference.h, over test/tools/topic_reference.cc), for each partition from
what arrived in it. Which records are observations is read here, by no code of the product's.
"""

import collections
import csv
import dataclasses
import datetime
import hashlib
import json
import os
import pathlib
import struct
import subprocess
import time
from collections.abc import Iterable, Iterator

import confluent_kafka
import pyarrow
import pyarrow.fs
import pyarrow.parquet

import servers
import topics
from lakes import COLUMNS

SYSTEM = "seoul"
PACKED = struct.Struct("<qqqihh")  # test/tools/topic_reference.cc says what
KEPT_BYTES = 4096  # of a dead letter's record
NO_RACKS = -1


def read_topic(kafka: servers.Kafka, topic: str) -> Iterator[confluent_kafka.Message]:
    """All that the topic holds now, each partition in its order."""
    consumer = confluent_kafka.Consumer({
        "bootstrap.servers": kafka.address, "group.id": "reader-of-tests", "enable.auto.commit": False,
        "log_level": 0, "fetch.wait.max.ms": 10})
    try:
        left = {}
        for partition in kafka.admin.list_topics(topic, timeout=30).topics[topic].partitions:
            at = confluent_kafka.TopicPartition(topic, partition)
            at.offset, high = consumer.get_watermark_offsets(at, timeout=30)
            if high > at.offset:
                left[partition] = high
                consumer.incremental_assign([at])
        heard = time.monotonic()
        while left:
            for message in consumer.consume(10_000, timeout=0.5):
                if message.error():
                    raise servers.ServerError(f"{topic}: {message.error()}")
                heard = time.monotonic()
                yield message
                if message.offset() + 1 >= left.get(message.partition(), 2**63):
                    del left[message.partition()]
            if time.monotonic() - heard > 60:
                raise servers.ServerError(f"{topic}: nothing for 60 s, and not read up to {left}")
    finally:
        consumer.close()


def observation_of(message: confluent_kafka.Message) -> tuple[str, int, int, int] | str:
    """(station, observed_at, bikes, racks), or the reason why it is none."""
    for name, value in message.headers() or []:
        if name == "expect":
            return value.decode()
        if name == "means":
            station, observed_at, bikes, racks = json.loads(value)
            return station, observed_at, bikes, NO_RACKS if racks is None else racks
    fields = json.loads(message.value())
    return (fields["stationId"], seconds_of(fields["timestamp"]), int(fields["parkingBikeTotCnt"]),
            int(fields["rackTotCnt"]))


def seconds_of(text: str, known: dict[str, int] = {}) -> int:
    if text not in known:
        if len(known) > 100_000:
            known.clear()
        known[text] = int(datetime.datetime.fromisoformat(text).replace(tzinfo=topics.OFFSET).timestamp())
    return known[text]


@dataclasses.dataclass
class Content:
    """What a lake holds, or must hold. Keys are exact; a value is all that is known of the key."""
    rows: dict = dataclasses.field(default_factory=dict)  # (partition, stationId, start) -> the other columns
    late: dict = dataclasses.field(default_factory=dict)  # (partition, offset) -> columns
    dead: dict = dataclasses.field(default_factory=dict)  # (partition, offset) -> reason, received_at, record


class Arrivals:
    """What arrived in a partition and is an observation, in little room."""

    def __init__(self) -> None:
        self.stations: dict[str, int] = {}
        self.packed = bytearray()
        self.may_be_future: dict[int, confluent_kafka.Message] = {}  # by offset

    def add(self, message: confluent_kafka.Message, observation: tuple[str, int, int, int]) -> None:
        station, observed_at, bikes, racks = observation
        clock = min(int(time.time()), message.timestamp()[1] // 1000)
        if observed_at > clock:
            self.may_be_future[message.offset()] = message
        self.packed += PACKED.pack(observed_at, message.offset(), clock,
                                   self.stations.setdefault(station, len(self.stations)), bikes, racks)


class Expected(Content):
    """Requires: nothing is sent to the topic any more."""

    def __init__(self, kafka: servers.Kafka, topic: str, tool: pathlib.Path, folder: pathlib.Path) -> None:
        super().__init__()
        self.records = 0
        arrivals: collections.defaultdict[int, Arrivals] = collections.defaultdict(Arrivals)
        for message in read_topic(kafka, topic):
            self.records += 1
            read = observation_of(message)
            if isinstance(read, str):
                self._add_dead(message, read)
            else:
                arrivals[message.partition()].add(message, read)
        folder.mkdir(parents=True, exist_ok=True)
        for partition, arrived in arrivals.items():
            self._evaluate(partition, arrived, tool, folder / str(partition))

    def _evaluate(self, partition: int, arrived: Arrivals, tool: pathlib.Path, base: pathlib.Path) -> None:
        records, names = base.with_suffix(".bin"), base.with_suffix(".stations")
        records.write_bytes(arrived.packed)
        names.write_text("".join(f"{station}\n" for station in arrived.stations))
        subprocess.run([tool, records, names, base], check=True, timeout=600)
        with open(f"{base}.rows.csv", newline="") as file:
            for row in csv.DictReader(file):
                key = (partition, row["stationId"], int(row["start"]))
                assert key not in self.rows
                self.rows[key] = tuple(int(row[name]) for name in COLUMNS if name not in ("start", "stationId"))
        with open(f"{base}.late.csv", newline="") as file:
            for offset, station, *numbers in csv.reader(file):
                self.late[partition, int(offset)] = (station, *map(int, numbers))
        for line in pathlib.Path(f"{base}.future.csv").read_text().split():
            self._add_dead(arrived.may_be_future[int(line)], "future")

    def _add_dead(self, message: confluent_kafka.Message, reason: str) -> None:
        value = (message.value() or b"")[:KEPT_BYTES]
        self.dead[message.partition(), message.offset()] = (reason, message.timestamp()[1] // 1000, value)


class NotWhole(Exception):
    """A file of the lake that a reader cannot read."""


@dataclasses.dataclass
class TopicLake:
    """A lake in a folder or a bucket, as its readers see it."""
    files_of: pyarrow.fs.FileSystem
    root: str
    url: str  # as the program takes it, with the environment
    environment: dict = dataclasses.field(default_factory=dict)

    def listing(self) -> list[pyarrow.fs.FileInfo]:
        """All files outside of _bikeflow/."""
        selector = pyarrow.fs.FileSelector(self.root, recursive=True, allow_not_found=True)
        return [info for info in self.files_of.get_file_info(selector)
                if info.type == pyarrow.fs.FileType.File and not self.name(info).startswith("_bikeflow/")]

    def name(self, info: pyarrow.fs.FileInfo) -> str:
        return info.path.removeprefix(self.root).lstrip("/")

    def bytes_of(self, path: str) -> bytes:
        with self.files_of.open_input_stream(path) as file:
            return file.read()

    def hashes(self) -> dict[str, str]:
        return {self.name(info): hashlib.sha256(self.bytes_of(info.path)).hexdigest() for info in self.listing()}

    def content(self) -> tuple[Content, list[str]]:
        """All rows, and what is wrong with the lake itself."""
        content, wrong = Content(), []
        for info in self.listing():
            name = self.name(info)
            if name.endswith(".parquet"):
                wrong += add_file(content, name, self.bytes_of(info.path))
            elif not name.endswith("/_SUCCESS"):
                wrong.append(f"{name}: what is this?")
        return content, wrong


def in_folder(folder: os.PathLike) -> TopicLake:
    return TopicLake(pyarrow.fs.LocalFileSystem(), str(folder), str(folder))


def in_bucket(s3: servers.S3Proxy, path: str) -> TopicLake:
    return TopicLake(s3.file_system(), path, f"s3://{path}", s3.environment())


def add_file(content: Content, name: str, data: bytes) -> list[str]:
    """Adds the rows of a file; returns which of them were there already. Raises NotWhole."""
    try:
        table = pyarrow.parquet.ParquetFile(pyarrow.BufferReader(data)).read()
    except (pyarrow.ArrowException, OSError) as error:
        raise NotWhole(f"{name}: {error}") from error
    columns = {column: list_of(table[column]) for column in table.column_names}
    data_set = name.split("/")[0]
    if data_set == "hourly_summary":
        partition = int(table.schema.metadata[b"partition"])
        keys = [(partition, *key) for key in zip(columns["stationId"], columns["start"], strict=True)]
        values = zip(*(columns[column] for column in COLUMNS if column not in ("start", "stationId")), strict=True)
        rows = content.rows
    elif data_set == "late":
        keys = list(zip(columns["partition"], columns["offset"], strict=True))
        racks = [NO_RACKS if racks is None else racks for racks in columns["racks"]]
        values = zip(columns["station_id"], columns["observed_at"], columns["bikes"], racks, columns["watermark"],
                     strict=True)
        rows = content.late
    elif data_set == "dead_letter":
        keys = list(zip(columns["partition"], columns["offset"], strict=True))
        values = zip(columns["reason"], columns["received_at"], columns["record"], strict=True)
        rows = content.dead
    else:
        return [f"{name}: in no data set"]
    twice = []
    for key, value in zip(keys, values, strict=True):
        if key in rows:
            twice.append(f"{name}: {data_set} {key} is there twice")
        rows[key] = value
    return twice


def list_of(column: pyarrow.ChunkedArray) -> list:
    """Times as Unix seconds."""
    if pyarrow.types.is_timestamp(column.type):
        return [cell // 1000 for cell in column.cast(pyarrow.timestamp("ms")).cast(pyarrow.int64()).to_pylist()]
    return column.to_pylist()


def differences(expected: Content, lake: TopicLake, limit: int = 5) -> list[str]:
    """Where the lake is not what it must be; nothing where it is. Some of each kind."""
    content, found = lake.content()
    for data_set in ("rows", "late", "dead"):
        there, due = getattr(content, data_set), getattr(expected, data_set)
        found += some(f"{data_set}: missing in the lake", due.keys() - there.keys(), due, limit)
        found += some(f"{data_set}: only in the lake", there.keys() - due.keys(), there, limit)
        wrong = [key for key in due.keys() & there.keys() if due[key] != there[key]]
        found += some(f"{data_set}: other values, in the lake", wrong, there, limit)
        found += some(f"{data_set}: other values, must be", wrong, due, limit)
    return found


def some(what: str, keys: Iterable, values: dict, limit: int) -> list[str]:
    keys = sorted(keys)
    if not keys:
        return []
    by_partition = dict(sorted(collections.Counter(key[0] for key in keys).items()))
    return [f"{what}: {len(keys)}, by partition {by_partition}",
            *(f"  {key} {str(values[key])[:200]}" for key in keys[:limit])]
