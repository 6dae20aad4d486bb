"""`check` asks each live feed once and says what it found, with its remedy; it keeps nothing and shows no key."""

import re
import time

import pytest

import feed_documents
import feed_server

KEY = "5a4b7354key62696b"


@pytest.fixture
def feeds():
    with feed_server.FeedServer(feed_documents.made_stations(2738, prefix="ST-"), key=KEY) as server:
        yield server


def config(tmp_path, tables: str, key: str = KEY):
    path = tmp_path / "bikeflow.toml"
    path.write_text(f'{tables}\n[lake]\nurl = "{tmp_path}/lake"\n'.replace("KEY", key))
    return path


def seoul(feeds, *more: str) -> str:
    return "\n".join(['[feed]', 'kind = "seoul"', 'id = "seoul"', 'timezone = "Asia/Seoul"', f'url = "{feeds.base}"',
                      'key = "KEY"', *more])


def gbfs(feeds, name: str, *more: str) -> str:
    return "\n".join(['[[feed]]', 'kind = "gbfs"', f'id = "{name}"', 'timezone = "Europe/Oslo"',
                      f'url = "{feeds.gbfs_url(name)}"', *more])


def check(bikeflow, path, status: int) -> list[str]:
    """The lines of the feeds."""
    done = bikeflow.run("check", "-c", path)
    assert done.returncode == status, done.stdout + done.stderr
    assert KEY not in done.stdout + done.stderr
    return [line for line in done.stdout.splitlines() if " feed " in line]


def test_seoul(bikeflow, feeds, tmp_path):
    path = config(tmp_path, seoul(feeds))
    [line] = check(bikeflow, path, 0)
    assert re.fullmatch(r"ok +feed seoul: HTTP 200, 2738 of 2738 rows, newest data \d s old", line)
    assert [request.document for request in feeds.requests()] == ["bikeList"] * 3
    assert not (tmp_path / "lake").exists()

    path = config(tmp_path, seoul(feeds), key="another-key")
    [line] = check(bikeflow, path, 1)
    assert line.startswith("FAILED      feed seoul: HTTP 200, bad_key: ") and "another-key" not in line
    assert "set the one that data.seoul.go.kr gave you" in line

    feeds.set_fault("seoul", "bad_rows")
    [line] = check(bikeflow, config(tmp_path, seoul(feeds)), 0)
    assert ", 2683 of 2738 rows (55 cannot be read: bad_bikes), newest" in line


def test_the_sample_key_has_five_stations(bikeflow, tmp_path):
    with feed_server.FeedServer(feed_documents.made_stations(5, prefix="ST-"), key="sample") as feeds:
        [line] = check(bikeflow, config(tmp_path, seoul(feeds), key="sample"), 0)
    assert re.search(r"feed seoul: HTTP 200, 5 of 5 rows, newest data \d s old, sample key: only 5 stations;", line)


def test_the_budget_is_what_the_service_has_left_of_it(bikeflow, feeds, tmp_path):
    path = config(tmp_path, seoul(feeds, "daily_calls = 10"))
    assert check(bikeflow, path, 0)[0].endswith(", 7 of 10 calls left today")
    bikeflow.succeed("run", "-c", path, "--until-caught-up")
    assert check(bikeflow, path, 0)[0].endswith(", 4 of 10 calls left today")
    before = sorted((file, file.stat().st_mtime_ns) for file in (tmp_path / "lake").glob("**/*") if file.is_file())
    assert check(bikeflow, path, 0)[0].endswith(", 4 of 10 calls left today")
    after = sorted((file, file.stat().st_mtime_ns) for file in (tmp_path / "lake").glob("**/*") if file.is_file())
    assert [file for file in after if file[0].name != "lock"] == [file for file in before if file[0].name != "lock"]


def test_systems_of_gbfs_good_and_bad_at_once(bikeflow, feeds, tmp_path):
    for name, version in (("north", "2.3"), ("old", "1.0"), ("slow", "3.0"), ("gone", "2.3")):
        feeds.add_gbfs(name, version, feed_documents.made_stations(50), ttl=60)
    feeds.set_fault("gone", "status", document="gbfs", status=503)
    feeds.set_fault("slow", "slow", document="gbfs", seconds=4)
    tables = [gbfs(feeds, "north"), gbfs(feeds, "old", 'every = "60s"'), gbfs(feeds, "slow"), gbfs(feeds, "gone"),
              '[[feed]]\nkind = "gbfs"\nid = "nowhere"\ntimezone = "UTC"\n'
              f'url = "http://{feed_server.HOST}:1/gbfs.json?secret={KEY}"']
    begin = time.monotonic()
    lines = check(bikeflow, config(tmp_path, "\n".join(tables)), 1)
    assert time.monotonic() - begin < 20
    said = {re.search(r"feed (\w+):", line)[1]: line for line in lines}
    assert len(lines) == len(said) == 5
    assert re.search(r"^ok .* HTTP 200, 50 of 50 stations, newest data \d s old, GBFS 2.3, it asks not to be polled "
                     r'within 60 s \(its ttl\), so that is kept to instead of every = "30s"', said["north"])
    assert re.search(r"^ok .*, GBFS without a version, as 1.0$", said["old"])
    assert re.search(r"^ok .*, GBFS 3.0, ", said["slow"])
    assert re.search(r"^FAILED .* HTTP 503, http_status: ", said["gone"])
    assert re.search(r"^FAILED .* nowhere: refused: .*are host and port", said["nowhere"])


def test_a_catalogue(bikeflow, feeds, tmp_path):
    feeds.add_gbfs("north", "2.3", feed_documents.made_stations(50))
    (tmp_path / "systems.csv").write_text(
        "Country Code,Name,Location,System ID,URL,Auto-Discovery URL,Supported Versions,Authentication Info URL,"
        "Authentication Type,Authentication Parameter Name\n"
        f"NO,North,Oslo,north,https://example.org,{feeds.gbfs_url('north')},2.3,,,\n"
        f"NO,Closed,Oslo,closed,https://example.org,{feeds.base}/closed/gbfs.json,2.3,https://example.org/key,2,Key\n"
        f"FR,South,Paris,south,https://example.org,{feeds.base}/south/gbfs.json,2.3,,,\n")
    lines = check(bikeflow, config(tmp_path, f'[feed]\nkind = "gbfs"\nsystems = "{tmp_path}/systems.csv"\n'
                                             'countries = ["NO"]\nevery = "60s"'), 3)
    assert len(lines) == 2
    assert "closed, which wants the header Key; how to get it: https://example.org/key" in lines[0]
    assert re.search(r"^ok +feed north: HTTP 200, 50 of 50 stations", lines[1])


def test_one_that_never_ends_is_left_after_the_time_for_all(bikeflow, tmp_path):
    """With two connections to a host, a queue of slow answers passes the limit."""
    with feed_server.FeedServer() as feeds:
        tables = []
        for number in range(7):
            feeds.add_gbfs(f"slow{number}", "2.3", feed_documents.made_stations(5))
            feeds.set_fault(f"slow{number}", "slow", document="gbfs", seconds=9)
            tables.append(gbfs(feeds, f"slow{number}"))
        begin = time.monotonic()
        lines = check(bikeflow, config(tmp_path, "\n".join(tables)), 3)
        assert 29 < time.monotonic() - begin < 36
    waiting = [line for line in lines if line.startswith("not checked feed slow")]
    assert waiting and all("no answer to the end within the 30 s" in line for line in waiting)
    assert [line for line in lines if line.startswith("ok")]
