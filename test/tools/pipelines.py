"""`bikeflow run` on a topic, or `bikeflow poll` into one: one configuration, and any number of processes with it."""

import collections
import collections.abc
import contextlib
import os
import pathlib
import re
import signal
import subprocess
import time

import servers

SESSION_MS = 2000  # as short as the broker of the tests lets it be, and busy processes survive


class Pipeline:
    """A configuration in a folder of its own. `client` are lines of [kafka.client] that replace those below; `producer`
    is more of [kafka], `feeds` are its [feed] or [[feed]]s; with `system` empty there is no [system]."""

    def __init__(self, program: pathlib.Path, folder: pathlib.Path, brokers: str, topic: str, lake: str,
                 group: str = "bikeflow", environment: dict | None = None, client: dict | None = None,
                 checkpoint_every: str = "1s", delay: str = "10m", due_max: str = "256MiB", producer: str = "",
                 feeds: str = "", system: str = 'id = "seoul"\ntimezone = "Asia/Seoul"') -> None:
        self.program, self.folder, self.topic, self.lake = program, folder, topic, lake
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        self.environment = {**inherited, "NO_COLOR": "1", "HOME": "/nowhere", **(environment or {})}
        folder.mkdir(parents=True, exist_ok=True)
        self.file = folder / f"{group}.toml"
        client = {"session.timeout.ms": SESSION_MS, "heartbeat.interval.ms": SESSION_MS // 5,
                  "topic.metadata.refresh.interval.ms": 1000, "reconnect.backoff.max.ms": 500, **(client or {})}
        self.spool = folder / "spool"
        self.file.write_text(f"""\
{system and "[system]"}
{system}
[kafka]
brokers = "{brokers}"
topic = "{topic}"
group = "{group}"
spool = "{self.spool}"
{producer}
[kafka.client]
{"".join(f'"{name}" = "{value}"{chr(10)}' for name, value in client.items())}
[lake]
url = "{lake}"
[window]
delay = "{delay}"
idle_close = "12h"     # the clock closes nothing in these tests
[checkpoint]
every = "{checkpoint_every}"
due_max = "{due_max}"
{feeds}
""")

    def command(self, *options: str, name: str = "run") -> list[str]:
        return [str(self.program), name, "-c", str(self.file), *options]

    def run(self, *options: str, timeout: float = 120, name: str = "run") -> subprocess.CompletedProcess:
        """To its end; whatever its status is."""
        return subprocess.run(self.command(*options, name=name), stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, env=self.environment, timeout=timeout)

    def catch_up(self, *options: str, timeout: float = 120) -> subprocess.CompletedProcess:
        """Reads what there is, closes all windows, and succeeds."""
        done = self.run("--until-caught-up", "--close-windows", *options, timeout=timeout)
        assert done.returncode == 0, f"exit status {done.returncode}\n{done.stdout}{done.stderr}"
        return done


class Copy:
    """A process that runs until it is stopped. What it says goes to a file, over all its starts. `environment` is
    added to the pipeline's."""

    def __init__(self, pipeline: Pipeline, name: str, environment: dict | None = None,
                 command: list[str] | None = None) -> None:
        self.pipeline, self.name = pipeline, name
        self.command = command or pipeline.command()
        self.environment = {**pipeline.environment, **(environment or {})}
        self.log = pipeline.folder / f"{name}.log"
        self.process: subprocess.Popen | None = None
        self.is_paused = False
        self.ended: collections.Counter[str] = collections.Counter()  # by itself: why

    def start(self) -> "Copy":
        assert not self.running()
        self.is_paused = False
        with open(self.log, "ab") as log:
            self.process = servers.start_process(
                ["setpriv", "--pdeathsig", "KILL", "--", *self.command], stdin=subprocess.DEVNULL,
                stdout=log, stderr=subprocess.STDOUT, env=self.environment, start_new_session=True)
        return self

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start_again_if_ended(self) -> None:
        """As a supervisor of services does."""
        if self.process is not None and not self.running():
            last = self.said().rstrip().rpartition("\n")[2]
            self.ended[f"status {self.process.returncode}: {last[:150]}"] += 1
            self.start()

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def pause(self) -> None:
        self.is_paused = True
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.is_paused = False
        self.process.send_signal(signal.SIGCONT)

    def stop(self, seconds: float = 60) -> int:
        """Its exit status, of SIGTERM."""
        self.process.terminate()
        self.resume()
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not end within {seconds} s of SIGTERM\n{self.said()[-3000:]}") from None

    def leave(self) -> None:
        """SIGTERM. It ends well, also where a rebalance, as when another one leaves, cut its last checkpoint
        short: then another one does that work again."""
        assert self.stop() == 0, self.said()[-3000:]

    def said(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def wait_for(self, text: str, seconds: float = 30, count: int = 1) -> None:
        deadline = time.monotonic() + seconds
        while self.said().count(text) < count:
            assert self.running(), f"{self.name} ended with {self.process.returncode}\n{self.said()[-3000:]}"
            assert time.monotonic() < deadline, f"{self.name} did not say '{text}'\n{self.said()[-3000:]}"
            time.sleep(0.05)

    def page(self, seconds: float = 30) -> tuple[str, int]:
        """Of the page of one start, once it is there: where it is, without a slash at its end, and its port."""
        self.wait_for("dashboard: http", seconds)
        url, port = re.search(r"dashboard: (http://\S+:(\d+))/\n", self.said()).groups()
        return url, int(port)


def with_page(pipeline, more: str = ""):
    """The same pipeline; its page is at a port that is free. `more` are the next lines of [dashboard], or tables."""
    with pipeline.file.open("a", encoding="utf-8") as file:
        file.write(f'[dashboard]\nlisten = "127.0.0.1:0"\n{more}')
    return pipeline


@contextlib.contextmanager
def running(pipeline, more: str = "") -> collections.abc.Iterator[tuple[Copy, int]]:
    """A copy with a page, and the page's port. It ends well where nothing fails before."""
    copy = Copy(with_page(pipeline, more), "copy").start()
    try:
        yield copy, copy.page()[1]
        copy.leave()
    finally:
        copy.kill()
