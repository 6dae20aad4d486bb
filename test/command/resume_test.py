"""`backfill` killed again and again ends with the lake of a run that nothing disturbed."""

import concurrent.futures
import gzip
import random
import shutil
import signal
import subprocess
import time

import duckdb
import pyarrow
import pytest

import lakes
import synthetic

LANES = 6
KILLS = 4  # in each lane
# A run commits every 5 s. A stopped one lets them pass without work, and commits as soon as it goes on.
COMMIT_SECONDS = 5


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """Ten days of 150 stations in three files of three kinds, with some late and some broken records."""
    folder = tmp_path_factory.mktemp("resume")
    recording = synthetic.city(folder / "city.done", stations=150, hours=240)
    names = ["1.csv", "2.ndjson.gz", "3.parquet"]
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1")
        for index, name in enumerate(names):
            begin = synthetic.BEGIN + index * 80 * 3600
            table = recording.table(begin, begin + 80 * 3600 if index < 2 else None)
            bikes = table["bikes"].to_numpy().copy()
            times = table["observed_at"].to_numpy().copy()
            bikes[5_000::10_007] = -1  # dead letters
            times[50_000::3_001] -= 7200  # late
            table = table.set_column(2, "bikes", pyarrow.array(bikes))
            connection.register("observations", table.set_column(1, "observed_at", pyarrow.array(times)))
            kind = {"csv": "FORMAT csv", "gz": "FORMAT json, COMPRESSION gzip", "parquet": "FORMAT parquet"}
            connection.execute(f"COPY observations TO '{folder / name}' ({kind[name.rpartition('.')[2]]})")
    return [folder / name for name in names]


def command(bikeflow, inputs, lake) -> list[str]:
    return bikeflow.command("backfill", *inputs, "--lake", lake, "--timezone", "Europe/Paris",
                            "--system", "velib")


def rows_of(lake: lakes.Lake, name: str) -> list:
    """The rows of `late` or `dead_letter`, but for the time of reading."""
    return sorted(
        tuple(sorted((key, str(value)) for key, value in row.items() if key != "received_at"))
        for row in lake.data_set(name))


@pytest.fixture(scope="module")
def undisturbed(bikeflow, inputs, tmp_path_factory):
    """The lake of one run, and how long that took."""
    lake = lakes.Lake(tmp_path_factory.mktemp("undisturbed") / "lake")
    begin = time.monotonic()
    done = subprocess.run(command(bikeflow, inputs, lake.path), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len(lake.files()) == 240 and lake.data_set("late") and lake.data_set("dead_letter")
    return lake, time.monotonic() - begin


def kill_until_done(bikeflow, inputs, lake: lakes.Lake, expected: dict, seconds: float, seed: int) -> list[str]:
    """What was found after each kill."""
    rng = random.Random(seed)
    found = []
    while len(found) < KILLS or ("published" not in found and len(found) < 3 * KILLS):
        run = subprocess.Popen(command(bikeflow, inputs, lake.path), stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
        # A kill too early for a commit in every second run, one around a commit in the others.
        time.sleep(rng.uniform(0, seconds))
        if len(found) % 2 == 1:
            run.send_signal(signal.SIGSTOP)
            time.sleep(COMMIT_SECONDS + 0.2)
            run.send_signal(signal.SIGCONT)
            time.sleep(rng.uniform(0, rng.choice([0.05, 0.3, 1.0])))
        if run.poll() is not None:  # too late for a kill: anew
            for name in ("hourly_summary", "late", "dead_letter", "_bikeflow/state"):
                shutil.rmtree(lake.path / name)
            continue
        run.kill()
        run.wait()
        now = lake.hashes("late", "dead_letter")
        assert now.items() <= expected.items(), "a reader saw a file that is not in the final lake"
        committed = list(lake.path.glob("_bikeflow/state/*/CURRENT"))
        found.append("published" if now else "committed" if committed else "nothing")
    return found


def test_killed_at_random_moments_and_taken_up_again(bikeflow, inputs, undisturbed, tmp_path, capsys):
    whole, seconds = undisturbed
    expected = whole.hashes("late", "dead_letter")
    disturbed = []
    for lane in range(LANES):
        lake = lakes.Lake(tmp_path / f"lake{lane}")
        # The lake's random id is in every file.
        (lake.path / "_bikeflow").mkdir(parents=True)
        shutil.copy(whole.path / "_bikeflow" / "lake.json", lake.path / "_bikeflow")
        disturbed.append(lake)
    with concurrent.futures.ThreadPoolExecutor(LANES) as pool:
        lanes = list(pool.map(
            lambda lane: kill_until_done(bikeflow, inputs, disturbed[lane], expected, seconds, lane), range(LANES)))
    found = [one for lane in lanes for one in lane]
    with capsys.disabled():
        print(f"\n    {len(found)} kills; then the lake had: "
              + ", ".join(f"{what} {found.count(what)}" for what in sorted(set(found))), end="")
    assert len(found) >= 20 and found.count("published") >= 3

    for lake in disturbed:
        done = subprocess.run(command(bikeflow, inputs, lake.path), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert lake.hashes("late", "dead_letter") == expected
        for name in ("late", "dead_letter"):
            assert rows_of(lake, name) == rows_of(whole, name)
        bikeflow.succeed("verify", "--lake", lake.path)


def test_an_interrupt_ends_a_run_in_order(bikeflow, inputs, undisturbed, tmp_path):
    """Control-C: what was read is committed, and the next run goes on from there."""
    whole, seconds = undisturbed
    for share in (2, 4, 8, 16, 3, 6):  # the machine may have been slower when it was measured
        lake = lakes.Lake(tmp_path / f"lake{share}")
        run = subprocess.Popen(command(bikeflow, inputs, lake.path), stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
        time.sleep(seconds / share)
        run.send_signal(signal.SIGINT)
        _, errors = run.communicate(timeout=20)
        if run.returncode not in (0, -signal.SIGINT):  # ended before it, or killed before it listened
            break
    assert run.returncode not in (0, 2), errors
    assert "again" in errors, errors  # says how to go on
    assert lake.files()
    done = subprocess.run(command(bikeflow, inputs, lake.path), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert lake.rows() == whole.rows()
    for name in ("late", "dead_letter"):
        assert rows_of(lake, name) == rows_of(whole, name)


def test_later_files_go_on_from_the_state(bikeflow, inputs, undisturbed, tmp_path):
    """One file after the other, with windows kept open, is one run over all of them."""
    whole, _ = undisturbed
    lake = lakes.Lake(tmp_path / "lake")
    for count in (1, 2, 3):
        # Files that are done are known again, and not read again.
        keep_open = [] if count == 3 else ["--keep-open"]
        done = subprocess.run([*command(bikeflow, inputs[:count], lake.path), *keep_open],
                              capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    assert lake.rows() == whole.rows()
    assert rows_of(lake, "late") == rows_of(whole, "late")
    bikeflow.succeed("verify", "--lake", lake.path)


def test_what_was_kept_open_is_closed_by_the_same_command_without(bikeflow, inputs, undisturbed, tmp_path):
    whole, _ = undisturbed
    lake = lakes.Lake(tmp_path / "lake")
    done = subprocess.run([*command(bikeflow, inputs, lake.path), "--keep-open"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len(lake.files()) == 239
    done = subprocess.run(command(bikeflow, inputs, lake.path), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert lake.rows() == whole.rows()
    bikeflow.succeed("verify", "--lake", lake.path)


@pytest.fixture(scope="module")
def small(bikeflow, tmp_path_factory):
    """A day's polls by time and by station, the lake of either, and the seconds that a run takes."""
    folder = tmp_path_factory.mktemp("small")
    recording = synthetic.city(folder / "city.done", stations=60, hours=24)
    texts = synthetic.lines(recording)
    texts[4000:4000] = ["no record", texts[0]]
    (folder / "time.ndjson").write_text("\n".join(texts) + "\n")
    texts = synthetic.lines(recording)
    (folder / "station.ndjson").write_text("\n".join(sorted(texts, key=lambda text: text.split(",")[0])) + "\n")
    lake_of = {}
    for order in ("time", "station"):
        lake_of[order] = lakes.Lake(folder / f"lake-{order}")
        begin = time.monotonic()
        bikeflow.succeed(*small_run(folder, lake_of[order], order))
    assert lake_of["time"].rows() == lake_of["station"].rows()
    return folder, lake_of, time.monotonic() - begin


def small_run(folder, lake: lakes.Lake, order: str) -> list:
    return ["backfill", folder / f"{order}.ndjson", "--order", order, "--lake", lake.path, "--timezone",
            "Europe/Paris", "--system", "velib"]


@pytest.mark.parametrize("order", ["time", "station"])
def test_killed_at_any_moment_of_a_short_run(bikeflow, small, tmp_path, order):
    """Each lake is killed twice in the fraction of a second that its run takes, and then finished."""
    folder, lake_of, seconds = small
    expected = lake_of[order].hashes("late", "dead_letter")
    rng = random.Random(order)
    for number in range(12):
        lake = lakes.Lake(tmp_path / f"lake{number}")
        (lake.path / "_bikeflow").mkdir(parents=True)
        shutil.copy(lake_of[order].path / "_bikeflow" / "lake.json", lake.path / "_bikeflow")
        for _ in range(2):
            run = subprocess.Popen(bikeflow.command(*small_run(folder, lake, order)),
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(rng.uniform(0.3, 1.0) * seconds)
            run.kill()
            run.wait()
            assert lake.hashes("late", "dead_letter").items() <= expected.items()
        bikeflow.succeed(*small_run(folder, lake, order))
        assert lake.hashes("late", "dead_letter") == expected
        for name in ("late", "dead_letter"):
            assert rows_of(lake, name) == rows_of(lake_of[order], name)
        bikeflow.succeed("verify", "--lake", lake.path)


def test_a_file_that_was_cut_off_is_undone_and_read_again(bikeflow, small, tmp_path):
    """What came before the cut is in the lake. The whole file is another file: the first is undone."""
    folder, lake_of, _ = small
    packed = gzip.compress((folder / "time.ndjson").read_bytes())
    path, lake = tmp_path / "polls.ndjson.gz", lakes.Lake(tmp_path / "lake")
    run = ["backfill", path, "--lake", lake.path, "--timezone", "Europe/Paris", "--system", "velib"]
    path.write_bytes(packed[: len(packed) // 2])
    done = bikeflow.run(*run)
    assert done.returncode == 1 and "not whole" in done.stderr
    assert set(lake.rows()) < set(lake_of["time"].rows()) and lake.files()
    bikeflow.succeed("verify", "--lake", lake.path)

    path.write_bytes(packed)
    done = bikeflow.run(*run)
    assert done.returncode == 1 and "state discard" in done.stderr
    found = bikeflow.succeed("state", "discard", "--lake", lake.path).stdout
    assert all(name in found for name in lake.files())
    bikeflow.succeed("state", "discard", "--lake", lake.path, "--yes")
    assert lake.hashes() == {}
    bikeflow.succeed(*run)
    assert lake.rows() == lake_of["time"].rows()
    bikeflow.succeed("verify", "--lake", lake.path)
