"""test/tools/feed_server.py: its feeds have the shapes of the real ones, fail as told, and are written down."""

import gzip
import http.client
import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

import feed_documents
import feed_server

SCRIPT = pathlib.Path(feed_server.__file__)


@pytest.fixture
def feeds(tmp_path):
    with feed_server.FeedServer(feed_documents.made_stations(2738, prefix="ST-"),
                                served=tmp_path / "served.ndjson") as server:
        yield server


def get(url: str, headers: dict[str, str] = {}) -> tuple[int, bytes, dict[str, str]]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
            return answer.status, answer.read(), dict(answer.headers)
    except urllib.error.HTTPError as error:
        return error.code, error.read(), dict(error.headers)


def page(feeds: feed_server.FeedServer, start: int, end: int | None = None) -> dict:
    return json.loads(get(f"{feeds.seoul_url}/{start}/{end or start + 999}/")[1])


def rows(feeds: feed_server.FeedServer) -> list[dict]:
    """All of a poll, until there is no more."""
    found = []
    while "rentBikeStatus" in (document := page(feeds, len(found) // 1000 * 1000 + 1)):
        found += document["rentBikeStatus"]["row"]
        if len(document["rentBikeStatus"]["row"]) < 1000:
            break
    return found


def counts(found: list[dict]) -> dict[str, tuple[int, int]]:
    kept: dict[str, tuple[int, int]] = {}
    for row in found:
        if (bikes := row["parkingBikeTotCnt"]) and bikes.isdecimal():
            kept.setdefault(row["stationId"], (int(bikes), int(row["rackTotCnt"])))
    return kept


def status(feeds: feed_server.FeedServer, name: str) -> dict:
    return json.loads(get(f"{feeds.base}/gbfs/{name}/station_status.json")[1])


def test_seoul_has_pages_and_codes(feeds):
    first = page(feeds, 1)["rentBikeStatus"]
    assert first["RESULT"]["CODE"] == "INFO-000" and first["list_total_count"] == len(first["row"]) == 1000
    assert all(isinstance(value, str) for value in first["row"][0].values())
    assert len(page(feeds, 2001)["rentBikeStatus"]["row"]) == 738
    assert page(feeds, 3001)["CODE"] == "INFO-200"
    assert page(feeds, 1, 1001)["CODE"] == "ERROR-336"
    assert page(feeds, 5, 4)["CODE"] == "ERROR-334"
    bad_key = get(f"{feeds.base}/wrong/json/bikeList/1/5/")
    assert bad_key[0] == 200 and bad_key[1].startswith(b"<RESULT><CODE>INFO-100")
    assert get(f"{feeds.base}/")[0] == 500


def test_what_was_served_is_written_down(feeds, tmp_path):
    found = [counts(rows(feeds)) for _ in range(3)]
    assert found[0] != found[1] and found[1] != found[2]
    page(feeds, 1)  # a poll that goes no further
    polls = feeds.served("seoul")
    assert [poll.stations for poll in polls[:3]] == found
    assert [poll.is_whole for poll in polls] == [True, True, True, False]
    assert all(poll.polled_at <= poll.answered_at for poll in polls)
    feeds.close()
    lines = [json.loads(line) for line in (tmp_path / "served.ndjson").read_text().splitlines()]
    written = {line["station"]: (line["bikes"], line["racks"]) for line in lines if line["poll"] == 2}
    assert written == found[1]
    assert {line["is_whole"] for line in lines if line["poll"] == 4} == {False}


def test_the_same_seed_gives_the_same_counts():
    def served(seed: int) -> list[dict]:
        with feed_server.FeedServer(feed_documents.made_stations(50), seed) as server:
            return [counts(rows(server)) for _ in range(3)]
    assert served(1) == served(1) != served(2)


def test_faults_come_at_their_polls_and_pages(feeds):
    feeds.set_fault("seoul", "code", polls=[2], page=2)
    feeds.set_fault("seoul", "code", polls=[3], page=1, code="INFO-200", shape="nested")
    assert len(rows(feeds)) == 2738
    assert page(feeds, 1)["rentBikeStatus"] and page(feeds, 1001)["CODE"] == "ERROR-500"
    assert page(feeds, 1) == {"RESULT": {"CODE": "INFO-200", "MESSAGE": feed_documents.MESSAGES["INFO-200"]}}
    assert len(rows(feeds)) == 2738
    assert [poll.is_whole for poll in feeds.served()] == [True, False, False, True]
    assert [poll.faults for poll in feeds.served()] == [set(), {"code"}, {"code"}, set()]


@pytest.mark.parametrize("kind, count", [
    ("duplicates", 2741), ("no_coordinates", 2738), ("null_name", 2738), ("bad_rows", 2738), ("thousands", 2000),
    ("zeros", 2738), ("short", None)])
def test_faults_of_rows(feeds, kind, count):
    feeds.set_fault("seoul", kind, polls=[1])
    found = rows(feeds)
    poll, = feeds.served()
    assert poll.is_whole and poll.faults == {kind} and poll.stations == counts(found)
    assert len(found) == count or count is None and 1700 < len(found) < 2150
    if kind == "duplicates":
        assert len(poll.stations) == 2738
    if kind == "no_coordinates":
        assert {row.get("stationLatitude") for row in found[:30:10]} == {"0", "", None}
    if kind == "null_name":
        assert found[0]["stationName"] is None
    if kind == "bad_rows":
        assert len(poll.stations) == 2738 - 55
    if kind == "thousands":
        assert page(feeds, 2001)["CODE"] == "INFO-200"
    if kind == "zeros":
        assert 0.25 < sum(row["parkingBikeTotCnt"] == "0" for row in found) / len(found) < 0.5


def test_faults_of_http(feeds):
    feeds.set_fault("seoul", "busy", polls=[1], retry_after=7)
    feeds.set_fault("seoul", "slow", polls=[2], seconds=0.3)
    feeds.set_fault("seoul", "cut", polls=[3])
    feeds.set_fault("seoul", "status", polls=[4], status=502)
    url = f"{feeds.seoul_url}/1/1000/"
    refused = get(url)
    assert refused[0] == 429 and refused[2]["Retry-After"] == "7"
    begin = time.monotonic()
    assert get(url)[0] == 200 and time.monotonic() - begin >= 0.3
    with pytest.raises(http.client.IncompleteRead):
        get(url)
    assert get(url)[0] == 502
    assert not any(poll.is_whole for poll in feeds.served())


@pytest.mark.parametrize("version", feed_documents.GBFS_VERSIONS)
def test_gbfs_has_the_shape_of_its_version(feeds, version):
    feeds.add_gbfs("north", version, feed_documents.made_stations(40), ttl=5)
    discovery = json.loads(get(feeds.gbfs_url("north"))[1])
    assert discovery.get("version") == (None if version == "1.0" else version)
    listed = discovery["data"]["feeds"] if version == "3.0" else discovery["data"]["en"]["feeds"]
    urls = {feed["name"]: feed["url"] for feed in listed}
    documents = {name: json.loads(get(url)[1]) for name, url in urls.items()}
    assert ("gbfs_versions" in urls) == (version != "1.0")
    station = documents["station_status"]["data"]["stations"][0]
    assert documents["station_status"]["ttl"] == 5
    assert ("num_vehicles_available" in station) == (version == "3.0")
    assert isinstance(documents["station_status"]["last_updated"], str if version == "3.0" else int)
    assert (station["is_renting"] is True) == (version >= "2")
    name = documents["station_information"]["data"]["stations"][0]["name"]
    assert name == ([{"text": "Station 1", "language": "en"}] if version == "3.0" else "Station 1")


def test_gbfs_moves_and_answers_304(feeds):
    feeds.add_gbfs("north", "2.3", feed_documents.made_stations(40), period=1)
    url = f"{feeds.base}/gbfs/north/station_status.json"
    code, body, headers = get(url, {"Accept-Encoding": "gzip"})
    first = json.loads(gzip.decompress(body))
    if get(url, {"If-None-Match": headers["ETag"]})[0] != 304:  # it moved in between
        headers = get(url)[2]
        assert get(url, {"If-None-Match": headers["ETag"]})[0] == 304
    time.sleep(1.1)
    code, body, _ = get(url, {"If-None-Match": headers["ETag"]})
    second = json.loads(body)
    assert code == 200 and second["last_updated"] > first["last_updated"]
    polls = feeds.served("north")
    assert polls[0].observed_at == first["last_updated"] and polls[-1].observed_at == second["last_updated"]
    assert polls[-1].stations == {
        station["station_id"]: (station["num_bikes_available"], racks) for station, racks in
        zip(second["data"]["stations"], (place.racks for place in feed_documents.made_stations(40)))}


def test_faults_of_gbfs(feeds):
    feeds.add_gbfs("north", "2.3", feed_documents.made_stations(40), period=0.2)
    url = f"{feeds.base}/gbfs/north/station_status.json"
    first = status(feeds, "north")
    feeds.set_fault("north", "frozen")
    time.sleep(1.2)
    frozen = status(feeds, "north")
    assert frozen == status(feeds, "north") and frozen["last_updated"] <= first["last_updated"] + 1
    feeds.clear_faults("north")
    assert status(feeds, "north")["last_updated"] > frozen["last_updated"]

    feeds.set_fault("north", "text", status=404, polls=[5])
    feeds.set_fault("north", "bomb", megabytes=20, polls=[6])
    feeds.set_fault("north", "redirect", polls=[7])
    feeds.set_fault("north", "redirect", document="gbfs", polls=range(1, 100))
    assert get(url)[:2] == (404, b"404 Not Found")
    bomb = get(url)[1]
    assert len(bomb) < 100_000 and len(gzip.decompress(bomb)) == 20_000_000
    assert status(feeds, "north")  # urllib follows, and by then it is the next request
    assert get(feeds.gbfs_url("north"))[0] == 302
    feeds.clear_faults()
    feeds.set_fault("north", "missing", document="vehicle_types")
    assert b"vehicle_types" not in get(feeds.gbfs_url("north"))[1]
    assert get(f"{feeds.base}/gbfs/north/vehicle_types.json")[0] == 404


def test_a_stopped_server_refuses_and_starts_again_at_its_port(feeds):
    connection = http.client.HTTPConnection(feed_server.HOST, feeds.port, timeout=5)
    connection.request("GET", "/")
    connection.getresponse().read()
    feeds.stop()
    with pytest.raises((OSError, http.client.HTTPException)):  # also on a connection that was kept
        connection.request("GET", "/")
        connection.getresponse()
    with pytest.raises(urllib.error.URLError):
        get(f"{feeds.base}/")
    feeds.start()
    assert len(rows(feeds)) == 2738


def test_wrong_faults_are_told(feeds):
    with pytest.raises(ValueError, match="no fault is called 'nothing'"):
        feeds.set_fault("seoul", "nothing")
    with pytest.raises(ValueError, match="no system is called 'south'"):
        feeds.set_fault("south", "slow")


def test_as_a_program_of_its_own(data, tmp_path):
    served = tmp_path / "served.ndjson"
    process = subprocess.Popen(
        [sys.executable, SCRIPT, "--served", served, "--gbfs", "north=3.0"], stdout=subprocess.PIPE, text=True,
        env=os.environ | {"BIKEFLOW_DATA": str(data)})
    try:
        base = f"http://{feed_server.HOST}:{int(process.stdout.readline())}"
        assert get(f"{base}/gbfs/north/gbfs.json")[0] == 200

        def control(name: str, **asked) -> int:
            request = urllib.request.Request(f"{base}/control/{name}", json.dumps(asked).encode())
            try:
                return urllib.request.urlopen(request, timeout=10).status
            except urllib.error.HTTPError as error:
                return error.code
        assert control("fault", system="seoul", kind="bad_key", polls=[1]) == 200
        assert control("fault", system="seoul", kind="nothing") == 400
        assert get(f"{base}/test-key/json/bikeList/1/1000/")[1].startswith(b"<RESULT>")
        assert control("clear") == 200
        found = json.loads(get(f"{base}/test-key/json/bikeList/1/1000/")[1])["rentBikeStatus"]["row"]
        assert found[0]["stationName"] == "102. 망원역 1번출구 앞" and found[0]["stationId"] == "ST-4"
        assert json.loads(get(f"{base}/control/polls")[1]) == {"seoul": 2}
        lines = get(f"{base}/control/served")[1].splitlines()
        assert len({json.loads(line)["station"] for line in lines}) == len(feed_documents.seoul_stations(data))
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert len(served.read_text().splitlines()) == len(lines)
