"""A lake's store in a folder and in a bucket of a real S3 server: the same calls have the same effects.

Driven over test/tools/store_tool.cc. What S3 alone can do to it comes below, with a proxy that fails on
purpose.
"""

import concurrent.futures
import dataclasses
import os
import ssl
import subprocess
import time
import uuid

import pyarrow
import pyarrow.dataset
import pyarrow.fs
import pyarrow.parquet
import pytest

import fault_proxy
import servers

MISSING = 3  # store_tool's status
MANY = 1500  # more than a page of a listing
NAMES = ["a.parquet", "system=seoul/year=2026/month=01/a b.parquet", "한강/résumé.parquet", "plus+percent%20&?.parquet",
         "_bikeflow/lake.json", "_bikeflow/checkpoint/a"]


@dataclasses.dataclass
class Lake:
    """A store under test."""
    tool: str
    url: str
    environment: dict

    def run(self, call: str, *arguments: str, data: bytes = b"") -> subprocess.CompletedProcess:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return subprocess.run([self.tool, self.url, call, *arguments], input=data, capture_output=True,
                              env={**inherited, "HOME": "/nowhere", **self.environment}, timeout=120)

    def __call__(self, call: str, *arguments: str, data: bytes = b"") -> bytes:
        done = self.run(call, *arguments, data=data)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def error(self, call: str, *arguments: str, data: bytes = b"") -> str:
        done = self.run(call, *arguments, data=data)
        assert done.returncode == 1, (done.returncode, done.stdout)
        return done.stderr.decode()

    def list(self, folder: str = "", call: str = "list") -> list[tuple[str, int]]:
        lines = self(call, folder).decode().splitlines()
        return [(path, int(size)) for size, _, path in (line.partition(" ") for line in lines)]


@pytest.fixture(scope="module")
def tool(program):
    return str(program.parent / "test" / "store_tool")


def lake_in(s3: servers.S3Proxy, tool: str, url: str | None = None, **environment) -> Lake:
    """A lake in a bucket of its own; behind a proxy where `url` is its."""
    bucket = f"lake-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(bucket)
    return Lake(tool, f"s3://{bucket}/some/prefix", {**s3.environment(url), **environment})


@pytest.fixture(params=["folder", "s3"])
def lake(request, tool, tmp_path):
    if request.param == "folder":
        return Lake(tool, str(tmp_path), {})
    return lake_in(request.getfixturevalue("s3"), tool)


@pytest.fixture
def proxy(s3):
    with fault_proxy.FaultProxy(s3.port) as proxy:
        yield proxy
        assert proxy.errors == []


def sent(proxy: fault_proxy.FaultProxy) -> list[tuple]:
    return [(request.method, sorted(request.query), request.status) for request in proxy.requests]


# --- As in a folder ---

@pytest.mark.parametrize("size", [0, 1, 100_000])
def test_bytes_come_back(lake, size):
    data = os.urandom(size)
    lake("put", "a/b", data=data)
    assert lake("get", "a/b") == data
    assert int(lake("size", "a/b")) == size


def test_a_file_is_replaced(lake):
    lake("put", "a/b", data=b"first and longer")
    lake("put", "a/b", data=b"second")
    assert lake("get", "a/b") == b"second"
    assert lake.list("a") == [("a/b", 6)]


def test_put_new_replaces_nothing(lake):
    assert lake("put_new", "a/b", data=b"first") == b"new\n"
    assert lake("put_new", "a/b", data=b"second") == b"there\n"
    assert lake("get", "a/b") == b"first"


def test_what_is_not_there(lake):
    for path in ["a", "a/b", "a/b/c"]:
        assert lake.run("get", path).returncode == MISSING
        assert lake.run("size", path).returncode == MISSING
        lake("remove", path)
    assert lake.list("a") == []
    lake("put", "a/b/c", data=b"x")
    assert lake.run("get", "a/b/other").returncode == MISSING
    assert lake.run("size", "a/b").returncode == MISSING  # a folder is no file


def test_names_of_all_kinds(lake):
    for name in NAMES:
        lake("put", name, data=name.encode())
    assert [lake("get", name) for name in NAMES] == [name.encode() for name in NAMES]
    by_name = sorted((name, len(name.encode())) for name in NAMES)
    internal = [pair for pair in by_name if pair[0].startswith("_bikeflow/")]
    assert lake.list(call="list_data") == [pair for pair in by_name if pair not in internal]
    assert [pair for pair in lake.list() if not pair[0].startswith("_bikeflow/tmp")] == by_name
    assert lake.list("_bikeflow/checkpoint") == [("_bikeflow/checkpoint/a", 22)]
    assert lake.list("system=seoul") == [pair for pair in by_name if pair[0].startswith("system=seoul/")]


def test_a_removed_file_is_gone(lake):
    lake("put", "a/b", data=b"x")
    lake("put", "a/bc", data=b"y")
    lake("remove", "a/b")
    assert lake.list("a") == [("a/bc", 1)]
    lake("remove", "a/bc")
    assert lake.list("a") == []
    assert lake.run("get", "a/b").returncode == MISSING


def test_a_listing_has_every_file_in_order(lake, tmp_path_factory):
    threads = "8" if lake.url.startswith("s3:") else "1"
    lake("put_many", "many", str(MANY), threads)
    lake("put", "many.not", data=b"")
    assert lake.list("many") == [(f"many/{number:05}", 1) for number in range(MANY)]


@pytest.mark.parametrize("path", ["../a", "/a", "a//b", "a/", "./a"])
def test_paths_out_of_the_lake_are_refused(lake, path):
    for call in ["put", "put_new", "get", "size", "remove"]:
        assert "is no path of a file in a lake" in lake.error(call, path)


# --- What S3 is asked for ---

@pytest.mark.parametrize("size", [0, 1, 1_000_000, (10 << 20) - 1])
def test_a_put_is_one_request(s3, tool, proxy, size):
    lake = lake_in(s3, tool, proxy.url)
    lake("put", "a/b=1/c", data=os.urandom(size))
    assert sent(proxy) == [("PUT", [], 200)]  # no parts, no marker of a folder, no question before it
    assert s3.file_system().get_file_info(lake.url.removeprefix("s3://") + "/a/b=1/c").size == size


def test_a_large_put_is_whole_too(s3, tool, proxy):
    lake = lake_in(s3, tool, proxy.url)
    data = os.urandom(25 << 20)
    proxy.plan = lambda request: fault_proxy.answer(403) if "partNumber" in request.query else None
    assert "cannot write" in lake.error("put", "a/b", data=data)
    assert lake.list() == []  # a part that failed does not leave the others as a file
    proxy.forget()
    lake("put", "a/b", data=data)
    assert [method for method, _, _ in sent(proxy)] == ["POST", "PUT", "PUT", "PUT", "POST"]
    assert lake("get", "a/b") == data


def test_a_removal_leaves_a_marker_that_no_reader_sees(s3, tool, proxy):
    lake = lake_in(s3, tool, proxy.url)
    root = lake.url.removeprefix("s3://")
    folder = "hourly_summary/system=seoul/hour=08"
    table = pyarrow.table({"stationId": ["ST-4"]})
    for name in ["first", "second"]:
        with s3.file_system().open_output_stream(f"{root}/{folder}/{name}.parquet") as file:
            pyarrow.parquet.write_table(table, file)

    def read() -> int:
        return pyarrow.dataset.dataset(f"{root}/hourly_summary", filesystem=s3.file_system(), format="parquet",
                                       partitioning="hive").to_table().num_rows

    lake("remove", f"{folder}/first.parquet")
    # Not only after the last one.
    assert [(request.method, request.path.endswith("/hour=08/")) for request in proxy.requests] == [
        ("HEAD", False), ("DELETE", False), ("PUT", True)]
    assert read() == 1
    assert [path for path, _ in lake.list()] == [f"{folder}/second.parquet"]
    lake("remove", f"{folder}/second.parquet")
    assert read() == 0 and lake.list() == []
    proxy.forget()
    lake("remove", f"{folder}/second.parquet")
    assert "PUT" not in [request.method for request in proxy.requests], "of what is not there"


def test_no_markers_of_folders(s3, tool, proxy):
    lake = lake_in(s3, tool, proxy.url)
    lake("put_new", "a/b/c", data=b"x")
    lake("get", "a/b/c")
    lake("list", "")
    assert not [request for request in proxy.requests if request.path.endswith("/")]


# --- What S3 refuses ---

def test_a_bucket_that_does_not_exist(s3, tool):
    lake = Lake(tool, "s3://no-such-bucket/lake", s3.environment())
    for call in ["put", "put_new", "get", "size", "list", "remove"]:
        error = lake.error(call, "a")
        assert "s3://no-such-bucket/lake/a: " in error, call
        assert "create the bucket" in error, call
    buckets = s3.file_system().get_file_info(pyarrow.fs.FileSelector(""))
    assert not [bucket for bucket in buckets if bucket.path == "no-such-bucket"]


def test_a_wrong_secret(s3, tool):
    lake = lake_in(s3, tool, AWS_SECRET_ACCESS_KEY="wrong-and-secret")
    for call in ["put", "put_new", "get", "size", "list", "remove"]:
        error = lake.error(call, "a")
        assert lake.url + "/a: " in error, call
        assert "look at the credentials" in error, call
        assert "wrong-and-secret" not in error and s3.secret_key not in error, call


def test_a_server_that_is_down(s3, tool):
    port = servers.free_port()
    lake = Lake(tool, "s3://bucket/lake", s3.environment(f"http://127.0.0.1:{port}"))
    for call in ["put", "get", "size", "list", "remove"]:
        begin = time.monotonic()
        error = lake.error(call, "a")
        assert f"is the server http://127.0.0.1:{port} of AWS_ENDPOINT_URL up" in error, call
        assert time.monotonic() - begin < 10, call


def test_settings_in_a_profile(s3, tool, tmp_path):
    (tmp_path / "config").write_text(f"[profile mine]\nregion = eu-west-3\nendpoint_url = {s3.url}\n")
    (tmp_path / "credentials").write_text(
        f"[mine]\naws_access_key_id = {s3.access_key}\naws_secret_access_key = {s3.secret_key}\n")
    lake = dataclasses.replace(lake_in(s3, tool), environment={
        "AWS_CONFIG_FILE": str(tmp_path / "config"), "AWS_PROFILE": "mine",
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"), "AWS_EC2_METADATA_DISABLED": "true"})
    lake("put", "a", data=b"x")
    assert lake("get", "a") == b"x"


def test_a_certificate_of_an_own_authority(s3, tool, tmp_path):
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
                   check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    with fault_proxy.FaultProxy(s3.port, tls) as proxy:
        lake = lake_in(s3, tool, proxy.url, AWS_CA_BUNDLE=str(certificate))
        lake("put", "a", data=b"x")
        assert lake("get", "a") == b"x"
        # The system's authorities do not know it.
        stranger = dataclasses.replace(lake, environment=s3.environment(proxy.url))
        assert "AWS_CA_BUNDLE" in stranger.error("put", "b", data=b"x")


# --- What a network does ---

@pytest.mark.parametrize("fault", [fault_proxy.DROP, fault_proxy.CUT, fault_proxy.answer(500),
                                   fault_proxy.answer(503)])
@pytest.mark.parametrize("call", ["put", "get", "size", "list", "remove"])
def test_one_fault_is_got_over(s3, tool, proxy, fault, call):
    lake = lake_in(s3, tool, proxy.url)
    lake("put", "a/b", data=b"bytes")
    proxy.forget()
    proxy.fail_next(fault)
    out = lake(call, "a" if call == "list" else "a/b", data=b"other")
    assert proxy.counts == {fault.kind: 1}
    assert out == {"get": b"bytes", "size": b"5", "list": b"5 a/b\n"}.get(call, b"")
    proxy.forget()
    assert lake.list("a") == ([] if call == "remove" else [("a/b", 5)])
    assert lake.run("get", "a/b").stdout == {"put": b"other", "remove": b""}.get(call, b"bytes")


@pytest.mark.parametrize("fault", [fault_proxy.DROP, fault_proxy.CUT, fault_proxy.answer(503)])
def test_a_fault_that_lasts_is_an_error_and_may_be_tried_again(s3, tool, proxy, fault):
    lake = lake_in(s3, tool, proxy.url)
    proxy.plan = lambda request: fault
    begin = time.monotonic()
    assert f"cannot write {lake.url}/a/b: " in lake.error("put", "a/b", data=b"bytes")
    assert time.monotonic() - begin < 10
    # The outcome is unknown to the caller: a put whose answer was cut has got through.
    proxy.forget()
    assert lake.run("get", "a/b").returncode == (0 if fault == fault_proxy.CUT else MISSING)
    lake("put", "a/b", data=b"bytes")
    assert lake("get", "a/b") == b"bytes"


def test_a_put_that_arrives_late_changes_nothing(s3, tool, proxy):
    lake = lake_in(s3, tool, proxy.url)
    proxy.fail_next(fault_proxy.late(1), method="PUT")
    lake("put", "a/b", data=b"bytes")  # tried again by the client
    lake("put", "a/b", data=b"bytes")
    time.sleep(1.5)
    assert proxy.counts["late"] == 1
    assert [request.status for request in proxy.requests if request.method == "PUT"] == [200, 200, 200]
    assert lake("get", "a/b") == b"bytes"


def test_a_store_that_says_nothing_is_given_up(s3, tool, proxy):
    lake = lake_in(s3, tool, proxy.url)
    proxy.fail_next(fault_proxy.delay(60), method="PUT")
    begin = time.monotonic()
    lake("put", "a/b", data=b"bytes")  # the second try
    assert 18 < time.monotonic() - begin < 40
    assert lake("get", "a/b") == b"bytes"


@pytest.mark.parametrize("other", [b"longer than before", b"short"])
def test_a_file_that_is_replaced_while_it_is_read(s3, tool, proxy, other):
    lake = lake_in(s3, tool, proxy.url)
    lake("put", "a/b", data=b"as before")
    waiting = [other]

    def replace_between_size_and_bytes(request):
        if request.method == "GET" and waiting:
            with s3.file_system().open_output_stream(lake.url.removeprefix("s3://") + "/a/b") as file:
                file.write(waiting.pop())

    proxy.plan = replace_between_size_and_bytes
    assert lake("get", "a/b") == other
    assert not waiting


def test_many_at_once(s3, tool, proxy):
    lake = lake_in(s3, tool, proxy.url)
    lake("put_many", "many", "200", "16")
    assert sent(proxy) == [("PUT", [], 200)] * 200
    assert len(lake.list("many")) == 200
    with concurrent.futures.ThreadPoolExecutor(4) as pool:  # and from several programs
        outcomes = list(pool.map(lambda number: lake("put_new", f"new/{number}", data=b"x"), range(8)))
    assert outcomes == [b"new\n"] * 8
