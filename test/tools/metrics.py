"""What /metrics serves, and what doc/metrics.md says of it."""

import collections
import dataclasses
import pathlib
import re
import urllib.request

SAMPLE = re.compile(r'(\w+)(?:\{(.*)\})? (\S+)')
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
ROW = re.compile(r"^\| `(\w+)` \| (\w+) \| ([^|]*) \| (.*) \|$", re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Family:
    name: str
    type: str
    labels: frozenset[str]
    help: str


@dataclasses.dataclass
class Metrics:
    """Of one look."""
    text: str

    def __post_init__(self) -> None:
        self.types: dict[str, str] = {}
        self.helps: dict[str, str] = {}
        self.samples: dict[str, dict[frozenset, float]] = collections.defaultdict(dict)
        for line in self.text.splitlines():
            if line.startswith("# HELP "):
                _, _, name, self.helps[name] = line.split(" ", 3)
            elif line.startswith("# TYPE "):
                _, _, name, self.types[name] = line.split(" ", 3)
            else:
                name, labels, value = SAMPLE.fullmatch(line).groups()
                self.samples[name][frozenset(LABEL.findall(labels or ""))] = float(value)

    def value(self, metric: str, **labels) -> float | None:
        """Of the sample that has these labels, whatever others it has; the sum where there are several."""
        wanted = {(name, str(value)) for name, value in labels.items()}
        found = [value for each, value in self.samples[metric].items() if wanted <= each]
        return sum(found) if found else None

    def labels(self, metric: str) -> set[frozenset[str]]:
        """The names of the labels of its samples."""
        names = [metric] if self.types[metric] != "summary" else [f"{metric}_sum", f"{metric}_count"]
        return {frozenset(name for name, _ in labels) for each in names for labels in self.samples[each]}


def look(port: int, token: str = "") -> Metrics:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/metrics",
                                     headers={"Authorization": f"Bearer {token}"} if token else {})
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        return Metrics(answer.read().decode())


def documented(root: pathlib.Path) -> dict[str, Family]:
    """The rows of the page's tables."""
    text = (root / "doc/metrics.md").read_text()
    rows = [Family(name, type_, frozenset(re.findall(r"`(\w+)`", labels)), help_)
            for name, type_, labels, help_ in ROW.findall(text)]
    families = {row.name: row for row in rows}
    assert len(families) == len(rows) > 40
    return families
