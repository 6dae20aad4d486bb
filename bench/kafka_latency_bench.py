"""How soon `bikeflow run` reads a topic, how soon it goes on after a crash, and what more polls cost it.

  ./dev bench kafka_latency

1. The program's start to the end of a run over four records, all durable and committed, beside what it takes
   another client to join a group of the same broker.
2. kill -9 of one of two members, to its partitions being current again: the offsets that the group has of them
   are at the ends that the topic got with the kill. The session's time-out is the program's own, 10 s.
3. A record's being produced to its being seen in the live view of a run beside it, at 100 and at 10,000
   records a second.
4. The same city polled each 30, 10, 5 and 1 s, a topic each, so long that what the client fetches ahead is at
   its bound (2.6 million records or more): peak memory of a run that reads all of it, and the bytes of its
   last checkpoints for each station.
"""

import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "test/tools"))

import confluent_kafka  # noqa: E402
import pipelines  # noqa: E402
import servers  # noqa: E402

PROGRAM = ROOT / "build/bikeflow"
SESSION_S = 10
PARTITIONS = 4
STATIONS = 2799
RATES = ((100, 60), (10_000, 60))  # records a second, seconds
POLLS = (("30s", "8h"), ("10s", "160m"), ("5s", "80m"), ("1s", "80m"))  # with the span of each


def record(number, at):
    return json.dumps({"stationId": f"ST-{number}", "parkingBikeTotCnt": str(number), "rackTotCnt": "10",
                       "timestamp": time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at + 9 * 3600))}).encode()


def pipeline(folder, kafka, topic, **options):
    """With the program's own settings of its client."""
    job = pipelines.Pipeline(PROGRAM, folder / topic, kafka.address, topic, str(folder / f"{topic}-lake"),
                             group=topic, **options)
    text = job.file.read_text()
    job.file.write_text(text[:text.index("[kafka.client]")] + text[text.index("[lake]"):])
    return job


def join_s(kafka, topic, group):
    assigned = []
    began = time.monotonic()
    consumer = confluent_kafka.Consumer({"bootstrap.servers": kafka.address, "group.id": group,
                                         "partition.assignment.strategy": "range"})
    consumer.subscribe([topic], on_assign=lambda *_: assigned.append(time.monotonic()))
    while not assigned:
        consumer.poll(0.01)
    consumer.close()
    return assigned[0] - began


def start(folder, kafka):
    kafka.create_topic("start", PARTITIONS)
    kafka.produce("start", [(record(n, time.time()), n) for n in range(PARTITIONS)])
    walls, joins = [], []
    for n in range(7):
        job = pipeline(folder / f"start-{n}", kafka, "start")
        job.file.write_text(job.file.read_text().replace('group = "start"', f'group = "start-{n}"'))
        began = time.monotonic()
        job.catch_up()
        walls.append(time.monotonic() - began)
        joins.append(join_s(kafka, "start", f"join-{n}"))
    wall, join = statistics.median(walls), statistics.median(joins)
    print("\nStart of the program to its end over four records in four partitions, rows durable and committed:")
    print(f"  median {wall * 1000:.0f} ms, fastest {min(walls) * 1000:.0f} ms; a join of a group alone "
          f"{join * 1000:.0f} ms; beyond the join {(wall - join) * 1000:.0f} ms")


def committed(kafka, group, topic):
    asked = confluent_kafka.ConsumerGroupTopicPartitions(
        group, [confluent_kafka.TopicPartition(topic, n) for n in range(PARTITIONS)])
    answer = kafka.admin.list_consumer_group_offsets([asked])[group].result(10)
    return [partition.offset for partition in answer.topic_partitions]


def wait_for(kafka, topic, offset, seconds=90):
    """Seconds until the group has that offset of every partition."""
    began = time.monotonic()
    while committed(kafka, topic, topic) != [offset] * PARTITIONS:
        if time.monotonic() - began > seconds:
            sys.exit(f"{topic}: {committed(kafka, topic, topic)} committed after {seconds} s, not {offset} of each")
        time.sleep(0.05)
    return time.monotonic() - began


def crash(folder, kafka):
    walls = []
    for n in range(3):
        topic = f"crash-{n}"
        kafka.create_topic(topic, PARTITIONS)
        job = pipeline(folder, kafka, topic, checkpoint_every="1s")
        copies = [pipelines.Copy(job, name).start() for name in ("one", "two")]
        for copy in copies:
            copy.wait_for("assigned: partitions")  # two each
        kafka.produce(topic, [(record(p, time.time()), p) for p in range(PARTITIONS)])
        wait_for(kafka, topic, 1)
        copies[0].kill()
        kafka.produce(topic, [(record(p, time.time()), p) for p in range(PARTITIONS)])
        walls.append(wait_for(kafka, topic, 2))
        copies[1].stop()
    print(f"\nkill -9 of one of two members to its partitions being current, session time-out {SESSION_S} s:")
    print(f"  {', '.join(f'{wall:.1f} s' for wall in walls)}; bound {SESSION_S + 3} s")


def visible(folder, kafka):
    print("\nProduced to visible in the live view, producer and reader in the process of the run:", flush=True)
    for rate, seconds in RATES:
        topic = f"visible-{rate}"
        kafka.create_topic(topic, PARTITIONS)
        said = subprocess.run([ROOT / "build/bench/kafka_visible", kafka.address, topic, folder / f"{topic}-lake",
                               str(rate), str(seconds)], check=True, capture_output=True, text=True).stdout
        print(f"  {said}", end="", flush=True)


def fill(kafka, topic, poll, span):
    kafka.create_topic(topic, PARTITIONS)
    with tempfile.TemporaryDirectory() as name:
        city = subprocess.Popen([PROGRAM, "simulate", "--form", "topic", "--stations", str(STATIONS), "--poll", poll,
                                 "--span", span, "--out", "-", "--truth", f"{name}/truth.csv"],
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        filled = subprocess.run([ROOT / "build/test/produce_topic", kafka.address, topic, "--timestamps", "observed"],
                                stdin=city.stdout, check=True, capture_output=True, text=True)
        city.stdout.close()
        if city.wait():
            sys.exit(f"bikeflow simulate failed ({city.returncode})")
    return int(filled.stdout.split()[0])


def checkpoint_bytes(lake):
    """Of the newest checkpoint of each partition, together."""
    folders = [path for path in lake.glob("_bikeflow/state/*/*") if path.is_dir()]
    newest = [max((path for path in folder.iterdir() if path.is_file()),
                  key=lambda path: int(path.name.partition("-")[0])) for folder in folders]
    if len(newest) != PARTITIONS:
        sys.exit(f"{lake}: checkpoints of {len(newest)} partitions, not {PARTITIONS}")
    return sum(path.stat().st_size for path in newest)


def polls(folder, kafka):
    print(f"\n{STATIONS:,} stations, read from a topic of {PARTITIONS} partitions:\n")
    print("| poll each | for | records | peak memory | checkpoint a station |")
    print("| --- | --- | --- | --- | --- |")
    figures = []
    for poll, span in POLLS:
        topic = f"poll-{poll}"
        records = fill(kafka, topic, poll, span)
        memory, size = 0, 0
        for n in range(3):
            job = pipeline(folder / f"{topic}-{n}", kafka, topic, checkpoint_every="30s")
            job.file.write_text(job.file.read_text().replace(f'group = "{topic}"', f'group = "{topic}-{n}"'))
            report = folder / "report"
            subprocess.run([sys.executable, "-I", "-S", ROOT / "bench/peers/launch.py", report,
                            *job.command("--until-caught-up")], check=True, stdout=subprocess.DEVNULL,
                           env=job.environment)
            memory = max(memory, json.loads(report.read_text())["memory_mb"])
            size = checkpoint_bytes(pathlib.Path(job.lake)) / STATIONS
        figures.append((memory, size))
        print(f"| {poll} | {span} | {records:,} | {memory:.1f} MB | {size:.1f} bytes |", flush=True)
        kafka.delete_topic(topic)
    for name, column in zip(("memory", "checkpoints"), zip(*figures)):
        print(f"  {name}: largest {max(column) / column[0] - 1:+.1%}, smallest {min(column) / column[0] - 1:+.1%} "
              f"beside a poll each {POLLS[0][0]}")


def main():
    if "BIKEFLOW_JARS" not in os.environ:
        sys.exit("run it as: ./dev bench kafka_latency")
    with tempfile.TemporaryDirectory(prefix="bikeflow-bench-") as name:
        folder = pathlib.Path(name)
        with servers.Kafka(folder / "kafka") as kafka:
            start(folder, kafka)
            crash(folder, kafka)
            visible(folder, kafka)
            polls(folder, kafka)


if __name__ == "__main__":
    main()
