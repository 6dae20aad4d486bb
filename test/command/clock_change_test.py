"""Zones: half hours, both changes of daylight saving, and local times as the topic writes them."""

import datetime
import json
import re
import zoneinfo

import pytest

import lakes
import synthetic

UTC = datetime.timezone.utc


def at(text: str) -> int:
    return int(datetime.datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize("zone, phase, begin", [
    ("America/Chicago", 0, "2023-11-05T03:00"),  # 01 h comes twice
    ("America/Chicago", 0, "2024-03-10T05:00"),  # 02 h does not come
    ("Europe/Lisbon", 0, "2024-10-26T22:00"),
    ("Asia/Kolkata", 1800, "2024-08-10T22:00"),
    ("Asia/Kathmandu", 2700, "2024-08-10T22:00"),
    ("America/St_Johns", 1800, "2024-03-10T03:00"),
    ("Australia/Lord_Howe", 1800, "2024-04-06T11:00"),  # daylight saving of half an hour
    ("Australia/Lord_Howe", 1800, "2024-10-05T12:00"),
])
def test_windows_follow_the_standard_hour_and_paths_the_local_one(
        bikeflow, reference_rows, tmp_path, zone, phase, begin):
    recording = synthetic.city(tmp_path / "city.done", stations=5, hours=8, begin=at(begin))
    (tmp_path / "city.ndjson").write_text("\n".join(synthetic.lines(recording)) + "\n")
    bikeflow.succeed("backfill", tmp_path / "city.ndjson", "--lake", tmp_path / "lake", "--timezone", zone,
                     "--system", "city")
    lake = lakes.Lake(tmp_path / "lake")
    reference_rows(recording, tmp_path / "reference.csv", ["--phase", str(phase)])
    assert lake.unequal_to(tmp_path / "reference.csv") == []
    assert lake.misplaced("city", zoneinfo.ZoneInfo(zone)) == []
    bikeflow.succeed("verify", "--lake", lake.path)


def topic_line(local: str, bikes: int) -> str:
    return json.dumps({"rackTotCnt": "15", "stationName": "102. 망원역 1번출구 앞", "parkingBikeTotCnt": str(bikes),
                       "shared": "107", "stationLatitude": "37.5", "stationLongitude": "126.9",
                       "stationId": "ST-4", "timestamp": local}, ensure_ascii=False)


def backfill_local_times(bikeflow, tmp_path, begin: int, minutes: int, extra=()):
    """A poll a minute, its time written without an offset, as it reads on a clock in Chicago."""
    chicago = zoneinfo.ZoneInfo("America/Chicago")
    texts = []
    for minute in range(minutes):
        local = datetime.datetime.fromtimestamp(begin + minute * 60, chicago)
        texts.append(topic_line(local.strftime("%Y-%m-%d %H:%M:%S"), minute // 60 % 2))
        texts.extend(topic_line(text, 9) for after, text in extra if after == minute)
    (tmp_path / "topic.ndjson").write_text("\n".join(texts) + "\n")
    bikeflow.succeed("backfill", tmp_path / "topic.ndjson", "--lake", tmp_path / "lake", "--timezone",
                     "America/Chicago", "--system", "chicago")
    return lakes.Lake(tmp_path / "lake")


def test_a_local_time_that_comes_twice_is_the_one_near_the_record_before(bikeflow, tmp_path):
    begin = at("2023-11-05T05:00:00")
    lake = backfill_local_times(bikeflow, tmp_path, begin, 240)
    rows = lake.sql("SELECT epoch(start)::BIGINT, total_rental, total_return, observed_seconds, hour::INTEGER"
                    " FROM hourly_summary ORDER BY start")
    assert [row[0] for row in rows] == [begin + hour * 3600 for hour in range(4)]
    assert [row[1:3] for row in rows] == [(0, 0), (0, 1), (1, 0), (0, 1)]
    assert [row[3] for row in rows] == [3600, 3600, 3600, 3540 + 60]
    assert [row[4] for row in rows] == [0, 1, 1, 2]
    assert lake.data_set("late") == [] and lake.data_set("dead_letter") == []


def test_a_local_time_that_does_not_come_is_a_dead_letter(bikeflow, tmp_path):
    begin = at("2024-03-10T07:30:00")  # 01:30 there, half an hour before the change
    lake = backfill_local_times(bikeflow, tmp_path, begin, 60, [(29, "2024-03-10 02:30:00")])
    assert [(row["reason"], row["offset"]) for row in lake.data_set("dead_letter")] == [("no_such_local_time", 30)]
    assert lake.sql("SELECT hour::INTEGER, sum(observed_seconds)::BIGINT FROM hourly_summary GROUP BY 1 ORDER BY 1") == [
        (1, 1800), (3, 1800 - 60 + 60 + 540)]
    assert re.search(r"no_such_local_time", str(lake.data_set("dead_letter")))
