"""A lake as its readers see it, by DuckDB, and the program that writes it."""

import collections.abc
import datetime
import hashlib
import os
import pathlib
import subprocess

import duckdb
import pyarrow.parquet

COLUMNS = (
    "start end stationId total_rental total_return unobserved_change bikes_open bikes_close bikes_min"
    " bikes_max observed_seconds empty_seconds full_seconds largest_rental largest_return"
).split()
SUMMED = "total_rental total_return unobserved_change observed_seconds empty_seconds full_seconds".split()


class Lake:
    """A lake in a local folder."""

    def __init__(self, path: pathlib.Path):
        self.path = path
        self._read: tuple[list, duckdb.DuckDBPyConnection] | None = None

    def _connection(self) -> duckdb.DuckDBPyConnection:
        """One with all rows in memory: thousands of files are read once, and again where one has changed."""
        stats = [(name, (self.path / name).stat()) for name in self.files()]
        state = [(name, stat.st_size, stat.st_mtime_ns, stat.st_ino) for name, stat in stats]
        if self._read is None or self._read[0] != state:
            connection = duckdb.connect()
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute("SET threads = 2")
            connection.execute(
                "CREATE TABLE hourly_summary AS FROM"
                f" read_parquet('{self.path}/hourly_summary/**/*.parquet', hive_partitioning = true)"
            )
            self._read = (state, connection)
        return self._read[1]

    def sql(self, query: str, *parameters) -> list[tuple]:
        """Runs a query in which `hourly_summary` is the data set with its partition columns."""
        return self._connection().execute(query, parameters).fetchall()

    def data_set(self, name: str) -> list[dict]:
        """All rows of `late` or `dead_letter`; none where it has no file."""
        rows = []
        for path in sorted((self.path / name).glob("**/*.parquet")):
            rows += pyarrow.parquet.ParquetFile(path).read().to_pylist()
        return rows

    def rows(self) -> list[tuple]:
        """All rows, in order; times in Unix seconds."""
        columns = ", ".join(f'epoch("{c}")::BIGINT' if c in ("start", "end") else f'"{c}"' for c in COLUMNS)
        return self.sql(f"SELECT system, {columns} FROM hourly_summary ORDER BY ALL")

    def files(self) -> list[str]:
        """The row files, as paths within the lake."""
        found = (self.path / "hourly_summary").glob("**/*.parquet")
        return sorted(str(path.relative_to(self.path)) for path in found)

    def misplaced(self, system: str, zone: datetime.tzinfo) -> list[str]:
        """Row files that do not stand under the local year, month, day and hour of their window's start."""
        wrong = []
        for name in self.files():
            metadata = pyarrow.parquet.read_schema(self.path / name).metadata
            start = datetime.datetime.fromisoformat(metadata[b"window_start"].decode())
            folder = start.astimezone(zone).strftime(f"hourly_summary/system={system}/year=%Y/month=%m/day=%d/hour=%H")
            if name.rpartition("/")[0] != folder:
                wrong.append(f"{name}, expected in {folder}")
        return wrong

    def hashes(self, *skip: str) -> dict[str, str]:
        """Every file outside of _bikeflow/ and of the folders of `skip`, with the hash of its bytes."""
        found = {}
        for path in sorted(self.path.glob("**/*")):
            name = path.relative_to(self.path)
            if path.is_file() and name.parts[0] not in ("_bikeflow", *skip):
                found[str(name)] = hashlib.sha256(path.read_bytes()).hexdigest()
        return found

    def unequal_to(self, reference: pathlib.Path) -> list[str]:
        """What the lake has and the reference's CSV has not, and the other way round; first few rows."""
        columns = ", ".join(f'epoch("{c}")::BIGINT' if c in ("start", "end") else f'"{c}"' for c in COLUMNS)
        of_reference = ", ".join(f'"{c}"' for c in COLUMNS)
        types = {c: "VARCHAR" if c == "stationId" else "BIGINT" for c in COLUMNS}
        rows = (
            f"lake AS (SELECT {columns} FROM hourly_summary), reference AS (SELECT {of_reference}"
            f" FROM read_csv('{reference}', header = true, columns = {types}))"
        )
        found = []
        for one, other in (("lake", "reference"), ("reference", "lake")):
            for row in self.sql(f"WITH {rows} FROM {one} EXCEPT ALL FROM {other} ORDER BY ALL LIMIT 5"):
                found.append(f"only in the {one}: " + ", ".join(f"{c}={v}" for c, v in zip(COLUMNS, row)))
        return found

    def unbalanced(self) -> list[tuple]:
        return self.sql(
            "FROM hourly_summary WHERE"
            " bikes_open + total_return - total_rental + unobserved_change <> bikes_close LIMIT 5"
        )

    def discontinuous(self) -> list[tuple]:
        """Successive rows of a station where the earlier close is not the later open."""
        return self.sql(
            "SELECT * FROM (SELECT system, stationId, start, bikes_open, lag(bikes_close) OVER"
            " (PARTITION BY system, stationId ORDER BY start) AS closed_with FROM hourly_summary)"
            " WHERE closed_with <> bikes_open LIMIT 5"
        )


class Program:
    """build/bikeflow."""

    def __init__(self, path: pathlib.Path):
        self.path = path

    def command(self, *arguments) -> list[str]:
        return [str(self.path), *(str(argument) for argument in arguments)]

    def run(self, *arguments, timeout: float = 120, **options) -> subprocess.CompletedProcess:
        """Runs it to its end; never raises for its exit status."""
        environment = {**os.environ, "NO_COLOR": "1", **options.pop("env", {})}
        return subprocess.run(
            self.command(*arguments),
            capture_output=True,
            timeout=timeout,
            env=environment,
            **{"text": True, "stdin": subprocess.DEVNULL, **options},
        )

    def succeed(self, *arguments, **options) -> subprocess.CompletedProcess:
        done = self.run(*arguments, **options)
        assert done.returncode == 0, f"{arguments[0]}: exit status {done.returncode}\n{done.stderr}"
        return done


def write_reference_rows(
    tool: pathlib.Path, recording, out: pathlib.Path, options: collections.abc.Sequence[str] = ()
) -> str:
    """Writes the reference's rows of a recording as CSV; returns what it counted."""
    with out.open("wb") as rows:
        return subprocess.run(
            [tool, recording.bin, recording.stations, *options],
            stdout=rows, stderr=subprocess.PIPE, text=True, check=True, timeout=300,
        ).stderr
