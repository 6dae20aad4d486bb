"""Topics for tests: a city's polls in the topic's form, from a seed, with everything that goes wrong.

    city = topics.City(seed=1, stations=60)
    topics.fill(kafka, "name", city.records(hours=6))      # all acknowledged when it returns

Of each thousand records some come twice, with other counts, out of order inside the delay, after it, or
from the future, and some are none. What is none, or has another form than the usual one, says in a header
what it is, so that a judge (topic_judge.py) need not guess:

    expect   the reason with which it must become a dead letter
    means    [station, observed_at, bikes, racks] in JSON; racks null where unknown
"""

import dataclasses
import datetime
import functools
import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator

import confluent_kafka
import numpy

import servers

ZONE = "Asia/Seoul"
OFFSET = datetime.timezone(datetime.timedelta(hours=9))
BEGIN = int(datetime.datetime(2024, 8, 11, 0, 0, tzinfo=OFFSET).timestamp())
HOUR = 3600

# A record that is to be sent, in numbers. `kind`: 0 as usual, else an index into KINDS.
SENT = numpy.dtype([("arrival", "<f8"), ("observed_at", "<i8"), ("sent_at", "<i8"), ("station", "<i4"),
                    ("bikes", "<i4"), ("kind", "<i4")])


@dataclasses.dataclass(frozen=True)
class Record:
    key: bytes | None
    value: bytes | None
    timestamp_ms: int
    headers: list[tuple[str, bytes]] | None = None


@dataclasses.dataclass(frozen=True)
class Message:
    """A record of the usual form, before a kind makes something else of it."""
    station: str
    racks: int
    bikes: int
    observed_at: int
    value: bytes


@functools.cache
def local_time(observed_at: int) -> bytes:
    return datetime.datetime.fromtimestamp(observed_at, OFFSET).strftime("%Y-%m-%d %H:%M:%S").encode()


def bikes_text(text: bytes) -> Callable[[Message], bytes]:
    return lambda message: message.value.replace(b'otCnt":"%d","shared"' % message.bikes, b'otCnt":"%s","shared"' % text)


def time_text(text: bytes) -> Callable[[Message], bytes]:
    return lambda message: message.value.replace(local_time(message.observed_at), text)


def without(name: bytes) -> Callable[[Message], bytes]:
    return lambda message: message.value.replace(b'"%s":' % name, b'"no%s":' % name)


def in_another_form(message: Message) -> bytes:
    return json.dumps({"bikes": message.bikes, "station_id": message.station, "racks": message.racks,
                       "observed_at": message.observed_at, "of_no_use": [{"station_id": "ST-0"}]}).encode()


def with_offset(message: Message) -> bytes:
    at = datetime.datetime.fromtimestamp(message.observed_at, datetime.timezone.utc)
    return time_text(at.strftime("%Y-%m-%dT%H:%M:%SZ").encode())(message)


# (the reason, the record's value); no reason: an observation all the same, of the same meaning.
KINDS: list[tuple[str | None, Callable[[Message], bytes | None]]] = [
    (None, lambda message: message.value),
    ("not_json", lambda message: message.value[:20]),
    ("not_json", lambda message: None),
    ("not_json", lambda message: b""),
    ("not_json", lambda message: b"[%s]" % message.value),
    ("not_json", lambda message: message.value + b"}"),
    ("not_json", lambda message: b"{" + b" " * 900_000),
    ("not_utf8", lambda message: message.value.replace("역".encode(), b"\xec\x97")),
    ("too_deep", lambda message: b'{"a":' + b"[" * 40 + b"]" * 40 + b"," + message.value[1:]),
    ("missing_station", without(b"stationId")),
    ("bad_station", lambda message: message.value.replace(b'"ST-', b'"\\u0007ST-')),
    ("bad_station", lambda message: message.value.replace(b'"ST-', b'"ST-' + b"1" * 128)),
    ("missing_bikes", without(b"parkingBikeTotCnt")),
    ("bad_bikes", bikes_text(b"-3")),
    ("bad_bikes", bikes_text(b"10001")),
    ("bad_bikes", bikes_text(b"1e1")),
    ("missing_time", without(b"timestamp")),
    ("bad_time", time_text(b"yesterday")),
    ("bad_time", time_text(b"1999-12-31 00:00:00")),
    (None, in_another_form),
    (None, with_offset),
    (None, lambda message: message.value[:-1] + b',"parkingBikeTotCnt":"7","stationId":"ST-0"}'),
    (None, without(b"rackTotCnt")),
]
LARGE = 6  # the one kind that is long: rarely
WITHOUT_RACKS = len(KINDS) - 1
AHEAD = [300, 301, 86_400, 365 * 86_400, 900 * 365 * 86_400]  # seconds; the first is just allowed


class City:
    """Stations whose counts wander. The same arguments give the same records."""

    def __init__(self, seed: int = 1, stations: int = 60, poll_seconds: int = 30, begin: int = BEGIN,
                 first_station: int = 1) -> None:
        self.seed, self.poll_seconds, self.begin = seed, poll_seconds, begin
        random = numpy.random.default_rng(seed)
        self.racks = random.integers(5, 20, stations)
        self.names = [f"ST-{number}" for number in range(first_station, first_station + stations)]
        self._before = [b'{"rackTotCnt":"%d","stationName":"%d. %s","parkingBikeTotCnt":"'
                        % (racks, number + 100, f"{number}번 역".encode()) for number, racks in enumerate(self.racks)]
        self._between = [b'","shared":"%d","stationLatitude":"37.5556","stationLongitude":"126.9106","stationId":"%s",'
                         b'"timestamp":"' % (number % 130, name.encode()) for number, name in enumerate(self.names)]
        self._keys = [name.encode() for name in self.names]

    def records(self, hours: float) -> Iterator[Record]:
        """In the order in which they are to be sent."""
        for part in self._parts(hours):
            yield from map(self._record, *(part[name].tolist() for name in SENT.names[1:]))

    def _record(self, observed_at: int, sent_at: int, station: int, bikes: int, kind: int) -> Record:
        value = b"%s%d%s%s\"}" % (self._before[station], bikes, self._between[station], local_time(observed_at))
        if kind == 0:
            return Record(self._keys[station], value, sent_at)
        reason, make = KINDS[kind]
        racks = int(self.racks[station])
        value = make(Message(self.names[station], racks, bikes, observed_at, value))
        meaning = [self.names[station], observed_at, bikes, None if kind == WITHOUT_RACKS else racks]
        header = ("expect", reason.encode()) if reason else ("means", json.dumps(meaning).encode())
        return Record(self._keys[station], value, sent_at, [header])

    def _parts(self, hours: float) -> Iterator[numpy.ndarray]:
        """SENT[n] hour by hour, each in its order; what is delayed comes in a later one."""
        polls_left = int(hours * HOUR / self.poll_seconds)
        bikes = self.racks // 2
        waiting = numpy.empty(0, SENT)
        at, number = self.begin, 0
        while polls_left > 0:
            random = numpy.random.default_rng((self.seed, number))
            polls = min(polls_left, HOUR // self.poll_seconds)
            hour, bikes = self._hour(random, at, polls, bikes)
            waiting = numpy.concatenate([waiting, hour, *self._disturbances(random, hour)])
            waiting = waiting[numpy.argsort(waiting["arrival"], kind="stable")]
            at, number, polls_left = at + polls * self.poll_seconds, number + 1, polls_left - polls
            due = numpy.searchsorted(waiting["arrival"], at)
            yield waiting[:due]
            waiting = waiting[due:]
        yield waiting

    def _hour(self, random, at: int, polls: int, bikes) -> tuple[numpy.ndarray, numpy.ndarray]:
        stations = len(self.racks)
        counts = numpy.empty((polls, stations), numpy.int32)
        for poll, step in enumerate(random.choice([0, 0, 0, 0, 0, -1, 1, -2, 2], (polls, stations))):
            bikes = numpy.clip(bikes + step, 0, self.racks)
            counts[poll] = bikes
        hour = numpy.empty(polls * stations, SENT)
        hour["observed_at"] = numpy.repeat(at + 3 + numpy.arange(polls) * self.poll_seconds, stations)
        hour["sent_at"] = hour["observed_at"] * 1000 + random.integers(0, 1000, len(hour))
        hour["arrival"] = hour["observed_at"] + random.random(len(hour))
        hour["station"] = numpy.tile(numpy.arange(stations), polls)
        hour["bikes"] = counts.reshape(-1)
        hour["kind"] = 0
        # A tenth of the stations is silent for a while, some for longer than the largest gap.
        silent_from = numpy.where(random.random(stations) < 0.1, at + random.integers(0, HOUR, stations), 2**60)
        silent_to = silent_from + random.integers(60, 2400, stations)
        silent = (hour["observed_at"] >= silent_from[hour["station"]]) & (
            hour["observed_at"] < silent_to[hour["station"]])
        hour = hour[~silent & (random.random(len(hour)) > 0.01)]
        slow = random.random(len(hour)) < 0.03  # out of order, mostly inside the delay of 10 minutes
        hour["arrival"] += numpy.where(slow, random.uniform(20, 560, len(hour)), 0)
        slow = random.random(len(hour)) < 0.004
        hour["arrival"] += numpy.where(slow, random.uniform(560, 2400, len(hour)), 0)
        return hour, bikes

    def _disturbances(self, random, hour: numpy.ndarray) -> list[numpy.ndarray]:
        def some(share: float) -> numpy.ndarray:
            return hour[random.random(len(hour)) < share]

        again = some(0.02)
        again["arrival"] += random.uniform(0, 700, len(again))
        other = some(0.003)
        other["bikes"] = random.integers(0, 20, len(other))
        ahead = some(0.001)
        ahead["observed_at"] += random.choice(AHEAD, len(ahead))
        odd = some(0.005)
        kinds = [kind for kind in range(1, len(KINDS)) if kind != LARGE]
        odd["kind"] = random.choice(kinds, len(odd))
        large = hour[:1].copy()
        large["kind"] = LARGE
        return [again, other, ahead, odd, large]


class Sender:
    """A producer as Java's are: the key chooses the partition, and what is not acknowledged is sent again."""

    def __init__(self, kafka: servers.Kafka, topic: str) -> None:
        self.topic = topic
        self.failures: list[str] = []
        self._producer = confluent_kafka.Producer({
            "bootstrap.servers": kafka.address, "partitioner": "murmur2_random", "compression.type": "lz4",
            "linger.ms": 5, "queue.buffering.max.messages": 200_000, "log_level": 0,
            "message.timeout.ms": 0,  # a broker may be gone for an hour
            "topic.metadata.refresh.interval.ms": 1000, "reconnect.backoff.max.ms": 500,
            "on_delivery": lambda error, _: self.failures.append(str(error)) if error else None})

    def send(self, record: Record, partition: int | None = None) -> None:
        more = {} if partition is None else {"partition": partition}
        while True:
            try:
                self._producer.produce(self.topic, key=record.key, value=record.value, headers=record.headers,
                                       timestamp=record.timestamp_ms, **more)
                return
            except BufferError:
                self._producer.poll(0.05)

    def poll(self) -> None:
        self._producer.poll(0)

    def finish(self, seconds: float = 120) -> None:
        left = self._producer.flush(seconds)
        if left or self.failures:
            raise servers.ServerError(f"{left} records of {self.topic} were not acknowledged: {self.failures[:3]}")


def fill(kafka: servers.Kafka, topic: str, records: Iterable[Record], partition: int | None = None) -> int:
    """Sends all, into the one partition if it is given; returns how many."""
    sender = Sender(kafka, topic)
    count = 0
    for count, record in enumerate(records, 1):
        sender.send(record, partition)
        if count % 1000 == 0:
            sender.poll()
    sender.finish()
    return count


class Feeder:
    """Sends records at a rate, in a thread, until they are all sent or stop() is called."""

    def __init__(self, kafka: servers.Kafka, topic: str, records: Iterator[Record], per_second: int) -> None:
        self.count = 0
        self._failure: BaseException | None = None
        self._sender = Sender(kafka, topic)
        self._records, self._per_second = records, per_second
        self._must_stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="feeder", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            begin = time.monotonic()
            for record in self._records:
                self._sender.send(record)
                self.count += 1
                if self.count % 100 == 0:
                    self._sender.poll()
                    ahead = self.count / self._per_second - (time.monotonic() - begin)
                    if self._must_stop.wait(max(0, ahead)):
                        break
            self._sender.finish()
        except BaseException as failure:
            self._failure = failure

    def running(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> int:
        """How many were sent; all of them are acknowledged."""
        self._must_stop.set()
        return self.wait()

    def wait(self) -> int:
        self._thread.join()
        if self._failure:
            raise self._failure
        return self.count
