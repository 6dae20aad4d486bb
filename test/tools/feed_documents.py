"""Stations whose counts move by a seed, and the documents that live feeds make of them.

    city = feed_documents.City(feed_documents.seoul_stations(data), seed=1)
    city.step()                                        # some stations change
    page = feed_documents.seoul_page(city.rows(), 1, 1000)
    status = feed_documents.gbfs_status("3.0", city.rows(), at, ttl=60)

Nothing here knows of sockets or of the time; the standard library only. feed_server.py serves these.
"""

import csv
import dataclasses
import datetime
import json
import pathlib
import random

PAGE = 1000  # rows that Seoul gives at most
OK, NO_DATA, BAD_KEY, SERVER_ERROR = "INFO-000", "INFO-200", "INFO-100", "ERROR-500"
MESSAGES = {
    OK: "정상 처리되었습니다.",
    NO_DATA: "해당하는 데이터가 없습니다.",
    BAD_KEY: "인증키가 유효하지 않습니다. 인증키가 없는 경우, 열린 데이터 광장 홈페이지에서 인증키를 신청하십시오.",
    SERVER_ERROR: "서버 오류입니다.",
}
GBFS_VERSIONS = ("1.0", "1.1", "2.3", "3.0")


@dataclasses.dataclass(frozen=True)
class Station:
    id: str
    name: str
    latitude: float
    longitude: float
    racks: int


@dataclasses.dataclass(frozen=True)
class Row:
    """A station at one time."""
    station: Station
    bikes: int
    changed_at: int  # POSIX seconds


def seoul_stations(data: pathlib.Path) -> list[Station]:
    """Those of the recordings' folder, named as the feed names them, with racks of our own making."""
    chance = random.Random(0)
    stations = []
    with open(data / "seoul-stations.csv", newline="", encoding="utf-8") as file:
        for index, line in enumerate(csv.DictReader(file)):
            number = int(line["number"])
            space = "" if number % 97 == 0 else " "  # some names have none behind the number
            racks = 0 if chance.random() < 0.01 else chance.randint(5, 30)
            stations.append(Station(f"ST-{index + 4}", f"{number}.{space}{line['name']}", float(line["latitude"]),
                                    float(line["longitude"]), racks))
    return stations


def made_stations(count: int, seed: int = 0, prefix: str = "S") -> list[Station]:
    chance = random.Random(seed)
    return [Station(f"{prefix}{number}", f"Station {number}", round(37.5 + chance.uniform(-0.1, 0.1), 6),
                    round(127.0 + chance.uniform(-0.1, 0.1), 6), chance.randint(5, 30))
            for number in range(1, count + 1)]


class City:
    """The same seed and the same number of steps give the same counts."""

    def __init__(self, stations: list[Station], seed: int = 1, share_that_moves: float = 0.05) -> None:
        self.stations = stations
        self.steps = 0
        self._chance = random.Random(seed)
        self._share = share_that_moves
        self._bikes = [self._chance.randint(0, station.racks + 2) for station in stations]
        self._changed_at = [0] * len(stations)

    def step(self, at: int) -> None:
        """At this time some stations have a rental or a return, or a few; a station may hold more bikes
        than racks, as Seoul's do."""
        self.steps += 1
        for index, station in enumerate(self.stations):
            if self._chance.random() >= self._share:
                continue
            change = self._chance.choice((-2, -1, -1, 1, 1, 2))
            bikes = min(max(self._bikes[index] + change, 0), 2 * station.racks + 3)
            if bikes != self._bikes[index]:
                self._bikes[index], self._changed_at[index] = bikes, at

    def rows(self) -> list[Row]:
        return [Row(*three) for three in zip(self.stations, self._bikes, self._changed_at)]


# Seoul

def seoul_row(row: Row) -> dict[str, str | None]:
    racks = row.station.racks
    return {"rackTotCnt": str(racks), "stationName": row.station.name, "parkingBikeTotCnt": str(row.bikes),
            "shared": str(round(100 * row.bikes / racks)) if racks else "0",
            "stationLatitude": f"{row.station.latitude:.8f}", "stationLongitude": f"{row.station.longitude:.8f}",
            "stationId": row.station.id}


def seoul_page(rows: list[dict[str, str | None]]) -> bytes:
    return encoded({"rentBikeStatus": {"list_total_count": len(rows), "RESULT": {"CODE": OK, "MESSAGE": MESSAGES[OK]},
                                       "row": rows}})


def seoul_code(code: str, shape: str = "top") -> bytes:
    """An answer without rows, in one of the shapes that were seen: top, nested, inside, flat."""
    message = MESSAGES.get(code, "오류")
    both = {"CODE": code, "MESSAGE": message}
    return encoded({"top": both, "nested": {"RESULT": both}, "inside": {"rentBikeStatus": both},
                    "flat": {"RESULT.CODE": code, "RESULT.MESSAGE": message}}[shape])


def seoul_xml(code: str) -> bytes:
    return f"<RESULT><CODE>{code}</CODE><MESSAGE><![CDATA[{MESSAGES[code]}]]></MESSAGE></RESULT>".encode()


# GBFS

def encoded(document: dict) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def gbfs_time(version: str, at: int) -> int | str:
    if version < "3":
        return at
    # Any offset is allowed.
    zone = datetime.timezone(datetime.timedelta(hours=9))
    return datetime.datetime.fromtimestamp(at, zone).isoformat()


def gbfs_name(version: str, name: str) -> str | list[dict[str, str]]:
    return name if version < "3" else [{"text": name, "language": "en"}]


def gbfs_document(version: str, at: int, ttl: int, data: dict) -> bytes:
    head = {"last_updated": gbfs_time(version, at), "ttl": ttl}
    if version != "1.0":  # which has none
        head["version"] = version
    return encoded(head | {"data": data})


def gbfs_discovery(version: str, at: int, ttl: int, urls: dict[str, str]) -> bytes:
    feeds = {"feeds": [{"name": name, "url": url} for name, url in urls.items()]}
    return gbfs_document(version, at, ttl, feeds if version >= "3" else {"en": feeds})


def gbfs_versions(version: str, at: int, ttl: int, url: str) -> bytes:
    return gbfs_document(version, at, ttl, {"versions": [{"version": version, "url": url}]})


def gbfs_system(version: str, at: int, ttl: int, system: str, timezone: str) -> bytes:
    data = {"system_id": system, "name": gbfs_name(version, f"Bikes of {system}"), "timezone": timezone}
    data |= {"languages": ["en"], "opening_hours": "24/7"} if version >= "3" else {"language": "en"}
    return gbfs_document(version, at, ttl, data)


def gbfs_vehicle_types(version: str, at: int, ttl: int) -> bytes:
    kind = {"vehicle_type_id": "bike", "form_factor": "bicycle", "propulsion_type": "human",
            "name": gbfs_name(version, "Bike")}
    return gbfs_document(version, at, ttl, {"vehicle_types": [kind]})


def gbfs_information(version: str, at: int, ttl: int, stations: list[Station]) -> bytes:
    return gbfs_document(version, at, ttl, {"stations": [
        {"station_id": station.id, "name": gbfs_name(version, station.name), "lat": station.latitude,
         "lon": station.longitude, "capacity": station.racks} for station in stations]})


def gbfs_status(version: str, at: int, ttl: int, rows: list[Row]) -> bytes:
    yes = 1 if version < "2" else True
    bikes = "num_vehicles_available" if version >= "3" else "num_bikes_available"
    disabled = "num_vehicles_disabled" if version >= "3" else "num_bikes_disabled"
    stations = []
    for row in rows:
        station = {"station_id": row.station.id, bikes: row.bikes, disabled: 0,
                   "num_docks_available": max(row.station.racks - row.bikes, 0), "is_installed": yes,
                   "is_renting": yes, "is_returning": yes, "last_reported": gbfs_time(version, row.changed_at or at)}
        if version >= "2.1":
            station["vehicle_types_available"] = [{"vehicle_type_id": "bike", "count": row.bikes}]
        stations.append(station)
    return gbfs_document(version, at, ttl, {"stations": stations})
