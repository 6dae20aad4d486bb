"""`run` on live feeds as a service, and `poll`: what the lake's commands say of it, and what it tells the service manager."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import time

import pytest

import feed_documents
import feed_server
import service_manager

KEY = "5a4b7354key62696b"
WATCHDOG_SECONDS = 2


@pytest.fixture
def feeds():
    with feed_server.FeedServer(feed_documents.made_stations(200, prefix="ST-"), key=KEY) as server:
        yield server


@pytest.fixture
def config(feeds, tmp_path):
    """A poll a second and windows of five."""
    path = tmp_path / "bikeflow.toml"
    path.write_text(f'[feed]\nkind = "seoul"\nid = "seoul"\ntimezone = "Asia/Seoul"\nurl = "{feeds.base}"\n'
                    f'key = "{KEY}"\nevery = "1s"\ndaily_calls = 5000\n[lake]\nurl = "{tmp_path}/lake"\n'
                    '[window]\nlength = "5s"\ndelay = "1s"\n')
    return path


@contextlib.contextmanager
def service(bikeflow, path, command: str = "run", **environment):
    process = subprocess.Popen(bikeflow.command(command, "-c", path), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True, env={**os.environ, "NO_COLOR": "1", **environment})
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def wait_for(condition, seconds: float = 60):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.1)
    return found


def end(process) -> str:
    process.send_signal(signal.SIGTERM)
    begin = time.monotonic()
    _, log = process.communicate(timeout=30)
    assert process.returncode == 0, log
    assert time.monotonic() - begin < 5
    assert KEY not in log
    return log


def test_the_lakes_commands_know_live_feeds(bikeflow, feeds, config, tmp_path):
    lake = tmp_path / "lake"

    def state() -> dict:
        [job] = json.loads(bikeflow.succeed("state", "show", "--lake", lake, "--format", "json").stdout)
        return job

    # Another feed of the same lake, which is not polled later.
    other = config.with_name("other.toml")
    other.write_text(config.read_text().replace('id = "seoul"', 'id = "other"').replace("5000", "4000"))
    bikeflow.succeed("run", "-c", other, "--until-caught-up")
    shutil.copytree(lake, tmp_path / "other")
    bikeflow.succeed("state", "discard", "--lake", lake, "--job", "other", "--yes")

    with service(bikeflow, config) as process:
        wait_for(lambda: (lake / "_bikeflow/state/seoul/CURRENT").exists())
        if not list(lake.glob("hourly_summary/**/*.parquet")):
            done = bikeflow.run("show", "--lake", lake)
            assert done.returncode == 1 and "no rows yet" in done.stderr
            assert re.search(r"; seoul: hour \S+ \S+ open: watermark [-\d: ]+, needs [-\d: ]+", done.stderr)
        wait_for(lambda: len(list(lake.glob("hourly_summary/**/*.parquet"))) >= 2)
        shown = bikeflow.succeed("show", "--lake", lake, "--totals").stdout
        assert re.search(r"^hour \S+ \S+ open: watermark [-\d: ]+, needs [-\d: ]*\d\d:00$", shown, re.MULTILINE), shown
        verified = bikeflow.succeed("verify", "--lake", lake).stdout
        assert re.search(r"^open: hourly_summary/system=seoul/\S+: watermark [-\d: ]+, needs [-\d: ]*\d\d:00$", verified,
                         re.MULTILINE), verified

        feed = state()["feed"]
        assert feed["failures_in_a_row"] == 0 and feed["reason"] == "" and feed["stations"] == 200
        assert 0 <= feed["data_age_seconds"] <= 30 and feed["polls"] == feed["rounds"]["believed"] > 2
        assert re.fullmatch(r"49\d\d of 5000 calls left today", feed["budget"])
        text = bikeflow.succeed("state", "show", "--lake", lake).stdout
        assert re.search(r"^  live feed: 200 stations, \d+s old, 49\d\d of 5000 calls left today$", text, re.MULTILINE)
        assert re.search(r"^    last success \S+ \S+, with data of .*; \d+ polls, 0 failures$", text, re.MULTILINE)

        feeds.set_fault("seoul", "zeros", share=0.9)
        wait_for(lambda: state()["feed"]["rounds"]["round_fell_to_zero"] >= 1)
        feeds.clear_faults()
        feeds.set_fault("seoul", "status", status=503)
        wait_for(lambda: state()["feed"]["reason"] == "http_status")
        text = bikeflow.succeed("state", "show", "--lake", lake).stdout
        assert re.search(r"^  live feed: failing for \d+s \(\d+ polls?\): http_status: .*HTTP 503", text, re.MULTILINE)
        assert re.search(r", round_fell_to_zero [1-9]", text) and KEY not in text

        shutil.copytree(tmp_path / "other/_bikeflow/state/other", lake / "_bikeflow/state/other", dirs_exist_ok=True)
        for job in ("seoul", "other"):
            done = bikeflow.run("state", "discard", "--lake", lake, "--job", job, "--yes")
            assert done.returncode == 1 and f"in use by process {process.pid}" in done.stderr
        shutil.rmtree(lake / "_bikeflow/state/other")
        end(process)

    feeds.clear_faults()
    bikeflow.succeed("verify", "--lake", lake)
    first = min(lake.glob("hourly_summary/**/*.parquet"))
    first.rename(tmp_path / "kept")
    done = bikeflow.run("verify", "--lake", lake)
    assert done.returncode == 1 and "the live feed seoul said then cannot be asked for again" in done.stderr
    assert "backfill" not in done.stderr
    (tmp_path / "kept").rename(first)
    dead = next(lake.glob("dead_letter/**/*.parquet"))
    listed = bikeflow.succeed("state", "discard", "--lake", lake, "--job", "seoul")
    assert str(dead) in listed.stdout and "nothing was deleted" in listed.stderr
    bikeflow.succeed("state", "discard", "--lake", lake, "--job", "seoul", "--yes")
    assert not list(lake.glob("**/*.parquet"))
    bikeflow.succeed("run", "-c", config, "--until-caught-up")
    assert state()["feed"]["polls"] == 1


def test_the_log_says_what_an_hour_waits_for_that_should_be_final(bikeflow, feeds, config, tmp_path):
    config.write_text(config.read_text().replace('length = "5s"', 'length = "1s"\nidle_close = "3s"'))
    with open(tmp_path / "log", "w+b") as log:
        process = subprocess.Popen(bikeflow.command("run", "-c", config), stdout=log, stderr=log)
        try:
            wait_for(lambda: (tmp_path / "lake/_bikeflow/state/seoul/CURRENT").exists())
            feeds.set_fault("seoul", "status", status=503)
            wait_for(lambda: re.search(r"; seoul \d\d:\d\d:\d\d( of \S+)? open: watermark ([-\d]+ )?[:\d]+, needs ([-\d]+ )?[:\d]+$",
                                       (tmp_path / "log").read_text(), re.MULTILINE))
        finally:
            process.kill()
            process.wait()


def test_the_service_manager_hears_of_its_life(bikeflow, feeds, config, tmp_path):
    manager = service_manager.Manager(tmp_path / "notify")
    with service(bikeflow, config, NOTIFY_SOCKET=manager.path, WATCHDOG_USEC=str(WATCHDOG_SECONDS * 1_000_000)) as process:
        assert "WATCHDOG=1" not in manager.wait_for("READY=1")[:-1]
        assert len([text for text in manager.heard(4) if text == "WATCHDOG=1"]) >= 4
        # One that hangs is heard no more.
        process.send_signal(signal.SIGSTOP)
        manager.heard(0.2)
        assert manager.heard(WATCHDOG_SECONDS) == []
        process.send_signal(signal.SIGCONT)
        manager.wait_for("WATCHDOG=1")
        # A feed that hangs does not hang the service.
        feeds.set_fault("seoul", "slow", seconds=30)
        manager.heard(1.5)
        assert "WATCHDOG=1" in manager.heard(WATCHDOG_SECONDS)
        process.send_signal(signal.SIGTERM)
        assert manager.wait_for("STOPPING=1")[-1] == "STOPPING=1"
        process.wait(timeout=10)
        assert process.returncode == 0


def test_a_loop_that_hangs_is_heard_no_more(bikeflow, feeds, config, tmp_path):
    manager = service_manager.Manager(tmp_path / "notify")
    with service(bikeflow, config, NOTIFY_SOCKET=manager.path, WATCHDOG_USEC=str(WATCHDOG_SECONDS * 1_000_000)):
        manager.wait_for("WATCHDOG=1")
        state = tmp_path / "lake/_bikeflow/state/seoul"
        wait_for(lambda: (state / "CURRENT").exists())
        service_manager.hang(state / "CURRENT.new")
        manager.heard(2)
        assert manager.heard(WATCHDOG_SECONDS) == []


@pytest.fixture
def producer(config, tmp_path):
    """Without a broker: it polls all the same."""
    config.write_text(config.read_text() + '[kafka]\nbrokers = "127.0.0.1:1"\ntopic = "bikes"\n'
                      f'spool = "{tmp_path}/spool"\n')
    return config


def test_the_producer_is_heard_too(bikeflow, feeds, producer, tmp_path):
    manager = service_manager.Manager(tmp_path / "notify")
    with service(bikeflow, producer, "poll", NOTIFY_SOCKET=manager.path,
                 WATCHDOG_USEC=str(WATCHDOG_SECONDS * 1_000_000)) as process:
        assert "WATCHDOG=1" not in manager.wait_for("READY=1")[:-1]
        assert len([text for text in manager.heard(4) if text == "WATCHDOG=1"]) >= 4
        feeds.set_fault("seoul", "slow", seconds=30)
        manager.heard(1.5)
        assert "WATCHDOG=1" in manager.heard(WATCHDOG_SECONDS)
        process.send_signal(signal.SIGTERM)
        assert manager.wait_for("STOPPING=1")[-1] == "STOPPING=1"
        assert process.wait(timeout=10) == 0


def test_a_producer_that_hangs_is_heard_no_more(bikeflow, feeds, producer, tmp_path):
    manager = service_manager.Manager(tmp_path / "notify")
    with service(bikeflow, producer, "poll", NOTIFY_SOCKET=manager.path,
                 WATCHDOG_USEC=str(WATCHDOG_SECONDS * 1_000_000)):
        manager.wait_for("WATCHDOG=1")
        wait_for(lambda: (tmp_path / "spool/seoul.feed").exists())
        service_manager.hang(tmp_path / "spool/seoul.feed.new")
        manager.heard(2)
        assert manager.heard(WATCHDOG_SECONDS) == []


def test_a_key_on_the_command_line_is_warned_of(bikeflow, feeds, tmp_path):
    feeds.add_gbfs("oslo", "2.3", feed_documents.made_stations(20))
    for query, is_key in (("?lang=en", False), (f"?apikey={KEY}", True), (f"?a=b&c={KEY}", True)):
        done = bikeflow.succeed("run", "--feed", feeds.gbfs_url("oslo") + query, "--lake", tmp_path / f"lake{query[1]}{is_key}",
                                "--until-caught-up")
        assert done.stderr.count("in the list of processes") == is_key, done.stderr
        assert KEY not in done.stdout + done.stderr
    assert "'c' in the URL looks like a key" in done.stderr and "[feed.parameters]" in done.stderr
