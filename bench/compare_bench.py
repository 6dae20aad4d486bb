"""The same job on the same topic: bikeflow, Spark, Kafka Streams, and a consumer that only counts.

  ./dev bench compare

The topic: some 3,000,000 records of 2,738 stations each 30 s in the topic's form, 4 partitions, lz4, on a
Kafka of its own. Each contestant reads all of it, and its rows (hour, station, rentals, returns) are compared
with bikeflow's. Spark has local[2] and a driver of 4 GB. What has a watermark and nothing else to close a
window by never writes the last hour; that is said, not held against it.

bikeflow and the bare consumer run before each of the others and after the last, and count by their medians;
bikeflow's memory by the largest. Rewrites its section of bench/RESULTS.md.
"""

import dataclasses
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "test/tools"))

import confluent_kafka  # noqa: E402
import pyarrow.compute  # noqa: E402
import pyarrow.dataset  # noqa: E402
import servers  # noqa: E402

PEERS = ROOT / "bench/peers"
RESULTS = ROOT / "bench/RESULTS.md"
HEADING = "## Beside Spark and Kafka Streams"
TOPIC = "bike-station-info"
STATIONS, SPAN, PARTITIONS = 2738, "33700s", 4
PEER_JARS = pathlib.Path(os.environ.get("BIKEFLOW_PEER_JARS", ""))
PEER_PYTHON = pathlib.Path(os.environ.get("BIKEFLOW_PEER_PYTHON", ""))


@dataclasses.dataclass
class Run:
    """What one run cost. `rows`: (hour in UTC seconds, station) -> (rentals, returns)."""

    name: str
    records: int
    all_s: float  # from the program's start
    reading_s: float  # from when it could read
    cpu_s: float
    memory_mb: float
    first_s: float | None = None
    rows: dict | None = None

    @property
    def rate(self):
        return self.records / self.reading_s

    @property
    def rate_with_start(self):
        return self.records / self.all_s

    @property
    def cpu_us(self):
        return self.cpu_s / self.records * 1e6


class Bench:
    def __init__(self, folder, kafka):
        self.folder = folder
        self.kafka = kafka
        self.count = 0
        self.records = 0

    def new(self, name):
        self.count += 1
        return self.folder / f"{name}-{self.count}"

    def fill(self):
        path, truth = self.folder / "topic.ndjson", self.folder / "truth.csv"
        subprocess.run([ROOT / "build/bikeflow", "simulate", "--form", "topic", "--stations", str(STATIONS), "--span",
                        SPAN, "--out", path, "--truth", truth], check=True, stderr=subprocess.DEVNULL)
        self.kafka.create_topic(TOPIC, PARTITIONS)
        filled = subprocess.run([ROOT / "build/test/produce_topic", self.kafka.address, TOPIC, path, "--timestamps",
                                 "observed"], check=True, capture_output=True, text=True)
        self.records = int(filled.stdout.split()[0])
        path.unlink()

    def launch(self, name, command, output=None, environment=None):
        """Runs it, and with `output`, a folder, looks when its first Parquet file had its name."""
        report = self.new("report")
        launched = subprocess.Popen(
            [sys.executable, "-I", "-S", PEERS / "launch.py", report, *map(str, command)], stdout=subprocess.PIPE,
            text=True, env={**os.environ, **(environment or {})})
        text, _ = launched.communicate()
        cost = json.loads(report.read_text())
        if launched.returncode or cost["status"]:
            sys.exit(f"{name} failed:\n{text[-4000:]}")
        seconds = cost["seconds"]
        end = seconds.get("done", seconds["end"])
        run = Run(name, self.records, end, end - seconds.get("ready", 0), cost["cpu_s"], cost["memory_mb"],
                  seconds.get("first"))
        if output:
            named = min(path.stat().st_ctime for path in output.rglob("*.parquet"))
            run.first_s = seconds["end"] - (report.stat().st_ctime - named)
        return run, text

    def bikeflow(self):
        lake, config = self.new("lake"), self.new("config.toml")
        # The others know no gap after which a change is unobserved.
        config.write_text(
            '[system]\nid = "seoul"\ntimezone = "Asia/Seoul"\n'
            f'[kafka]\nbrokers = "{self.kafka.address}"\ntopic = "{TOPIC}"\ngroup = "{lake.name}"\n'
            f'[lake]\nurl = "{lake}"\n[window]\nmax_gap = "24h"\n')
        run, _ = self.launch("bikeflow", [ROOT / "build/bikeflow", "run", "-c", config, "--until-caught-up",
                                          "--close-windows"], lake / "hourly_summary")
        run.rows = rows_of(lake / "hourly_summary", "stationId", "total_rental", "total_return")
        return run

    def bare(self):
        run, text = self.launch("librdkafka, counting only",
                                [ROOT / "build/bench/kafka_consume", self.kafka.address, TOPIC, "bare"])
        messages, seconds = re.search(r"bare: (\d+) messages.* in ([\d.]+) s", text).groups()
        if int(messages) != self.records:
            sys.exit(f"the bare consumer saw {messages} of {self.records} messages")
        run.reading_s = float(seconds)
        return run

    def spark(self, name, program, form=()):
        home = next(PEER_PYTHON.parent.parent.glob("lib/python*/site-packages/pyspark"))
        output = self.new("spark")
        jars = ",".join(str(jar) for jar in sorted((PEER_JARS / "spark").glob("*.jar")))
        settings = {
            "spark.sql.shuffle.partitions": 2, "spark.sql.session.timeZone": "Asia/Seoul", "spark.ui.enabled": "false",
            "spark.log.level": "WARN", "spark.local.dir": self.folder / "spark-local",
        }
        command = [home / "bin/spark-submit", "--master", "local[2]", "--driver-memory", "4g", "--jars", jars]
        for key, value in settings.items():
            command += ["--conf", f"{key}={value}"]
        run, _ = self.launch(name, [*command, *program, *form, self.kafka.address, TOPIC, output], output / "rows",
                             {"SPARK_HOME": str(home), "PYSPARK_PYTHON": str(PEER_PYTHON),
                              "SPARK_LOCAL_IP": servers.HOST,
                              "PATH": f"{PEER_PYTHON.parent}:{os.environ['PATH']}"})
        run.rows = rows_of(output / "rows", "station", "rentals", "returns")
        return run

    def spark_jvm(self, name, form):
        jar = self.folder / "spark-jobs.jar"
        if not jar.exists():
            home = next(PEER_PYTHON.parent.parent.glob("lib/python*/site-packages/pyspark"))
            classes = self.compiled("SparkJobs.java", home / "jars")
            with zipfile.ZipFile(jar, "w") as archive:
                for path in classes.rglob("*.class"):
                    archive.write(path, path.relative_to(classes))
        return self.spark(name, ["--class", "SparkJobs", jar], [form])

    def streams(self):
        classes = self.compiled("StreamsJob.java", PEER_JARS / "streams")
        state, results = self.new("state"), "results"
        self.kafka.create_topic(results, PARTITIONS)
        run, _ = self.launch("Kafka Streams", [
            "java", "-Xmx1g", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp",
            f"{classes}:{PEER_JARS / 'streams'}/*", "StreamsJob", self.kafka.address, TOPIC, results, state,
            self.records])
        run.rows = self.rows_of_topic(results)
        return run

    def compiled(self, source, jars):
        classes = self.new("classes")
        subprocess.run(["javac", "-nowarn", "-d", classes, "-cp", f"{jars}/*", PEERS / source], check=True)
        return classes

    def rows_of_topic(self, topic):
        consumer = confluent_kafka.Consumer({
            "bootstrap.servers": self.kafka.address, "group.id": "compare", "enable.partition.eof": True,
            "isolation.level": "read_committed"})
        consumer.assign([confluent_kafka.TopicPartition(topic, n, 0) for n in range(PARTITIONS)])
        rows, left = {}, PARTITIONS
        while left:
            for message in consumer.consume(10_000, 1):
                if message.error():
                    if message.error().code() != confluent_kafka.KafkaError._PARTITION_EOF:
                        sys.exit(f"{topic}: {message.error()}")
                    left -= 1
                    continue
                start, rentals, returns = map(int, message.value().split(b","))
                add(rows, start, message.key().decode(), rentals, returns)
        consumer.close()
        return rows


def add(rows, start, station, rentals, returns):
    if (start, station) in rows:
        sys.exit(f"two rows of {station} in the hour from {start}")
    rows[start, station] = (rentals, returns)


def rows_of(folder, station, rentals, returns):
    files = [str(path) for path in folder.rglob("*.parquet") if not path.name.startswith("_")]
    table = pyarrow.dataset.dataset(files).to_table(columns=["start", station, rentals, returns])
    starts = pyarrow.compute.cast(table["start"], pyarrow.timestamp("s")).cast(pyarrow.int64())
    rows = {}
    for row in zip(*(column.to_pylist() for column in (starts, table[station], table[rentals], table[returns]))):
        add(rows, *row)
    return rows


def check(run, reference):
    """What is to be said of its rows beside bikeflow's; ends the program where one is wrong."""
    wrong = [key for key, sums in run.rows.items() if reference.get(key) != sums]
    if wrong:
        key = min(wrong)
        sys.exit(f"{run.name}: {len(wrong)} of {len(run.rows)} rows differ from bikeflow's; {key}: {run.rows[key]}, "
                 f"bikeflow {reference.get(key)}")
    missing = [key for key in reference if key not in run.rows]
    if not missing:
        return f"all {len(reference):,}"
    last = max(start for start, _ in reference)
    earlier = sum(start != last for start, _ in missing)
    if earlier:
        sys.exit(f"{run.name}: {earlier} rows before the last hour are missing, e.g. {min(missing)}")
    unseen = sum(reference[key][0] for key in missing) / sum(sums[0] for sums in reference.values())
    return f"{len(run.rows):,}; never the last hour, {unseen:.0%} of the rentals"


def median_of(runs):
    columns = ("all_s", "reading_s", "cpu_s", "first_s")
    middle = {c: statistics.median(getattr(run, c) for run in runs) for c in columns if getattr(runs[0], c) is not None}
    return dataclasses.replace(runs[0], **middle, memory_mb=max(run.memory_mb for run in runs))


def table_of(runs, said):
    lines = ["| what | msgs/s | with start-up | CPU s | CPU µs a message | peak MB | first result after | rows |",
             "| --- | --- | --- | --- | --- | --- | --- | --- |"]
    for run in runs:
        first = f"{run.first_s:.1f} s" if run.first_s is not None else "-"
        lines.append(f"| {run.name} | {run.rate / 1000:,.0f} k | {run.rate_with_start / 1000:,.0f} k | {run.cpu_s:.1f} "
                     f"| {run.cpu_us:.2f} | {run.memory_mb:,.0f} | {first} | {said.get(run.name, '-')} |")
    return lines


def ratios(bikeflow, bare, sparks):
    best = max(run.rate for run in sparks)
    best_with_start = max(run.rate_with_start for run in sparks)
    least_cpu = min(run.cpu_us for run in sparks)
    return [
        "| ratio | measured | goal | minimum |", "| --- | --- | --- | --- |",
        f"| rate, bikeflow / best Spark, without start-up | {bikeflow.rate / best:.1f} | 12 | 8 |",
        f"| the same with start-up | {bikeflow.rate_with_start / best_with_start:.1f} | 15 | 10 |",
        f"| CPU time a message, least of Spark / bikeflow | {least_cpu / bikeflow.cpu_us:.1f} | 20 | 15 |",
        f"| share of the bare consumer's rate | {bikeflow.rate / bare.rate:.0%} | 60 % | 40 % |",
        f"| peak memory of bikeflow | {bikeflow.memory_mb:.0f} MB | < 150 MB | - |",
    ]


def rewrite_section(lines):
    text = RESULTS.read_text()
    section = "\n".join([HEADING, "", *lines, ""])
    before, heading, after = text.partition(HEADING + "\n")
    following = re.search(r"^## ", after, re.MULTILINE)
    rest = after[following.start():] if heading and following else ""
    RESULTS.write_text(before.rstrip("\n") + "\n\n" + section + ("\n" + rest if rest else ""))


def measure(bench):
    bikeflows, bares, peers = [], [], []
    contestants = [
        lambda: bench.spark_jvm("Spark 3.5.7, batch, `lag`", "lag"),
        lambda: bench.spark_jvm("Spark 3.5.7, stream, `flatMapGroupsWithState`", "state"),
        lambda: bench.spark("Spark 3.5.7, stream, `applyInPandasWithState`", [PEERS / "spark_pandas.py"]),
        bench.streams,
    ]
    for contestant in [*contestants, None]:
        bares.append(bench.bare())
        bikeflows.append(bench.bikeflow())
        print(f"  {bares[-1].rate:,.0f} bare, {bikeflows[-1].rate:,.0f} bikeflow", file=sys.stderr)
        if contestant is not None:
            peers.append(contestant())
            print(f"  {peers[-1].rate:,.0f} {peers[-1].name}", file=sys.stderr)
    if any(run.rows != bikeflows[0].rows for run in bikeflows):
        sys.exit("the runs of bikeflow differ in their rows")
    return median_of(bikeflows), median_of(bares), peers


def main():
    if not PEER_JARS.is_dir() or not PEER_PYTHON.is_file():
        sys.exit("run it as: ./dev bench compare")
    with tempfile.TemporaryDirectory(prefix="bikeflow-bench-") as name:
        folder = pathlib.Path(name)
        with servers.Kafka(folder / "kafka") as kafka:
            bench = Bench(folder, kafka)
            bench.fill()
            bikeflow, bare, peers = measure(bench)
        said = {run.name: check(run, bikeflow.rows) for run in peers}
        said["bikeflow"] = f"all {len(bikeflow.rows):,}"
        load = os.getloadavg()[0]
    lines = [
        f"`./dev bench compare`: one call; {bench.records:,} records of {STATIONS:,} stations each 30 s in the topic's form, "
        f"{PARTITIONS} partitions, lz4,",
        f"on a local Kafka; {os.cpu_count()} cores, of which Kafka takes its part, load {load:.1f} at the end; bikeflow and",
        f"librdkafka: medians of {len(peers) + 1} runs. Every row that a peer wrote equals bikeflow's.", "",
        *table_of([bikeflow, bare, *peers], said), "",
        *ratios(bikeflow, bare, [run for run in peers if run.name.startswith("Spark")]), "",
        "Without start-up: from the assignment of partitions, or from when the Spark session is there. The JVM's shutdown",
        "is not counted. Spark: `local[2]`, 4 GB driver, two shuffle partitions, one `from_json` a record. Kafka Streams:",
        "two threads, RocksDB behind a cache of 64 MiB, exactly once, results to a topic.",
    ]
    print("\n".join(lines))
    rewrite_section(lines)


if __name__ == "__main__":
    main()
