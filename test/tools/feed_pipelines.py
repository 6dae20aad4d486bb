"""`bikeflow run` on live feeds: one configuration, for pipelines.Copy to start and end."""

import dataclasses
import os
import pathlib
import subprocess


@dataclasses.dataclass
class FeedPipeline:
    """`feeds` are the lines of [feed] or [[feed]]; the key of Seoul is ${SEOUL_KEY}."""
    program: pathlib.Path
    folder: pathlib.Path
    feeds: str
    key: str = ""
    length: int = 10  # these four in seconds
    slide: int = 0  # 0: as long as they are
    delay: int = 2
    max_gap: int = 20

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.lake = self.folder / "lake"
        self.environment = {**os.environ, "NO_COLOR": "1", "SEOUL_KEY": self.key}
        self.file = self.folder / "bikeflow.toml"
        self.file.write_text(f"""\
{self.feeds}
[lake]
url = "{self.lake}"
[window]
length = "{self.length}s"
slide = "{self.slide or self.length}s"
delay = "{self.delay}s"
max_gap = "{self.max_gap}s"
idle_close = "12h"     # the clock closes nothing in these tests
""")

    def command(self, *options: str) -> list[str]:
        return [str(self.program), "run", "-c", str(self.file), *options]

    def run(self, *options: str, timeout: float = 60) -> subprocess.CompletedProcess:
        """To its end; whatever its status is."""
        return subprocess.run(self.command(*options), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              env=self.environment, timeout=timeout)


def seoul_feed(base_url: str, every: str = "1s") -> str:
    return f"""\
[system]
id = "seoul"
timezone = "Asia/Seoul"
[feed]
kind = "seoul"
url = "{base_url}"
key = "${{SEOUL_KEY}}"
every = "{every}"
"""


def seoul_system(system: str, base_url: str, every: str = "1s") -> str:
    """One of several."""
    return f"""\
[[feed]]
kind = "seoul"
id = "{system}"
timezone = "Asia/Seoul"
url = "{base_url}"
key = "${{SEOUL_KEY}}"
every = "{every}"
"""


def gbfs_feed(system: str, url: str, every: str = "1s") -> str:
    return f"""\
[[feed]]
kind = "gbfs"
id = "{system}"
timezone = "Asia/Seoul"
url = "{url}"
every = "{every}"
"""
