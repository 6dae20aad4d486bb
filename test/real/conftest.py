"""The recordings, expanded once and kept in build/recordings, and their rows by the reference."""

import pathlib

import pytest

import recordings

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="session")
def expanded() -> pathlib.Path:
    """The folder of expansions; the bench reads them there too."""
    folder = ROOT / "build" / "recordings"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def say(capsys):
    """Prints a figure where it is seen whatever pytest captures."""

    def print_through(line: str):
        with capsys.disabled():
            print(f"\n    {line}", end="")

    return print_through


@pytest.fixture(scope="session")
def divvy(data, expanded) -> recordings.Recording:
    return recordings.divvy(data, expanded)
