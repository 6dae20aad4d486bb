"""A store, then a broker, that is really gone for a while, as records come in at many times the rate of a live feed.

Meanwhile the process lives in bounded memory and says in few words what is gone, since when and what waits for it; when
the server is back, it catches up alone, and the lake is what the reference says. For an hour: ./dev soak outage
"""

import contextlib
import os
import re
import threading
import time

import confluent_kafka
import pytest

import metrics
import pipelines
import servers
import topic_judge
import topics

SECONDS = float(os.environ.get("BIKEFLOW_OUTAGE_SECONDS", "25"))
# Windows of few records, so that files come to DUE_MAX within a short outage. A live feed of these stations would bring
# one record in ten seconds.
STATIONS, POLL_SECONDS = 60, 600
IS_LONG = SECONDS >= 300
RECORDS_PER_SECOND = 500 if IS_LONG else 8000
PARTITIONS = 2 if IS_LONG else 1
LAKE = "bikes/lake"  # in the bucket of own_s3

MIB = 1 << 20
DUE_MAX = 1 * MIB  # the least that a configuration may say
QUEUE_KIB = 256  # of what the client fetches ahead, by partition
# A file that is due is held as such, in the checkpoint that is being put, and in its own request; of a partition that
# is past DUE_MAX by what one poll brings, all of that may be twice as much.
MAY_GROW = PARTITIONS * (3 * 2 * DUE_MAX + 4 * QUEUE_KIB * 1024) + 16 * MIB
MAY_GROW_TO_CATCH_UP = MAY_GROW + 48 * MIB  # eight files at once go out, and polls are full
LINES_PER_MINUTE = 12


class Watch:
    """Looks at a process again and again, in a thread: how much memory it has, and how many lines it has said."""

    def __init__(self, copy: pipelines.Copy) -> None:
        self.copy = copy
        self.samples: list[tuple[float, int, int]] = []  # time, resident bytes, lines
        self._must_stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._must_stop.wait(0.2):
            with contextlib.suppress(OSError, IndexError):
                self.samples.append((time.monotonic(), resident_bytes(self.copy.process.pid),
                                     self.copy.said().count("\n")))

    def stop(self) -> None:
        self._must_stop.set()
        self._thread.join()

    def peak(self, begin: float, end: float) -> int:
        return max(resident for at, resident, _ in self.samples if begin <= at < end)

    def most_lines_in_a_minute(self) -> int:
        most, first = 0, 0
        for at, _, lines in self.samples:
            while self.samples[first][0] < at - 60:
                first += 1
            most = max(most, lines - self.samples[first][2])
        return most


def resident_bytes(pid: int) -> int:
    with open(f"/proc/{pid}/status") as status:
        return 1024 * next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))


def records():
    """Without the one long record of each hour: there are some thousand hours here."""
    every = topics.City(seed=7, stations=STATIONS, poll_seconds=POLL_SECONDS).records(hours=10**6)
    return (record for record in every if len(record.value or b"") < 10_000)


class Scene:
    """A process at work, watched; then one of its servers goes and comes back."""

    def __init__(self, kafka: servers.Kafka, pipeline: pipelines.Pipeline) -> None:
        self.kafka, self.pipeline = kafka, pipeline
        self.feeder = topics.Feeder(kafka, pipeline.topic, records(), RECORDS_PER_SECOND)
        self.copy = pipelines.Copy(pipeline, "copy").start()
        self.watch = Watch(self.copy)

    def play(self, server: servers.Server) -> str:
        """What the process said from when the server went until the topic was read to its end."""
        self.copy.wait_for("assigned: partition")
        time.sleep(3)
        begin = time.monotonic()
        time.sleep(7)
        self.gone = time.monotonic()
        said_before = len(self.copy.said())
        server.stop()
        while time.monotonic() < self.gone + SECONDS:
            assert self.copy.running(), self.copy.said()[-3000:]
            time.sleep(0.1)
        self.back = time.monotonic()
        server.start()
        time.sleep(5)
        self.sent = self.feeder.stop()
        self.wait_until_committed(60 + SECONDS)
        self.caught_up = time.monotonic()
        said = self.copy.said()[said_before:]
        self.before = self.watch.peak(begin, self.gone)
        self.during = self.watch.peak(self.gone, self.back)
        self.after = self.watch.peak(self.back, self.caught_up)
        return said

    def wait_until_committed(self, seconds: float) -> None:
        """Up to the end of the topic. Requires: nothing is sent any more."""
        group = confluent_kafka.Consumer({"bootstrap.servers": self.kafka.address, "group.id": "bikeflow",
                                          "enable.auto.commit": False, "log_level": 0})
        try:
            partitions = [confluent_kafka.TopicPartition(self.pipeline.topic, number) for number in range(PARTITIONS)]
            ends = [group.get_watermark_offsets(partition, timeout=30)[1] for partition in partitions]
            deadline = time.monotonic() + seconds
            while True:
                done = [partition.offset for partition in group.committed(partitions, timeout=30)]
                if done == ends:
                    return
                assert self.copy.running(), self.copy.said()[-3000:]
                assert time.monotonic() < deadline, f"at {done}, not {ends}\n{self.copy.said()[-3000:]}"
                time.sleep(0.5)
        finally:
            group.close()

    def end(self, what: str, said: str, capsys) -> None:
        """What must hold whichever server it was; for people, how it was."""
        lines = self.watch.most_lines_in_a_minute()
        self.watch.stop()
        with capsys.disabled():
            print(f"\n{what} gone for {self.back - self.gone:.0f} s: {self.sent} records sent, {RECORDS_PER_SECOND} a"
                  f" second; resident {self.before // MIB} MiB at most before, {self.during // MIB} while it was gone,"
                  f" {self.after // MIB} until {self.caught_up - self.back:.0f} s after; at most {lines} lines a minute"
                  f"\n{said}")
        assert lines <= LINES_PER_MINUTE, said
        assert re.search(r"; partition 0.*, seoul hour \d+( of \S+)? open: watermark [-\d :]+, needs [-\d :]+", self.copy.said())
        assert self.during <= self.before + MAY_GROW
        assert self.after <= self.before + MAY_GROW_TO_CATCH_UP
        # What became due while it caught up may take longer to publish than an end may.
        status = self.copy.stop()
        assert status == 0 or "nothing is lost: the next run goes on" in self.copy.said(), self.copy.said()[-3000:]
        self.pipeline.catch_up(timeout=120 + SECONDS)


@pytest.fixture
def scene(own_kafka, own_s3, program, tmp_path):
    own_kafka.create_topic("bikes", PARTITIONS)
    made = Scene(own_kafka, pipelines.Pipeline(
        program, tmp_path / "pipeline", own_kafka.address, "bikes", f"s3://{LAKE}", environment=own_s3.environment(),
        client={"queued.max.messages.kbytes": QUEUE_KIB}, due_max=f"{DUE_MAX // MIB}MiB"))
    yield made
    made.watch.stop()
    made.copy.kill()


SINCE = r"since 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ \((?:\d+[smhd])+\)"


def test_the_store_is_gone_for_a_while(scene, own_kafka, own_s3, judge, capsys):
    said = scene.play(own_s3)
    scene.end("the store", said, capsys)
    assert re.search(f"warning: the store cannot be used {SINCE}: .*is the server {own_s3.url} of AWS_ENDPOINT_URL up",
                     said), said
    where = "partitions 0, 1" if PARTITIONS > 1 else "partition 0"
    assert f"reading waits in {where}, where no more may be due ([checkpoint] due_max)" in said
    assert re.search("the store can be used again, after", said), said
    judge.agrees(judge.expected(own_kafka, "bikes"), topic_judge.in_bucket(own_s3, LAKE), scene.pipeline)


def test_the_broker_is_gone_for_a_while(scene, own_kafka, own_s3, judge, capsys):
    said = scene.play(own_kafka)
    scene.end("the broker", said, capsys)
    assert re.search(f"warning: the Kafka cluster cannot be used {SINCE}: .*; tried again until it succeeds", said), said
    assert re.search(r"the Kafka cluster can be used again, after", said), said
    judge.agrees(judge.expected(own_kafka, "bikes"), topic_judge.in_bucket(own_s3, LAKE), scene.pipeline)


def test_without_a_broker_nobody_knows_how_much_there_is_to_read(own_kafka, program, tmp_path):
    """Also while the member still has its partition, and no commit fails: the end that its client heard last is an old
    one."""
    own_kafka.create_topic("bikes", 1)
    feeder = topics.Feeder(own_kafka, "bikes", records(), 1000)
    pipeline = pipelines.Pipeline(program, tmp_path / "pipeline", own_kafka.address, "bikes", str(tmp_path / "lake"),
                                  client={"session.timeout.ms": 45_000, "heartbeat.interval.ms": 3_000})
    with pipelines.running(pipeline) as (copy, port):
        def wait_for_lag(expected: float | None, seconds: float = 40) -> None:
            end = time.monotonic() + seconds
            while (lag := metrics.look(port).value("bikeflow_lag_records")) != expected:
                assert time.monotonic() < end and copy.running(), f"{lag}, not {expected}\n{copy.said()[-3000:]}"
                time.sleep(0.1)

        copy.wait_for("assigned: partition")
        time.sleep(1)
        feeder.stop()
        wait_for_lag(0)
        time.sleep(5)  # what was read is committed
        own_kafka.stop()
        wait_for_lag(None, 15)
        assert "commit of offset" not in copy.said()
        own_kafka.start()
        wait_for_lag(0)
