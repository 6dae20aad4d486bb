"""Plays systemd to a service: hears what it tells $NOTIFY_SOCKET."""

import os
import pathlib
import socket
import time


class Manager:
    """Its `path` is the service's NOTIFY_SOCKET."""

    def __init__(self, path):
        self.path = str(path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)

    def heard(self, seconds: float) -> list[str]:
        """All that comes within that time."""
        said = []
        end_at = time.monotonic() + seconds
        while (left := end_at - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                said.append(self._socket.recv(4096).decode())
            except TimeoutError:
                break
        return said

    def wait_for(self, text: str, seconds: float = 30) -> list[str]:
        said = []
        end_at = time.monotonic() + seconds
        while text not in said:
            assert time.monotonic() < end_at, f"{text} did not come after {said}"
            said += self.heard(0.2)
        return said


def hang(path: pathlib.Path) -> None:
    """Whoever writes this file, which is written anew each time and renamed then, waits for ever, as for a disk that does
    not answer: it is a pipe that nobody reads."""
    while True:  # until it is between two writes
        path.unlink(missing_ok=True)
        try:
            return os.mkfifo(path)
        except FileExistsError:
            continue
