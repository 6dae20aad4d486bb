"""What makes a partition stop: each time the run says which, what it found and what settles it, changes nothing of
that partition in the lake, and goes on with the others."""

import json
import re
import time
from collections.abc import Callable

import confluent_kafka
import pytest

import pipelines
import topic_judge
import topics


def polls(partition: int, hours: float, later_hours: int = 0, seed: int = 1):
    """Records of stations that only this partition has."""
    return topics.City(seed=seed, stations=4, poll_seconds=60, begin=topics.BEGIN + later_hours * topics.HOUR,
                       first_station=100 * (partition + 1)).records(hours)


class Used:
    """A lake that has read a topic of two partitions, each three hours, in two runs."""

    def __init__(self, bikeflow, kafka, topic: str, pipeline: pipelines.Pipeline, lake: topic_judge.TopicLake) -> None:
        self.bikeflow, self.kafka, self.topic, self.pipeline, self.lake = bikeflow, kafka, topic, pipeline, lake
        for part in range(2):
            for partition in range(2):
                self.fill(partition, 1.5, later_hours=2 * part)
            assert pipeline.run("--until-caught-up").returncode == 0
        assert all(self.files_of(partition) for partition in range(2))

    def fill(self, partition: int, hours: float, later_hours: int, seed: int = 1) -> None:
        topics.fill(self.kafka, self.topic, polls(partition, hours, later_hours, seed), partition)

    def files_of(self, partition: int) -> dict[str, str]:
        """All that the lake has of a partition, its state included, with hashes."""
        name = f"/{self.topic}-{partition}-"
        state = topic_judge.in_folder(f"{self.lake.root}/_bikeflow/state/{self.topic}/{partition}")
        return {path: hash for path, hash in self.lake.hashes().items() if name in path} | {
            f"state/{path}": hash for path, hash in state.hashes().items()}

    def committed(self) -> list[int]:
        """The group's offsets."""
        consumer = confluent_kafka.Consumer(
            {"bootstrap.servers": self.kafka.address, "group.id": "bikeflow", "log_level": 0})
        try:
            asked = [confluent_kafka.TopicPartition(self.topic, partition) for partition in range(2)]
            return [each.offset for each in consumer.committed(asked, timeout=30)]
        finally:
            consumer.close()

    def state(self, command: str, partition: int, *options: str) -> str:
        """What `bikeflow state` says of a partition."""
        return self.bikeflow.succeed("state", command, "--lake", self.lake.url, "--partition",
                                     f"{self.topic}/{partition}", *options).stdout

    def rewind_to_newest(self, partition: int) -> None:
        names = re.findall(r"\d+-[0-9a-f]{16}", self.state("rewind", partition))
        newest = max(names, key=lambda name: int(name.partition("-")[0]))
        self.state("rewind", partition, "--to", newest, "--yes")

    def stops(self, finding: str, partitions: list[int], pipeline: pipelines.Pipeline | None = None) -> None:
        """A run ends with status 1, and says the finding (a pattern) of these partitions and of no other. Of
        these nothing changes; the others read what they are given meanwhile."""
        others = [partition for partition in range(2) if partition not in partitions]
        for partition in others:
            self.fill(partition, 1.5, later_hours=4)
        before = [self.files_of(partition) for partition in range(2)]
        done = (pipeline or self.pipeline).run("--until-caught-up", "--close-windows")
        assert done.returncode == 1, done.stdout + done.stderr
        said = {int(match[1]): match[2] for match in re.finditer(rf"{self.topic}/(\d): (.*)", done.stderr)}
        assert sorted(said) == partitions, done.stderr
        for partition in partitions:
            assert re.search(finding, said[partition]), done.stderr
            assert re.search("bikeflow state (accept-gap|rewind|discard)", said[partition]), done.stderr
            assert self.files_of(partition) == before[partition]
        for partition in others:
            assert len(self.files_of(partition)) > len(before[partition])


@pytest.fixture
def used(bikeflow, kafka, new_topic, pipeline, lake) -> Used:
    topic = new_topic(2)
    return Used(bikeflow, kafka, topic, pipeline(topic), lake)


def commit_by_hand(used: Used, offset: int) -> None:
    """As another program of the group does, for partition 0."""
    consumer = confluent_kafka.Consumer(
        {"bootstrap.servers": used.kafka.address, "group.id": "bikeflow", "log_level": 0})
    consumer.commit(offsets=[confluent_kafka.TopicPartition(used.topic, 0, offset)], asynchronous=False)
    consumer.close()


@pytest.mark.parametrize("hours", [0.2, 5])
def test_a_topic_that_was_made_anew(used, hours, judge):
    """With fewer records than were read, and with more. (The broker forgets a topic's commits with it, sooner or
    later.) Both partitions begin anew by an order."""
    used.kafka.delete_topic(used.topic)
    used.kafka.create_topic(used.topic, 2)
    for partition in range(2):
        used.fill(partition, hours, later_hours=10, seed=2)
    used.stops(r"the topic ends at offset \d+, and it was read up to \d+.*bikeflow state discard"
               r"|is not the one that was read last.*bikeflow state discard"
               r"|no committed offset, but .*made anew.*bikeflow state rewind .*bikeflow state discard", [0, 1])
    for partition in range(2):
        used.state("discard", partition, "--yes")
    used.pipeline.catch_up()
    judge.agrees(judge.expected(used.kafka, used.topic), used.lake, used.pipeline)


def test_offsets_that_aged_out(used):
    at = used.committed()[0]
    used.fill(0, 1, later_hours=4)
    used.kafka.admin.delete_records([confluent_kafka.TopicPartition(used.topic, 0, at + 7)])
    used.stops(rf"the records from {at} to {at + 6} are gone .*bikeflow state accept-gap", [0])
    used.state("accept-gap", 0)
    used.pipeline.catch_up()
    assert used.committed()[0] > at + 7
    used.bikeflow.succeed("verify", "--lake", used.lake.url)


def test_all_that_was_read_may_age_out(used):
    """Which is no gap."""
    found = used.kafka.admin.delete_records([confluent_kafka.TopicPartition(used.topic, 0, used.committed()[0])])
    assert [each.result().low_watermark for each in found.values()] == used.committed()[:1]
    used.fill(0, 1, later_hours=4)
    assert used.pipeline.run("--until-caught-up").returncode == 0


def test_a_commit_of_another_program(used, judge):
    """Nothing is lost by it: a rewind to the newest checkpoint goes on where the partition was."""
    commit_by_hand(used, used.committed()[0])
    used.stops(r"offset \d+ does not name a checkpoint .*bikeflow state rewind", [0])
    used.rewind_to_newest(0)
    used.pipeline.catch_up()
    judge.agrees(judge.expected(used.kafka, used.topic), used.lake, used.pipeline)


def test_a_group_that_was_renamed(used, pipeline, tmp_path):
    renamed = pipeline(used.topic, group="another")
    before = used.lake.hashes()
    done = renamed.run("--until-caught-up", "--close-windows")
    assert done.returncode == 1
    assert re.search(r"this lake is written by another pipeline: kafka \S+ \S+ bikeflow \(run\)", done.stderr)
    assert used.lake.hashes() == before
    # As it says one may, where the other one is no more:
    for writer in (tmp_path / "lake" / "_bikeflow" / "writers").iterdir():
        writer.unlink()
    used.stops(r"no committed offset, but there is a history.*group renamed.*bikeflow state rewind", [0, 1], renamed)


def test_another_lake(used, tmp_path):
    path = tmp_path / "lake" / "_bikeflow" / "lake.json"
    lake = json.loads(path.read_text())
    path.write_text(json.dumps({**lake, "lake_id": lake["lake_id"][::-1]}))
    used.stops(rf"is of another lake \(id {lake['lake_id']}, here {lake['lake_id'][::-1]}\)", [0, 1])


def test_other_rules(used, pipeline):
    used.stops("delay is 10m in what is already written, and 20m in the configuration", [0, 1],
               pipeline(used.topic, delay="20m"))


def test_a_service_stays_for_the_other_partitions(used):
    """It says the finding, reads on, and takes the partition up again when an order settles it."""
    before = used.committed()
    commit_by_hand(used, 1)
    copy = pipelines.Copy(used.pipeline, "copy").start()
    copy.wait_for(f"{used.topic}/0: the group's committed offset 1 does not name a checkpoint")
    for partition in range(2):
        used.fill(partition, 1.5, later_hours=4)
    wait_until(lambda: used.committed()[1] > before[1], copy)
    assert used.committed()[0] == 1
    used.rewind_to_newest(0)
    wait_until(lambda: used.committed()[0] > before[0], copy)
    assert copy.said().count("does not name a checkpoint") == 1
    assert copy.stop() == 0, copy.said()


def test_a_service_that_cannot_go_on_ends_with_status_1(used):
    commit_by_hand(used, 1)
    copy = pipelines.Copy(used.pipeline, "copy").start()
    copy.wait_for(f"{used.topic}/0: the group's committed offset 1 does not name a checkpoint")
    assert copy.stop() == 1, copy.said()


def wait_until(is_so: Callable[[], bool], copy: pipelines.Copy) -> None:
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline, copy.said()
