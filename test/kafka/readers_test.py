"""Readers by the thousand, and clients that mean no good, beside a pipeline: it does its work, and they get theirs."""

import json
import os
import pathlib
import subprocess
import threading
import time
import urllib.request

import metrics
import pipelines
import topic_judge
import topics
import web_crowd

READERS = 1000
IDLE = 100  # that never read what they have asked for
PER_SECOND = 10_000
SECONDS = 30
REPLAYED = "6h"  # two million records
EVENTS = "/api/v1/systems/seoul/events"


class Health:
    """Asks for it again and again, in a thread."""

    def __init__(self, port: int) -> None:
        self.asked, self.longest_s = 0, 0.0
        self.wrong: list[str] = []
        self._url = f"http://127.0.0.1:{port}/healthz"
        self._must_stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="health", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._must_stop.wait(0.1):
            begin = time.monotonic()
            try:
                with urllib.request.urlopen(self._url, timeout=20) as answer:
                    answer.read()
            except OSError as error:  # of another status than 200 too
                self.wrong.append(str(error))
            self.asked += 1
            self.longest_s = max(self.longest_s, time.monotonic() - begin)

    def stop(self) -> None:
        self._must_stop.set()
        self._thread.join()


def wait_for(what, copy: pipelines.Copy, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end and copy.running(), copy.said()[-3000:]
        time.sleep(0.1)


def stations(port: int) -> dict[str, dict]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/systems/seoul/stations", timeout=20) as answer:
        return {each["id"]: each for each in json.loads(answer.read())["stations"]}


def test_a_thousand_readers_and_clients_that_mean_no_good(kafka, new_topic, pipeline, judge, lake, capsys):
    topic = new_topic(4)
    made = pipelines.with_page(pipeline(topic))
    copy = pipelines.Copy(made, "run").start()
    _, port = copy.page()
    health = Health(port)
    lags, residents = [], []
    with web_crowd.Readers(port, EVENTS, READERS, IDLE) as readers, web_crowd.Nuisances(port) as nuisances:
        wait_for(lambda: readers.now.streams == READERS, copy)
        assert metrics.look(port).value("bikeflow_sse_clients") >= READERS + IDLE
        feeder = topics.Feeder(kafka, topic, topics.City(seed=7, stations=300).records(hours=1000), PER_SECOND)
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            time.sleep(0.5)
            assert copy.running() and feeder.running() and nuisances.running() and readers.running(), copy.said()[-3000:]
            look = metrics.look(port)
            lags.append(look.value("bikeflow_lag_records") or 0)
            residents.append(look.value("process_resident_memory_bytes"))
        sent = feeder.stop()
        in_load = readers.now
        wait_for(lambda: metrics.look(port).value("bikeflow_lag_records") == 0, copy)
        wait_for(lambda: readers.now.lowest == readers.now.highest > 0 and readers.stations() == stations(port), copy)
        # Those who never read are closed.
        wait_for(lambda: metrics.look(port).value("bikeflow_sse_clients") == READERS, copy, 45)
        health.stop()
        of_readers, of_nuisances, last = readers.now, nuisances.now, metrics.look(port)
    with capsys.disabled():
        print(f"\n{sent} records in {SECONDS} s beside {READERS} readers: lag {max(lags):.0f} at most, "
              f"{max(residents) / 1e6:.0f} MB; /healthz after {health.longest_s * 1000:.0f} ms at most; readers took "
              f"{in_load.bytes / 1e6:.0f} MB, were {in_load.highest - in_load.lowest} versions apart and waited "
              f"{of_readers.longest_silence_s:.1f} s at most; {of_nuisances.done} that mean no good got "
              f"{of_nuisances.answers}")
    assert sent > PER_SECOND * SECONDS * 0.1, "hardly any load"
    assert (of_readers.streams, of_readers.ended, of_readers.wrong) == (READERS, 0, [])
    assert not of_nuisances.wrong, "\n".join(of_nuisances.wrong)
    assert of_nuisances.done > 500 and {"400", "405", "408", "413", "431"} <= of_nuisances.answers.keys()
    assert last.value("bikeflow_http_failures_total") == 0
    assert not health.wrong and health.longest_s < 5, (health.longest_s, health.wrong)
    assert of_readers.longest_silence_s < 10
    assert max(lags[len(lags) // 2:]) < 5 * PER_SECOND, lags
    assert max(residents) < 150e6
    assert copy.stop() == 0, copy.said()[-3000:]
    made.catch_up()
    judge.agrees(judge.expected(kafka, topic), lake, made)


def fill_from_simulation(program: pathlib.Path, kafka, topic: str, folder: pathlib.Path) -> int:
    """Polls of all of Seoul's stations; returns how many records that are."""
    with subprocess.Popen([program, "simulate", "--span", REPLAYED, "--form", "topic", "--out", "-", "--truth",
                           folder / "truth.csv"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as city:
        filled = subprocess.run([program.parent / "test" / "produce_topic", kafka.address, topic, "--timestamps",
                                 "observed"], stdin=city.stdout, check=True, capture_output=True, text=True)
    assert city.returncode == 0
    return int(filled.stdout.split()[0])


def resident_bytes(copy: pipelines.Copy) -> int:
    """0 where it has just ended."""
    try:
        return int(pathlib.Path(f"/proc/{copy.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")
    except (OSError, IndexError):
        return 0


def test_a_replay_at_full_rate_beside_a_thousand_readers(kafka, new_topic, pipeline, program, tmp_path, capsys):
    """What was written down is read again as fast as it may: with readers it takes longer, and comes to the same."""
    topic = new_topic(4)
    records = fill_from_simulation(program, kafka, topic, tmp_path)
    seconds, lakes_of = {}, {}
    for name, count, idle in (("alone", 1, 0), ("with readers", READERS, IDLE)):
        folder = tmp_path / name.replace(" ", "-")
        made = pipelines.with_page(pipeline(topic, group=folder.name, lake=str(folder)))
        copy = pipelines.Copy(made, folder.name, command=made.command("--until-caught-up", "--close-windows"))
        kafka.pause()  # until all readers are there
        try:
            _, port = copy.start().page()
        except BaseException:
            kafka.resume()
            raise
        with web_crowd.Readers(port, EVENTS, count, idle) as readers:
            try:
                wait_for(lambda: readers.now.streams == count, copy)
            finally:
                kafka.resume()
            begin, most_bytes, of_readers = time.monotonic(), 0, readers.now
            while copy.running():
                assert time.monotonic() < begin + 300, copy.said()[-3000:]
                most_bytes = max(most_bytes, resident_bytes(copy))
                of_readers = readers.now if readers.now.streams == count else of_readers
                time.sleep(0.05)
            seconds[name] = time.monotonic() - begin
        assert copy.process.returncode == 0, copy.said()[-3000:]
        assert not of_readers.wrong and of_readers.streams == count and of_readers.highest > 1
        content, wrong = topic_judge.in_folder(folder).content()
        assert not wrong, "\n".join(wrong)
        lakes_of[name] = content
        assert f"{records:,} records read of 4 partitions" in copy.said()
    with capsys.disabled():
        print(f"\n{records:,} records replayed: {seconds['alone']:.1f} s alone, {seconds['with readers']:.1f} s with readers "
              f"({seconds['with readers'] / seconds['alone']:.1f} times), {most_bytes / 1e6:.0f} MB; readers took "
              f"{of_readers.bytes / 1e6:.0f} MB")
    assert most_bytes < 400e6
    assert lakes_of["alone"] == lakes_of["with readers"] and len(lakes_of["alone"].rows) > 1000
