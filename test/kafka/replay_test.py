"""`verify -c` reads a topic again from its beginning, and compares the lake with what it says."""

import json
import pathlib
import re
import time

import confluent_kafka
import pyarrow
import pyarrow.parquet
import pytest

import pipelines
import topics


def verified(bikeflow, pipeline, status: int) -> dict:
    done = bikeflow.run("verify", "--lake", pipeline.lake, "-c", pipeline.file, "--format", "json")
    assert done.returncode == status, done.stdout[-3000:] + done.stderr
    if status == 1:
        # What to do, of a lake that only this topic was written into.
        assert re.search(rf"bikeflow state rewind --lake \S+ --partition ({pipeline.topic}/[01]|TOPIC/N) ", done.stderr)
        assert "backfill" not in done.stderr
    return json.loads(done.stdout)


def of_the_log(report: dict) -> list[str]:
    return [f"{each['path']}: {each['message']}" for each in report["violations"] if each["kind"] == "log"]


@pytest.fixture
def written(kafka, new_topic, pipeline, tmp_path):
    """A topic of two partitions with everything that goes wrong, read in three runs."""
    topic = new_topic(2)
    ours = pipeline(topic)
    records = list(topics.City(seed=3, stations=12, poll_seconds=60).records(hours=4))
    for part in range(2):
        half = len(records) // 2
        topics.fill(kafka, topic, records[part * half:(part + 1) * half])
        assert ours.run("--until-caught-up").returncode == 0
    # Only a clock can tell that it is from the future: its own time says the same.
    ahead = int(time.time()) + 1800
    topics.fill(kafka, topic, [topics.Record(b"ST-1", json.dumps(
        {"station_id": "ST-1", "observed_at": ahead, "bikes": 1, "racks": 9}).encode(), ahead * 1000)], 0)
    ours.catch_up()
    return ours


def files_of(pipeline, data_set: str):
    return sorted(pathlib.Path(pipeline.lake, data_set).glob("**/*.parquet"))


def change(path, columns: list[str], row: int = 0) -> None:
    table = pyarrow.parquet.ParquetFile(path).read()
    for name in columns:
        index = table.schema.get_field_index(name)
        values = table[name].to_pylist()
        values[row] += 1
        table = table.set_column(index, table.schema.field(index),
                                 pyarrow.array(values, table.schema.field(index).type))
    pyarrow.parquet.write_table(table, path, compression="zstd")


def test_a_lake_is_what_its_topic_says(bikeflow, written):
    report = verified(bikeflow, written, 0)
    assert len(report["log"]) == 2 and report["verified"]
    compared = " ".join(report["log"])
    assert "records compared with the lake" in compared and report["late_rows"] > 0 and report["dead_letters"] > 0
    assert " 0 late rows" not in compared and " 0 dead letters" not in compared


def test_what_the_topic_does_not_say_is_found(bikeflow, written):
    hour, late, letter = (files_of(written, name)[0] for name in ("hourly_summary", "late", "dead_letter"))
    change(hour, ["total_rental", "total_return"])
    late.unlink()
    table = pyarrow.parquet.ParquetFile(letter).read()
    pyarrow.parquet.write_table(table.slice(0, table.num_rows - 1), letter, compression="zstd")
    found = of_the_log(verified(bikeflow, written, 1))
    assert [text for text in found if hour.name in text and "is not what the log says" in text]
    assert [text for text in found if text.startswith("late: ") and "not in the lake" in text]
    assert [text for text in found if text.startswith("dead_letter: ") and "not in the lake" in text]


def test_a_file_that_is_gone_is_found(bikeflow, written):
    gone = files_of(written, "hourly_summary")[-1]
    gone.unlink()
    assert [text for text in of_the_log(verified(bikeflow, written, 1))
            if gone.name in text and "is missing: the log says" in text]
    partition = re.fullmatch(r"(.*)-(\d+)-\w+-1h\.parquet", gone.name).expand(r"\1/\2")
    said = bikeflow.run("verify", "--lake", written.lake).stderr
    assert f"bikeflow state discard --lake {written.lake} --partition {partition} " in said, "names it"


def test_what_the_clock_decided_is_taken_from_the_lake(bikeflow, kafka, new_topic, pipeline):
    topic = new_topic(1)
    ours = pipeline(topic)
    ours.file.write_text(ours.file.read_text().replace('"12h"', '"2s"'))
    records = list(topics.City(seed=4, stations=6, poll_seconds=60).records(hours=4))
    copy = pipelines.Copy(ours, "idle").start()
    try:
        topics.fill(kafka, topic, records[:len(records) // 2])
        deadline = time.monotonic() + 40
        while b"idle" not in b"".join(path.read_bytes() for path in files_of(ours, "hourly_summary")):
            assert time.monotonic() < deadline, copy.said()
            time.sleep(0.2)
        topics.fill(kafka, topic, records[len(records) // 2:])  # all late
        while sum(pyarrow.parquet.read_metadata(path).num_rows for path in files_of(ours, "late")) <= len(records) // 4:
            assert time.monotonic() < deadline + 20, copy.said()
            time.sleep(0.2)
    finally:
        assert copy.stop() == 0
    report = verified(bikeflow, ours, 0)
    assert len(report["log"]) == 1 and report["late_rows"] > len(records) // 4


def test_what_the_clock_decided_of_one_system_while_another_spoke(bikeflow, kafka, new_topic, pipeline):
    topic = new_topic(1)
    ours = pipeline(topic)
    feeds = "".join(f'[[feed]]\nid = "{name}"\nkind = "gbfs"\nurl = "http://127.0.0.1:9/gbfs.json"\n'
                    f'timezone = "{zone}"\nevery = "1s"\n'
                    for name, zone in [("seoul", "Asia/Seoul"), ("bayarea", "America/Los_Angeles")])
    ours.file.write_text(ours.file.read_text().replace('"12h"', '"3s"').replace(
        '[system]\nid = "seoul"\ntimezone = "Asia/Seoul"\n', feeds))
    records = list(topics.City(seed=5, stations=6, poll_seconds=60).records(hours=4))
    half = len(records) // 2

    def of_the_other() -> None:
        now = int(time.time())
        topics.fill(kafka, topic, [topics.Record(b"70", json.dumps(
            {"system": "bayarea", "station_id": "70", "observed_at": now, "bikes": now % 7}).encode(), now * 1000)], 0)

    def until(is_so) -> None:
        deadline = time.monotonic() + 40
        while not is_so():
            assert time.monotonic() < deadline, copy.said()
            of_the_other()
            time.sleep(0.05)

    copy = pipelines.Copy(ours, "idle").start()
    try:
        topics.fill(kafka, topic, records[:half])
        until(lambda: b"idle" in b"".join(path.read_bytes() for path in files_of(ours, "hourly_summary")))
        topics.fill(kafka, topic, records[half:])  # all late
        until(lambda: sum(pyarrow.parquet.read_metadata(path).num_rows for path in files_of(ours, "late")) > half // 2)
    finally:
        assert copy.stop() == 0
    systems = {path.relative_to(ours.lake).parts[1] for path in files_of(ours, "late")}
    assert systems == {"system=seoul"}, "the other system was never silent"
    report = verified(bikeflow, ours, 0)
    assert len(report["log"]) == 1 and report["late_rows"] > half // 2


def test_a_beginning_that_is_gone_is_said(bikeflow, kafka, written):
    part = confluent_kafka.TopicPartition(written.topic, 1, 10)
    kafka.admin.delete_records([part])[part].result(30)
    report = verified(bikeflow, written, 3)
    assert len(report["log"]) == 1, report
    assert [text for text in report["unverified"]
            if f"{written.topic}/1 says: its beginning is gone from the topic: offset 10 is the oldest" in text], report["unverified"]
