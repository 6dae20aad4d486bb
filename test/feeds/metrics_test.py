"""/metrics of `bikeflow run`, on feeds and on a topic: what doc/metrics.md says and nothing else, and the right numbers."""

import json
import pathlib
import time
import urllib.error
import urllib.request

import pytest

import feed_documents
import feed_pipelines
import feed_server
import metrics
import pipelines
import servers

KEY = "s3cret-key-of-the-feed"
STATIONS = 120


def wait_for(port: int, is_so, copy: pipelines.Copy, token: str = "", seconds: float = 30) -> metrics.Metrics:
    deadline = time.monotonic() + seconds
    while True:
        found = metrics.look(port, token)
        if is_so(found):
            return found
        assert copy.running() and time.monotonic() < deadline, found.text + copy.said()[-2000:]
        time.sleep(0.1)


def resident_bytes(pid: int) -> int:
    return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096


def agree(found: metrics.Metrics, documented: dict[str, metrics.Family]) -> None:
    """Names, types, meanings; and the labels of what has samples."""
    served = {name: (type_, found.helps[name]) for name, type_ in found.types.items()}
    assert served == {name: (family.type, family.help) for name, family in documented.items()}
    for name, family in documented.items():
        assert found.labels(name) <= {family.labels}, name


@pytest.fixture(scope="module")
def of_feeds(program, tmp_path_factory):
    """A run of a feed with a failure, a round that is not believed, and a Redis that is not there: (metrics, polls that it
    was served, when, its memory)."""
    folder = tmp_path_factory.mktemp("metrics")
    with feed_server.FeedServer(feed_documents.made_stations(STATIONS, prefix="ST-"), key=KEY, port=servers.free_port(),
                                is_held=True) as feeds:
        feeds.set_fault("seoul", "status", polls=[3], status=500)
        feeds.set_fault("seoul", "short", polls=[5], share=0.5)
        pipeline = feed_pipelines.FeedPipeline(program, folder, feed_pipelines.seoul_feed(feeds.base), KEY, length=3600)
        # What another process did before is not counted.
        done = pipeline.run("--until-caught-up")
        assert done.returncode == 0, done.stderr
        more = f'token = "of-the-page"\n[redis]\nurl = "redis://127.0.0.1:{servers.free_port()}"\n'
        with pipelines.running(pipeline, more) as (copy, port):
            events = urllib.request.Request(f"http://127.0.0.1:{port}/api/v1/systems/seoul/events",
                                            headers={"Authorization": "Bearer of-the-page"})
            wait_for(port, lambda found: found.value("bikeflow_stations"), copy, "of-the-page")
            with urllib.request.urlopen(events, timeout=10) as stream:
                stream.readline()
                wait_for(port, lambda found: (found.value("bikeflow_feed_polls_total") or 0) >= 7, copy, "of-the-page")
                # Between two polls: one that is cut off was served and is not known.
                count = len(feeds.served("seoul"))
                while len(feeds.served("seoul")) == count:
                    time.sleep(0.02)
                time.sleep(0.3)
                feeds.stop()
                before = wait_for(port, lambda found: found.value("bikeflow_feed_failures_in_a_row"), copy, "of-the-page")
                at = time.time()
                memory = resident_bytes(copy.process.pid)
            assert before.value("bikeflow_sse_clients") == 1
            wait_for(port, lambda found: found.value("bikeflow_sse_clients") == 0, copy, "of-the-page")
            with pytest.raises(urllib.error.HTTPError, match="401"):
                metrics.look(port)
            yield before, feeds.served("seoul")[1:], at, memory


def test_the_page_says_what_a_run_on_feeds_serves(of_feeds, request):
    agree(of_feeds[0], metrics.documented(request.config.rootpath))


def test_the_numbers_of_feeds(of_feeds):
    found, served, at, memory = of_feeds
    whole = [poll for poll in served if poll.is_whole]
    believed = [poll for poll in whole if "short" not in poll.faults]
    last = believed[-1]
    failures_now = found.value("bikeflow_feed_failures_in_a_row")
    assert found.value("bikeflow_feed_polls_total", system="seoul") == len(served) + failures_now
    assert found.value("bikeflow_feed_failures_total", system="seoul") == 2 + failures_now
    assert found.value("bikeflow_feed_rounds_rejected_total", system="seoul") == 1
    assert found.value("bikeflow_feed_stations", system="seoul") == STATIONS
    assert abs(found.value("bikeflow_feed_success_timestamp_seconds", system="seoul") - last.rows_at) < 2
    # The second in which the answer came, which may be the one after that in which it was sent.
    at_s = found.value("bikeflow_feed_data_timestamp_seconds", system="seoul")
    assert abs(at_s - int(last.rows_at)) <= 1

    part = {"system": "seoul", "partition": 0}
    assert found.value("bikeflow_records_total", **part) == STATIONS * len(believed)
    assert found.value("bikeflow_newest_observation_timestamp_seconds", **part) == at_s
    assert found.value("bikeflow_watermark_timestamp_seconds", **part) == at_s - 2
    assert found.value("bikeflow_open_windows", **part) in (1, 2)
    rejected = next(len(poll.stations) for poll in whole if "short" in poll.faults)
    assert found.value("bikeflow_dead_letters_total", source="seoul", reason="round_too_small") == rejected
    assert found.value("bikeflow_dead_letters_total") == rejected

    commits = found.value("bikeflow_checkpoint_duration_seconds_count", source="seoul")
    assert commits == found.value("bikeflow_feed_polls_total")
    assert found.value("bikeflow_store_operations_total", operation="commit", result="ok") == commits
    assert 0 < found.value("bikeflow_checkpoint_duration_seconds_sum") < 30
    assert at - 5 < found.value("bikeflow_checkpoint_timestamp_seconds") <= at + 1
    assert found.value("bikeflow_checkpoint_bytes") > 100

    counts = list(last.stations.values())
    empty = sum(bikes == 0 for bikes, _ in counts)
    full = sum(bikes >= racks > 0 for bikes, racks in counts)
    assert empty > 0 and full > 0
    for state, count in (("empty", empty), ("full", full), ("some", STATIONS - empty - full), ("stale", 0)):
        assert found.value("bikeflow_stations", system="seoul", state=state) == count
    assert found.value("bikeflow_bikes", system="seoul") == sum(bikes for bikes, _ in counts)

    assert found.value("bikeflow_redis_connected") == 0
    assert found.value("bikeflow_redis_failures_total") > 0
    assert found.value("bikeflow_http_answers_total", status="2xx") > 3
    assert abs(found.value("process_resident_memory_bytes") - memory) < 16 << 20
    assert found.value("bikeflow_build_info") == 1
    assert found.value("bikeflow_lag_records") is None


def test_a_feed_that_cannot_be_stored_is_stopped_and_no_count_falls(program, tmp_path):
    with feed_server.FeedServer(feed_documents.made_stations(30, prefix="ST-"), key=KEY) as feeds:
        pipeline = feed_pipelines.FeedPipeline(program, tmp_path, feed_pipelines.seoul_feed(feeds.base), KEY, length=3600)
        in_the_way = pipeline.lake / "_bikeflow/state/seoul/CURRENT.new"
        counts = [f"bikeflow_{name}" for name in (
            "feed_polls_total", "records_total", "checkpoint_duration_seconds_count", "store_operations_total")]
        with pipelines.running(pipeline) as (copy, port):
            def wait(is_so) -> list[float]:
                """What has been counted then."""
                seen = [[0.0] * len(counts)]

                def look(found: metrics.Metrics) -> bool:
                    seen.append([found.value(name) or 0 for name in counts])
                    assert all(now >= before for now, before in zip(seen[-1], seen[-2])), (counts, seen[-2:])
                    return is_so(found)

                wait_for(port, look, copy, seconds=60)
                return seen[-1]

            before = wait(lambda found: (found.value("bikeflow_feed_polls_total") or 0) >= 4)
            while True:  # a commit has such a file for a moment
                try:
                    in_the_way.mkdir()
                    break
                except FileExistsError:
                    pass
            stopped = wait(lambda found: found.value("bikeflow_partition_stopped", source="seoul") == 1
                           and found.value("bikeflow_store_operations_total", operation="commit", result="error") == 1)
            in_the_way.rmdir()
            after = wait(lambda found: found.value("bikeflow_partition_stopped", source="seoul") == 0
                         and found.value("bikeflow_feed_polls_total") >= stopped[0] + 3)
            assert all(first <= second < third for first, second, third in zip(before, stopped, after))


@pytest.fixture(scope="module")
def of_topic(program, kafka, tmp_path_factory):
    """Two partitions with a duplicate, a conflict, a gap, late ones and dead letters."""
    folder = tmp_path_factory.mktemp("metrics")
    kafka.create_topic("metrics", 2)
    begin = int(time.time()) // 60 * 60 - 3 * 3600

    def record(station: str, minute: int, bikes: int) -> bytes:
        at = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(begin + 60 * minute + 9 * 3600))
        return json.dumps({"stationId": station, "parkingBikeTotCnt": str(bikes), "rackTotCnt": "10", "timestamp": at}).encode()

    kafka.produce("metrics", [(record("A", minute, minute % 5), 0) for minute in range(170)])
    kafka.produce("metrics", [(record("A", 169, 4), 0), (record("A", 169, 1), 0), (record("A", 1, 1), 0),
                              (record("A", 2, 1), 0), (b"no JSON", 0), (record("A", 400, 1), 0)])
    kafka.produce("metrics", [(record("B", minute, 3), 1) for minute in (0, 5, 30, 170)])
    pipeline = pipelines.Pipeline(program, folder, kafka.address, "metrics", f"{folder}/lake")
    with pipelines.running(pipeline) as (copy, port):
        yield wait_for(port, lambda found: found.value("bikeflow_records_total") == 170 + 5 + 4
                       and found.value("bikeflow_checkpoint_duration_seconds_count", partition=0)
                       and found.value("bikeflow_lag_records") == 0
                       and found.value("bikeflow_due_files") == 0, copy, seconds=60)


def test_the_page_says_what_a_run_on_a_topic_serves(of_topic, of_feeds, request):
    documented = metrics.documented(request.config.rootpath)
    agree(of_topic, documented)
    never = {name for name in documented if not of_topic.labels(name) and not of_feeds[0].labels(name)}
    assert never == set(), "no run has a sample of these"


def test_the_numbers_of_a_topic(of_topic):
    found = of_topic
    first, second = {"system": "seoul", "partition": 0}, {"system": "seoul", "partition": 1}
    assert found.value("bikeflow_duplicates_total", **first) == 1
    assert found.value("bikeflow_conflicts_total", **first) == 1
    assert found.value("bikeflow_late_total", **first) == 2
    assert found.value("bikeflow_gaps_total", **first) == 0
    assert found.value("bikeflow_gaps_total", **second) >= 1  # of two, of which the clock may have passed one
    assert found.value("bikeflow_dead_letters_total", source="metrics", partition=0, reason="not_json") == 1
    assert found.value("bikeflow_dead_letters_total", source="metrics", partition=0, reason="future") == 1
    assert found.value("bikeflow_dead_letters_total") == 2
    assert found.value("bikeflow_windows_closed_total", **first) >= 2
    assert found.value("bikeflow_rentals_total", **first) > 0
    assert found.value("bikeflow_partition_stopped") == found.value("bikeflow_partition_paused") == 0
    for operation in ("put", "get", "list"):
        assert found.value("bikeflow_store_operations_total", operation=operation, result="ok") > 0
    assert found.value("bikeflow_feed_polls_total") is None and found.value("bikeflow_redis_connected") is None


def test_names_are_by_the_conventions(of_feeds, of_topic, promtool):
    for found in (of_feeds[0], of_topic):
        promtool("check", "metrics", input=found.text)
