"""Real servers for tests: Kafka, S3Proxy and Redis, on loopback, with their data in a folder.

    kafka = servers.Kafka(folder)      # a port is picked; nothing runs yet
    kafka.start()                      # returns when it answers
    kafka.kill(); kafka.start()        # the same port, the same data

A server dies with the process that started it, however that ends. What it prints goes to <folder>/log;
the end of it is shown when a start fails. Jars come from the folder that BIKEFLOW_JARS names, which
./dev sets. The servers of ./dev up are the same (local_servers.py).
"""

import base64
import concurrent.futures
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import time
import uuid

import confluent_kafka
import confluent_kafka.admin
import pyarrow.fs

HOST = "127.0.0.1"
# A JVM that starts soon and stays small: only the quick compiler, the collector without threads.
JAVA_OPTIONS = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-Djava.net.preferIPv4Stack=true"]

# A server is to die when its parent does. Linux means the parent's thread, so one thread that lives as
# long as this process starts them all.
_starter = concurrent.futures.ThreadPoolExecutor(max_workers=1, thread_name_prefix="servers")


class ServerError(Exception):
    pass


def start_process(command: list[str], **options) -> subprocess.Popen:
    """As Popen does; a process that is to die with its parent (setpriv --pdeathsig) does so no sooner."""
    return _starter.submit(subprocess.Popen, command, **options).result()


def free_port() -> int:
    """A port that nobody listens on, below those that Linux hands to outgoing connections: so it is still
    free when its server has been killed and starts again."""
    for _ in range(1000):
        port = random.randrange(20000, 32000)
        if is_free(port):
            return port
    raise ServerError("no free port between 20000 and 32000")


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def jars(server: str) -> str:
    """A class path: the jars of the server, in a fixed order."""
    folder = os.environ.get("BIKEFLOW_JARS")
    found = sorted(str(jar) for jar in pathlib.Path(folder, server).glob("*.jar")) if folder else []
    if not found:
        raise ServerError(f"no jars of {server} in BIKEFLOW_JARS ({folder or 'not set'}); run ./dev test")
    return ":".join(found)


class Server:
    """One process. Requires: its methods are called by one thread at a time.

    A subclass says how it is run (command) and asked whether it is there (answers)."""

    name = ""
    start_seconds = 90  # on a machine that is busy with other tests

    def __init__(self, folder: os.PathLike, port: int | None = None) -> None:
        self.folder = pathlib.Path(folder).resolve()
        self.port = port or free_port()
        self.process: subprocess.Popen | None = None

    def command(self) -> list[str]:
        raise NotImplementedError

    def answers(self) -> bool:
        raise NotImplementedError

    @property
    def address(self) -> str:
        return f"{HOST}:{self.port}"

    @property
    def log(self) -> pathlib.Path:
        return self.folder / "log"

    @property
    def pid(self) -> int:
        return self.process.pid

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self, detached: bool = False) -> "Server":
        """Starts it and waits until it answers. Detached: it outlives this process."""
        self.launch(detached)
        self.wait_ready()
        return self

    def launch(self, detached: bool = False) -> None:
        if self.running():
            raise ServerError(f"{self.name} runs already, as process {self.pid}")
        if not is_free(self.port):
            raise ServerError(f"{self.name}: port {self.port} is taken by another process")
        self.folder.mkdir(parents=True, exist_ok=True)
        command = self.command()
        if not detached:
            command = ["setpriv", "--pdeathsig", "KILL", "--", *command]
        with open(self.log, "ab") as log:
            # A session of its own: Ctrl-C in a terminal is for the tests, which stop their servers.
            self.process = start_process(command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log,
                                         stderr=subprocess.STDOUT, start_new_session=True)

    def wait_ready(self) -> None:
        deadline = time.monotonic() + self.start_seconds
        while not (self._listens() and self.answers()):
            if not self.running():
                self._fail(f"ended with status {self.process.wait()}")
            if time.monotonic() > deadline:
                self.kill()
                self._fail(f"did not answer on {self.address} within {self.start_seconds} s")
            time.sleep(0.05)

    def stop(self, seconds: float = 20) -> None:
        """Asks it to end (SIGTERM), and waits; done at once where it does not run."""
        if not self.running():
            return
        self.process.terminate()
        self.resume()  # one that is paused would not hear it
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            self._fail(f"did not end within {seconds} s of SIGTERM; it was killed")

    def kill(self) -> None:
        if self.running():
            self.process.kill()
            self.process.wait()

    def pause(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def restart(self) -> None:
        self.stop()
        self.start()

    def __enter__(self) -> "Server":
        return self.start()

    def __exit__(self, *_) -> None:
        self.kill()

    def _listens(self) -> bool:
        try:
            with socket.create_connection((HOST, self.port), timeout=1):
                return True
        except OSError:
            return False

    def _fail(self, what: str) -> None:
        tail = self.log.read_text(errors="replace").splitlines()[-30:] if self.log.exists() else []
        raise ServerError("\n".join([f"{self.name} {what}; the end of {self.log}:", *tail]))


class Kafka(Server):
    """Apache Kafka, one node that is broker and controller (KRaft).

    `settings` are lines of server.properties that replace those below."""

    name = "kafka"

    def __init__(self, folder: os.PathLike, port: int | None = None, settings: dict | None = None) -> None:
        super().__init__(folder, port)
        self.controller_port = free_port()
        self.settings = settings or {}
        self._admin: confluent_kafka.admin.AdminClient | None = None

    @property
    def data(self) -> pathlib.Path:
        return self.folder / "data"

    def properties(self) -> dict:
        return {
            "process.roles": "broker,controller",
            "node.id": 1,
            "controller.quorum.voters": f"1@{HOST}:{self.controller_port}",
            "listeners": f"PLAINTEXT://{HOST}:{self.port},CONTROLLER://{HOST}:{self.controller_port}",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": self.data,
            "auto.create.topics.enable": "false",
            # Groups form at once, and tests may use sessions of 2 s.
            "group.initial.rebalance.delay.ms": 0,
            "group.min.session.timeout.ms": 1000,
            "offsets.topic.num.partitions": 1,
            "offsets.topic.replication.factor": 1,
            "transaction.state.log.num.partitions": 1,
            "transaction.state.log.replication.factor": 1,
            "transaction.state.log.min.isr": 1,
            # Records carry the times of recordings, which may be years old, or ahead.
            "log.retention.ms": -1,
            "log.message.timestamp.after.max.ms": 2**63 - 1,
            # A broker that was killed may come back when its session has ended, 9 s later by default.
            "broker.session.timeout.ms": 2000,
            "broker.heartbeat.interval.ms": 500,
            # Memory and threads of a server that one test uses.
            "log.cleaner.dedupe.buffer.size": 4 << 20,
            "num.network.threads": 2,
            "num.io.threads": 4,
            "background.threads": 2,
            **self.settings,
        }

    def command(self) -> list[str]:
        properties = self.folder / "server.properties"
        properties.write_text("".join(f"{key}={value}\n" for key, value in self.properties().items()))
        java = ["java", "-Xms128m", "-Xmx512m", *JAVA_OPTIONS,
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
                "-Dorg.slf4j.simpleLogger.showDateTime=true",
                "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
                "-Dlog4j2.statusLoggerLevel=OFF", "-cp", jars("kafka")]
        if not (self.data / "meta.properties").exists():
            cluster = base64.urlsafe_b64encode(b"bike" + uuid.uuid4().bytes[:12]).decode().rstrip("=")
            made = subprocess.run([*java, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", properties],
                                  capture_output=True, text=True)
            if made.returncode != 0:
                raise ServerError(f"kafka: cannot format {self.data}:\n{made.stdout}{made.stderr}")
        return [*java, "kafka.Kafka", str(properties)]

    def answers(self) -> bool:
        try:
            return len(self.admin.list_topics(timeout=2).brokers) == 1
        except confluent_kafka.KafkaException:
            return False

    @property
    def admin(self) -> confluent_kafka.admin.AdminClient:
        if self._admin is None:
            # It says on standard error whenever the server is down, which is what tests do to it.
            self._admin = confluent_kafka.admin.AdminClient(
                {"bootstrap.servers": self.address, "log_level": 0, "reconnect.backoff.max.ms": 200})
        return self._admin

    def create_topic(self, topic: str, partitions: int = 1, config: dict | None = None) -> None:
        """The topic is there, with its partitions led, when this returns."""
        new = confluent_kafka.admin.NewTopic(topic, partitions, 1, config=config or {})
        self.admin.create_topics([new])[topic].result(30)
        self._wait_for(topic, partitions)

    def add_partitions(self, topic: str, total: int) -> None:
        new = confluent_kafka.admin.NewPartitions(topic, total)
        self.admin.create_partitions([new])[topic].result(30)
        self._wait_for(topic, total)

    def delete_topic(self, topic: str) -> None:
        self.admin.delete_topics([topic])[topic].result(30)
        self._wait_for(topic, 0)

    def produce(self, topic: str, records: list) -> None:
        """Each record: (value, partition), or a dict of confluent_kafka's Producer.produce(). All are
        acknowledged when this returns."""
        failures = []
        producer = confluent_kafka.Producer(
            {"bootstrap.servers": self.address, "log_level": 0, "linger.ms": 1,
             "on_delivery": lambda error, _: failures.append(error) if error else None})
        for record in records:
            if not isinstance(record, dict):
                record = {"value": record[0], "partition": record[1]}
            while True:
                try:
                    producer.produce(topic, **record)
                    break
                except BufferError:
                    producer.poll(0.1)
            producer.poll(0)
        if producer.flush(30) or failures:
            raise ServerError(f"kafka: not every record of {topic} was acknowledged: {failures[:3]}")

    def _wait_for(self, topic: str, partitions: int) -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            # All topics: asking for one that is not there is an error to some versions.
            found = self.admin.list_topics(timeout=10).topics.get(topic)
            led = [each for each in found.partitions.values() if each.leader == 1] if found else []
            if len(led) == partitions:
                return
            time.sleep(0.02)
        self._fail(f"has not {partitions} partitions of {topic} after 30 s")


UNFINISHED = re.compile(r"-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")


class S3Proxy(Server):
    """An S3 server on a folder. Requests must be signed with its one key pair."""

    name = "s3proxy"
    access_key = "bikeflow-test"
    secret_key = "not-a-secret-of-anybody"
    region = "us-east-1"

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    def environment(self, url: str | None = None) -> dict[str, str]:
        """What tells a client of this server; of a proxy before it at `url`."""
        return {"AWS_ENDPOINT_URL": url or self.url, "AWS_REGION": self.region,
                "AWS_ACCESS_KEY_ID": self.access_key, "AWS_SECRET_ACCESS_KEY": self.secret_key,
                "AWS_EC2_METADATA_DISABLED": "true"}

    def command(self) -> list[str]:
        buckets = self.folder / "buckets"
        buckets.mkdir(exist_ok=True)
        # It writes an object beside its name and renames it. What a kill left of that it would list as an
        # object, which no store does.
        for path in buckets.rglob("*"):
            if UNFINISHED.search(path.name):
                path.unlink()
        properties = self.folder / "s3proxy.properties"
        properties.write_text("".join(f"{key}={value}\n" for key, value in {
            "s3proxy.endpoint": self.url,
            "s3proxy.authorization": "aws-v2-or-v4",
            "s3proxy.identity": self.access_key,
            "s3proxy.credential": self.secret_key,
            "jclouds.provider": "filesystem-nio2",
            "jclouds.filesystem.basedir": buckets,
        }.items()))
        logback = self.folder / "logback.xml"
        logback.write_text(
            '<configuration><appender name="out" class="ch.qos.logback.core.ConsoleAppender"><encoder>'
            "<pattern>%d %level %logger %msg%n</pattern></encoder></appender>"
            '<root level="WARN"><appender-ref ref="out"/></root></configuration>\n')
        return ["java", "-Xms64m", "-Xmx256m", *JAVA_OPTIONS, f"-Dlogback.configurationFile={logback}",
                "-cp", jars("s3proxy"), "org.gaul.s3proxy.Main", "--properties", str(properties)]

    def answers(self) -> bool:
        return True  # its port opens when all is ready

    def file_system(self) -> pyarrow.fs.S3FileSystem:
        """Another client than the program's own."""
        return pyarrow.fs.S3FileSystem(
            access_key=self.access_key, secret_key=self.secret_key, region=self.region, scheme="http",
            endpoint_override=self.address, allow_bucket_creation=True, background_writes=False)

    def create_bucket(self, bucket: str) -> None:
        self.file_system().create_dir(bucket)


class Redis(Server):
    """Redis that appends each write to a file before it answers. `settings` are lines of redis.conf besides, which
    it may rewrite."""

    name = "redis"
    start_seconds = 20

    def __init__(self, folder: os.PathLike, port: int | None = None, settings: dict | None = None,
                 password: str = "") -> None:
        super().__init__(folder, port)
        self.password = password
        self.settings = {"bind": HOST, "port": self.port, "dir": self.folder, "save": '""', **(settings or {})}
        if password:
            self.settings |= {"requirepass": f'"{password}"'}

    def usual(self) -> dict:
        return {"appendonly": "yes", "appendfsync": "always", **({"masterauth": f'"{self.password}"'} if self.password else {})}

    def options(self) -> list[str]:
        return []

    def command(self) -> list[str]:
        file = self.folder / f"{self.name}.conf"
        if not file.exists():
            file.write_text("".join(f"{key} {value}\n" for key, value in (self.usual() | self.settings).items()))
        program = shutil.which("redis-server") or shutil.which("redis-check-rdb")
        if not program:
            raise ServerError("redis-server is not installed; run ./dev test")
        # Debian's package redis-tools has the server under another name, and starts no service as the
        # package redis-server would; what it does follows its first argument.
        return ["bash", "-c", 'exec -a redis-server "$@"', "bash", program, str(file), "--port", str(self.port),
                *self.options()]

    def answers(self) -> bool:
        return self.call("PING") == b"+PONG"

    def call(self, *arguments: str) -> bytes:
        """The first line of the answer; of a string, what it holds. For a test's glance only."""
        with socket.create_connection((HOST, self.port), timeout=5) as connection, \
                connection.makefile("rb") as answer:
            for command in ([("AUTH", self.password)] if self.password else []) + [arguments]:
                parts = [argument.encode() for argument in command]
                connection.sendall(b"*%d\r\n" % len(parts)
                                   + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts))
                line = answer.readline().rstrip()
            if line.startswith(b"$") and line != b"$-1":
                return answer.read(int(line[1:]))
            return line


class Sentinel(Redis):
    """Watches a Redis under the name `master`, and makes one of its replicas the master when it is gone: this one
    alone decides that where `quorum` is 1."""

    name = "sentinel"

    def __init__(self, folder: os.PathLike, watched: Redis, quorum: int = 1, master: str = "mymaster",
                 port: int | None = None, password: str = "") -> None:
        super().__init__(folder, port, password=password)
        del self.settings["save"]
        self.settings |= {"sentinel monitor": f"{master} {HOST} {watched.port} {quorum}",
                          "sentinel down-after-milliseconds": f"{master} 1000",
                          "sentinel failover-timeout": f"{master} 5000"}
        if watched.password:
            self.settings |= {"sentinel auth-pass": f'{master} "{watched.password}"'}
        if password:
            self.settings |= {"sentinel sentinel-pass": f'"{password}"'}

    def usual(self) -> dict:
        return {}

    def options(self) -> list[str]:
        return ["--sentinel"]
