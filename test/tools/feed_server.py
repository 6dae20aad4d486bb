"""Live feeds on loopback, which fail as real ones do: Seoul's bikeList and systems of GBFS.

    with feed_server.FeedServer(seoul=feed_documents.made_stations(2738)) as feeds:
        feeds.add_gbfs("north", "2.3", feed_documents.made_stations(40))
        feeds.set_fault("seoul", "code", code="ERROR-500", page=2, polls=[3, 4])
        ...                                        # a client polls feeds.seoul_url, feeds.gbfs_url("north")
        judge(feeds.served("seoul"))               # what each poll was given

    python3 test/tools/feed_server.py --served FILE --gbfs north=2.3    # prints its port

A poll of Seoul is what begins with a request for its first row, and has new counts: one client at a
time. A system of GBFS has new counts every `period` seconds; of its polls those are kept that brought
something new. Polls are counted from 1; of a document of GBFS, its requests are. The recordings' folder is
BIKEFLOW_DATA. Over HTTP, faults are set at /control/ (see Handler).

Faults of both     slow (seconds)   cut   busy (retry_after)   status (status, body)   bomb (megabytes)
                   redirect: forever
Faults of Seoul    bad_key   code (code, shape)   duplicates (count)   no_coordinates   null_name   bad_rows
                   thousands: as many rows as fill pages   short (share): that many stations are not there
                   zeros (share): that many have no bike
Faults of GBFS     frozen: nothing new   text: a text in the place of JSON   missing: not in gbfs.json, and 404
"""

import argparse
import collections
import dataclasses
import email.utils
import functools
import gzip
import hashlib
import http.server
import json
import os
import pathlib
import random
import re
import signal
import sys
import threading
import time
import urllib.parse
import zlib
from collections.abc import Iterable

import feed_documents

HOST = "127.0.0.1"
SEOUL = "seoul"
# What a fault leaves of a poll: an answer, or none that can be used.
ANSWERED = ("slow", "duplicates", "no_coordinates", "null_name", "bad_rows", "thousands", "short", "zeros", "frozen")
REPLACED = ("cut", "busy", "status", "bomb", "redirect", "bad_key", "code", "text", "missing")


@dataclasses.dataclass(frozen=True)
class Fault:
    kind: str
    polls: frozenset[int] | None  # None: all, until it is cleared
    page: int | None              # of Seoul; None: every
    document: str                 # of GBFS
    options: dict

    def get(self, name: str, otherwise):
        return self.options.get(name, otherwise)


@dataclasses.dataclass
class Request:
    at: float
    system: str
    document: str  # bikeList, or one of GBFS
    path: str
    headers: dict[str, str]  # names in small letters
    status: int = 0


@dataclasses.dataclass
class Poll:
    """What one poll was given."""
    system: str
    number: int
    polled_at: float       # the first request's arrival
    answered_at: float     # the last answer's departure
    observed_at: int | None = None  # last_updated; Seoul has none
    faults: set[str] = dataclasses.field(default_factory=set)
    is_whole: bool = False  # every row was sent, in answers that can be used
    stations: dict[str, tuple[int, int]] = dataclasses.field(default_factory=dict)  # bikes, racks; the first counts
    rows_at: float | None = None  # of Seoul, when the last answer with rows departed

    def lines(self) -> Iterable[str]:
        poll = {"system": self.system, "poll": self.number, "polled_at": self.polled_at,
                "answered_at": self.answered_at, "observed_at": self.observed_at, "is_whole": self.is_whole,
                "faults": sorted(self.faults)}
        for station, (bikes, racks) in self.stations.items():
            yield json.dumps(poll | {"station": station, "bikes": bikes, "racks": racks}) + "\n"


@dataclasses.dataclass
class Answer:
    status: int
    body: bytes
    type: str = "application/json"
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    delay: float = 0
    is_cut: bool = False


class Seoul:
    def __init__(self, city: feed_documents.City, key: str) -> None:
        self.city, self.key = city, key
        self.number = 0
        self.table: list[dict] = []
        self.poll: Poll | None = None
        self.pages_sent: set[int] = set()

    def begin(self, faults: list[Fault], now: float) -> None:
        """New counts, and the rows that a poll is given of them."""
        self.city.step(int(now))
        self.number += 1
        self.pages_sent = set()
        self.table = [feed_documents.seoul_row(row) for row in self.city.rows()]
        for fault in faults:
            if change := getattr(self, f"_{fault.kind}", None):
                change(fault)
        self.poll = Poll(SEOUL, self.number, now, now)
        for row in self.table:
            bikes = row["parkingBikeTotCnt"]
            if bikes is not None and bikes.isdecimal():
                self.poll.stations.setdefault(row["stationId"], (int(bikes), int(row["rackTotCnt"])))

    def _duplicates(self, fault: Fault) -> None:
        """At the page border rows come again, with another count: only the first is right. If possible a lower one, as
        of two counts of one time the lower is believed."""
        border = min(feed_documents.PAGE, len(self.table))
        again = [dict(row, parkingBikeTotCnt=str(abs(int(row["parkingBikeTotCnt"]) - 1)))
                 for row in self.table[border - fault.get("count", 3):border]]
        self.table[border:border] = again

    def _no_coordinates(self, _) -> None:
        for index, row in enumerate(self.table[::10]):
            for name in ("stationLatitude", "stationLongitude"):
                if index % 3 == 2:
                    del row[name]
                else:
                    row[name] = ("0", "")[index % 3]

    def _null_name(self, _) -> None:
        for row in self.table[::10]:
            row["stationName"] = None

    def _bad_rows(self, _) -> None:
        for index, row in enumerate(self.table[::50]):
            row["parkingBikeTotCnt"] = ("", "abc", "-1", None, "1.5")[index % 5]

    def _thousands(self, _) -> None:
        del self.table[len(self.table) // feed_documents.PAGE * feed_documents.PAGE:]

    def _short(self, fault: Fault) -> None:
        chance = random.Random(self.number)
        self.table = [row for row in self.table if chance.random() >= fault.get("share", 0.3)]

    def _zeros(self, fault: Fault) -> None:
        chance = random.Random(self.number)
        for row in self.table:
            if chance.random() < fault.get("share", 0.3):
                row |= {"parkingBikeTotCnt": "0", "shared": "0"}

    def is_complete(self) -> bool:
        return all(first in self.pages_sent for first in range(1, len(self.table) + 1, feed_documents.PAGE))


class Gbfs:
    DOCUMENTS = ("system_information", "station_information", "station_status", "gbfs_versions", "vehicle_types")

    def __init__(self, name: str, version: str, city: feed_documents.City, ttl: int, period: float,
                 timezone: str) -> None:
        self.name, self.version, self.city, self.ttl, self.period = name, version, city, ttl, period
        self.timezone = timezone
        self.begin = time.time()
        self.at = int(self.begin)  # last_updated
        self.counts: collections.Counter[str] = collections.Counter()  # requests, by document

    def advance(self, now: float) -> None:
        while (self.city.steps + 1) * self.period <= now - self.begin:
            self.city.step(int(self.begin + (self.city.steps + 1) * self.period))
            self.at = int(self.begin + self.city.steps * self.period)

    def documents(self) -> tuple[str, ...]:
        """1.0 has neither versions nor types."""
        return self.DOCUMENTS[:3] if self.version == "1.0" else self.DOCUMENTS

    def document(self, document: str, base: str, missing: set[str]) -> bytes:
        version, at, ttl = self.version, self.at, self.ttl
        match document:
            case "gbfs":
                urls = {name: f"{base}/{name}.json" for name in self.documents() if name not in missing}
                return feed_documents.gbfs_discovery(version, at, ttl, urls)
            case "gbfs_versions":
                return feed_documents.gbfs_versions(version, at, ttl, f"{base}/gbfs.json")
            case "system_information":
                return feed_documents.gbfs_system(version, int(self.begin), ttl, self.name, self.timezone)
            case "vehicle_types":
                return feed_documents.gbfs_vehicle_types(version, int(self.begin), ttl)
            case "station_information":
                return feed_documents.gbfs_information(version, int(self.begin), ttl, self.city.stations)
        return feed_documents.gbfs_status(version, at, ttl, self.city.rows())


class FeedServer:
    """Threads of this process. Its methods may be called by any."""

    def __init__(self, seoul: list[feed_documents.Station] | feed_documents.City | None = None, seed: int = 1,
                 key: str = "test-key", served: pathlib.Path | None = None, port: int = 0,
                 is_held: bool = False) -> None:
        """`is_held`: the last answer with rows of a poll of Seoul departs in the first half of a second, so that who
        receives it sees that second on the clock."""
        self.seed, self.key, self.port, self.is_held = seed, key, port, is_held
        self._lock = threading.RLock()
        self._stopping = threading.Event()
        if isinstance(seoul, list) and seoul:
            seoul = feed_documents.City(seoul, seed)
        self._seoul = Seoul(seoul, key) if seoul else None
        self._gbfs: dict[str, Gbfs] = {}
        self._faults: list[tuple[str, Fault]] = []
        self._requests: list[Request] = []
        self._polls: list[Poll] = []
        self._file = open(served, "w", encoding="utf-8") if served else None
        self._server: http.server.ThreadingHTTPServer | None = None

    def __enter__(self) -> "FeedServer":
        self.start()
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def start(self) -> None:
        """After stop() again at the same port."""
        owner = self

        class Here(Handler):
            feeds = owner

        self._stopping.clear()
        self._server = Server((HOST, self.port), Here)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="feeds", daemon=True).start()

    def stop(self) -> None:
        """From now on connections are refused; counts and faults stay."""
        if self._server:
            self._stopping.set()
            self._server.shutdown()
            self._server.end_connections()
            self._server.server_close()
            self._server = None

    def close(self) -> None:
        self.stop()
        with self._lock:
            self._end_seoul_poll()
            if self._file:
                self._file.close()
                self._file = None

    def add_gbfs(self, name: str, version: str, stations: list[feed_documents.Station], ttl: int = 60,
                 period: float = 60, timezone: str = "Asia/Seoul") -> None:
        if version not in feed_documents.GBFS_VERSIONS:
            raise ValueError(f"GBFS {version} is none of {', '.join(feed_documents.GBFS_VERSIONS)}")
        with self._lock:
            self._gbfs[name] = Gbfs(name, version, feed_documents.City(stations, self.seed), ttl, period,
                                    timezone)

    @property
    def base(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def seoul_url(self) -> str:
        """Behind it: /START/END/."""
        return f"{self.base}/{self.key}/json/bikeList"

    def gbfs_url(self, name: str) -> str:
        return f"{self.base}/gbfs/{name}/gbfs.json"

    def set_fault(self, system: str, kind: str, polls: Iterable[int] | None = None, page: int | None = None,
                  document: str = "station_status", **options) -> None:
        """`polls` are those that it happens to; without them all, until clear_faults()."""
        if kind not in ANSWERED + REPLACED:
            raise ValueError(f"no fault is called '{kind}'")
        with self._lock:
            if system not in self._gbfs and not (system == SEOUL and self._seoul):
                raise ValueError(f"no system is called '{system}'")
            self._faults.append((system, Fault(kind, None if polls is None else frozenset(polls), page, document,
                                               options)))

    def clear_faults(self, system: str | None = None) -> None:
        with self._lock:
            self._faults = [(name, fault) for name, fault in self._faults if system not in (None, name)]

    def served(self, system: str | None = None) -> list[Poll]:
        """In their order; of Seoul also the one that is not over yet."""
        with self._lock:
            polls = self._polls + ([self._seoul.poll] if self._seoul and self._seoul.poll else [])
            return [dataclasses.replace(poll, faults=set(poll.faults)) for poll in polls
                    if system in (None, poll.system)]

    def requests(self, system: str | None = None) -> list[Request]:
        with self._lock:
            return [dataclasses.replace(request) for request in self._requests if system in (None, request.system)]

    def answer(self, path: str, headers: dict[str, str]) -> Answer:
        """To a GET; for the handler."""
        now = time.time()
        parts = [urllib.parse.unquote(part) for part in urllib.parse.urlsplit(path).path.split("/")]
        with self._lock:
            if len(parts) == 4 and parts[1] == "gbfs" and parts[2] in self._gbfs and parts[3].endswith(".json"):
                request = Request(now, parts[2], parts[3].removesuffix(".json"), path, headers)
                answer = self._answer_gbfs(self._gbfs[parts[2]], request)
            elif self._seoul and len(parts) == 7 and parts[2] == "json" and not parts[6]:
                request = Request(now, SEOUL, parts[3], path, headers)
                answer = self._answer_seoul(request, *parts[1:2], *parts[3:6])
            else:  # Seoul's host answers 500 to what it does not know
                request = Request(now, "", "", path, headers)
                answer = Answer(500, b"Internal Server Error", "text/plain")
            request.status = answer.status
            self._requests.append(request)
        if answer.delay:
            self._stopping.wait(answer.delay)
        return answer

    def _faults_of(self, system: str, number: int, **where) -> list[Fault]:
        """Those last that leave of an answer what it says."""
        found = [fault for name, fault in self._faults
                 if name == system and (fault.polls is None or number in fault.polls)
                 and all(getattr(fault, what) in (None, value) for what, value in where.items())]
        return sorted(found, key=lambda fault: fault.kind in ("slow", "cut"))

    def _answer_seoul(self, request: Request, key: str, service: str, start: str, end: str) -> Answer:
        if key != self.key:
            return Answer(200, feed_documents.seoul_xml(feed_documents.BAD_KEY), "application/xml")
        if service != "bikeList":
            return Answer(200, feed_documents.seoul_code("ERROR-310"))
        if not (start.isdecimal() and end.isdecimal()):
            return Answer(200, feed_documents.seoul_code("ERROR-333"))
        first, last = int(start), int(end)
        if first > last or first < 1:
            return Answer(200, feed_documents.seoul_code("ERROR-334"))
        if last - first >= feed_documents.PAGE:
            return Answer(200, feed_documents.seoul_code("ERROR-336"))

        seoul = self._seoul
        if first == 1:
            self._end_seoul_poll()
            seoul.begin(self._faults_of(SEOUL, seoul.number + 1), request.at)
        page = (first - 1) // feed_documents.PAGE + 1
        rows = seoul.table[first - 1:last]
        # Whoever asks behind the end is told so.
        answer = Answer(200, feed_documents.seoul_page(rows) if rows else
                        feed_documents.seoul_code(feed_documents.NO_DATA))
        faults = self._faults_of(SEOUL, seoul.number, page=page)
        for fault in faults:
            answer = self._with_fault(answer, fault, request)
        if seoul.poll:
            seoul.poll.faults |= {fault.kind for fault in faults}
            if rows and not any(fault.kind in REPLACED for fault in faults):
                seoul.pages_sent.add(first)
                if self.is_held and first - 1 + len(rows) == len(seoul.table):
                    answer = dataclasses.replace(answer, delay=answer.delay + held_for(time.time() + answer.delay))
                seoul.poll.rows_at = time.time() + answer.delay
            seoul.poll.answered_at = request.at + answer.delay
            seoul.poll.is_whole = bool(seoul.table) and seoul.is_complete()
        return answer

    def _end_seoul_poll(self) -> None:
        if self._seoul and self._seoul.poll:
            self._keep(self._seoul.poll)
            self._seoul.poll = None

    def _keep(self, poll: Poll) -> None:
        self._polls.append(poll)
        if self._file:
            self._file.writelines(poll.lines())
            self._file.flush()

    def _answer_gbfs(self, gbfs: Gbfs, request: Request) -> Answer:
        document = request.document
        gbfs.counts[document] += 1
        faults = self._faults_of(gbfs.name, gbfs.counts[document], document=document)
        kinds = {fault.kind for fault in faults}
        missing = {fault.document for name, fault in self._faults if name == gbfs.name and fault.kind == "missing"}
        if document not in ("gbfs", *gbfs.documents()) or document in missing:
            return Answer(404, b"404 Not Found", "text/plain")
        if document == "station_status" and "frozen" not in kinds:
            gbfs.advance(request.at)
        body = gbfs.document(document, f"{self.base}/gbfs/{gbfs.name}", missing)
        answer = Answer(200, body, headers={"ETag": f'"{hashlib.sha256(body).hexdigest()[:16]}"',
                                            "Last-Modified": email.utils.formatdate(gbfs.at, usegmt=True)})
        if request.headers.get("if-none-match") == answer.headers["ETag"]:
            answer.status, answer.body = 304, b""
        for fault in faults:
            answer = self._with_fault(answer, fault, request)
        if document == "station_status" and answer.status == 200 and not kinds & set(REPLACED):
            self._keep_gbfs_poll(gbfs, request.at, answer, kinds)
        return answer

    def _keep_gbfs_poll(self, gbfs: Gbfs, now: float, answer: Answer, kinds: set[str]) -> None:
        if any(poll.system == gbfs.name and poll.observed_at == gbfs.at for poll in self._polls):
            return
        stations = {row.station.id: (row.bikes, row.station.racks) for row in gbfs.city.rows()}
        self._keep(Poll(gbfs.name, gbfs.counts["station_status"], now, now + answer.delay, gbfs.at, kinds, True,
                        stations))

    def _with_fault(self, answer: Answer, fault: Fault, request: Request) -> Answer:
        """Instead of what would be answered; the same answer where the fault is one of the rows."""
        match fault.kind:
            case "slow":
                return dataclasses.replace(answer, delay=fault.get("seconds", 30))
            case "cut":
                return dataclasses.replace(answer, is_cut=True)
            case "busy":
                return Answer(429, b"Too Many Requests", "text/plain",
                              {"Retry-After": str(fault.get("retry_after", 30))})
            case "status":
                return Answer(fault.get("status", 503), fault.get("body", "Service Unavailable").encode(), "text/plain")
            case "bomb":
                return Answer(200, bomb(fault.get("megabytes", 200)), headers={"Content-Encoding": "gzip"})
            case "redirect":
                return Answer(302, b"", headers={"Location": request.path})
            case "bad_key":
                return Answer(200, feed_documents.seoul_xml(feed_documents.BAD_KEY), "application/xml")
            case "code":
                return Answer(200, feed_documents.seoul_code(fault.get("code", feed_documents.SERVER_ERROR),
                                                             fault.get("shape", "top")))
            case "text":
                return Answer(fault.get("status", 200), b"404 Not Found", "text/plain")
        return answer


@functools.cache
def bomb(megabytes: int) -> bytes:
    """So much of nothing."""
    packing = zlib.compressobj(wbits=31)  # of one piece: clients need not take a second one
    nothing = b"\0" * 1_000_000
    return b"".join([*(packing.compress(nothing) for _ in range(megabytes)), packing.flush()])


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, *arguments) -> None:
        super().__init__(*arguments)
        self._open: set = set()

    def process_request(self, request, client_address) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def end_connections(self) -> None:
        """Those that a client keeps for later."""
        for connection in list(self._open):
            self.shutdown_request(connection)

    def handle_error(self, request, client_address) -> None:
        if not isinstance(sys.exception(), OSError):  # the client has gone, or is to go
            super().handle_error(request, client_address)


def held_for(departure: float) -> float:
    """So long, for it to be in the first half of a second."""
    part = departure % 1
    return 0 if part < 0.5 else 1.01 - part


class Handler(http.server.BaseHTTPRequestHandler):
    """GET of the feeds, and:

    POST /control/fault    {"system": "seoul", "kind": "code", "polls": [3], "page": 2, "code": "ERROR-500"}
    POST /control/clear    {"system": "seoul"}, or {} for all
    GET  /control/served   one line of JSON for each station of each poll
    GET  /control/polls    {"seoul": how many so far, ...}
    """

    feeds: FeedServer
    protocol_version = "HTTP/1.1"
    timeout = 60
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        if self.path == "/control/served":
            lines = [line for poll in self.feeds.served() for line in poll.lines()]
            return self._send(Answer(200, "".join(lines).encode(), "application/x-ndjson"))
        if self.path == "/control/polls":
            polls = collections.Counter(poll.system for poll in self.feeds.served())
            return self._send(Answer(200, json.dumps(polls).encode()))
        self._send(self.feeds.answer(self.path, {name.lower(): value for name, value in self.headers.items()}))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            asked = json.loads(body or b"{}")
            if self.path == "/control/fault":
                self.feeds.set_fault(**asked)
            elif self.path == "/control/clear":
                self.feeds.clear_faults(**asked)
            else:
                return self._send(Answer(404, b"no such control", "text/plain"))
        except (ValueError, TypeError) as error:
            return self._send(Answer(400, str(error).encode(), "text/plain"))
        self._send(Answer(200, b"{}"))

    def _send(self, answer: Answer) -> None:
        body = answer.body
        headers = {"Content-Type": answer.type} | answer.headers
        takes_gzip = re.search(r"\bgzip\b", self.headers.get("Accept-Encoding", ""))
        if takes_gzip and self.path.startswith("/gbfs/") and body and "Content-Encoding" not in headers:
            body, headers["Content-Encoding"] = gzip.compress(body, 6), "gzip"
        self.send_response(answer.status)
        for name, value in headers.items():
            self.send_header(name, value)
        if answer.status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:len(body) // 2] if answer.is_cut else body)
        self.close_connection = self.close_connection or answer.is_cut

    def log_message(self, *_) -> None:
        pass


def main() -> int:
    parser = argparse.ArgumentParser(description="Live feeds on loopback; prints its port.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--key", default="test-key", help="Seoul's")
    parser.add_argument("--served", type=pathlib.Path, help="a file for what was served, as NDJSON")
    parser.add_argument("--stations", type=int, help="so many made ones for Seoul; without: those of BIKEFLOW_DATA")
    parser.add_argument("--gbfs", action="append", default=[], metavar="NAME=VERSION", help="a system; may come often")
    parser.add_argument("--ttl", type=int, default=60)
    parser.add_argument("--period", type=float, default=60, help="seconds between new counts of GBFS")
    options = parser.parse_args()
    if options.stations:
        stations = feed_documents.made_stations(options.stations, options.seed, "ST-")
    elif data := os.environ.get("BIKEFLOW_DATA"):
        stations = feed_documents.seoul_stations(pathlib.Path(data))
    else:
        parser.error("neither --stations nor BIKEFLOW_DATA: no stations for Seoul")
    ending = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, ending)  # before there are threads
    with FeedServer(stations, options.seed, options.key, options.served, options.port) as feeds:
        for system in options.gbfs:
            name, _, version = system.partition("=")
            feeds.add_gbfs(name, version, feed_documents.made_stations(50, options.seed), options.ttl, options.period)
        print(feeds.port, flush=True)
        signal.sigwait(ending)
    return 0


if __name__ == "__main__":
    sys.exit(main())
