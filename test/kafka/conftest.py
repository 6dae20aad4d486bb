"""What the tests of `bikeflow run` on a real broker share."""

import collections.abc
import dataclasses
import pathlib
import uuid

import pytest

import lakes
import pipelines
import servers
import topic_judge


BUCKET = "bikes"


@pytest.fixture
def own_kafka(tmp_path):
    """A broker that a test may stop and kill."""
    with servers.Kafka(tmp_path / "kafka") as server:
        yield server


@pytest.fixture
def own_s3(tmp_path):
    """A store that a test may stop and kill, with a bucket for the lake."""
    with servers.S3Proxy(tmp_path / "s3") as server:
        server.create_bucket(BUCKET)
        yield server


@dataclasses.dataclass
class Judge:
    """Compares lakes with topics."""
    bikeflow: lakes.Program
    tool: pathlib.Path
    folder: pathlib.Path

    def expected(self, kafka: servers.Kafka, topic: str) -> topic_judge.Expected:
        return topic_judge.Expected(kafka, topic, self.tool, self.folder / topic)

    def agrees(self, expected: topic_judge.Content, lake: topic_judge.TopicLake,
               pipeline: pipelines.Pipeline) -> None:
        """The lake is what it must be, and `bikeflow verify`, which reads the topic itself, has nothing to say."""
        found = topic_judge.differences(expected, lake)
        assert not found, "\n".join(found)
        done = self.bikeflow.run("verify", "--lake", lake.url, "-c", pipeline.file, env=lake.environment,
                                 timeout=900)  # thousands of files
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def judge(bikeflow, program, tmp_path) -> Judge:
    return Judge(bikeflow, program.parent / "test" / "topic_reference", tmp_path / "judge")


@pytest.fixture
def new_topic(kafka) -> collections.abc.Callable[[int], str]:
    """A function: makes a topic of so many partitions, under a name of its own."""
    def make(partitions: int) -> str:
        topic = f"bikes-{uuid.uuid4().hex[:12]}"
        kafka.create_topic(topic, partitions)
        return topic
    return make


@pytest.fixture
def pipeline(program, kafka, tmp_path) -> collections.abc.Callable[..., pipelines.Pipeline]:
    """A function: topic, and whatever Pipeline takes -> one with a lake in a folder, if no other is said."""
    def make(topic: str, **options) -> pipelines.Pipeline:
        options.setdefault("lake", str(tmp_path / "lake"))
        return pipelines.Pipeline(program, tmp_path / "pipeline", kafka.address, topic, **options)
    return make


@pytest.fixture
def lake(tmp_path) -> topic_judge.TopicLake:
    """That of `pipeline`."""
    return topic_judge.in_folder(tmp_path / "lake")
