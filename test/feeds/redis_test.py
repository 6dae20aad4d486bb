"""`bikeflow run` with [redis], read back by another client: hashes, messages, an end to each; outages and failovers."""

import calendar
import collections
import contextlib
import json
import pathlib
import re
import shutil
import time

import pytest
import redis

import feed_documents
import feed_judge
import feed_pipelines
import feed_server
import pipelines
import servers

STATIONS = 300
CHANNEL = "bike_stations:changes"
FIELDS = {"rackTotCnt", "stationName", "parkingBikeTotCnt", "shared", "stationLatitude", "stationLongitude", "stationId",
          "timestamp", "rental_this_hour", "return_this_hour", "updated_at"}
KEY = "s3cret-key-of-the-feed"


class Scene:
    """A feed of Seoul that changes each second, and a pipeline that tells a Redis."""

    def __init__(self, program: pathlib.Path, folder: pathlib.Path, settings: str, more: str = "") -> None:
        self.feeds = feed_server.FeedServer(feed_documents.made_stations(STATIONS, prefix="ST-"), key=KEY,
                                            port=servers.free_port(), is_held=True)
        self.feeds.start()
        self.pipeline = feed_pipelines.FeedPipeline(program, folder, feed_pipelines.seoul_feed(self.feeds.base), KEY,
                                                    length=3600, max_gap=60)
        with open(self.pipeline.file, "a", encoding="utf-8") as file:
            file.write(f"[redis]\n{settings}\n{more}")
        self.copy = pipelines.Copy(self.pipeline, "copy")

    def polls(self) -> int:
        return len(self.feeds.served(feed_server.SEOUL))

    def wait_until(self, is_so, what: str, seconds: float = 30) -> None:
        deadline = time.monotonic() + seconds
        while not is_so():
            assert self.copy.running(), f"ended\n{self.copy.said()[-3000:]}"
            assert time.monotonic() < deadline, f"never: {what}\n{self.copy.said()[-3000:]}"
            time.sleep(0.02)

    def go_on(self, count: int) -> None:
        last = self.polls() + count
        self.wait_until(lambda: self.polls() >= last and self.feeds.served(feed_server.SEOUL)[-1].is_whole, "polls")

    def end_of_feed(self, client: redis.Redis) -> list[feed_judge.Round]:
        """No poll comes any more; those that came. An answer that was on its way then is lost."""
        self.go_on(1)
        time.sleep(max(self.feeds.served(feed_server.SEOUL)[-1].rows_at + 0.3 - time.time(), 0))
        self.feeds.stop()
        rounds = feed_judge.seoul_rounds(self.feeds)

        def came() -> list[feed_judge.Round]:
            found = stations_in(client)
            return next((rounds[:count] for count in (len(rounds), len(rounds) - 1) if has(found, rounds[count - 1])), [])

        self.wait_until(came, "the last round")
        time.sleep(1)
        return came()

    def __enter__(self) -> "Scene":
        self.copy.start()
        return self

    def __exit__(self, *_) -> None:
        self.copy.kill()
        self.feeds.close()


@pytest.fixture
def scene(program, tmp_path):
    """A function: settings of [redis] -> a Scene, which is over at the end."""
    with contextlib.ExitStack() as stack:
        yield lambda settings, more="": stack.enter_context(Scene(program, tmp_path / "run", settings, more))


def client_of(server: servers.Redis, **options) -> redis.Redis:
    return redis.Redis(host=servers.HOST, port=server.port, password=server.password or None, decode_responses=True,
                       socket_timeout=5, **options)


def stations_in(client: redis.Redis, prefix: str = "bike_stations:") -> dict[str, dict[str, str]]:
    """What there is, by the key's rest; nothing where it does not answer."""
    try:
        keys = sorted(client.scan_iter(f"{prefix}*", count=1000))
        with client.pipeline(transaction=False) as calls:
            for key in keys:
                calls.hgetall(key)
            found = zip((key.removeprefix(prefix) for key in keys), calls.execute())
            return {name: hash_ for name, hash_ in found if hash_}  # without those that have ended since they were listed
    except redis.exceptions.RedisError:
        return {}


def has(found: dict[str, dict[str, str]], round_: feed_judge.Round) -> bool:
    """Each station of the round, as it was in it."""
    return {station: (int(hash_["parkingBikeTotCnt"]), int(hash_["rackTotCnt"]))
            for station, hash_ in found.items()} == round_.stations


def is_newest(scene: Scene, client: redis.Redis) -> bool:
    rounds = feed_judge.seoul_rounds(scene.feeds)
    return bool(rounds) and any(has(stations_in(client), round_) for round_ in rounds[-2:])


def test_each_station_is_a_hash_and_each_change_a_message(scene, tmp_path):
    with servers.Redis(tmp_path / "redis") as server:
        client = client_of(server)
        listener = client.pubsub(ignore_subscribe_messages=True)
        listener.subscribe(CHANNEL)
        listener.get_message(timeout=5)
        played = scene(f'url = "redis://{server.address}/0"\nttl = "10m"')
        played.go_on(5)
        rounds = played.end_of_feed(client)
        last = rounds[-1]
        found = stations_in(client)

        hours = collections.defaultdict(lambda: [0, 0])
        for one, other in zip(rounds, rounds[1:]):
            for station, (bikes, _) in other.stations.items():
                change = bikes - one.stations[station][0]
                if other.observed_at // 3600 == last.observed_at // 3600:
                    hours[station][0] += max(-change, 0)
                    hours[station][1] += max(change, 0)
        stations = {station.id: station for station in played.feeds._seoul.city.stations}
        assert sum(map(sum, hours.values())) > 0 and found.keys() == stations.keys()
        timestamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(last.observed_at + 9 * 3600))
        for station, hash_ in found.items():
            assert hash_.keys() == FIELDS
            assert (hash_["stationId"], hash_["stationName"]) == (station, stations[station].name)
            assert float(hash_["stationLatitude"]) == stations[station].latitude
            assert float(hash_["stationLongitude"]) == stations[station].longitude
            assert hash_["timestamp"] == timestamp
            assert [int(hash_["rental_this_hour"]), int(hash_["return_this_hour"])] == hours[station]
            age = time.time() - calendar.timegm(time.strptime(hash_["updated_at"], "%Y-%m-%dT%H:%M:%SZ"))
            assert -1 <= age < 30
            assert 0 < client.ttl(f"bike_stations:{station}") <= 600

        messages = []
        while message := listener.get_message(timeout=0.2):
            messages.append(json.loads(message["data"]))
        assert all(message.keys() == FIELDS for message in messages)
        said = collections.defaultdict(list)
        for message in messages:
            said[message["stationId"]].append(int(message["parkingBikeTotCnt"]))
        for station in stations:
            changes = [rounds[0].stations[station][0]]
            for round_ in rounds:
                if round_.stations[station][0] != changes[-1]:
                    changes.append(round_.stations[station][0])
            assert said[station] == changes, station
        played.copy.leave()
        assert "Redis cannot be used" not in played.copy.said()


def test_a_redis_that_is_gone_holds_nothing_up_and_has_all_when_it_is_back(scene, tmp_path):
    """Killed, with all that it knew; then hung; then emptied under us."""
    with servers.Redis(tmp_path / "redis") as server:
        client = client_of(server)
        played = scene(f'url = "redis://{server.address}"')
        played.wait_until(lambda: is_newest(played, client), "the first stations")

        def polls_in(seconds: float) -> int:
            before = played.polls()
            time.sleep(seconds)
            return played.polls() - before

        def lose_all() -> None:
            server.kill()
            shutil.rmtree(server.folder / "appendonlydir")

        lose_all()
        assert polls_in(4) >= 3
        server.start()
        played.wait_until(lambda: is_newest(played, client), "all after a restart")
        # As soon, where the feed says nothing more.
        played.end_of_feed(client)
        lose_all()
        server.start()
        played.wait_until(lambda: is_newest(played, client), "all without another round", 15)
        played.feeds.start()
        played.copy.wait_for("Redis can be used again, after ")
        assert played.copy.said().count("Redis cannot be used") <= 2, played.copy.said()

        server.pause()
        assert polls_in(5) >= 3  # of five on an idle machine; who waited for an answer would have two
        server.resume()
        played.wait_until(lambda: is_newest(played, client), "all after a pause")

        client.flushall()
        begin = played.polls()
        played.wait_until(lambda: is_newest(played, client), "all after it was emptied")
        assert played.polls() - begin <= 2
        played.copy.leave()
        assert feed_judge.sequence(played.pipeline.lake, "seoul") >= played.polls() - 1


def test_what_is_not_seen_any_more_is_not_there(scene, tmp_path):
    with servers.Redis(tmp_path / "redis") as server:
        client = client_of(server)
        played = scene(f'url = "redis://{server.address}"\nttl = "8s"')
        # On a busy machine their end may come as soon as they are there: each says itself when it was seen last.
        seen = {}

        def look() -> dict[str, dict[str, str]]:
            found = stations_in(client)
            seen.update(found)
            return found

        played.wait_until(lambda: len(look()) == STATIONS, "the first stations")
        played.feeds.stop()
        played.wait_until(lambda: not look() and client.dbsize() == 0, "their end")
        last = max(calendar.timegm(time.strptime(hash_["timestamp"], "%Y-%m-%d %H:%M:%S")) for hash_ in seen.values()) - 9 * 3600
        assert last + 7 <= time.time() < last + 20
        # Nor do they come back with a process that knows them from its state.
        played.copy.leave()
        played.copy.start()
        played.copy.wait_for("Redis: stations go to", count=2)
        time.sleep(1)
        assert stations_in(client) == {}


def test_all_is_written_before_the_end(scene, tmp_path):
    with servers.Redis(tmp_path / "redis") as server:
        played = scene(f'url = "redis://{server.address}"')
        played.copy.kill()
        server.call("FLUSHALL")
        done = played.pipeline.run("--until-caught-up")
        assert done.returncode == 0, done.stderr
        assert has(stations_in(client_of(server)), feed_judge.seoul_rounds(played.feeds)[-1])


def test_two_systems_have_keys_of_their_own(program, tmp_path):
    with servers.Redis(tmp_path / "redis") as server, feed_server.FeedServer() as feeds:
        lines = ""
        for system in ("oslo", "bergen"):
            feeds.add_gbfs(system, "2.3", feed_documents.made_stations(20))
            lines += feed_pipelines.gbfs_feed(system, feeds.gbfs_url(system))
        pipeline = feed_pipelines.FeedPipeline(program, tmp_path / "run", lines)
        with open(pipeline.file, "a", encoding="utf-8") as file:
            file.write(f'[redis]\nurl = "redis://{server.address}"\nprefix = "city:"\nchannel = "moves"\n')
        client = client_of(server)
        listener = client.pubsub(ignore_subscribe_messages=True)
        listener.subscribe("moves")
        listener.get_message(timeout=5)
        done = pipeline.run("--until-caught-up")
        assert done.returncode == 0, done.stderr
        for system in ("oslo", "bergen"):
            found = stations_in(client, f"city:{system}:")
            assert found.keys() == feeds.served(system)[-1].stations.keys()
            assert all(hash_["system"] == system and hash_.keys() == FIELDS | {"system"} for hash_ in found.values())
        assert json.loads(listener.get_message(timeout=5)["data"])["system"] in ("oslo", "bergen")


def test_a_topic_has_what_is_new_in_it(program, kafka, tmp_path):
    """Each station as its newest record says; one that was seen last half an hour ago is not known now."""
    kafka.create_topic("redis", 2)
    now = int(time.time())

    def record(station: str, age: int, bikes: int) -> bytes:
        at = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(now - age + 9 * 3600))
        return json.dumps({"stationId": station, "stationName": f"Station {station}", "parkingBikeTotCnt": str(bikes),
                           "rackTotCnt": "", "timestamp": at}).encode()

    kafka.produce("redis", [(record("A", 90, 5), 0), (record("A", 30, 3), 0), (record("B", 60, 7), 1),
                            (record("gone", 1800, 9), 1), (record("B", 20, 8), 1)])
    with servers.Redis(tmp_path / "redis") as server:
        pipeline = pipelines.Pipeline(program, tmp_path / "run", kafka.address, "redis", f"{tmp_path}/lake",
                                      feeds=f'[redis]\nurl = "redis://{server.address}"\n')
        done = pipeline.run("--until-caught-up")
        assert done.returncode == 0, done.stderr
        found = stations_in(client_of(server))
        assert {station: (hash_["stationName"], hash_["parkingBikeTotCnt"], hash_["rackTotCnt"])
                for station, hash_ in found.items()} == {"A": ("Station A", "3", ""), "B": ("Station B", "8", "")}
        assert all(3500 < client_of(server).ttl(f"bike_stations:{station}") <= 3600 - age
                   for station, age in (("A", 30), ("B", 20)))


def test_a_failover_is_followed(scene, bikeflow, tmp_path):
    """Three sentinels, behind passwords, and two servers: the master is killed, and comes back as a replica."""
    word, watchword = "of the/servers@", "of-the-sentinels"
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(servers.Redis(tmp_path / "first", password=word))
        second = stack.enter_context(servers.Redis(tmp_path / "second", password=word,
                                                   settings={"replicaof": f"{servers.HOST} {first.port}"}))
        sentinels = [stack.enter_context(servers.Sentinel(tmp_path / f"sentinel{number}", first, quorum=2,
                                                          password=watchword)) for number in range(3)]
        addresses = ", ".join(f'"{sentinel.address}"' for sentinel in sentinels)
        settings = (f'sentinels = ["{servers.HOST}:{servers.free_port()}", {addresses}]\nmaster = "mymaster"\n'
                    f'password = "{word}"\nsentinel_password = "{watchword}"\ndatabase = 2')
        played = scene(settings)
        served = client_of(first, db=2)
        played.wait_until(lambda: is_newest(played, served), "stations in the first")
        sentinel = redis.Redis(host=servers.HOST, port=sentinels[0].port, password=watchword, decode_responses=True)
        played.wait_until(lambda: (state := sentinel.sentinel_master("mymaster"))["num-slaves"] == 1
                          and state["num-other-sentinels"] == 2, "sentinels that know each other")
        checked = bikeflow.run("check", "-c", played.pipeline.file, env=played.pipeline.environment)
        assert f"redis         {first.address}: Redis 7" in checked.stdout, checked.stdout

        before = played.polls()
        first.kill()
        # A replica may have been as new when the master went.
        played.wait_until(lambda: sentinel.sentinel_get_master_addr_by_name("mymaster") == (servers.HOST, second.port),
                          "another master", 60)
        played.go_on(2)
        played.wait_until(lambda: is_newest(played, client_of(second, db=2)), "stations in the second", 60)
        assert played.polls() > before + 1, "the pipeline has waited"
        played.copy.wait_for(f"Redis: stations go to {second.address}, ")
        played.copy.wait_for("Redis can be used again")

        first.start()
        played.wait_until(lambda: client_of(first).role()[0] == "slave", "the first as a replica", 60)
        played.go_on(2)
        played.wait_until(lambda: is_newest(played, served), "stations in the replica")
        # An order to change while all is well.
        sentinel.sentinel_failover("mymaster")
        played.copy.wait_for(f"Redis: stations go to {first.address}, ", count=2)
        played.wait_until(lambda: client_of(first).role()[0] == "master" and is_newest(played, served), "the way back")
        assert word not in played.copy.said() and watchword not in played.copy.said()
        played.copy.leave()


def test_check_says_what_it_found(program, bikeflow, tmp_path):
    with servers.Redis(tmp_path / "redis", password="right") as server, \
            servers.Sentinel(tmp_path / "sentinel", server) as sentinel, \
            servers.Redis(tmp_path / "replica", password="right",
                          settings={"replicaof": f"{servers.HOST} {server.port}"}) as replica, \
            servers.Sentinel(tmp_path / "mistaken", replica) as mistaken, \
            feed_server.FeedServer(feed_documents.made_stations(5, prefix="ST-"), key=KEY) as feeds:
        client = client_of(server)
        client.acl_setuser("reader", enabled=True, passwords=["+word"], keys=["bike_stations:*"], commands=["+@all", "-@write"])
        client.acl_setuser("quiet", enabled=True, passwords=["+word"], keys=["bike_stations:*"], commands=["+@all"])
        client.acl_setuser("usual", enabled=True, passwords=["+word"], keys=["bike_stations:*"], channels=["bike_stations:*"],
                           commands=["+ping", "+watch", "+multi", "+exec", "+discard", "+hget", "+hset", "+expire", "+publish"])

        def check(settings: str) -> tuple[int, str]:
            pipeline = feed_pipelines.FeedPipeline(program, tmp_path / "run", feed_pipelines.seoul_feed(feeds.base), KEY)
            with open(pipeline.file, "a", encoding="utf-8") as file:
                file.write(f"[redis]\n{settings}\n")
            done = bikeflow.run("check", "-c", pipeline.file, env=pipeline.environment)
            assert "right" not in done.stdout + done.stderr
            line = [line for line in done.stdout.splitlines() if " redis " in line]
            return done.returncode, line[0] if line else done.stderr

        at = server.address
        status, line = check(f'url = "redis://:right@{at}"')
        assert (status, line) == (0, f"ok          redis         {at}: Redis {client.info()['redis_version']} would take a "
                                     "station (none was written); they go to bike_stations:STATION, changes to the channel "
                                     f"{CHANNEL}"), line
        assert list(client.scan_iter()) == []
        for settings, expected in (
                (f'url = "redis://:wrong@{at}"', r"AUTH: WRONGPASS .*; see \[redis\]'s user and password"),
                (f'url = "redis://{at}"', r"PING: NOAUTH .*; name a password in \[redis\]"),
                (f'url = "redis://reader:word@{at}"', "HSET: NOPERM"),
                (f'url = "redis://quiet:word@{at}"', "PUBLISH: NOPERM"),
                (f'url = "redis://:right@{at}/99"', "SELECT: ERR DB index is out of range"),
                (f'url = "redis://{servers.HOST}:{servers.free_port()}"', "Connection refused"),
                (f'sentinels = ["{sentinel.address}"]\nmaster = "other"\npassword = "right"',
                 r"knows no master 'other'; see \[redis\] master"),
                (f'sentinels = ["{mistaken.address}"]\nmaster = "mymaster"\npassword = "right"',
                 "its sentinels call it the master, and it says that it is a slave"),
                (f'url = "redis://:right@{replica.address}"', "HSET: READONLY"),
        ):
            status, line = check(settings)
            assert status == 1 and line.startswith("FAILED      redis "), line
            assert re.search(expected, line), line
        assert check(f'sentinels = ["{sentinel.address}"]\nmaster = "mymaster"\npassword = "right"')[0] == 0
        status, line = check(f'url = "redis://usual:word@{at}"')
        assert status == 0 and "Redis would take a station" in line, line
        status, line = check(f'url = "rediss://{at}"')
        assert status != 0 and "this version has no TLS for Redis" in line
