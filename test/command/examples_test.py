"""The configurations of examples/ and the unit of packaging/, each tried: with feeds on loopback in the place of the
real ones."""

import re
import shutil
import subprocess

import pytest

import feed_documents
import feed_server

CONTACT = 'contact = "https://example.org/bikes"'


@pytest.fixture
def root(request):
    return request.config.rootpath


@pytest.fixture
def feeds():
    with feed_server.FeedServer(feed_documents.made_stations(2738, prefix="ST-")) as server:
        yield server


def tried(bikeflow, tmp_path, text: str) -> subprocess.CompletedProcess:
    """check, then one poll of each feed into the lake, then verify."""
    (tmp_path / "bikeflow.toml").write_text(text)
    options = {"cwd": tmp_path, "env": {"SEOUL_API_KEY": "test-key"}}
    checked = bikeflow.succeed("check", "-c", "bikeflow.toml", **options)
    bikeflow.succeed("run", "-c", "bikeflow.toml", "--until-caught-up", "--close-windows", **options)
    bikeflow.succeed("verify", "--lake", tmp_path / "lake")
    return checked


def replaced(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1
    return text.replace(old, new)


def test_seoul(bikeflow, root, feeds, tmp_path):
    text = (root / "examples/seoul.toml").read_text()
    assert CONTACT in text
    text = replaced(text, '# url = "http://127.0.0.1:8088"', f'url = "{feeds.base}"')
    checked = tried(bikeflow, tmp_path, text)
    assert "feed seoul: HTTP 200, 2738 of 2738 rows" in checked.stdout
    assert "(https://example.org/bikes)" in feeds.requests()[0].headers["user-agent"]
    assert len(list(tmp_path.glob("lake/hourly_summary/system=seoul/**/*.parquet"))) == 1


def test_oslo(bikeflow, root, feeds, tmp_path):
    feeds.add_gbfs("oslo", "3.0", feed_documents.made_stations(250))
    text = (root / "examples/oslo.toml").read_text()
    text = re.sub(r'url = "https://api.entur.io/\S+"', f'url = "{feeds.gbfs_url("oslo")}"', text)
    checked = tried(bikeflow, tmp_path, text)
    assert re.search(r"feed oslo: HTTP 200, 250 of 250 stations, newest data \d+ s old, GBFS 3.0", checked.stdout)
    assert {request.headers.get("et-client-name") for request in feeds.requests()} == {"example-bikeflow"}


def test_fifty(bikeflow, root, feeds, tmp_path):
    lines = ["Country Code,Name,Location,System ID,URL,Auto-Discovery URL,Supported Versions,"
             "Authentication Info URL,Authentication Type,Authentication Parameter Name"]
    for number in range(60):
        country = ("HR", "SI", "SK", "HR", "SK", "AT")[number % 6]
        feeds.add_gbfs(f"city{number}", "2.3", feed_documents.made_stations(30, number))
        lines.append(f"{country},City {number},City,city{number},https://example.org,{feeds.gbfs_url(f'city{number}')},"
                     "2.3,,,")
    (tmp_path / "systems.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "bikeflow.toml").write_text((root / "examples/fifty.toml").read_text())
    checked = bikeflow.succeed("check", "-c", "bikeflow.toml", cwd=tmp_path)
    assert len(re.findall(r"^ok +feed city\d+: HTTP 200, 30 of 30 stations", checked.stdout, re.MULTILINE)) == 50
    assert "user-agent" in feeds.requests()[0].headers and not feeds.requests("city5")


def test_the_unit_is_right_and_hardened(root, program, tmp_path):
    if not shutil.which("systemd-analyze"):
        pytest.skip("no systemd-analyze here")
    text = (root / "packaging/bikeflow.service").read_text()
    unit = tmp_path / "bikeflow.service"
    unit.write_text(replaced(text, "ExecStart=/usr/bin/bikeflow ", f"ExecStart={program.resolve()} "))
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, timeout=60)
    found = done.stdout + done.stderr
    assert done.returncode == 0 and "bikeflow.service" not in found, found
    # 0 is nothing exposed, 10 everything. (Of what is left, the network is most.)
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=20", unit],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout[-500:] + done.stderr


def test_what_the_unit_starts_works(bikeflow, root, feeds, tmp_path):
    """Its command, with another path to the configuration; messages are JSON."""
    [command] = re.findall(r"^ExecStart=/usr/bin/bikeflow (.*)$", (root / "packaging/bikeflow.service").read_text(),
                           re.MULTILINE)
    text = replaced((root / "examples/seoul.toml").read_text(), '# url = "http://127.0.0.1:8088"',
                    f'url = "{feeds.base}"')
    (tmp_path / "bikeflow.toml").write_text(text)
    arguments = command.replace("/etc/bikeflow/bikeflow.toml", "bikeflow.toml").split()
    done = bikeflow.run(*arguments, "--until-caught-up", cwd=tmp_path, env={"SEOUL_API_KEY": "wrong"})
    assert done.returncode == 1
    assert all(line.startswith('{"time":') for line in done.stderr.splitlines()) and '"bad_key' not in done.stderr
    assert "seoul: bad_key: " in done.stderr and "wrong" not in done.stderr
