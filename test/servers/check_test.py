"""bikeflow check against a real broker: each line says what was tried and what was found."""


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
