"""The servers that other tests run against: they answer, keep their data, and leave nothing behind."""

import os
import pathlib
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

import confluent_kafka
import pytest

import servers

KINDS = [servers.Kafka, servers.S3Proxy, servers.Redis]


def is_there(pid: int) -> bool:
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"  # ended, and whoever inherited it is slow to notice


def committed_offset(kafka: servers.Kafka, group: str, topic: str) -> confluent_kafka.TopicPartition:
    consumer = confluent_kafka.Consumer({"bootstrap.servers": kafka.address, "group.id": group, "log_level": 0})
    try:
        return consumer.committed([confluent_kafka.TopicPartition(topic, 0)], timeout=30)[0]
    finally:
        consumer.close()


def consume(kafka: servers.Kafka, topic: str, count: int, group: str) -> list[bytes]:
    consumer = confluent_kafka.Consumer({
        "bootstrap.servers": kafka.address, "group.id": group, "auto.offset.reset": "earliest",
        "enable.auto.commit": False, "session.timeout.ms": 2000, "log_level": 0})
    consumer.subscribe([topic])
    found = []
    deadline = time.monotonic() + 30
    try:
        while len(found) < count and time.monotonic() < deadline:
            message = consumer.poll(1)
            if message is not None and not message.error():
                found.append(message)
        if found:
            consumer.commit(offsets=[confluent_kafka.TopicPartition(
                topic, message.partition(), message.offset() + 1, metadata="kept") for message in found[-1:]],
                asynchronous=False)
    finally:
        consumer.close()
    return [message.value() for message in found]


def test_kafka_has_topics_groups_and_short_sessions(kafka):
    kafka.create_topic("servers-a", 2)
    kafka.produce("servers-a", [(b"0", 0), (b"1", 1), {"value": b"2", "partition": 0, "timestamp": 1}])
    assert sorted(consume(kafka, "servers-a", 3, "servers")) == [b"0", b"1", b"2"]
    kafka.add_partitions("servers-a", 3)
    kafka.produce("servers-a", [(b"3", 2)])
    kafka.delete_topic("servers-a")
    kafka.admin.list_topics("servers-a", timeout=10)  # which must not make it anew
    assert "servers-a" not in kafka.admin.list_topics(timeout=10).topics


def test_kafka_keeps_records_and_commits_over_a_kill(tmp_path):
    with servers.Kafka(tmp_path) as kafka:
        kafka.create_topic("a")
        kafka.produce("a", [(b"%d" % number, 0) for number in range(1000)])
        assert len(consume(kafka, "a", 1000, "first")) == 1000
        port = kafka.port
        kafka.kill()
        assert not is_there(kafka.pid)
        kafka.start()
        assert kafka.port == port
        kept = committed_offset(kafka, "first", "a")
        assert (kept.offset, kept.metadata) == (1000, "kept")
        assert len(consume(kafka, "a", 1000, "second")) == 1000


def test_s3_checks_signatures_and_keeps_objects_over_a_kill(tmp_path):
    with servers.S3Proxy(tmp_path) as s3:
        s3.create_bucket("lake")
        with s3.file_system().open_output_stream("lake/a=1/b") as file:
            file.write(b"bytes")
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(f"{s3.url}/lake/a=1/b", timeout=10)
        s3.kill()
        s3.start()
        assert s3.file_system().open_input_stream("lake/a=1/b").read() == b"bytes"


def test_redis_keeps_what_it_acknowledged_over_a_kill(tmp_path):
    with servers.Redis(tmp_path) as redis:
        assert redis.call("SET", "a", "b") == b"+OK"
        redis.kill()
        redis.start()
        assert redis.call("GET", "a") == b"b"


@pytest.mark.parametrize("kind", KINDS)
def test_pause_and_stop(kind, tmp_path):
    with kind(tmp_path) as server:
        server.pause()
        time.sleep(0.1)
        assert pathlib.Path(f"/proc/{server.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
        server.resume()
        assert server.answers()
        server.pause()
        server.stop()  # a paused one too
        assert not is_there(server.pid)


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_dies_with_the_process_that_started_it(kind, tmp_path):
    # A parent that is gone before the new process has asked for its signal would leave it behind.
    code = (f"import servers, time; server = servers.{kind.__name__}({str(tmp_path)!r}); server.launch()\n"
            "time.sleep(1); print(server.pid, flush=True); input()")
    parent = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              env={**os.environ, "PYTHONPATH": os.path.dirname(servers.__file__)})
    pid = int(parent.stdout.readline())
    assert is_there(pid)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    deadline = time.monotonic() + 5
    while is_there(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_there(pid)


def test_a_start_that_fails_shows_the_log(tmp_path):
    class Broken(servers.Redis):
        def command(self) -> list[str]:
            return [*super().command(), "--no-such-setting", "1"]

    with pytest.raises(servers.ServerError, match=r"redis ended with status 1; .*/log:\n(.*\n)*.*no-such-setting"):
        Broken(tmp_path).start()


def test_two_servers_are_not_taken_for_one(tmp_path):
    with servers.Redis(tmp_path / "first") as redis:
        with pytest.raises(servers.ServerError, match=f"port {redis.port} is taken"):
            servers.Redis(tmp_path / "other", redis.port).start()
