"""`bikeflow run` on a topic of a real broker, undisturbed: the lake is what the reference says."""

import itertools
import os
import pathlib
import time
import uuid

import pytest

import pipelines
import topic_judge
import topics


@pytest.fixture(scope="module")
def filled(kafka):
    """A topic of four partitions with everything that a topic may hold."""
    topic = f"bikes-{uuid.uuid4().hex[:12]}"
    kafka.create_topic(topic, 4)
    topics.fill(kafka, topic, topics.City(seed=1, stations=150).records(hours=8))
    return topic


@pytest.fixture(scope="module")
def expected(kafka, filled, program, tmp_path_factory):
    return topic_judge.Expected(kafka, filled, program.parent / "test" / "topic_reference",
                                tmp_path_factory.mktemp("expected"))


def test_the_topic_has_what_tests_need(expected):
    """Or they could not fail."""
    assert {key[0] for key in expected.rows} == {0, 1, 2, 3}
    assert len({start for _, _, start in expected.rows}) >= 8
    assert len(expected.late) > 300
    reasons = {reason for reason, _, _ in expected.dead.values()}
    assert reasons == {reason for reason, _ in topics.KINDS if reason} | {"future"}
    columns = list(zip(*expected.rows.values(), strict=True))
    assert all(len(set(column)) > 1 for column in columns[1:])  # the first is `end`, in order too


@pytest.mark.parametrize("where", ["folder", "s3"])
def test_a_lake_is_what_the_topic_says_and_a_second_run_changes_nothing(where, filled, expected, pipeline, judge,
                                                                      request, tmp_path):
    if where == "folder":
        made = pipeline(filled, group=f"group-{where}")
        lake = topic_judge.in_folder(made.lake)
    else:
        s3 = request.getfixturevalue("s3")
        bucket = f"lake-{uuid.uuid4().hex[:12]}"
        s3.create_bucket(bucket)
        lake = topic_judge.in_bucket(s3, f"{bucket}/some/lake")
        made = pipeline(filled, group=f"group-{where}", lake=lake.url, environment=lake.environment)
    done = made.catch_up()
    assert done.stdout.startswith(f"{expected.records:,} records read of 4 partitions")
    judge.agrees(expected, lake, made)
    before = lake.hashes()
    done = made.catch_up()
    assert done.stdout.startswith("0 records read of 4 partitions")
    assert lake.hashes() == before


def test_an_empty_topic_is_caught_up_at_once(new_topic, pipeline, lake):
    made = pipeline(new_topic(2))
    begin = time.monotonic()
    done = made.catch_up()
    assert time.monotonic() - begin < 10
    assert done.stdout.startswith("0 records read of 2 partitions")
    assert lake.listing() == []


def test_what_killed_processes_left_is_cleaned_after_a_day(new_topic, pipeline, lake):
    made = pipeline(new_topic(1))
    left = {name: pathlib.Path(lake.root, "_bikeflow", "tmp", name) for name in ("run-old-0", "run-young-0")}
    for folder in left.values():
        folder.mkdir(parents=True)
        (folder / "0").write_bytes(b"half a fi")
    a_day_ago = time.time() - 86_400
    for path in (left["run-old-0"] / "0", left["run-old-0"]):
        os.utime(path, (a_day_ago - 60, a_day_ago - 60))
    os.utime(left["run-young-0"] / "0", (a_day_ago + 600, a_day_ago + 600))  # may be of one at work elsewhere
    made.catch_up()
    assert not left["run-old-0"].exists()
    assert (left["run-young-0"] / "0").exists()


def test_copies_come_and_go_under_load(kafka, new_topic, pipeline, judge, lake):
    """One, three, one: each that leaves by SIGTERM leaves what it had done to the others."""
    topic = new_topic(4)
    made = pipeline(topic)
    feeder = topics.Feeder(kafka, topic, topics.City(seed=4, stations=80).records(hours=1000), per_second=5000)
    copies = [pipelines.Copy(made, f"copy-{number}") for number in range(3)]
    copies[0].start().wait_for("assigned: partitions 0, 1, 2, 3")
    time.sleep(2)
    for copy in copies[1:]:
        copy.start()
    for copy in copies[1:]:
        copy.wait_for("assigned: partition")
    time.sleep(3)
    for copy in copies[:2]:
        copy.leave()
    copies[2].wait_for("assigned: partitions 0, 1, 2, 3")
    time.sleep(2)
    assert feeder.stop() > 10_000
    assert copies[2].stop() == 0, copies[2].said()
    made.catch_up()
    judge.agrees(judge.expected(kafka, topic), lake, made)


def test_partitions_are_added(kafka, new_topic, pipeline, judge, lake):
    """Stations move to the new ones in the middle of an hour, and then an hour has a row in each."""
    topic = new_topic(4)
    made = pipeline(topic)
    copy = pipelines.Copy(made, "copy").start()
    records = topics.City(seed=5, stations=80).records(hours=6)
    topics.fill(kafka, topic, itertools.islice(records, 20_000))
    copy.wait_for("assigned: partitions 0, 1, 2, 3")
    kafka.add_partitions(topic, 6)
    topics.fill(kafka, topic, records)
    copy.wait_for("assigned: partitions 0, 1, 2, 3, 4, 5", seconds=60)
    assert copy.stop() == 0, copy.said()
    made.catch_up()
    expected = judge.expected(kafka, topic)
    assert {key[0] for key in expected.rows} == {0, 1, 2, 3, 4, 5}
    keys = [key[1:] for key in expected.rows]
    assert len(set(keys)) < len(keys)
    judge.agrees(expected, lake, made)
