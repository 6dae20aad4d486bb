"""The storm: three processes of one group, a broker and a store that all die, sleep and fail while records come in.

A reader looks at the lake all the while, and sees nothing that is not there at the end. Afterwards the lake is what
the reference says of the topic. For longer: ./dev soak
"""

import collections
import contextlib
import os
import random
import re
import signal
import threading
import time
from collections.abc import Callable

import pytest

import fault_proxy
import pipelines
import servers
import topic_judge
import topics

SECONDS = float(os.environ.get("BIKEFLOW_STORM_SECONDS", "75"))
KILLS = int(os.environ.get("BIKEFLOW_STORM_KILLS", "30"))
SEED = int(os.environ.get("BIKEFLOW_STORM_SEED", "1"))
PARTITIONS = 4
COPIES = 3
RECORDS_PER_SECOND = 3000
LAKE = "bikes/lake"  # in the bucket of own_s3


class Reader:
    """Reads the lake again and again, in a thread. What it saw is judged by check() and by seen()."""

    def __init__(self, server: servers.S3Proxy) -> None:
        self.passes = 0
        self.passes_without_store = 0
        self.content = topic_judge.Content()
        self._lake = topic_judge.in_bucket(server, LAKE)
        self._random = random.Random(SEED)
        self._known: dict[str, tuple] = {}  # path -> as it was listed
        self._content_of: dict[str, topic_judge.Content] = {}
        self._wrong: list[str] = []
        self._must_stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reader", daemon=True)
        self._thread.start()

    def check(self) -> None:
        assert not self._wrong, "\n".join(self._wrong[:10])

    def files(self) -> int:
        return len(self._content_of)

    def stop(self) -> None:
        self._must_stop.set()
        self._thread.join()
        self.check()

    def _run(self) -> None:
        while not self._must_stop.wait(0.2):
            try:
                self._look()
                self.passes += 1
            except topic_judge.NotWhole as error:
                self._wrong.append(f"a file is not whole: {error}")
            except FileNotFoundError as error:
                self._wrong.append(f"a file was there and is not: {error}")
            except OSError:
                self.passes_without_store += 1
            except BaseException as error:
                self._wrong.append(repr(error))

    def _look(self) -> None:
        """All that is new or replaced, and of the rest one file in fifty."""
        listing = self._lake.listing()
        gone = self._content_of.keys() - {self._lake.name(info) for info in listing}
        self._wrong += [f"{name} was there and is not" for name in gone]
        for info in listing:
            state = (info.size, info.mtime_ns)
            name = self._lake.name(info)
            if not name.endswith(".parquet") or (self._known.get(name) == state and self._random.random() > 0.02):
                continue
            content = topic_judge.Content()
            self._wrong += topic_judge.add_file(content, name, self._lake.bytes_of(info.path))
            self._known[name] = state
            before = self._content_of.setdefault(name, content)
            if before is content:
                self._wrong += [f"{name}: {what}" for what in add_new(content, self.content)]
            elif before != content:
                self._wrong.append(f"{name} has other rows than it had")


def add_new(content: topic_judge.Content, to: topic_judge.Content) -> list[str]:
    """Returns what is there already, of another file."""
    twice = []
    for data_set in ("rows", "late", "dead"):
        new, all_of_it = getattr(content, data_set), getattr(to, data_set)
        twice += [f"{data_set} {key} is in another file too" for key in new.keys() & all_of_it.keys()]
        all_of_it.update(new)
    return twice


class Target:
    """A copy with a way of its own to the store, on which requests fail, and which may be hit at a chosen moment."""

    def __init__(self, number: int, pipeline: pipelines.Pipeline, s3: servers.S3Proxy) -> None:
        self.proxy = fault_proxy.FaultProxy(s3.port)
        self.copy = pipelines.Copy(pipeline, f"copy-{number}", s3.environment(self.proxy.url))
        self.is_clear = False
        self.hit = threading.Event()
        self._random = random.Random(f"{SEED} {number}")  # the proxy's thread's
        self._aim: tuple[str, Callable[[], None]] | None = None
        self.proxy.plan = self._plan

    def aim(self, part_of_path: str, strike: Callable[[], None]) -> None:
        """To be called when the copy next asks the store to put such a file."""
        self.hit.clear()
        self._aim = (part_of_path, strike)

    def send(self, sent: signal.Signals) -> None:
        os.kill(self.copy.process.pid, sent)

    def forget_aim(self) -> bool:
        """Whether it had hit."""
        self._aim = None
        return self.hit.is_set()

    def _plan(self, request: fault_proxy.Request) -> fault_proxy.Fault | None:
        aim = self._aim
        if aim and request.method == "PUT" and aim[0] in request.path:
            self._aim = None
            aim[1]()
            self.hit.set()
            return None
        return None if self.is_clear else self._fault()

    def _fault(self) -> fault_proxy.Fault | None:
        dice = self._random.random()
        if dice < 0.02:
            return fault_proxy.CUT
        if dice < 0.04:
            return fault_proxy.DROP
        if dice < 0.06:
            return fault_proxy.answer(503)
        if dice < 0.08:
            return fault_proxy.late(self._random.uniform(0.2, 8))
        if dice < 0.10:
            return fault_proxy.delay(self._random.uniform(0.1, 2))
        return None


class Storm:
    """Faults in rounds: a burst of kills, then some seconds in which work can get on."""

    def __init__(self, kafka: servers.Kafka, s3: servers.S3Proxy, targets: list[Target], reader: Reader) -> None:
        self.kafka, self.s3, self.targets, self.reader = kafka, s3, targets, reader
        self.counts: collections.Counter[str] = collections.Counter()
        self.random = random.Random(SEED)

    def blow(self, seconds: float, kills: int) -> None:
        rounds = max(8, int(seconds / 9))
        end = time.monotonic() + seconds
        for number in range(rounds):
            self.burst(number, kills * (number + 1) // rounds - kills * number // rounds)
            left = (end - time.monotonic()) / (rounds - number)
            self.sleep(max(3.5, left * self.random.uniform(0.8, 1.2)))

    def burst(self, number: int, kills: int) -> None:
        paused = self.pause_one() if number % 4 != 1 else None
        paused_until = time.monotonic() + pipelines.SESSION_MS / 1000 + self.random.uniform(0.5, 2)
        if number % 5 == 2:
            self.with_a_commit_under_way("broker killed", self.kafka.kill)
            self.sleep(self.random.uniform(0, 1))
            self.kafka.launch()
        if number % 5 == 4:  # past all sessions; every second time longer than a commit waits
            seconds = 4 if number % 2 else 12
            self.with_a_commit_under_way(f"broker asleep for {seconds} s", self.kafka.pause)
            self.sleep(seconds)
            self.kafka.resume()
        if number % 6 == 5:
            self.counts["store killed"] += 1
            self.s3.kill()
            self.sleep(self.random.uniform(0, 1))
            self.s3.launch()
        for _ in range(kills):
            self.sleep(self.random.choice([0, 0.05, 0.3, 0.8]))
            self.kill_one()
        self.kafka.wait_ready()
        self.s3.wait_ready()
        if paused:
            self.sleep(max(0, paused_until - time.monotonic()))
            paused.copy.resume()

    def kill_one(self) -> None:
        """Half of them between a checkpoint and its commit, or between that and what it published."""
        target = self.random.choice([target for target in self.targets if not target.copy.is_paused])
        moment = self.random.choice(["", "", "/_bikeflow/state/", ".parquet"])
        if moment:
            target.aim(moment, lambda: target.send(signal.SIGKILL))
            target.hit.wait(0.5)
            self.counts[f"kill -9 at a PUT of {moment}"] += target.forget_aim()
        self.counts["kill -9"] += 1
        target.copy.kill()
        target.copy.start()

    def with_a_commit_under_way(self, what: str, strike: Callable[[], None]) -> None:
        self.kafka.wait_ready()
        target = self.random.choice([target for target in self.targets if not target.copy.is_paused])
        target.aim("/_bikeflow/state/", strike)
        target.hit.wait(3)
        if target.forget_aim():
            what += " while a commit was coming"
        else:
            strike()
        self.counts[what] += 1

    def pause_one(self) -> Target:
        """If possible between a checkpoint and its commit: that is what it wakes up with."""
        self.counts["asleep past its session"] += 1
        target = self.random.choice(self.targets)
        target.aim("/_bikeflow/state/", lambda: target.send(signal.SIGSTOP))
        target.hit.wait(2)
        self.counts["asleep at a PUT of a checkpoint"] += target.forget_aim()
        target.copy.pause()
        return target

    def sleep(self, seconds: float) -> None:
        """Meanwhile copies that ended are started again."""
        end = time.monotonic() + seconds
        while True:
            self.reader.check()
            for target in self.targets:
                target.copy.start_again_if_ended()
                said = target.copy.said()
                assert "bikeflow state" not in said, f"a partition has stopped\n{said[-3000:]}"
            if time.monotonic() >= end:
                return
            time.sleep(min(0.25, max(0, end - time.monotonic())))

    def clear(self) -> None:
        """No more faults."""
        for target in self.targets:
            target.is_clear = True
            for kind, count in target.proxy.counts.items():
                self.counts[f"store: {kind}"] += count
            for why, count in target.copy.ended.items():
                self.counts[f"ended by itself, {why}"] += count
            for outcome in re.findall(r"commit of offset \d+: (.*)", target.copy.said()):
                self.counts[f"commit: {outcome[:100]}"] += 1


def test_storm(own_kafka, own_s3, program, judge, tmp_path, capsys):
    kafka, s3 = own_kafka, own_s3
    kafka.create_topic("bikes", PARTITIONS)
    pipeline = pipelines.Pipeline(program, tmp_path / "pipeline", kafka.address, "bikes", f"s3://{LAKE}",
                                  environment=s3.environment())
    pipeline.catch_up()  # the lake is made before the faults begin
    targets = [Target(number, pipeline, s3) for number in range(COPIES)]
    with contextlib.ExitStack() as proxies:
        for target in targets:
            proxies.enter_context(target.proxy)
            target.copy.start()
        feeder = topics.Feeder(kafka, "bikes", topics.City(seed=SEED, stations=60).records(hours=10**6),
                               RECORDS_PER_SECOND)
        reader = Reader(s3)
        storm = Storm(kafka, s3, targets, reader)
        storm.blow(SECONDS, KILLS)
        files_in_the_storm = reader.files()
        storm.clear()
        sent = feeder.stop()
        for target in targets:
            target.copy.leave()
        pipeline.catch_up()
        reader.stop()
        assert [target.proxy.errors for target in targets] == [[]] * COPIES
    expected = judge.expected(kafka, "bikes")
    with capsys.disabled():
        print(f"\nstorm of {SECONDS:.0f} s, seed {SEED}: {sent} records sent, {expected.records} in the topic,"
              f" {len(expected.rows)} rows, {len(expected.late)} late, {len(expected.dead)} dead letters;"
              f" {files_in_the_storm} files written in it; the reader looked {reader.passes} times and"
              f" {reader.passes_without_store} times in vain")
        print("\n".join(f"  {count:5} {what}" for what, count in sorted(storm.counts.items())))
    judge.agrees(expected, topic_judge.in_bucket(s3, LAKE), pipeline)
    for data_set in ("rows", "late", "dead"):
        seen, final = getattr(reader.content, data_set), getattr(expected, data_set)
        wrong = [key for key, value in seen.items() if final.get(key) != value]
        assert not wrong, f"a reader saw {data_set} that were not to stay: {wrong[:5]}"
    assert files_in_the_storm >= PARTITIONS * 3, "hardly any work was done in the storm"
    assert reader.passes > 10
