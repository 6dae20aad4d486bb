"""`bikeflow run` on live feeds that fail as real ones do, killed and cut off: the lake equals what was served.

The scenes mostly wait, so all of them play at once. A commit follows each poll, so the number of a job's commits says
which of the polls that were begun it holds.
"""

import collections
import concurrent.futures
import dataclasses
import errno
import json
import pathlib
import random
import re
import subprocess
import time
import urllib.parse

import pytest

import feed_documents
import feed_judge
import feed_pipelines
import feed_server
import lakes
import pipelines
import servers

KEY = "s3cret/K+ey~71"
# Polls of Seoul and what happens to them, in its order. A failure that may pass is followed by one that shows that it
# has; of the last one, which asks for somebody to mend it, the next is another process's.
FAULTS = {
    1: ("thousands", {}),  # fills its pages, so the list's end is told by the page behind it
    3: ("code", {"code": "ERROR-500", "page": 2}),
    4: ("duplicates", {}),
    5: ("code", {"code": "ERROR-600", "page": 1, "shape": "nested"}),
    6: ("no_coordinates", {}),
    7: ("short", {"share": 0.3}),
    8: ("null_name", {}),
    9: ("zeros", {"share": 0.4}),
    10: ("bad_rows", {}),
    11: ("cut", {"page": 3}),
    12: ("thousands", {}),  # now these are too few
    13: ("status", {"status": 503, "page": 1, "body": f"unknown key {KEY}"}),
    15: ("code", {"code": "INFO-200", "page": 1, "shape": "flat"}),
    17: ("busy", {"retry_after": 1, "page": 2}),
    18: ("slow", {"seconds": 1.5, "page": 2}),
    19: ("code", {"code": "ERROR-601", "page": 3, "shape": "inside"}),
    21: ("bad_key", {"page": 1}),
}
REJECTED = {7: "round_too_small", 9: "round_fell_to_zero", 12: "round_too_small"}
NOT_WHOLE = {number for number, (kind, _) in FAULTS.items() if kind in feed_server.REPLACED}


@dataclasses.dataclass
class Stage:
    """What a scene has to play with."""
    program: lakes.Program
    folder: pathlib.Path

    def seoul(self, stations: list[feed_documents.Station], name: str, every: str = "1s",
              **options) -> tuple[feed_server.FeedServer, feed_pipelines.FeedPipeline]:
        feeds = feed_server.FeedServer(stations, key=KEY, port=servers.free_port(), is_held=True)
        feeds.start()
        lines = feed_pipelines.seoul_feed(feeds.base, every)
        return feeds, feed_pipelines.FeedPipeline(self.program.path, self.folder / name, lines, KEY, **options)

    def judge(self, pipeline: feed_pipelines.FeedPipeline, rounds: dict[str, list[feed_judge.Round]]) -> lakes.Lake:
        """The lake holds these rounds and no other, and verify finds nothing."""
        lake = lakes.Lake(pipeline.lake)
        tool = self.program.path.parent / "test" / "topic_reference"
        expected = [row for system, of_system in rounds.items()
                    for row in feed_judge.expected_rows(tool, pipeline.folder / system, system, of_system,
                                                        pipeline.length, pipeline.delay, pipeline.max_gap)]
        assert expected and feed_judge.differences(expected, lake.rows()) == []
        assert lake.unbalanced() == [] and lake.discontinuous() == []
        self.program.succeed("verify", "--lake", pipeline.lake)
        return lake


def polls(feeds: feed_server.FeedServer) -> int:
    """Of Seoul, begun so far."""
    return len(feeds.served(feed_server.SEOUL))


def wait_until(is_so, what: str, copy: pipelines.Copy, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert copy.running(), f"ended\n{copy.said()[-3000:]}"
        assert time.monotonic() < deadline, f"never: {what}\n{copy.said()[-3000:]}"
        time.sleep(0.02)


def stop(copy: pipelines.Copy) -> int:
    """SIGTERM; returns how many polls have ended in the life of the process."""
    begin = time.monotonic()
    copy.leave()
    assert time.monotonic() - begin < 5
    return polls_said(copy.said())


def polls_said(text: str) -> int:
    return int(re.findall(r"^(\d[\d,]*) polls?, ", text, re.MULTILINE)[-1].replace(",", ""))


def catch_up(pipeline: feed_pipelines.FeedPipeline) -> None:
    """One more poll, and all windows closed."""
    done = pipeline.run("--until-caught-up", "--close-windows")
    assert done.returncode == 0, done.stderr
    assert polls_said(done.stdout) == 1


def rounds_of(feeds: feed_server.FeedServer, used: set[int]) -> dict[str, list[feed_judge.Round]]:
    return {"seoul": [round_ for round_ in feed_judge.seoul_rounds(feeds) if round_.poll in used]}


def scene_faults(stage: Stage, data: pathlib.Path) -> None:
    feeds, pipeline = stage.seoul(feed_documents.seoul_stations(data)[:2738], "faults")
    for number, (kind, options) in FAULTS.items():
        feeds.set_fault("seoul", kind, polls=[number], **options)
    copy = pipelines.Copy(pipeline, "copy").start()

    wait_until(lambda: polls(feeds) >= 2, "a second poll", copy)
    command_line = pathlib.Path(f"/proc/{copy.process.pid}/cmdline").read_bytes()
    second = pipeline.run()
    assert second.returncode == 1 and f"{copy.process.pid}" in second.stderr, second.stderr

    copy.wait_for("bad_key", seconds=90)
    ended = stop(copy)
    used = set(range(1, ended + 1))
    assert ended == max(FAULTS), "a permanent failure was tried again at once"
    copy.start()
    wait_until(lambda: polls(feeds) >= ended + 3, "another life's polls", copy)
    used |= set(range(ended + 1, ended + 1 + stop(copy)))
    catch_up(pipeline)
    used.add(polls(feeds))
    feeds.stop()

    served = {poll.number: poll for poll in feeds.served("seoul")}
    assert {number for number in used if not served[number].is_whole} == NOT_WHOLE
    assert [served[number].faults for number in FAULTS] == [{kind} for kind, _ in FAULTS.values()]
    lake = stage.judge(pipeline, rounds_of(feeds, used - REJECTED.keys()))
    judge_dead_letters(lake, served)
    said = copy.said() + second.stderr + second.stdout
    for reason in ("server_error", "cut", "http_status", "no_data", "too_many_requests", "bad_key"):
        assert f"seoul: {reason}: " in said, f"the log does not say {reason}\n{said}"
    judge_secrecy(pipeline, said.encode() + command_line)


def judge_dead_letters(lake: lakes.Lake, served: dict[int, feed_server.Poll]) -> None:
    """Each station of a rejected round is one, and each row that is no observation."""
    letters = lake.data_set("dead_letter")
    by_reason = collections.Counter(letter["reason"] for letter in letters)
    expected = collections.Counter()
    for number, reason in REJECTED.items():
        expected[reason] += len(served[number].stations)
    assert {reason: by_reason.pop(reason, 0) for reason in expected} == expected
    assert sum(by_reason.values()) == len(range(0, 2738, 50)), by_reason  # bad_rows
    zeros = [json.loads(letter["record"]) for letter in letters if letter["reason"] == "round_fell_to_zero"]
    assert {record["stationId"]: (int(record["parkingBikeTotCnt"]), int(record["rackTotCnt"]))
            for record in zeros} == served[9].stations


def judge_secrecy(pipeline: feed_pipelines.FeedPipeline, said: bytes) -> None:
    secrets = [form.encode() for form in (KEY, urllib.parse.quote(KEY, safe=""), urllib.parse.quote(KEY))]
    assert not any(secret in said for secret in secrets)
    assert feed_judge.files_with(pipeline.lake, secrets) == []
    planted = pipeline.lake / "planted"
    planted.write_bytes(secrets[1])
    assert feed_judge.files_with(pipeline.lake, secrets) == [str(planted)]
    for data_set in ("hourly_summary", "dead_letter"):  # whose columns are packed
        assert not any(secret.decode() in str(row) for row in lakes.Lake(pipeline.lake).data_set(data_set)
                       for secret in secrets)


def scene_kills(stage: Stage) -> None:
    """Whatever the moment, no round is lost but that of the poll in hand, and none counts twice."""
    feeds, pipeline = stage.seoul(feed_documents.made_stations(1200, prefix="ST-"), "kills")
    copy = pipelines.Copy(pipeline, "copy")
    chance = random.Random(5)
    used: set[int] = set()
    lost = 0
    for _ in range(12):
        begun, commits = polls(feeds), feed_judge.sequence(pipeline.lake, "seoul")
        copy.start()
        time.sleep(chance.uniform(0.2, 3.0))
        assert copy.running(), copy.said()[-3000:]
        copy.kill()
        time.sleep(0.3)  # for what it had asked for
        committed = feed_judge.sequence(pipeline.lake, "seoul") - commits
        in_this_life = polls(feeds) - begun
        assert in_this_life - committed in (0, 1), f"{in_this_life} polls, {committed} commits"
        lost += in_this_life - committed
        used |= set(range(begun + 1, begun + 1 + committed))
    catch_up(pipeline)
    used.add(polls(feeds))
    feeds.stop()
    assert len(used) >= 5, "every life was too short"
    lake = stage.judge(pipeline, rounds_of(feeds, used))
    assert lake.sql("SELECT sum(unobserved_change) FROM hourly_summary") == [(0,)], "lives were too far apart"
    print(f"{len(used)} rounds in the lake, {lost} lost in the hand")


def scene_outages(stage: Stage) -> None:
    """Of a short one the net change is rentals and returns, of a long one it is unobserved."""
    feeds, pipeline = stage.seoul(feed_documents.made_stations(300, prefix="ST-"), "outages", every="2s", max_gap=10)
    copy = pipelines.Copy(pipeline, "copy").start()

    def go_on(count: int) -> None:
        """So many polls, the last one's answer received, and none begun."""
        last = polls(feeds) + count
        wait_until(lambda: polls(feeds) >= last and feeds.served("seoul")[-1].is_whole, "polls", copy)
        time.sleep(max(feeds.served("seoul")[-1].rows_at + 0.3 - time.time(), 0))

    gaps = []
    go_on(3)
    for seconds in (2, 11):
        before = feeds.served("seoul")[-1].rows_at
        feeds.stop()
        time.sleep(seconds)
        feeds.start()
        go_on(1)
        gaps.append(feeds.served("seoul")[-1].rows_at - before)
        go_on(2)
    ended = stop(copy)
    assert ended > polls(feeds), "no poll failed"
    assert gaps[0] <= pipeline.max_gap < gaps[1], gaps
    catch_up(pipeline)
    feeds.stop()
    rounds = rounds_of(feeds, set(range(1, polls(feeds) + 1)))
    lake = stage.judge(pipeline, rounds)

    def net_change(numbers: tuple[int, int]) -> int:
        one, other = (rounds["seoul"][number - 1].stations for number in numbers)
        return sum(abs(other[station][0] - one[station][0]) for station in one)

    assert net_change((3, 4)) > 0 and net_change((6, 7)) > 0
    assert lake.sql("SELECT sum(abs(unobserved_change)) FROM hourly_summary") == [(net_change((6, 7)),)]


def scene_gbfs(stage: Stage) -> None:
    """Three versions in one lake, and what fails of one delays no other. A feed is asked each 15 s at most."""
    feeds = feed_server.FeedServer(port=servers.free_port())
    feeds.start()
    lines = ""
    systems = {"bergen": "1.0", "oslo": "2.3", "trondheim": "3.0"}
    for system, version in systems.items():
        feeds.add_gbfs(system, version, feed_documents.made_stations(60), ttl=5, period=5)
        lines += feed_pipelines.gbfs_feed(system, feeds.gbfs_url(system))
    feeds.set_fault("bergen", "cut", polls=[2])
    feeds.set_fault("oslo", "text", polls=[2])
    feeds.set_fault("oslo", "status", polls=[1], document="gbfs", status=500)
    feeds.set_fault("trondheim", "frozen", polls=[3])
    pipeline = feed_pipelines.FeedPipeline(stage.program.path, stage.folder / "gbfs", lines)
    copy = pipelines.Copy(pipeline, "copy").start()
    wait_until(lambda: all(len(feeds.served(system)) >= 2 for system in systems)
               and len(feeds.served("bergen")) >= 3, "rounds of each", copy, 75)
    time.sleep(1)
    stop(copy)
    done = pipeline.run("--until-caught-up", "--close-windows")  # within 15 s, so each is waited for
    assert done.returncode == 0, done.stderr
    feeds.stop()
    assert "oslo: http_status" in copy.said() and "bergen: " in copy.said()
    stage.judge(pipeline, {system: feed_judge.gbfs_rounds(feeds, system) for system in systems})


def scene_ends(stage: Stage) -> None:
    """One poll and its exit status; and SIGTERM while an answer does not come."""
    feeds, pipeline = stage.seoul(feed_documents.made_stations(30, prefix="ST-"), "ends")
    done = pipeline.run("--until-caught-up")
    assert done.returncode == 0 and "1 poll, 30 observations" in done.stdout, done.stdout + done.stderr
    assert lakes.Lake(pipeline.lake).files() == []
    for kind, reason in (("status", "http_status"), ("redirect", "redirects"), ("bomb", "too_large")):
        feeds.set_fault("seoul", kind)
        done = pipeline.run("--until-caught-up")
        assert done.returncode == 1 and f"seoul: {reason}: " in done.stderr, done.stderr
        feeds.clear_faults()

    copy = pipelines.Copy(pipeline, "copy").start()
    begun = polls(feeds)
    wait_until(lambda: polls(feeds) > begun, "a poll", copy)
    feeds.set_fault("seoul", "slow", seconds=30)
    wait_until(lambda: "slow" in feeds.served("seoul")[-1].faults, "the slow poll", copy)
    ended = stop(copy)
    used = {1, *range(polls(feeds) - ended, polls(feeds))}
    feeds.clear_faults()
    feeds.stop()
    feeds.start()
    catch_up(pipeline)
    used.add(polls(feeds))
    feeds.stop()
    stage.judge(pipeline, rounds_of(feeds, used))


def scene_down(stage: Stage) -> None:
    """The process is away for longer than max_gap: what changed meanwhile is no rental and no return."""
    feeds, pipeline = stage.seoul(feed_documents.made_stations(300, prefix="ST-"), "down", max_gap=10)
    copy = pipelines.Copy(pipeline, "copy")
    used: list[int] = []
    border = 0
    for life in (1, 2):
        begun = polls(feeds)
        copy.start()
        wait_until(lambda: polls(feeds) >= begun + 4, "polls", copy)
        used += range(begun + 1, begun + 1 + stop(copy))
        if life == 1:
            border = len(used)
            time.sleep(pipeline.max_gap + 1.5)
    catch_up(pipeline)
    used.append(polls(feeds))
    feeds.stop()
    rounds = rounds_of(feeds, set(used))
    lake = stage.judge(pipeline, rounds)
    before, after = (rounds["seoul"][border + i] for i in (-1, 0))
    assert after.observed_at - before.observed_at > pipeline.max_gap
    changed = sum(abs(after.stations[station][0] - before.stations[station][0]) for station in before.stations)
    assert changed > 0
    assert lake.sql("SELECT sum(abs(unobserved_change)) FROM hourly_summary") == [(changed,)]


def scene_manners(stage: Stage) -> None:
    """What a feed asks for is done, by the next process too: to be asked on a condition, and not before a time."""
    feeds = feed_server.FeedServer(port=servers.free_port())
    feeds.start()
    feeds.add_gbfs("oslo", "2.3", feed_documents.made_stations(60), ttl=5, period=40)
    feeds.set_fault("oslo", "busy", polls=[3], retry_after=25)
    feeds.set_fault("oslo", "busy", polls=[5], retry_after=3600)
    pipeline = feed_pipelines.FeedPipeline(stage.program.path, stage.folder / "manners",
                                           feed_pipelines.gbfs_feed("oslo", feeds.gbfs_url("oslo")), max_gap=60)
    copy = pipelines.Copy(pipeline, "copy").start()
    copy.wait_for("oslo: too_many_requests: ", seconds=60)
    time.sleep(0.5)
    stop(copy)
    done = pipeline.run("--until-caught-up")
    assert done.returncode == 0 and polls_said(done.stdout) == 1, done.stderr
    assert re.search(r"oslo: the feed wants to be left alone for another \d+s: asked after that", done.stderr)
    done = pipeline.run("--until-caught-up", "--close-windows")
    assert done.returncode == 1 and "oslo: too_many_requests: " in done.stderr, done.stderr
    asked = len(feeds.requests("oslo"))
    done = pipeline.run("--until-caught-up", "--close-windows")
    assert done.returncode == 1 and polls_said(done.stdout) == 0, done.stdout
    assert re.search(r"oslo: not_asked: the feed wants to be left alone for another \S+; run again", done.stderr), done.stderr
    assert len(feeds.requests("oslo")) == asked
    feeds.stop()

    requests = [request for request in feeds.requests("oslo") if request.document == "station_status"]
    assert [request.status for request in requests] == [200, 304, 429, 200, 429]
    waits = [later.at - earlier.at for earlier, later in zip(requests, requests[1:])]
    assert min(waits) > 14.9 and waits[2] > 23.9, waits  # the next process knows whole seconds
    stage.judge(pipeline, {"oslo": feed_judge.gbfs_rounds(feeds, "oslo")})


def scene_clock(stage: Stage) -> None:
    """A clock that is not set yet, and one that is set back by a day."""
    feeds, pipeline = stage.seoul(feed_documents.made_stations(30, prefix="ST-"), "clock")
    shift = pipeline.folder / "shift"

    def set_clock(seconds: int) -> None:
        with open(shift, "r+b" if shift.exists() else "wb") as file:
            file.write(seconds.to_bytes(8, "little", signed=True))

    set_clock(1000 - int(time.time()))
    copy = pipelines.Copy(pipeline, "copy", {"SHIFTED_CLOCK": str(shift), "LD_PRELOAD": str(
        stage.program.path.parent / "test" / "libshifted_clock.so")}).start()
    copy.wait_for("clock says 1970-01-01T00:16:4")
    time.sleep(2)
    assert feeds.requests() == [] and feed_judge.sequence(pipeline.lake, "seoul") == 0
    set_clock(0)
    wait_until(lambda: polls(feeds) >= 4, "polls", copy)
    set_clock(-86400)
    copy.wait_for("warning: seoul: 60 rows since ")
    wait_until(lambda: polls(feeds) >= 9, "polls", copy)
    shown = stage.program.succeed("state", "show", "--lake", pipeline.lake).stdout
    assert re.search(r"^  live feed: 30 stations, .*, \d+ rows late since \S+: is the clock right\?", shown, re.MULTILINE)
    set_clock(0)
    copy.wait_for("seoul: rounds are in time again; ")
    time.sleep(2)
    stop(copy)
    said = copy.said()
    assert said.count("rows since ") == 2 and said.count("nothing is polled until it is set") == 1, said
    catch_up(pipeline)
    feeds.stop()
    lake = lakes.Lake(pipeline.lake)
    late = int(re.search(r"in time again; (\d+) rows since", said)[1])
    assert len(lake.data_set("late")) == late and late % 30 == 0
    assert lake.unbalanced() == [] and lake.discontinuous() == []
    stage.program.succeed("verify", "--lake", pipeline.lake)


def fill(path: pathlib.Path) -> None:
    with open(path, "wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError as error:
            assert error.errno == errno.ENOSPC


def scene_storage(stage: Stage) -> None:
    """What cannot be stored of one feed stops no other; mended, it goes on, and no round is there twice or in part."""
    folder = stage.folder / "storage"
    feeds = {name: feed_server.FeedServer(feed_documents.made_stations(300, prefix="ST-"), key=KEY, is_held=True)
             for name in ("good", "bad")}
    for server in feeds.values():
        server.start()
    pipeline = feed_pipelines.FeedPipeline(
        stage.program.path, folder, "".join(feed_pipelines.seoul_system(name, server.base)
                                            for name, server in feeds.items()), KEY)
    pipeline.lake.mkdir(parents=True)
    has_mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "none", pipeline.lake],
                                 check=False, capture_output=True).returncode == 0
    copy = pipelines.Copy(pipeline, "copy")
    try:
        play_storage(stage, pipeline, feeds, copy, has_mounted)
    finally:
        copy.kill()
        if has_mounted:
            subprocess.run(["umount", "--lazy", pipeline.lake], check=True)


def play_storage(stage: Stage, pipeline: feed_pipelines.FeedPipeline, feeds: dict[str, feed_server.FeedServer],
                 copy: pipelines.Copy, has_mounted: bool) -> None:
    good, bad = feeds.values()
    state = pipeline.lake / "_bikeflow/state/bad"
    lost = {name: set() for name in feeds}

    def look_for_lost(*names: str) -> None:
        """Whether the poll at which a feed's trouble began, or in hand at the end, is in its state."""
        jobs = json.loads(stage.program.succeed("state", "show", "--lake", pipeline.lake, "--format", "json").stdout)
        for job in jobs:
            if job["source"] in names:
                begun = polls(feeds[job["source"]])
                missing = begun - len(lost[job["source"]]) - job["feed"]["polls"]
                assert missing in (0, 1), (job["feed"], begun, lost)
                lost[job["source"]] |= {begun} if missing else set()

    def go_on(*servers_: feed_server.FeedServer) -> None:
        counts = [polls(server) + 3 for server in servers_]
        wait_until(lambda: all(polls(server) >= count for server, count in zip(servers_, counts)), "polls", copy)

    # A commit that fails, and a state that then cannot be read.
    copy.start()
    go_on(good, bad)
    wait_until(lambda: made_folder(state / "CURRENT.new"), "a moment between commits", copy)
    copy.wait_for("error: bad: cannot be stored: ")
    current = (state / "CURRENT").read_text()
    look_for_lost("bad")
    (state / "CURRENT").write_text("rubbish")
    begun = polls(bad)
    go_on(good)
    copy.wait_for("error: bad: cannot be opened: ")
    go_on(good)
    assert polls(bad) == begun, "it was asked for what could not be stored"
    (state / "CURRENT").write_text(current)
    (state / "CURRENT.new").rmdir()
    copy.wait_for("bad: is stored again after ", 90)
    go_on(good, bad)
    assert copy.said().count("bad: cannot be ") == 2 and "good: cannot" not in copy.said()

    # The disk is full for all of them.
    if has_mounted:
        fill(pipeline.lake / "filler")
        for name in feeds:
            copy.wait_for(f"{name}: cannot be stored: no space left", count=1)
        time.sleep(1)
        look_for_lost(*feeds)
        (pipeline.lake / "filler").unlink()
        copy.wait_for("good: is stored again after ", 60)
        copy.wait_for("bad: is stored again after ", 60, count=2)
        go_on(good, bad)
        assert copy.said().count("cannot be ") == 4, copy.said()
    stop(copy)
    look_for_lost(*feeds)

    # From the start on: one of two, and both.
    current = (state / "CURRENT").read_text()
    (state / "CURRENT").write_text("rubbish")
    begun = polls(good)
    done = pipeline.run("--until-caught-up")
    assert done.returncode == 1 and "error: bad: " in done.stderr and polls(good) == begun + 1, done.stderr
    of_good = state.with_name("good") / "CURRENT"
    current_of_good = of_good.read_text()
    of_good.write_text("rubbish")
    done = pipeline.run()
    assert done.returncode == 1 and "none of 2 feeds can be opened" in done.stderr, done.stderr
    of_good.write_text(current_of_good)
    copy.start()
    go_on(good)
    (state / "CURRENT").write_text(current)
    go_on(good, bad)
    stop(copy)
    look_for_lost(*feeds)
    done = pipeline.run("--until-caught-up", "--close-windows")
    assert done.returncode == 0, done.stderr
    for server in feeds.values():
        server.stop()
    stage.judge(pipeline, {name: [round_ for round_ in feed_judge.seoul_rounds(server) if round_.poll not in lost[name]]
                           for name, server in feeds.items()})


def made_folder(path: pathlib.Path) -> bool:
    try:
        path.mkdir()
    except FileExistsError:
        return False
    return True


@pytest.fixture(scope="module")
def play(bikeflow, data, tmp_path_factory):
    """A function: the scene's name -> it has been played, and nothing was wrong."""
    folder = tmp_path_factory.mktemp("feeds")
    scenes = {"faults": lambda stage: scene_faults(stage, data), "kills": scene_kills, "outages": scene_outages,
              "gbfs": scene_gbfs, "ends": scene_ends, "storage": scene_storage, "down": scene_down,
              "manners": scene_manners, "clock": scene_clock}
    with concurrent.futures.ThreadPoolExecutor(len(scenes)) as pool:
        played = {name: pool.submit(scene, Stage(bikeflow, folder)) for name, scene in scenes.items()}
        yield lambda name: played[name].result()


@pytest.mark.parametrize("scene", ["faults", "kills", "outages", "gbfs", "ends", "storage", "down", "manners", "clock"])
def test_the_lake_equals_what_was_served(play, scene):
    play(scene)
