"""What documents show of the program is what the program says."""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]


def test_the_architecture_shows_the_pipeline_that_the_program_describes(bikeflow):
    described = bikeflow.succeed("describe", timeout=20).stdout
    blocks = re.findall(r"^```\n(.*?)^```$", (ROOT / "ARCHITECTURE.md").read_text(), re.M | re.S)
    assert described in blocks


def test_every_test_that_an_invariant_names_exists():
    invariants = (ROOT / "ARCHITECTURE.md").read_text().split("## Invariants")[1]
    named = re.findall(r"`(\w+)`", invariants)
    tests = "".join(path.read_text() for folder in ("test", "src") for pattern in ("*_test.cc", "*_test.py")
                    for path in (ROOT / folder).rglob(pattern))
    missing = [name for name in named if re.fullmatch(r"[A-Z][A-Za-z]{9,}|test_\w+", name) and name not in tests]
    assert named and not missing
