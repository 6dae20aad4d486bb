"""An HTTP proxy before a server on loopback that fails on purpose.

    with fault_proxy.FaultProxy(s3.port) as proxy:
        proxy.plan = lambda request: CUT if request.method == "PUT" else None
        ...                                  # a client of proxy.url
        assert proxy.counts["cut"] == 1

What is forwarded is forwarded byte for byte, the Host header included: a signature that holds for the
proxy's address holds for the server behind it. One connection to the server for each request.
"""

import asyncio
import collections
import dataclasses
import socket
import ssl
import struct
import threading
import urllib.parse
from collections.abc import Callable

HOST = "127.0.0.1"


@dataclasses.dataclass(frozen=True)
class Fault:
    kind: str  # as counted
    seconds: float = 0
    status: int = 0


DROP = Fault("drop")  # the connection is reset, the server never hears of the request
CUT = Fault("cut")    # the server has done it; half of its answer arrives, then the connection is reset


def answer(status: int) -> Fault:
    """An error of the store; the server never hears of the request."""
    return Fault(str(status), status=status)


def delay(seconds: float) -> Fault:
    """The request waits so long, then all goes well."""
    return Fault("delay", seconds)


def late(seconds: float) -> Fault:
    """The connection is reset at once, and so much later the request reaches the server all the same."""
    return Fault("late", seconds)


@dataclasses.dataclass
class Request:
    number: int  # from 0, in the order of arrival
    method: str
    path: str    # decoded
    query: dict[str, str]
    size: int    # of its body as sent
    headers: dict[str, str]
    fault: Fault | None = None
    status: int = 0  # that the server answered; 0: none


class FaultProxy:
    """A thread of this process. `plan` is asked for each request, in that thread.

    With `tls`, clients speak HTTPS to it."""

    def __init__(self, upstream_port: int, tls: ssl.SSLContext | None = None) -> None:
        self.upstream_port = upstream_port
        self.tls = tls
        self.plan: Callable[[Request], Fault | None] = lambda request: None
        self.requests: list[Request] = []
        self.counts: collections.Counter[str] = collections.Counter()
        self.errors: list[str] = []  # of the proxy's own making; a test should find none
        self._socket = socket.create_server((HOST, 0))
        self.port = self._socket.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="fault proxy", daemon=True)

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://{HOST}:{self.port}"

    def fail_next(self, *faults: Fault | None, method: str = "") -> None:
        """The next requests (of the method) meet these, in order; the ones after them nothing."""
        waiting = collections.deque(faults)
        self.plan = lambda request: waiting.popleft() if waiting and method in ("", request.method) else None

    def forget(self) -> None:
        """No plan, and nothing counted."""
        self.plan = lambda request: None
        self.requests, self.counts = [], collections.Counter()

    def __enter__(self) -> "FaultProxy":
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(asyncio.start_server(self._serve, sock=self._socket, ssl=self.tls))
        self._loop.run_forever()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._socket.close()
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of a client: its requests, one after the other."""
        try:
            while await self._exchange(reader, writer):
                pass
            reset(writer)
        except (OSError, asyncio.IncompleteReadError):
            reset(writer)  # the client has gone
        except asyncio.CancelledError:
            reset(writer)
        except Exception as error:  # a test must not take a fault of ours for one of the plan
            self.errors.append(repr(error))
            reset(writer)

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its answer; whether the connection goes on."""
        head = await reader.readuntil(b"\r\n\r\n")
        headers = headers_of(head)
        if headers.get("expect", "").lower() == "100-continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = await read_body(reader, headers)
        method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
        url = urllib.parse.urlsplit(target)
        request = Request(len(self.requests), method, urllib.parse.unquote(url.path),
                          dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True)), len(body), headers)
        self.requests.append(request)
        fault = request.fault = self.plan(request)
        if fault:
            self.counts[fault.kind] += 1
            if fault.status:
                writer.write(error_answer(fault.status, method))
                return True
            if fault.kind == "late":
                self._loop.call_later(fault.seconds, lambda: self._loop.create_task(
                    self._forward(request, head + body)))
            if fault.kind in ("drop", "late"):
                return False
            await asyncio.sleep(fault.seconds)
        answered = await self._forward(request, head + body)
        if fault == CUT:
            writer.write(answered[:len(answered) // 2])
            await writer.drain()
            await asyncio.sleep(0.05)  # or the reset overtakes what was sent
            return False
        writer.write(answered)
        await writer.drain()
        return bool(answered)

    async def _forward(self, request: Request, sent: bytes) -> bytes:
        """The server's whole answer; nothing where it does not give one."""
        try:
            reader, writer = await asyncio.open_connection(HOST, self.upstream_port)
        except OSError:
            return b""
        try:
            writer.write(sent)
            await writer.drain()
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                status = int(head.split(b" ", 2)[1])
                if status >= 200:
                    break
            without_body = request.method == "HEAD" or status in (204, 304)
            body = b"" if without_body else await read_body(reader, headers_of(head))
            request.status = status
            return head + body
        except (OSError, asyncio.IncompleteReadError):
            return b""
        finally:
            writer.close()


def headers_of(head: bytes) -> dict[str, str]:
    lines = head.decode("latin-1").split("\r\n")[1:-2]
    return {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


async def read_body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    """As it came, chunk headers included."""
    if headers.get("transfer-encoding", "").lower() != "chunked":
        return await reader.readexactly(int(headers.get("content-length", 0)))
    parts = []
    while True:
        parts.append(await reader.readuntil(b"\r\n"))
        size = int(parts[-1].split(b";")[0], 16)
        if size == 0:
            break
        parts.append(await reader.readexactly(size + 2))
    while True:  # trailers, up to an empty line
        parts.append(await reader.readuntil(b"\r\n"))
        if parts[-1] == b"\r\n":
            return b"".join(parts)


def error_answer(status: int, method: str) -> bytes:
    name = {500: "InternalError", 503: "SlowDown", 403: "AccessDenied"}.get(status, "Error")
    body = (f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{name}</Code>'
            "<Message>The fault proxy answers so.</Message></Error>").encode()
    head = (f"HTTP/1.1 {status} {name}\r\nContent-Type: application/xml\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode()
    return head if method == "HEAD" else head + body


def reset(writer: asyncio.StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    if connection is not None and connection.fileno() >= 0:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
