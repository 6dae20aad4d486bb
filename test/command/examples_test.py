"""The configurations of examples/ and the unit of packaging/, each tried: with feeds on loopback in the place of the
real ones."""

import json
import re
import shutil
import subprocess
import time

import pytest

import feed_documents
import feed_server

# What the unit keeps: the network, its socket to systemd, files that others may read, and what only a root of its own
# would take away.
NEEDED = {"RootDirectoryOrRootImage", "PrivateMounts", "RestrictAddressFamilies_AF_UNIX",
          "RestrictAddressFamilies_AF_INET_INET6", "ProcSubset", "PrivateNetwork", "DeviceAllow", "IPAddressDeny", "UMask"}
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


@pytest.fixture
def seoul(root, feeds) -> str:
    return replaced((root / "examples/seoul.toml").read_text(), '# url = "http://127.0.0.1:8088"',
                    f'url = "{feeds.base}"')


def test_seoul(bikeflow, seoul, feeds, tmp_path):
    assert CONTACT in seoul
    checked = tried(bikeflow, tmp_path, seoul)
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


@pytest.fixture
def unit(root) -> str:
    return (root / "packaging/bikeflow@.service").read_text()


def test_what_is_installed_as_the_unit_says_needs_nothing_of_the_build(unit, program, tmp_path):
    """A service sees no home, where the build has found Arrow."""
    lines = re.findall(r"^#   (install .*/usr/(?:bin|lib)/bikeflow.*)$", unit, re.MULTILINE)
    assert len(lines) == 2
    for line in lines:
        command = line.replace("/usr/", f"{tmp_path}/usr/").replace(" build/bikeflow", f" {program}")
        subprocess.run(["bash", "-euc", command], check=True, timeout=60)
    found = subprocess.run(["ldd", tmp_path / "usr/bin/bikeflow"], capture_output=True, text=True, check=True).stdout
    arrow = re.findall(r"^\s*(lib(?:arrow|parquet)\S*) => (\S+)", found, re.MULTILINE)
    assert len(arrow) >= 2
    for name, path in arrow:
        assert path.startswith(str(tmp_path)), f"{name} is {path}"


@pytest.mark.parametrize("command", ["run", "poll"])
def test_the_unit_is_right_and_hardened(unit, program, command, tmp_path):
    if not shutil.which("systemd-analyze"):
        pytest.skip("no systemd-analyze here")
    path = tmp_path / f"bikeflow@{command}.service"
    path.write_text(replaced(unit, "ExecStart=/usr/bin/bikeflow ", f"ExecStart={program.resolve()} "))
    # Without --man=no a machine without manuals makes it fail, whatever the unit.
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", path], capture_output=True, text=True, timeout=60)
    found = done.stdout + done.stderr
    assert done.returncode == 0 and path.name not in found, found
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--json=short", path],
                          capture_output=True, text=True, timeout=60)
    exposed = {check["json_field"] for check in json.loads(done.stdout) if float(check["exposure"] or 0) > 0}
    assert exposed <= NEEDED, exposed - NEEDED
    assert "Type=notify\n" in unit and "WatchdogSec=" in unit, "it is watched"


def command_of(unit: str, instance: str, config) -> list[str]:
    """What the unit starts, with another path to the configuration."""
    [command] = re.findall(r"^ExecStart=/usr/bin/bikeflow (.*)$", unit, re.MULTILINE)
    return replaced(replaced(command, "/etc/bikeflow/bikeflow.toml", str(config)), "%i", instance).split()


def test_what_the_unit_starts_works(bikeflow, unit, seoul, tmp_path):
    """Messages are JSON."""
    (tmp_path / "bikeflow.toml").write_text(seoul)
    done = bikeflow.run(*command_of(unit, "run", "bikeflow.toml"), "--until-caught-up", cwd=tmp_path,
                        env={"SEOUL_API_KEY": "wrong"})
    assert done.returncode == 1
    assert all(line.startswith('{"time":') for line in done.stderr.splitlines()) and '"bad_key' not in done.stderr
    assert "seoul: bad_key: " in done.stderr and "wrong" not in done.stderr


def test_the_units_producer_keeps_its_spool_where_it_may_write(bikeflow, unit, seoul, tmp_path):
    """In its own folder, as the lake: that of the configuration is read-only to it."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "var").mkdir()
    config = tmp_path / "etc/bikeflow.toml"
    config.write_text(seoul + '[kafka]\nbrokers = "127.0.0.1:1"\ntopic = "bikes"\n')
    process = subprocess.Popen(bikeflow.command(*command_of(unit, "poll", config)), cwd=tmp_path / "var",
                               env={"SEOUL_API_KEY": "test-key"}, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 30
        while not list(tmp_path.glob("var/bikeflow-spool/*.round")):
            assert process.poll() is None and time.monotonic() < end
            time.sleep(0.1)
    finally:
        process.terminate()
        process.wait(timeout=10)
    assert [path.name for path in (tmp_path / "etc").iterdir()] == ["bikeflow.toml"]
