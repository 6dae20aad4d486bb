"""`bikeflow poll` against a real broker and a feed that is served here: what the feed said is in the topic, in rounds that
are whole and in order, and in the lake of who reads it; whatever ends or dies on the way.

The topic is read back by kcat, and which partition a key belongs to is computed here.
"""

import collections
import dataclasses
import datetime
import itertools
import json
import pathlib
import subprocess
import time
import uuid
import zoneinfo

import confluent_kafka.admin
import duckdb
import pytest

import feed_documents
import feed_server
import lakes
import pipelines
import servers
import service_manager

SEOUL = zoneinfo.ZoneInfo("Asia/Seoul")
MEMBERS = {"rackTotCnt", "stationName", "parkingBikeTotCnt", "shared", "stationLatitude", "stationLongitude",
           "stationId", "timestamp"}


def murmur2(data: bytes) -> int:
    """As org.apache.kafka.common.utils.Utils.murmur2() does, of 32 bits."""
    mask, m = 0xFFFFFFFF, 0x5BD1E995
    h = 0x9747B28C ^ len(data)
    whole = len(data) // 4 * 4
    for at in range(0, whole, 4):
        k = int.from_bytes(data[at:at + 4], "little") * m & mask
        k = (k ^ k >> 24) * m & mask
        h = h * m & mask ^ k
    rest = data[whole:]
    if rest:
        h = (h ^ int.from_bytes(rest, "little")) * m & mask
    h = (h ^ h >> 13) * m & mask
    return h ^ h >> 15


def javas_partition(key: str, partitions: int) -> int:
    return (murmur2(key.encode()) & 0x7FFFFFFF) % partitions


@dataclasses.dataclass
class Read:
    partition: int
    offset: int
    timestamp_ms: int
    key: str
    fields: dict[str, str]

    @property
    def counts(self) -> tuple[int, int]:
        return int(self.fields["parkingBikeTotCnt"]), int(self.fields["rackTotCnt"])

    def observed_at(self, zone: zoneinfo.ZoneInfo = SEOUL) -> int:
        at = datetime.datetime.fromisoformat(self.fields["timestamp"])  # of zones with summer time it has an offset
        return int((at if at.tzinfo else at.replace(tzinfo=zone)).timestamp())


def read_topic(kafka: servers.Kafka, topic: str) -> list[Read]:
    """Each partition in its order, by kcat."""
    done = subprocess.run(
        ["kcat", "-C", "-b", kafka.address, "-t", topic, "-o", "beginning", "-e", "-q", "-f", "%p\t%o\t%T\t%k\t%s\n"],
        capture_output=True, text=True, check=True, timeout=60)
    found = []
    for line in done.stdout.splitlines():
        partition, offset, timestamp_ms, key, value = line.split("\t", 4)
        found.append(Read(int(partition), int(offset), int(timestamp_ms), key, json.loads(value)))
    return sorted(found, key=lambda read: (read.partition, read.offset))


def check_records(records: list[Read], partitions: int, members: set[str] = MEMBERS) -> None:
    """Their form, key and partition."""
    assert records
    for read in records:
        assert read.fields.keys() == members
        assert all(isinstance(value, str) for value in read.fields.values())
        assert read.key == read.fields["stationId"]
        assert read.partition == javas_partition(read.key, partitions)


def seoul_feed(feeds: feed_server.FeedServer, every: str = "2s") -> str:
    return f'kind = "seoul"\nurl = "{feeds.base}"\nkey = "{feeds.key}"\nevery = "{every}"\n'


@pytest.fixture
def feeds():
    with feed_server.FeedServer(feed_documents.made_stations(1203, prefix="ST-")) as server:
        yield server


@pytest.fixture
def make(program, tmp_path):
    """A function: broker, feeds' TOML, and whatever Pipeline takes -> a pipeline on a topic that is not there yet."""
    def make_one(broker: servers.Kafka, feeds: str, producer: str = "partitions = 3", **options) -> pipelines.Pipeline:
        return pipelines.Pipeline(program, tmp_path / "pipeline", broker.address, f"polled-{uuid.uuid4().hex[:12]}",
                                  str(tmp_path / "lake"), producer=producer, feeds=feeds, **options)
    return make_one


def poller(pipeline: pipelines.Pipeline, name: str = "poll") -> pipelines.Copy:
    return pipelines.Copy(pipeline, name, command=pipeline.command(name="poll"))


def spooled(pipeline: pipelines.Pipeline) -> list[pathlib.Path]:
    return sorted(pipeline.spool.glob("*.round"))


def wait_until(is_so, what: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)


class Witness:
    """Lets time pass by the polls that the feed has served, and knows when somebody was killed."""

    def __init__(self, feeds: feed_server.FeedServer, pipeline: pipelines.Pipeline) -> None:
        self.feeds, self.pipeline = feeds, pipeline
        self.cuts: list[float] = []

    def polls(self, count: int) -> None:
        so_far = len(self.feeds.served("seoul"))
        wait_until(lambda: len(self.feeds.served("seoul")) >= so_far + count, f"{count} polls of the feed")

    def all_sent(self) -> None:
        wait_until(lambda: not spooled(self.pipeline), "the spool is empty")

    def kill(self, copy: pipelines.Copy) -> None:
        self.cuts.append(time.time())
        copy.kill()
        self.rest()

    @staticmethod
    def rest() -> None:
        """The next one polls at once; its round must not be taken for the one that was cut, see check_served()."""
        time.sleep(2.1)

    def stop(self, copy: pipelines.Copy) -> None:
        self.cuts.append(time.time())
        begin = time.monotonic()
        assert copy.stop() == 0, copy.said()
        assert time.monotonic() - begin < 5
        self.rest()

    def rounds_of(self, records: list[Read], partitions: int) -> dict[int, dict[str, tuple[int, int]]]:
        """What the topic says, by the time of the round, after a look at its order."""
        rounds: dict[int, dict[str, tuple[int, int]]] = collections.defaultdict(dict)
        repeated = set()
        for partition in range(partitions):
            mine = [read for read in records if read.partition == partition]
            times = [read.observed_at() for read in mine]
            assert times == sorted(times), "a round behind a later one"
            for at, group in itertools.groupby(mine, key=Read.observed_at):
                for read in group:
                    assert at <= read.timestamp_ms // 1000 <= at + 1, "the timestamp is when it was polled"
                    if read.key in rounds[at]:
                        repeated.add(at)
                    assert rounds[at].setdefault(read.key, read.counts) == read.counts
        assert len(repeated) <= len(self.cuts), "only what was being sent at a kill comes again"
        return rounds

    def check_served(self, rounds: dict[int, dict[str, tuple[int, int]]]) -> None:
        """Each poll that the feed has answered is in the topic, but for those that a kill cut."""
        left = dict(rounds)
        for poll in self.feeds.served("seoul"):
            times = [at for at in left if int(poll.polled_at) <= at <= int(poll.answered_at) + 1]
            if times and poll.is_whole:
                assert left.pop(times[0]) == poll.stations, "the counts that the feed gave"
            else:
                assert any(poll.polled_at - 1 < cut < poll.answered_at + 2 for cut in self.cuts), f"{poll.number} is lost"
        assert not left, "rounds that the feed never gave"


def test_what_the_feed_said_gets_through_whatever_dies_on_the_way(tmp_path, feeds, make, judge, lake):
    with servers.Kafka(tmp_path / "kafka") as broker:
        made = make(broker, "[feed]\n" + seoul_feed(feeds))
        witness = Witness(feeds, made)
        copy = poller(made).start()
        copy.wait_for("created with 3 partitions")
        witness.polls(3)
        broker.stop()
        witness.polls(4)
        assert len(spooled(made)) >= 3, "rounds wait"
        broker.start()
        witness.all_sent()
        witness.kill(copy)
        copy.start()
        witness.polls(2)
        broker.kill()
        witness.polls(3)
        witness.kill(copy)
        waiting = len(spooled(made))
        assert waiting >= 2
        copy.start()
        copy.wait_for(f"{waiting} rounds of an earlier process")
        witness.polls(2)
        broker.start()
        witness.all_sent()
        witness.polls(2)
        witness.stop(copy)
        made.catch_up()
        records = read_topic(broker, made.topic)
        check_records(records, 3)
        rounds = witness.rounds_of(records, 3)
        assert len(rounds) > 12
        witness.check_served(rounds)
        expected = judge.expected(broker, made.topic)
        assert any(row[1] > 0 for row in expected.rows.values()), "bikes were rented"
        judge.agrees(expected, lake, made)
        assert copy.said().count("records cannot be sent since") >= 1
        assert copy.said().count("records can be sent again") >= 1


def test_systems_of_one_topic_are_told_apart_and_once_is_one_round_of_each(kafka, feeds, make):
    feeds.add_gbfs("north", "2.3", feed_documents.made_stations(40, prefix="N-"))
    tables = ('[[feed]]\nid = "seoul"\n' + seoul_feed(feeds) + '[[feed]]\nid = "north"\nkind = "gbfs"\n'
              f'timezone = "America/New_York"\nurl = "{feeds.gbfs_url("north")}"\n')
    made = make(kafka, tables, producer='partitions = 4\nretention = "3d"')
    done = made.run("--once", name="poll")
    assert done.returncode == 0, done.stderr
    assert "2 polls; 2 rounds with 1,243 records acknowledged" in done.stdout
    assert not spooled(made)
    topic = kafka.admin.describe_configs(
        [confluent_kafka.admin.ConfigResource(confluent_kafka.admin.ConfigResource.Type.TOPIC, made.topic)])
    settings = next(iter(topic.values())).result(30)
    assert settings["retention.ms"].value == str(3 * 86_400_000)
    assert settings["cleanup.policy"].value == "delete"

    records = read_topic(kafka, made.topic)
    check_records(records, 4, MEMBERS | {"system"})
    for system, zone in (("seoul", SEOUL), ("north", zoneinfo.ZoneInfo("America/New_York"))):
        mine = [read for read in records if read.fields["system"] == system]
        poll = feeds.served(system)[0]
        assert {read.key: read.counts for read in mine} == poll.stations
        assert len({read.observed_at(zone) for read in mine}) == 1
        if poll.observed_at:
            assert mine[0].observed_at(zone) == poll.observed_at
    done = made.run("--until-caught-up")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("1,243 records read of 4 partitions")


def catalogue(feeds: feed_server.FeedServer, *systems: str) -> str:
    head = ("Country Code,Name,Location,System ID,URL,Auto-Discovery URL,Supported Versions,Authentication Info URL,"
            "Authentication Type,Authentication Parameter Name\n")
    return head + "".join(f"NO,{name},City,{name},https://example.org,{feeds.gbfs_url(name)},2.3,,,\n" for name in systems)


def test_a_catalogue_is_found_out_and_left_for_the_reader(kafka, feeds, make, tmp_path):
    """The reader's first system has summer time and the second none, so that their records have times of two forms."""
    zones = {"oslo": "Europe/Oslo", "bogota": "America/Bogota"}
    for number, (system, zone) in enumerate(zones.items()):
        feeds.add_gbfs(system, "2.3", feed_documents.made_stations(30, number), timezone=zone)
    feeds.add_gbfs("dark", "2.3", feed_documents.made_stations(5))
    feeds.set_fault("dark", "status", document="system_information", status=503)
    (tmp_path / "systems.csv").write_text(catalogue(feeds, *zones, "dark"))
    made = make(kafka, f'[feed]\nkind = "gbfs"\nsystems = "{tmp_path}/systems.csv"\n', system="")
    done = made.run("--once", name="poll")
    assert done.returncode == 1, "one of them is not known"
    assert "2 polls; 2 rounds with 60 records acknowledged" in done.stdout
    assert "oslo: Bikes of oslo, times of Europe/Oslo" in done.stderr and "HTTP 503" in done.stderr
    assert f"{made.spool}/systems.toml has what was found out of 2 systems" in done.stderr
    records = read_topic(kafka, made.topic)
    check_records(records, 3, MEMBERS | {"system"})
    for system, zone in zones.items():
        mine = [read for read in records if read.fields["system"] == system]
        assert {read.key: read.counts for read in mine} == feeds.served(system)[0].stations
        assert {read.observed_at(zoneinfo.ZoneInfo(zone)) for read in mine} == {feeds.served(system)[0].observed_at}

    # The catalogue does not do for a reader, and its error says what does.
    done = made.run("--until-caught-up")
    assert done.returncode == 1 and f"leaves such tables in {made.spool}/systems.toml" in done.stderr
    found = (made.spool / "systems.toml").read_text()
    assert found.count("[[feed]]") == 2 and "dark" not in found
    reader = pipelines.Pipeline(made.program, tmp_path / "reader", kafka.address, made.topic, made.lake, feeds=found,
                                system="")
    reader.catch_up()
    rows = lakes.Lake(tmp_path / "lake").sql(
        "SELECT system, count(*), min(epoch(start)) FROM hourly_summary GROUP BY system ORDER BY system")
    hours = [feeds.served(system)[0].observed_at // 3600 * 3600 for system in sorted(zones)]
    assert rows == [("bogota", 30, hours[0]), ("oslo", 30, hours[1])]
    assert not lakes.Lake(tmp_path / "lake").data_set("dead_letter")

    # The next process knows them, whatever their feeds say of themselves now.
    for system in zones:
        feeds.set_fault(system, "status", document="system_information", status=503)
    feeds.set_fault("dark", "status", document="gbfs", status=503)
    so_far = len(feeds.requests("oslo"))
    done = made.run("--once", name="poll")
    assert "2 polls" in done.stdout and "found out of 2 systems" in done.stderr
    assert "system_information" not in {request.document for request in feeds.requests("oslo")[so_far:]}
    assert (made.spool / "systems.toml").read_text() == found


def test_one_system_says_itself_what_it_is(kafka, feeds, make):
    feeds.add_gbfs("oslo", "3.0", feed_documents.made_stations(30), timezone="Europe/Oslo")
    made = make(kafka, f'[feed]\nkind = "gbfs"\nurl = "{feeds.gbfs_url("oslo")}?key=hunter2"\nlanguage = "en"\n',
                system="")
    done = made.run("--once", name="poll")
    assert done.returncode == 0, done.stderr
    check_records(read_topic(kafka, made.topic), 3)  # of one system no record says its name
    found = (made.spool / "systems.toml").read_text()
    assert 'id = "oslo"\ntimezone = "Europe/Oslo"\n' in found and 'language = "en"' in found
    assert "hunter2" not in found + done.stdout + done.stderr
    reader = pipelines.Pipeline(made.program, made.folder, kafka.address, made.topic, made.lake, feeds=found, system="")
    assert reader.run("--until-caught-up").stdout.startswith("30 records read")


def test_a_topic_that_is_there_is_left_as_it_is_and_a_feed_that_fails_is_told(kafka, feeds, make):
    made = make(kafka, "[feed]\n" + seoul_feed(feeds))
    kafka.create_topic(made.topic, 2)
    done = made.run("--once", name="poll")
    assert done.returncode == 0, done.stderr
    assert "it has 2 partitions and is left so, although [kafka] partitions says 3" in done.stderr
    check_records(read_topic(kafka, made.topic), 2)
    feeds.set_fault("seoul", "bad_key")
    done = made.run("--once", name="poll")
    assert done.returncode == 1, done.stdout
    assert "seoul: bad_key" in done.stderr and feeds.key not in done.stderr
    assert "1 poll; 0 rounds with 0 records" in done.stdout


def test_without_a_broker_it_ends_in_time_and_a_full_spool_lets_the_oldest_go(tmp_path, feeds, make):
    broker = servers.Kafka(tmp_path / "kafka")
    made = make(broker, "[feed]\n" + seoul_feed(feeds, every="1s"), producer='partitions = 3\nspool_max = "1MiB"')
    copy = poller(made).start()
    wait_until(lambda: spooled(made), "the first round waits")
    size = spooled(made)[0].stat().st_size
    first_number = int(spooled(made)[0].stem)
    many = (1 << 20) // size + 2
    assert many < 60, "or this takes too long"
    wait_until(lambda: int(spooled(made)[-1].stem) >= first_number + many, "the spool is full", seconds=120)
    copy.wait_for("lost for want of room")
    begin = time.monotonic()
    assert copy.stop() == 0, copy.said()
    assert time.monotonic() - begin < 5
    kept = spooled(made)
    assert sum(path.stat().st_size for path in kept) <= 1 << 20
    assert int(kept[0].stem) > first_number
    with broker:
        feeds.set_fault("seoul", "status", status=503)  # only what waited
        done = made.run("--once", name="poll")
        assert done.returncode == 1
        assert f"{len(kept)} rounds of an earlier process" in done.stderr
        assert not spooled(made)
        records = read_topic(broker, made.topic)
        assert f"1 poll; {len(kept)} rounds with {len(records):,} records acknowledged" in done.stdout
        assert len(records) == 1203 * len(kept)


def dead_letters(pipeline: pipelines.Pipeline) -> list[dict]:
    """In their order; each line is whole."""
    files = sorted((pipeline.spool / "dead_letter").iterdir())
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def test_what_is_not_sent_is_kept_with_its_reason_across_a_kill(kafka, feeds, make):
    made = make(kafka, "[feed]\n" + seoul_feed(feeds))
    witness = Witness(feeds, made)
    copy = poller(made)
    kept_in = f"kept in {made.spool}/dead_letter"

    def live(short: list[int], bad: int) -> None:
        """Until after these polls."""
        feeds.set_fault("seoul", "short", polls=short, share=0.5)
        feeds.set_fault("seoul", "bad_rows", polls=[bad])
        copy.start()
        wait_until(lambda: len(feeds.served("seoul")) > max(*short, bad), "the polls with faults")
        witness.all_sent()

    live(short=[3, 4, 6], bad=2)
    witness.kill(copy)
    before = dead_letters(made)
    assert before
    with max((made.spool / "dead_letter").iterdir()).open("a") as file:
        file.write('{"source":"seoul","received_at":"2024')  # as a power cut leaves it
    polls = len(feeds.served("seoul"))
    live(short=[polls + 1], bad=polls + 2)
    witness.stop(copy)

    letters = dead_letters(made)
    assert letters[:len(before)] == before
    assert all(letter.keys() == {"source", "received_at", "reason", "detail", "byte", "record"} for letter in letters)
    rejected = [letter for letter in letters if letter["reason"] == "round_too_small"]
    assert all("fewer than 80 % of the usual" in letter["detail"] for letter in rejected)
    rounds = collections.defaultdict(dict)
    for record in (json.loads(letter["record"]) for letter in rejected):
        rounds[record["timestamp"]][record["stationId"]] = int(record["parkingBikeTotCnt"]), int(record["rackTotCnt"])
    assert list(rounds.values()) == [poll.stations for poll in feeds.served("seoul") if "short" in poll.faults]
    assert len(rounds) == 4
    refused = [letter for letter in letters if letter["reason"] != "round_too_small"]
    assert {letter["reason"] for letter in refused} == {"bad_bikes", "missing_bikes"}
    assert [json.loads(letter["record"])["stationId"] for letter in refused] == 2 * [
        f"ST-{number}" for number in range(1, 1204, 50)]
    assert duckdb.sql(f"SELECT source, count(*), count(DISTINCT received_at) FROM '{made.spool}/dead_letter/*.ndjson' "
                      "GROUP BY ALL").fetchall() == [("seoul", len(letters), 6)]

    sent = {read.fields["timestamp"] for read in read_topic(kafka, made.topic)}
    assert sent and not sent & rounds.keys()
    said = copy.said()
    assert said.count(f"seoul: the round is not sent but {kept_in}") == 3, "once for the two in a row"
    assert said.count(f"25 of 1203 rows are no stations and are not sent but {kept_in}") == 2
    assert feeds.key not in said + str(letters)


def test_what_is_kept_of_what_is_not_sent_is_bounded_and_waits_for_its_disk(tmp_path, feeds, make):
    made = make(servers.Kafka(tmp_path / "kafka"), "[feed]\n" + seoul_feed(feeds, every="1s"),
                producer='dead_letter_max = "1MiB"')
    folder, aside = made.spool / "dead_letter", made.spool / "aside"
    feeds.set_fault("seoul", "short", share=0.5, polls=range(2, 1000))
    copy = poller(made).start()
    wait_until(lambda: folder.exists() and any(folder.iterdir()), "the first of them")
    folder.rename(aside)
    folder.write_text("in the way")
    copy.wait_for("what is rejected cannot be kept on the disk")
    folder.unlink()
    aside.rename(folder)
    copy.wait_for("what is rejected can be kept on the disk again")
    copy.wait_for(f"gone for want of room in {folder}, the oldest")
    assert copy.stop() == 0, copy.said()
    assert 1 << 19 < sum(file.stat().st_size for file in folder.iterdir()) <= 1 << 20
    assert len({letter["received_at"] for letter in dead_letters(made)}) >= 2, "a part goes at a time"
    assert len(spooled(made)) == 1, "no other round was believed"


def test_run_and_poll_in_one_process(kafka, feeds, make, judge, lake, tmp_path):
    made = make(kafka, "[feed]\n" + seoul_feed(feeds))
    manager = service_manager.Manager(tmp_path / "notify")
    copy = pipelines.Copy(made, "both", command=made.command("--poll"),
                          environment={"NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "2000000"}).start()
    assert "STOPPING=1" not in manager.wait_for("READY=1")
    copy.wait_for("assigned: partitions 0, 1, 2")
    served = len(feeds.served("seoul"))
    wait_until(lambda: len(feeds.served("seoul")) >= served + 5, "5 polls")
    manager.heard(0.5)
    assert "WATCHDOG=1" in manager.heard(2.5)
    assert copy.stop() == 0, copy.said()
    said = manager.wait_for("STOPPING=1")
    assert "READY=1" not in said, "the service speaks with one voice"
    made.catch_up()
    check_records(read_topic(kafka, made.topic), 3)
    judge.agrees(judge.expected(kafka, made.topic), lake, made)


def test_the_service_of_both_is_heard_only_while_both_work(kafka, feeds, make, tmp_path):
    made = make(kafka, "[feed]\n" + seoul_feed(feeds, every="1s"))
    manager = service_manager.Manager(tmp_path / "notify")
    copy = pipelines.Copy(made, "both", command=made.command("--poll"),
                          environment={"NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "2000000"}).start()
    try:
        manager.wait_for("WATCHDOG=1")
        wait_until(lambda: (made.spool / "seoul.feed").exists(), "the feed was polled")
        service_manager.hang(made.spool / "seoul.feed.new")
        manager.heard(2.5)
        assert manager.heard(2) == []
    finally:
        copy.kill()
