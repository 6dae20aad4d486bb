"""A lake in a bucket, read by the commands that only read: they say the same of it as of one in a folder."""

import json
import shutil
import uuid

import pytest

import fault_proxy
import synthetic


@pytest.fixture(scope="module")
def written(bikeflow, tmp_path_factory):
    folder = tmp_path_factory.mktemp("lake")
    lines = synthetic.lines(synthetic.city(folder / "city.done"))
    lines[2000:2000] = [lines[0], "no record"]  # a late one and a dead letter
    (folder / "city.ndjson").write_text("\n".join(lines) + "\n")
    bikeflow.succeed("backfill", folder / "city.ndjson", "--lake", folder / "lake", "--timezone",
                     "Asia/Seoul", "--system", "seoul", "--keep-open")
    return folder / "lake"


def put_lake(s3, folder) -> str:
    """The folder's files in a bucket of its own; the lake's URL."""
    bucket = f"lake-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(bucket)
    for path in sorted(folder.glob("**/*")):
        if path.is_file() and path.name != "lock":
            with s3.file_system().open_output_stream(f"{bucket}/a/prefix/{path.relative_to(folder)}") as file:
                file.write(path.read_bytes())
    return f"s3://{bucket}/a/prefix"


@pytest.fixture
def both(bikeflow, s3, written, tmp_path):
    """A function: a command and its arguments -> its outcomes on the lake in a folder and in a bucket."""
    folder = tmp_path / "lake"
    shutil.copytree(written, folder)
    urls = []

    def run(*arguments):
        if not urls:
            urls.append(put_lake(s3, folder))
        outcomes = []
        for lake in (str(folder), urls[0]):
            done = bikeflow.run(*arguments, "--lake", lake, env=s3.environment())
            outcomes.append((done.returncode, done.stdout.replace(lake, "LAKE"), done.stderr.replace(lake, "LAKE")))
        return outcomes

    run.folder = folder
    return run


@pytest.mark.parametrize("arguments", [
    ("show",), ("show", "--totals"), ("show", "--format", "csv"), ("show", "--top", "3", "--format", "json"),
    ("show", "--from", "2030-01-01"), ("verify",), ("verify", "--format", "json"),
    ("verify", "--from", "2024-08-11T08:00", "--to", "2024-08-11T10:00"), ("state", "show"),
    ("state", "show", "--format", "json")])
def test_the_same_is_said(both, arguments):
    in_folder, in_bucket = both(*arguments)
    assert in_bucket == in_folder
    assert in_folder[0] == 0 and len(in_folder[1] + in_folder[2]) > 60


def test_the_same_damage_is_found(both):
    files = sorted((both.folder / "hourly_summary").glob("**/*.parquet"))
    files[1].unlink()
    files[3].write_bytes(files[4].read_bytes())
    (both.folder / "hourly_summary" / "stranger.parquet").write_bytes(files[0].read_bytes())
    current = (both.folder / "_bikeflow/state/backfill/CURRENT").read_text().strip()
    (both.folder / "_bikeflow/state/backfill" / current).write_bytes(b"damaged")
    in_folder, in_bucket = both("verify")
    assert in_folder[0] == 1 and "is missing" in in_folder[1] and "could not verify: LAKE/_bikeflow" in in_folder[1]
    assert in_bucket == in_folder
    in_folder, in_bucket = both("state", "show")
    assert in_folder[0] == 1 and current in in_folder[2]
    assert in_bucket == in_folder


def test_a_backfill_is_discarded(both):
    """One that was written into a folder, and copied."""
    in_folder, in_bucket = both("state", "discard")
    assert in_bucket == in_folder and in_folder[0] == 0 and "nothing was deleted" in in_folder[2]
    assert in_folder[1].count(".parquet\n") > 3 and "_bikeflow/state/backfill/CURRENT" in in_folder[1]
    in_folder, in_bucket = both("state", "discard", "--yes")
    assert in_bucket == in_folder and in_folder[0] == 0 and "deleted the state of 'backfill'" in in_folder[1]
    in_folder, in_bucket = both("state", "show")
    assert in_bucket == in_folder and "checkpoint" not in in_folder[1]
    in_folder, in_bucket = both("verify")
    assert in_bucket == in_folder and in_folder[0] == 0 and " 0 files" in in_folder[1]


def test_only_the_hours_asked_for_are_read(bikeflow, s3, written):
    url = put_lake(s3, written)
    with fault_proxy.FaultProxy(s3.port) as proxy:
        bikeflow.succeed("show", "--lake", url, "--from", "2024-08-11T08:00", "--to", "2024-08-11T09:00",
                         env=s3.environment(proxy.url))
        read = [request.path for request in proxy.requests
                if request.method == "GET" and request.path.endswith(".parquet")]
        assert len([path for path in read if "hour%3D08" in path or "hour=08" in path]) == 1
        assert len(read) <= 2  # the newest says what the system's time zone is
        assert {request.method for request in proxy.requests} <= {"GET", "HEAD"}


def test_a_bucket_that_is_no_lake(bikeflow, s3):
    bucket = f"lake-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(bucket)
    for command, status in [(("show",), 1), (("verify",), 3), (("state", "show"), 1)]:
        done = bikeflow.run(*command, "--lake", f"s3://{bucket}", env=s3.environment())
        assert done.returncode == status
        assert f"s3://{bucket}/_bikeflow/lake.json is not there, so this is no lake" in done.stderr


def test_check_tries_the_bucket(bikeflow, s3, written, tmp_path):
    def check(url, **environment):
        config = tmp_path / "bikeflow.toml"
        config.write_text(f'[system]\nid = "seoul"\ntimezone = "Asia/Seoul"\n[lake]\nurl = "{url}"\n')
        return bikeflow.run("check", "-c", config, env={**s3.environment(), **environment})

    url = put_lake(s3, written)
    lake = json.loads((written / "_bikeflow/lake.json").read_text())["lake_id"]
    done = check(url)
    assert f"ok          lake          {url}: writable, lake {lake}\n" in done.stdout
    assert "can be read" in done.stdout and done.returncode == 0
    done = check(url + "/other")
    assert f"{url}/other: writable, no lake yet" in done.stdout and done.returncode == 0
    for done in (check("s3://no-such-bucket/lake"), check(url, AWS_SECRET_ACCESS_KEY="wrong")):
        assert "FAILED      lake          tried to write" in done.stdout and done.returncode == 1
