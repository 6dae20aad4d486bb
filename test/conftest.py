"""What the Python tests share. They run from the root of the checkout: ./dev test"""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

import lakes
import servers

ROOT = pathlib.Path(__file__).resolve().parent.parent


def pytest_addoption(parser):
    parser.addoption("--only", metavar="REGEX", help="run the tests whose id matches, as ctest -R does")


def pytest_collection_modifyitems(config, items):
    regex = config.getoption("--only")
    if not regex:
        return
    chosen = [item for item in items if re.search(regex, item.nodeid)]
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = chosen


def pytest_sessionfinish(session, exitstatus):
    # A filter that leaves no Python test is no failure here; tools/summary.py judges the whole run.
    if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and session.config.getoption("--only"):
        session.exitstatus = pytest.ExitCode.OK


@pytest.fixture(scope="session")
def program() -> pathlib.Path:
    """The program under test."""
    path = pathlib.Path(os.environ.get("BIKEFLOW_PROGRAM", ROOT / "build" / "bikeflow"))
    if not path.exists():
        pytest.fail(f"{path} is not built; run ./dev test")
    return path


@pytest.fixture(scope="session")
def data() -> pathlib.Path:
    """The folder of recordings; tests that use it are skipped where it is absent."""
    path = pathlib.Path(os.environ.get("BIKEFLOW_DATA", ROOT / ".." / "shared" / "data")).resolve()
    if not path.is_dir():
        pytest.skip("the recordings of BIKEFLOW_DATA are absent")
    return path


@pytest.fixture(scope="session")
def bikeflow(program) -> lakes.Program:
    return lakes.Program(program)


@pytest.fixture(scope="session")
def reference_rows(program):
    """A function: recording, output path, options -> what the reference counted."""
    tool = program.parent / "test" / "reference_rows"
    return lambda recording, out, options=(): lakes.write_reference_rows(tool, recording, out, options)


@pytest.fixture(scope="session")
def promtool():
    """A function: arguments for Prometheus's own checker, which ./dev fetches -> what it says where it is content, as it
    must be. Tests that use it are skipped where it is absent."""
    path = os.environ.get("BIKEFLOW_PROMTOOL") or shutil.which("promtool")
    if not path:
        pytest.skip("no promtool here (BIKEFLOW_PROMTOOL); run ./dev test")

    def takes(*arguments, **options) -> str:
        done = subprocess.run([path, *arguments], capture_output=True, text=True, timeout=60, **options)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return takes


@pytest.fixture(scope="session")
def kafka(tmp_path_factory):
    """A broker for every test that asks. Whoever kills or changes it takes one of its own: servers.Kafka."""
    with servers.Kafka(tmp_path_factory.mktemp("kafka")) as server:
        yield server


@pytest.fixture(scope="session")
def s3(tmp_path_factory):
    """An S3 server for every test that asks; each makes a bucket for itself."""
    with servers.S3Proxy(tmp_path_factory.mktemp("s3")) as server:
        yield server
