"""`bikeflow serve` beside several `bikeflow run`: it shows what all of them have, and leaves no trace of its own."""

import json
import pathlib
import time
import urllib.error
import urllib.request

import pipelines
import servers

STATIONS = 30
ZONE_S = 9 * 3600


def record(number: int, at: float, bikes: int) -> dict:
    station = f"ST-{number}"
    return {"key": station, "value": json.dumps({
        "rackTotCnt": "20", "stationName": f"{number}. 역 {number}", "parkingBikeTotCnt": str(bikes), "shared": "10",
        "stationLatitude": f"37.5{number:04}", "stationLongitude": "127.0", "stationId": station,
        "timestamp": time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at + ZONE_S))}, ensure_ascii=False)}


def get(url: str):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.loads(answer.read())


def wait_for(what, copy: pipelines.Copy, seconds: float = 40):
    end = time.monotonic() + seconds
    while True:
        try:
            if found := what():
                return found
        except urllib.error.HTTPError:
            pass
        assert time.monotonic() < end and copy.running(), copy.said()
        time.sleep(0.1)


def test_it_shows_the_whole_topic_and_writes_nothing(kafka, new_topic, pipeline, tmp_path):
    topic = new_topic(3)
    made = pipelines.with_page(pipeline(topic))
    now = int(time.time())
    now -= now % 3600 + 1 if now % 3600 < 61 else 0  # so that all is of one hour
    kafka.produce(topic, [record(number, now - 60, 9) for number in range(STATIONS)])
    kafka.produce(topic, [record(number, now - 30, 9 - number % 3) for number in range(STATIONS)])

    serve = pipelines.Copy(made, "serve", command=made.command(name="serve")).start()
    try:
        url = serve.page()[0] + "/api/v1"

        def stations() -> dict[str, dict]:
            return {each["id"]: each for each in get(f"{url}/systems/seoul/stations")["stations"]}

        wait_for(lambda: len(stations()) == STATIONS, serve)
        wait_for(lambda: all(station["bikes"] == 9 - int(name[3:]) % 3 for name, station in stations().items()), serve)
        five = stations()["ST-5"]
        assert five["name"] == "5. 역 5" and (five["lat"], five["lon"]) == (37.50005, 127.0)
        assert five["rentals"] == 2 and five["is_read"] and five["racks"] == 20
        movements = get(f"{url}/systems/seoul/movements")["movements"]
        assert {(each["id"], each["change"]) for each in movements} == {
            (f"ST-{number}", -(number % 3)) for number in range(STATIONS) if number % 3}
        wait_for(lambda: (waits := get(f"{url}/systems/seoul/state")["waits"]) and
                 {part["lag"] for part in waits[0]["parts"]} == {0}, serve)
        assert not pathlib.Path(made.lake).exists()

        # What comes while it looks on, and from a partition that was not there before.
        kafka.produce(topic, [record(7, now, 0)])
        wait_for(lambda: stations()["ST-7"]["bikes"] == 0 and stations()["ST-7"]["fill"] == "empty", serve)
        kafka.add_partitions(topic, 4)
        kafka.produce(topic, [record(number, now, 3) for number in range(100, 160)])
        wait_for(lambda: len(stations()) == STATIONS + 60, serve, 60)

        # It is in nobody's way: one copy owns all partitions all the while.
        done = made.catch_up()
        assert "of 4 partitions" in done.stdout
        hours = get(f"{url}/systems/seoul/totals?from={utc(now - 7200)}&to={utc(now + 7200)}")["hours"]
        assert sum(hour["total_rental"] for hour in hours) == sum(n % 3 for n in range(STATIONS)) + 8
        assert serve.stop() == 0
    finally:
        serve.kill()


def test_run_tells_redis_and_serve_does_not(kafka, new_topic, pipeline, tmp_path):
    """Both with the same file."""
    topic = new_topic(2)
    with servers.Redis(tmp_path / "redis") as redis:
        made = pipelines.with_page(pipeline(topic), f'[redis]\nurl = "redis://{redis.address}"\n')
        now = int(time.time())
        kafka.produce(topic, [record(number, now - 30, 9) for number in range(STATIONS)])
        serve = pipelines.Copy(made, "serve", command=made.command(name="serve")).start()
        try:
            url = serve.page()[0] + "/api/v1"
            wait_for(lambda: len(get(f"{url}/systems/seoul/stations")["stations"]) == STATIONS, serve)
            time.sleep(1)
            assert redis.call("DBSIZE") == b":0"
            made.catch_up()
            assert redis.call("DBSIZE") == f":{STATIONS}".encode()
            assert "serve writes none" in serve.said()
            assert serve.stop() == 0
        finally:
            serve.kill()


def utc(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
