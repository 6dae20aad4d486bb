"""The API of a running pipeline: what it answers is what src/api/openapi.json says, and what the feed said.

Each path of that description is asked here, and each answer held against its schema; GBFS documents are held against
the published ones.
"""

import csv
import dataclasses
import datetime
import http.client
import io
import json
import pathlib
import re
import time
import urllib.error
import urllib.parse
import urllib.request

import jsonschema
import pyarrow.dataset
import pyarrow.parquet
import pytest

import feed_documents
import feed_pipelines
import feed_server
import pipelines

DESCRIPTION = json.loads((pathlib.Path(__file__).parents[2] / "src/api/openapi.json").read_text())
SYSTEM = "seoul"
STATIONS = 40


class Client:
    def __init__(self, url: str, token: str | None = None) -> None:
        self.url = url
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.asked: set[str] = set()

    def get(self, path: str, status: int = 200, **query) -> tuple[bytes, http.client.HTTPMessage]:
        found, body, headers = self.ask(path, **query)
        assert found == status, (path, found, body[:300])
        return body, headers

    def ask(self, path: str, **query) -> tuple[int, bytes, http.client.HTTPMessage]:
        """Whatever its status is."""
        target = self.url + path + ("?" + urllib.parse.urlencode(query) if query else "")
        request = urllib.request.Request(target, headers=self.headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                found, body, headers = answer.status, answer.read(), answer.headers
        except urllib.error.HTTPError as error:
            found, body, headers = error.code, error.read(), error.headers
        self._hold(path, found, headers.get_content_type(), body)
        return found, body, headers

    def json(self, path: str, status: int = 200, **query):
        return json.loads(self.get(path, status, **query)[0])

    def _hold(self, path: str, status: int, content_type: str, body: bytes) -> None:
        """Against the description."""
        found = [described for described in DESCRIPTION["paths"] if matches(described, path)]
        if not found:
            return
        described = min(found, key=lambda each: each.count("{"))
        self.asked.add(described)
        answers = DESCRIPTION["paths"][described]["get"]["responses"]
        assert str(status) in answers, (path, status)
        answer = answers[str(status)]
        if "$ref" in answer:
            answer = DESCRIPTION["components"]["responses"][answer["$ref"].rsplit("/", 1)[1]]
        assert content_type in answer["content"], (path, content_type)
        if content_type == "application/json":
            validate(json.loads(body), answer["content"][content_type]["schema"])


def matches(described: str, path: str) -> bool:
    pattern = re.sub(r"\{[a-z]+\}", "[^/]+", described.replace(".", r"\."))
    return re.fullmatch(pattern, path) is not None


def validate(value, schema) -> None:
    jsonschema.validate(value, {**plain(schema), "components": plain(DESCRIPTION["components"])})


def plain(schema):
    """OpenAPI 3.0's `nullable` as JSON Schema says it."""
    if isinstance(schema, list):
        return [plain(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    changed = {key: plain(value) for key, value in schema.items() if key != "nullable"}
    if schema.get("nullable") is True and "type" in changed:
        changed["type"] = [changed["type"], "null"]
    return changed


@dataclasses.dataclass
class Scene:
    client: Client
    server: feed_server.FeedServer
    feed: feed_pipelines.FeedPipeline
    copy: pipelines.Copy

    def path(self, rest: str) -> str:
        return f"/api/v1/systems/{SYSTEM}/{rest}"

    def range(self) -> dict[str, str]:
        """All hours that there can be."""
        now = time.time()
        return {"from": utc(now - 3600), "to": utc(now + 3600)}


def utc(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def start(program, folder: pathlib.Path, server: feed_server.FeedServer, dashboard: str, **windows: int) -> Scene:
    feed = feed_pipelines.FeedPipeline(program, folder, feed_pipelines.seoul_feed(server.base), key="k", **windows)
    copy = pipelines.Copy(pipelines.with_page(feed, dashboard), "run").start()
    return Scene(Client(copy.page()[0]), server, feed, copy)


def wait_for(what, copy: pipelines.Copy, seconds: float = 30):
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end and copy.running(), copy.said()
        time.sleep(0.1)
    return found


@pytest.fixture(scope="module")
def scene(program, tmp_path_factory):
    """A feed that is polled each second, windows of ten seconds, and the API beside it."""
    with feed_server.FeedServer(seoul=feed_documents.made_stations(STATIONS), key="k") as server:
        scene = start(program, tmp_path_factory.mktemp("api"), server, 'hosts = ["bikes.example.org"]\n')
        try:
            # The second window of which there are rows, so that the first is final.
            wait_for(lambda: len(scene.client.json("/api/v1/about")["systems"]) > 0, scene.copy)
            wait_for(lambda: len(scene.client.json(scene.path("totals"), **scene.range())["hours"]) > 1, scene.copy, 60)
            yield scene
        finally:
            scene.copy.kill()


def test_each_path_answers_as_it_is_described(scene):
    client = scene.client
    ids = [each["id"] for each in client.json(scene.path("stations"))["stations"]]
    station = ids[7]
    about = client.json("/api/v1/about")
    assert about["systems"][0]["id"] == SYSTEM and about["systems"][0]["stations"] == STATIONS
    assert client.json("/api/v1/openapi.json") == DESCRIPTION
    assert client.json(scene.path(f"stations/{station}"))["id"] == station
    trail = client.json(scene.path(f"stations/{station}/bikes"))
    assert trail["points"] and not trail["gaps"]
    assert client.json(scene.path("movements"))["movements"]
    state = client.json(scene.path("state"))
    assert state["stations"] == {"known": STATIONS, "stale": 0, "empty": state["stations"]["empty"],
                                 "full": state["stations"]["full"]}
    assert state["feed"]["is_failing"] is False and state["feed"]["polls"] > 10
    assert re.fullmatch(r"\d\d:\d\d:\d\d open: watermark [-0-9: ]+, needs [-0-9: ]+", state["waits"][-1]["why"])
    client.json(scene.path("hours"), **scene.range())
    client.json(scene.path("hour-columns"), **scene.range())
    client.json(scene.path("outlook"))
    client.get("/healthz"), client.get("/readyz")
    for document in ("gbfs", "system_information", "station_information", "station_status"):
        client.json(f"/gbfs/{SYSTEM}/{document}.json")
    wrong = {
        "/api/v1/systems/oslo/stations": 404, scene.path("stations/none"): 404, scene.path("stations/none/bikes"): 404,
        scene.path("stations") + "?format=xml": 400, scene.path("hours"): 400, scene.path("totals"): 400,
        scene.path("hours") + "?from=2024-01-01&to=2024-03-01": 400, "/api/v2/about": 404,
        scene.path("hours") + "?from=yesterday&to=today": 400,
        scene.path("hour-columns") + "?from=2024-01-01T00:00&to=2024-01-02T02:00": 400,
        scene.path("totals") + "?from=1969-12-31&to=1970-01-02": 400,
    }
    for path, status in wrong.items():
        error = client.json(path, status)["error"]
        assert len(error) > 10, path
    streams = {path for path in DESCRIPTION["paths"] if path.endswith("/events")}
    assert client.asked == set(DESCRIPTION["paths"]) - streams - {"/metrics"}


def test_windows_that_slide_are_told_apart(program, tmp_path):
    with feed_server.FeedServer(seoul=feed_documents.made_stations(5), key="k") as server:
        scene = start(program, tmp_path, server, "", length=20, slide=10)
        try:
            [system] = wait_for(lambda: scene.client.json("/api/v1/about")["systems"], scene.copy)
            assert (system["window_s"], system["slide_s"]) == (20, 10)
            first, second = wait_for(lambda: scene.client.json(scene.path("state"))["waits"], scene.copy)
            assert seconds_between(first["hour"], first["needs"]) == 20
            assert seconds_between(first["hour"], second["hour"]) == 10
            assert seconds_between(first["needs"], second["needs"]) == 10
        finally:
            scene.copy.kill()


def seconds_between(earlier: str, later: str) -> float:
    return (datetime.datetime.fromisoformat(later) - datetime.datetime.fromisoformat(earlier)).total_seconds()


def test_whoever_is_on_this_machine_may_ask_without_limit(scene):
    """As a proxy does, for all of its clients: more often than any address may where nothing is set."""
    at_once, each_second = 200, 50
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(scene.client.url).netloc, timeout=20)
    begin = time.monotonic()
    asked, took_s = 0, 0.0
    while asked <= at_once + each_second * took_s:
        connection.request("GET", "/api/v1/about")
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200, asked
        asked, took_s = asked + 1, time.monotonic() - begin
        assert took_s < 60, f"{asked} requests are too few to tell"


def test_the_stations_are_those_of_the_feed(scene):
    def is_same() -> bool:
        before = scene.server.served()
        answer = scene.client.json(scene.path("stations"))
        served = next((poll for poll in reversed(before) if poll.is_whole), None)
        return served is not None and served.stations == {
            each["id"]: (each["bikes"], each["racks"]) for each in answer["stations"]}
    wait_for(is_same, scene.copy)


def test_rows_are_those_of_the_lake(scene):
    hours = scene.client.json(scene.path("totals"), **scene.range())["hours"]
    first = hours[0]
    span = {"from": first["start"], "to": first["end"]}
    rows = scene.client.json(scene.path("hours"), **span)["hours"]
    lake = pyarrow.dataset.dataset(str(scene.feed.lake / "hourly_summary"), format="parquet").to_table().to_pylist()
    expected = [{name: utc(cell.timestamp()) if name in ("start", "end") else cell for name, cell in row.items()}
                for row in sorted(lake, key=lambda row: row["stationId"]) if utc(row["start"].timestamp()) == span["from"]]
    assert rows == expected and len(rows) == STATIONS
    for column in ("total_rental", "total_return", "bikes_close", "observed_seconds"):
        assert first[column] == sum(row[column] for row in rows)

    text = scene.client.get(scene.path("hours"), format="csv", **span)[0].decode()
    assert [row["stationId"] for row in csv.DictReader(io.StringIO(text))] == [row["stationId"] for row in rows]
    parquet = scene.feed.folder / "hours.parquet"
    parquet.write_bytes(scene.client.get(scene.path("hours"), format="parquet", **span)[0])
    assert pyarrow.parquet.read_table(parquet)["total_rental"].to_pylist() == [row["total_rental"] for row in rows]
    one = scene.client.json(scene.path("hours"), station=rows[3]["stationId"], **span)["hours"]
    assert one == [rows[3]]

    columns = scene.client.json(scene.path("hour-columns"), **span)
    assert columns["stations"] == [row["stationId"] for row in rows] and len(columns["hours"]) == 1
    hour = columns["hours"][0]
    after = scene.client.json(scene.path("totals"), **span)["hours"][0]
    assert (hour["start"], hour["end"]) == (first["start"], first["end"])
    assert (hour["state"], hour["why"]) in [(each["state"], each["why"]) for each in (first, after)]
    for name in set(rows[0]) - {"start", "end", "stationId"}:
        assert hour[name] == [row[name] for row in rows], name


def test_gbfs_documents_are_valid(scene, data):
    for name in ("gbfs", "system_information", "station_information", "station_status"):
        schema = json.loads((data / f"feeds/gbfs-v3.0-schema/{name}.json").read_text())
        document = scene.client.json(f"/gbfs/{SYSTEM}/{name}.json")
        jsonschema.validate(document, schema, format_checker=jsonschema.FormatChecker())
        if name.startswith("station"):
            assert len(document["data"]["stations"]) == STATIONS


def test_gbfs_documents_name_each_other_by_the_address_of_the_proxy(program, tmp_path, scene):
    def linked(client: Client, **headers) -> set[str]:
        client.headers |= headers
        feeds = client.json(f"/gbfs/{SYSTEM}/gbfs.json")["data"]["feeds"]
        return {feed["url"].removesuffix(f"/{feed['name']}.json") for feed in feeds}

    # Whatever a request says of a proxy: anybody may say it.
    said = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example.org", "Forwarded": "proto=https"}
    assert linked(Client(scene.client.url), **said) == {f"{scene.client.url}/gbfs/{SYSTEM}"}
    assert linked(Client(scene.client.url), Host="bikes.example.org") == {f"http://bikes.example.org/gbfs/{SYSTEM}"}
    with feed_server.FeedServer(seoul=feed_documents.made_stations(5), key="k") as server:
        proxied = start(program, tmp_path, server, 'url = "https://bikes.example.org:8443/city/"\n')
        try:
            wait_for(lambda: proxied.client.json("/api/v1/about")["systems"], proxied.copy)
            for headers in ({}, said, {"Host": "bikes.example.org:8443"}):
                assert linked(Client(proxied.client.url), **headers) == {
                    f"https://bikes.example.org:8443/city/gbfs/{SYSTEM}"}
            other = Client(proxied.client.url)
            other.headers["Host"] = "other.example.org"
            other.get("/", 421)
        finally:
            proxied.copy.kill()


class Events:
    """A stream, read as browsers do."""

    def __init__(self, scene: Scene, last_id: str = "") -> None:
        host = urllib.parse.urlsplit(scene.client.url).netloc
        self.connection = http.client.HTTPConnection(host, timeout=20)
        self.connection.request("GET", scene.path("events"), headers={"Last-Event-ID": last_id} if last_id else {})
        self.answer = self.connection.getresponse()
        assert self.answer.status == 200 and self.answer.headers.get_content_type() == "text/event-stream"
        self.until = time.monotonic() + 40  # all that a test waits for has come by then

    def next(self) -> tuple[str, str, dict]:
        fields: dict[str, str] = {}
        while True:
            assert time.monotonic() < self.until, "what the test waits for did not come"
            line = self.answer.readline().decode().rstrip("\n")
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
            elif "data" in fields:
                return fields["event"], fields["id"], json.loads(fields["data"])

    def close(self) -> None:
        self.connection.close()


def test_events_build_what_the_api_tells_and_go_on_where_a_reader_was(scene):
    known: dict[str, dict] = {}
    seen: set[str] = set()
    last = ""

    def take(events: Events) -> str:
        nonlocal last
        kind, last, data = events.next()
        seen.add(kind)
        if kind == "snapshot":
            known.clear()
        if kind in ("snapshot", "stations"):
            known.update({each["id"]: each for each in data["stations"]})
            for each in data["stations"]:
                validate(each, {"$ref": "#/components/schemas/Station"})
        if kind == "seen":
            for group in data["seen"]:
                for station in group["ids"]:
                    known[station]["observed_at"] = group["at"]
        if kind == "state":
            validate(data, {"$ref": "#/components/schemas/State"})
        return kind

    events = Events(scene)
    assert take(events) == "snapshot" and len(known) == STATIONS
    while seen != {"snapshot", "stations", "seen", "movements", "state"}:
        take(events)
    while take(events) != "stations":
        pass
    events.close()
    time.sleep(2.5)  # polls that this reader does not see

    events = Events(scene, last)
    seen.clear()
    while take(events) != "stations":
        pass
    assert "snapshot" not in seen
    deadline = time.monotonic() + 20
    while True:
        answer = {each["id"]: each for each in scene.client.json(scene.path("stations"))["stations"]}
        if known == answer:
            break
        assert time.monotonic() < deadline
        take(events)
    events.close()
    foreign = Events(scene, "0123456789abcdef-17")
    assert foreign.next()[0] == "snapshot"
    foreign.close()


def test_a_token_is_asked_for_where_one_is_set(program, tmp_path):
    with feed_server.FeedServer(seoul=feed_documents.made_stations(5), key="k") as server:
        scene = start(program, tmp_path, server, 'token = "s3cret"\n')
        try:
            scene.client.get("/healthz")
            assert "token" in scene.client.json("/api/v1/about", 401)["error"].lower()
            Client(scene.client.url, "s3cret").json("/api/v1/about")
            Client(scene.client.url, "s3cre").json("/api/v1/about", 401)
            assert "s3cret" not in scene.copy.said()
        finally:
            scene.copy.kill()


def test_an_address_gets_as_many_answers_as_are_allowed(program, tmp_path):
    with feed_server.FeedServer(seoul=feed_documents.made_stations(5), key="k") as server:
        scene = start(program, tmp_path, server, "requests_per_second = 2\n")
        try:
            wait_for(lambda: scene.client.ask("/readyz")[0] == 200, scene.copy)
            begin = time.monotonic()
            answers = [scene.client.ask("/api/v1/about") for _ in range(90)]
            took_s = time.monotonic() - begin
            refused = [headers for status, _, headers in answers if status == 429]
            assert 50 <= len(answers) - len(refused) <= 50 + 2 * took_s + 1
            assert refused and {headers["Retry-After"] for headers in refused} == {"1"}
            scene.client.get("/healthz"), scene.client.get("/readyz")
            time.sleep(int(refused[-1]["Retry-After"]))
            scene.client.get("/api/v1/about")
        finally:
            scene.copy.kill()


def test_a_browser_may_ask_the_host_of_tiles_and_no_other(program, tmp_path):
    with feed_server.FeedServer(seoul=feed_documents.made_stations(5), key="k") as server:
        scene = start(program, tmp_path, server,
                      'tiles = "http://127.0.0.1:9/map/{z}/{x}/{y}.png"\nattribution = "© Makers"\n')
        try:
            assert scene.client.json("/api/v1/about")["tiles"] == {
                "url": "http://127.0.0.1:9/map/{z}/{x}/{y}.png", "attribution": "© Makers"}
            policy = scene.client.get("/")[1]["Content-Security-Policy"]
            assert "img-src 'self' data: blob: http://127.0.0.1:9; connect-src 'self' http://127.0.0.1:9;" in policy
            assert policy.count("http") == 2
        finally:
            scene.copy.kill()


def test_what_is_old_is_not_said_to_be_so_now(program, tmp_path):
    """The feed is gone: after the longest gap nothing is known of any station, and no zero is made of it."""
    with feed_server.FeedServer(seoul=feed_documents.made_stations(5), key="k") as server:
        scene = start(program, tmp_path, server, "")
        try:
            wait_for(lambda: scene.client.json("/api/v1/about")["systems"], scene.copy)
            wait_for(lambda: scene.client.json(scene.path("state"))["stations"]["stale"] == 0, scene.copy)
            server.stop()
            wait_for(lambda: scene.client.json(scene.path("state"))["stations"]["stale"] == 5, scene.copy, 40)
            state = scene.client.json(scene.path("state"))
            assert state["bikes"] is None and state["hour"] is None and state["stations"]["empty"] is None
            assert state["feed"]["is_failing"] and state["feed"]["text"]
            assert scene.client.json(f"/gbfs/{SYSTEM}/station_status.json")["data"]["stations"] == []
        finally:
            scene.copy.kill()


def test_the_page_is_served_as_it_was_built(scene):
    """Its files, and nothing that its policy would not let a browser load."""
    body, headers = scene.client.get("/")
    assert headers.get_content_type() == "text/html" and b"<title>bikeflow</title>" in body
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy
    assets = set(re.findall(rb'(?:src|href)="\.?(/assets/[^"]+)"', body))
    assert len(assets) >= 2
    for path in sorted(assets):
        _, headers = scene.client.get(path.decode())
        assert "immutable" in headers["Cache-Control"]
        request = urllib.request.Request(scene.client.url + path.decode(), headers={"If-None-Match": headers["ETag"]})
        with pytest.raises(urllib.error.HTTPError, match="304"):
            urllib.request.urlopen(request, timeout=10)
    scene.client.get("/assets/none.js", 404)
