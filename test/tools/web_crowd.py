"""Many clients of a page at once, good and bad, each kind in a process of its own:

    with web_crowd.Readers(port, "/api/v1/systems/seoul/events", readers=1000, idle=100) as readers:
        readers.now.lowest       # as of half a second ago at most; see ReadersNow
        readers.stations()       # what one of them was told, put together
    with web_crowd.Nuisances(port) as nuisances:
        nuisances.now.wrong      # empty: each got an error, or the connection was closed
"""

import asyncio
import dataclasses
import itertools
import json
import queue
import random
import re
import selectors
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import servers

HOST = "127.0.0.1"
SAY_S = 0.25
READ_BYTES = 1 << 18
LONGEST_ID = 64
ID = re.compile(rb"\nid: ([0-9a-z]+)-(\d+)\n")


class Crowd:
    """This file as a process, which says a line of JSON again and again, and how that reads."""

    def __init__(self, now: type, *arguments) -> None:
        self._answers: queue.Queue[dict] = queue.Queue()
        self._kind = now
        self.now = now()
        self._process = servers.start_process(
            ["setpriv", "--pdeathsig", "KILL", "--", sys.executable, __file__, *map(str, arguments)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._thread = threading.Thread(target=self._listen, name="crowd", daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        for line in self._process.stdout:
            said = json.loads(line)
            if "answer" in said:
                self._answers.put(said["answer"])
            else:
                self.now = self._kind(**said)

    def ask(self) -> dict:
        """Its answer to a line of input."""
        print("?", file=self._process.stdin, flush=True)
        return self._answers.get(timeout=60)

    def running(self) -> bool:
        return self._process.poll() is None

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None:
        self._process.kill()
        self._process.wait()
        self._thread.join()


@dataclasses.dataclass
class ReadersNow:
    streams: int = 0  # that have begun and are open
    ended: int = 0    # that the server has ended, or refused
    bytes: int = 0
    lowest: int = -1  # version that one of them has been told; -1: one has not been told any
    highest: int = -1
    longest_silence_s: float = 0.0  # of any of them, so far
    wrong: list[str] = dataclasses.field(default_factory=list)


class Readers(Crowd):
    """Of a stream of events; `idle` more ask for it and never read."""

    def __init__(self, port: int, path: str, readers: int, idle: int) -> None:
        super().__init__(ReadersNow, "readers", port, path, readers, idle)

    def stations(self) -> dict[str, dict]:
        return self.ask()


@dataclasses.dataclass
class NuisancesNow:
    done: int = 0
    answers: dict[str, int] = dataclasses.field(default_factory=dict)  # by status; "": none
    wrong: list[str] = dataclasses.field(default_factory=list)


class Nuisances(Crowd):
    def __init__(self, port: int) -> None:
        super().__init__(NuisancesNow, "nuisances", port)


def say(now) -> None:
    print(json.dumps(dataclasses.asdict(now) if dataclasses.is_dataclass(now) else now), flush=True)


# --- Readers ---

class Reader:
    def __init__(self, port: int, path: str, is_careful: bool) -> None:
        self.socket = connected(port)
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        self.socket.setblocking(False)
        self.has_begun = False
        self.life: bytes | None = None
        self.version = -1
        self.heard = time.monotonic()
        self.all = bytearray() if is_careful else None
        self._tail = b""

    def take(self, piece: memoryview) -> str | None:
        """What is wrong with it."""
        data = bytes(piece)
        if not self.has_begun:
            self.has_begun = True
            if not data.startswith(b"HTTP/1.1 200 "):
                return f"answered {data[:300]!r}"
        if self.all is not None:
            self.all += data
        # An id may be cut by the end of a piece.
        across = self._tail + data[:LONGEST_ID]
        found = self._last_id(data) or self._last_id(across)
        self._tail = data[-LONGEST_ID:]
        if not found:
            return None
        life, version = found[1], int(found[2])
        if self.life not in (None, life) or version < self.version:
            return f"after {self.life}-{self.version} came {life}-{version}"
        self.life, self.version = life, version
        return None

    @staticmethod
    def _last_id(data: bytes) -> re.Match | None:
        at = data.rfind(b"\nid: ")
        found = ID.match(data, at) if at >= 0 else None
        if not found and at > 0:  # the last one is cut
            at = data.rfind(b"\nid: ", 0, at)
            found = ID.match(data, at) if at >= 0 else None
        return found


def connected(port: int, receive_bytes: int = 0) -> socket.socket:
    one = socket.socket()
    if receive_bytes:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    one.settimeout(20)
    one.connect((HOST, port))
    return one


def stations_of(stream: bytes) -> dict[str, dict]:
    """As a browser puts them together."""
    known: dict[str, dict] = {}
    for block in stream.partition(b"\r\n\r\n")[2].split(b"\n\n"):
        fields = dict(line.split(b": ", 1) for line in block.split(b"\n") if b": " in line)
        kind = fields.get(b"event")
        if kind not in (b"snapshot", b"stations", b"seen"):
            continue
        try:
            data = json.loads(fields[b"data"])
        except (KeyError, ValueError):
            continue  # the last one is cut
        if kind == b"seen":
            for group in data["seen"]:
                for station in group["ids"]:
                    known[station]["observed_at"] = group["at"]
        else:
            known.update({each["id"]: each for each in data["stations"]})
    return known


def read(port: int, path: str, count: int, idle: int) -> None:
    asked = threading.Event()
    threading.Thread(target=lambda: [asked.set() for _ in sys.stdin], daemon=True).start()
    kept = [connected(port, receive_bytes=4096) for _ in range(idle)]
    for one in kept:
        one.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    selector = selectors.EpollSelector()
    readers = [Reader(port, path, is_careful=number == 0) for number in range(count)]
    for reader in readers:
        selector.register(reader.socket, selectors.EVENT_READ, reader)
    now, room = ReadersNow(), memoryview(bytearray(READ_BYTES))
    next_s = 0.0
    while True:
        for key, _ in selector.select(SAY_S):
            reader = key.data
            try:
                size = reader.socket.recv_into(room)
            except OSError as error:
                size, now.wrong = 0, now.wrong + [str(error)]
            if size == 0:
                now.ended += 1
                selector.unregister(reader.socket)
                readers.remove(reader)
                continue
            at = time.monotonic()
            now.longest_silence_s = max(now.longest_silence_s, at - reader.heard)
            reader.heard = at
            now.bytes += size
            if wrong := reader.take(room[:size]):
                now.wrong.append(wrong)
        if time.monotonic() < next_s:
            continue
        next_s = time.monotonic() + SAY_S
        now.streams = sum(reader.has_begun for reader in readers)
        now.lowest = min((reader.version for reader in readers), default=-1)
        now.highest = max((reader.version for reader in readers), default=-1)
        now.longest_silence_s = max([now.longest_silence_s, *(next_s - reader.heard for reader in readers)])
        now.wrong = now.wrong[:10]
        say(now)
        if asked.is_set():
            asked.clear()
            say({"answer": stations_of(bytes(readers[0].all))})


# --- Nuisances ---

@dataclasses.dataclass(frozen=True)
class Nuisance:
    """Bytes that are no request which can be answered. `pause_s`: between each two bytes."""
    name: str
    sent: bytes
    pause_s: float = 0.0
    hangs_up: bool = False  # without waiting for an answer
    may_be_fine: bool = False


def request(line: bytes = b"GET /healthz HTTP/1.1", headers: bytes = b"Host: localhost\r\n", body: bytes = b"") -> bytes:
    return line + b"\r\n" + headers + b"\r\n" + body


GET = request()
HOURS = b"GET /api/v1/systems/seoul/hours?"
NUISANCES = [
    Nuisance("nothing, and gone", b"", hangs_up=True),
    Nuisance("half a request, and gone", GET[:30], hangs_up=True),
    Nuisance("a stream, and gone", request(b"GET /api/v1/systems/seoul/events HTTP/1.1"), hangs_up=True),
    Nuisance("bytes of no meaning", bytes(range(256)) * 8),
    Nuisance("zeros", bytes(4000)),
    Nuisance("a hello of TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500)),
    Nuisance("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9)),
    Nuisance("HTTP/0.9", b"GET /healthz\r\n\r\n"),
    Nuisance("HTTP/3.7", request(b"GET /healthz HTTP/3.7")),
    Nuisance("line breaks of one byte", GET.replace(b"\r\n", b"\n")),
    Nuisance("no Host", request(headers=b"")),
    Nuisance("two Hosts", request(headers=b"Host: localhost\r\nHost: localhost\r\n")),
    Nuisance("a foreign Host", request(headers=b"Host: bikes.example.org\r\n")),
    Nuisance("a foreign Host in the target", request(b"GET http://bikes.example.org/healthz HTTP/1.1")),
    Nuisance("an empty name", request(headers=b"Host: localhost\r\n: x\r\n")),
    Nuisance("a blank before the colon", request(headers=b"Host: localhost\r\nAccept : x\r\n")),
    Nuisance("a zero in a header", request(headers=b"Host: localhost\r\nAccept: \0\r\n")),
    Nuisance("a long header", request(headers=b"Host: localhost\r\nCookie: %s\r\n" % (b"x" * 300_000))),
    Nuisance("many headers", request(headers=b"Host: localhost\r\n" + b"A: b\r\n" * 50_000)),
    Nuisance("a long target", request(b"GET /%s HTTP/1.1" % (b"x" * 1_000_000))),
    Nuisance("many parameters", request(HOURS + b"&".join(b"a%d=b" % n for n in range(500)) + b" HTTP/1.1")),
    Nuisance("a body", request(b"POST /healthz HTTP/1.1", b"Host: localhost\r\nContent-Length: 5\r\n", b"hello")),
    Nuisance("a body of a GET", request(headers=b"Host: localhost\r\nContent-Length: %d\r\n" % len(GET), body=GET)),
    Nuisance("a body in chunks", request(headers=b"Host: localhost\r\nTransfer-Encoding: chunked\r\n",
                                         body=b"0\r\n\r\n" + GET)),
    Nuisance("two lengths", request(headers=b"Host: localhost\r\nContent-Length: 0\r\nContent-Length: %d\r\n"
                                    % len(GET), body=GET)),
    Nuisance("a length and chunks", request(
        headers=b"Host: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n", body=b"0\r\n\r\n" + GET)),
    Nuisance("an encoding that is none", request(headers=b"Host: localhost\r\nTransfer-Encoding: xchunked\r\n",
                                                 body=b"0\r\n\r\n" + GET)),
    Nuisance("a length below zero", request(headers=b"Host: localhost\r\nContent-Length: -1\r\n", body=GET)),
    Nuisance("a length above all", request(headers=b"Host: localhost\r\nContent-Length: 99999999999999999999\r\n")),
    *(Nuisance(f"{method} as a method", request(f"{method} /healthz HTTP/1.1".encode()))
      for method in ("DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "BREW", "get", "G" * 5000)),
    *(Nuisance(f"the target {target.decode()}", request(b"GET " + target + b" HTTP/1.1"))
      for target in (b"/../../etc/passwd", b"/%2e%2e/%2e%2e/etc/passwd", b"/assets/..%2f..%2fetc/passwd", b"/%00",
                     b"/%", b"/%zz", b"/%ff", b"/a b", b"*", b"healthz", b"//..", b"/none", b"/%C0%AE%C0%AE/x")),
    *(Nuisance(f"hours of {query.decode()}", request(HOURS + query + b" HTTP/1.1"))
      for query in (b"", b"from=1&to=2", b"from=2024-08-11&to=2024-08-10", b"from=0000-00-00&to=9999-99-99",
                    b"from=2024-08-11&to=2034-08-11", b"from=%F0%9F%9A%B2&to=%F0%9F%9A%B2",
                    b"from=1900-01-01&to=1900-01-02", b"from=2024-08-11&to=2024-08-12&format=exe")),
    Nuisance("a byte now and then", GET, pause_s=0.5),
]


def mutations(seed: int) -> Iterator[Nuisance]:
    """Of two requests, a few bytes changed: most are none any more."""
    dice = random.Random(seed)
    while True:
        data = bytearray(request(HOURS + b"from=2024-08-11&to=2024-08-12 HTTP/1.1") + GET)
        for _ in range(dice.randrange(1, 6)):
            at = dice.randrange(len(data))
            data[at:at + dice.choice([0, 1, 1, 4])] = dice.choice(
                [b"", b"\r\n", b"\0", b" ", b"%", b":", bytes([dice.randrange(256)])])
        yield Nuisance("changed bytes", bytes(data), may_be_fine=True)


async def annoy(port: int, nuisance: Nuisance) -> bytes:
    """What came back, until the server closed."""
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        answer = asyncio.create_task(read_all(reader))  # also of what comes while it is still sending
        await send(writer, nuisance)
        return b"" if nuisance.hangs_up else await asyncio.wait_for(answer, 30)
    finally:
        answer.cancel()
        writer.close()


async def send(writer: asyncio.StreamWriter, nuisance: Nuisance) -> None:
    try:
        pieces = [nuisance.sent] if nuisance.pause_s == 0 else [bytes([byte]) for byte in nuisance.sent]
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(nuisance.pause_s)
        if writer.can_write_eof():
            writer.write_eof()
    except OSError:
        pass  # the server has had enough


async def read_all(reader: asyncio.StreamReader) -> bytes:
    answer = b""
    try:
        while piece := await reader.read(READ_BYTES):
            answer += piece
    except ConnectionError:
        pass
    return answer


def judge(nuisance: Nuisance, answer: bytes) -> tuple[list[str], list[str]]:
    """(statuses, what is wrong)"""
    statuses = [status.decode() for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer)]
    wrong = []
    if "500" in statuses:
        wrong.append("a fault of ours")
    if not nuisance.may_be_fine:
        if any(not status.startswith(("4", "5")) for status in statuses):
            wrong.append("answered as if it were a request")
        if len(statuses) > 1:
            wrong.append("taken for several requests")
    return statuses, [f"{nuisance.name}: {what}: {answer[:300]!r}" for what in wrong]


async def annoy_always(port: int, nuisances: Iterator[Nuisance], now: NuisancesNow) -> None:
    for nuisance in nuisances:
        try:
            statuses, wrong = judge(nuisance, await annoy(port, nuisance))
        except (OSError, TimeoutError) as error:
            statuses, wrong = [], [f"{nuisance.name}: {error!r}"]
        now.done += 1
        for status in statuses or [""]:
            now.answers[status] = now.answers.get(status, 0) + 1
        now.wrong = (now.wrong + wrong)[:20]
        await asyncio.sleep(0.01)


async def annoy_all(port: int) -> None:
    now = NuisancesNow()
    quick = [each for each in NUISANCES if each.pause_s == 0]
    slow = [each for each in NUISANCES if each.pause_s > 0]
    streams = [itertools.cycle(quick), itertools.cycle(reversed(quick)), mutations(1), mutations(2),
               *(itertools.cycle(slow) for _ in range(20))]
    async with asyncio.TaskGroup() as group:
        for stream in streams:
            group.create_task(annoy_always(port, stream, now))
        while True:
            await asyncio.sleep(SAY_S)
            say(now)


if __name__ == "__main__":
    kind, port, *rest = sys.argv[1:]
    if kind == "readers":
        read(int(port), rest[0], int(rest[1]), int(rest[2]))
    else:
        asyncio.run(annoy_all(int(port)))
