"""bikeflow check against a real broker: each line says what was tried and what was found."""

import os
import re
import signal
import subprocess

import feed_documents
import feed_server
import service_manager


def test_the_cluster_the_topic_and_the_group(bikeflow, kafka, tmp_path):
    kafka.create_topic("checked", 3)
    kafka.create_topic("compacted", 1, {"cleanup.policy": "compact"})
    config = tmp_path / "bikeflow.toml"

    def check(topic):
        config.write_text(
            f'[system]\nid = "seoul"\ntimezone = "Asia/Seoul"\n[lake]\nurl = "{tmp_path}/lake"\n'
            f'[kafka]\nbrokers = "{kafka.address}"\ntopic = "{topic}"\n')
        return bikeflow.run("check", "-c", config)

    done = check("checked")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"ok          kafka         {kafka.address}: cluster " in done.stdout
    assert ", topic checked of 3 partitions\n" in done.stdout
    assert "ok          topic         cleanup.policy = delete\n" in done.stdout
    assert "ok          group         bikeflow: has committed offsets of 0 of 3 partitions\n" in done.stdout

    done = check("compacted")
    assert done.returncode == 1
    assert "FAILED      topic         compacted is compacted (cleanup.policy = compact)" in done.stdout
    done = bikeflow.run("run", "-c", config, "--until-caught-up")
    assert done.returncode == 1 and "the topic compacted is compacted" in done.stderr

    done = check("chekced")
    assert done.returncode == 1
    assert f"FAILED      kafka         there is no topic 'chekced' at {kafka.address}" in done.stdout


def test_of_a_producer(bikeflow, kafka, tmp_path):
    """It has no lake and no group; what its readers will have to know is said to those."""
    config = tmp_path / "bikeflow.toml"
    with feed_server.FeedServer() as feeds:
        feeds.add_gbfs("oslo", "2.3", feed_documents.made_stations(40))
        producer = (f'[feed]\nkind = "gbfs"\nurl = "{feeds.gbfs_url("oslo")}"\n'
                    f'[kafka]\nbrokers = "{kafka.address}"\ntopic = "not-yet"\npartitions = 2\n')
        config.write_text(producer)
        done = bikeflow.succeed("check", "-c", config)
        assert ", no topic not-yet yet: bikeflow poll creates it with 2 partitions\n" in done.stdout
        assert re.search(r"ok +feed http://.*/oslo/gbfs.json: HTTP 200, 40 of 40 stations", done.stdout)
        assert "lake" not in done.stdout and "group" not in done.stdout
        config.write_text(producer + f'[lake]\nurl = "{tmp_path}/lake"\n')
        done = bikeflow.run("check", "-c", config)
    assert done.returncode == 1
    assert re.search(r"FAILED +systems +\[feed\] http://.*/oslo/gbfs.json: whoever reads a topic must know", done.stdout)


def test_the_example_with_a_topic_and_its_service(bikeflow, kafka, request, tmp_path):
    kafka.create_topic("bike-station-info", 2)
    text = (request.config.rootpath / "examples/kafka.toml").read_text()
    for old, new in (("localhost:9092", kafka.address), ("s3://bucket/lake", f"{tmp_path}/lake")):
        assert text.count(old) == 1
        text = text.replace(old, new)
    config = tmp_path / "kafka.toml"
    config.write_text(text)
    done = bikeflow.succeed("check", "-c", config)
    assert re.search(r"ok +kafka .*, topic bike-station-info of 2 partitions", done.stdout)

    manager = service_manager.Manager(tmp_path / "notify")
    environment = {**os.environ, "NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "2000000"}
    process = subprocess.Popen(bikeflow.command("run", "-c", config), env=environment, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True)
    try:
        manager.wait_for("READY=1")
        manager.heard(3)  # it joins the group
        assert len([text for text in manager.heard(3) if text == "WATCHDOG=1"]) >= 3
        process.send_signal(signal.SIGTERM)
        manager.wait_for("STOPPING=1")
        _, log = process.communicate(timeout=40)
        assert process.returncode == 0, log
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
