"""Servers to try things with: python local_servers.py up|down, called by ./dev up and ./dev down.

They run in the background with their data in build/servers/, where <name>/running.json says which
process each is. Both commands may be given twice.
"""

import json
import os
import pathlib
import signal
import sys
import time

import servers

FOLDER = pathlib.Path(__file__).resolve().parent.parent.parent / "build" / "servers"
USUAL_PORTS = {"kafka": 9092, "s3proxy": 9000, "redis": 6379}
BUCKET = "bikeflow"
TOPIC = "bike-station-info"


def state_file(name: str) -> pathlib.Path:
    return FOLDER / name / "running.json"


def started(name: str) -> dict | None:
    """What running.json says of the server, if that process is still the same one."""
    try:
        state = json.loads(state_file(name).read_text())
        if birth_of(state["pid"]) == state["birth"]:
            return state
    except (OSError, ValueError, KeyError, IndexError):
        pass
    return None


def birth_of(pid: int) -> str:
    """When the process began, in the kernel's count: two of one id differ in it."""
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]


def usual_port(name: str) -> int | None:
    return USUAL_PORTS[name] if servers.is_free(USUAL_PORTS[name]) else None


def up() -> None:
    ports = {}
    for kind in (servers.Kafka, servers.S3Proxy, servers.Redis):
        state = started(kind.name)
        if not state:
            server = kind(FOLDER / kind.name, usual_port(kind.name))
            begin = time.monotonic()
            server.launch(detached=True)
            state = {"pid": server.pid, "birth": birth_of(server.pid), "port": server.port}
            state_file(kind.name).write_text(json.dumps(state))
            server.wait_ready()
            print(f"{kind.name}: up after {time.monotonic() - begin:.1f} s, process {server.pid}", file=sys.stderr)
        ports[kind.name] = state["port"]
    s3 = servers.S3Proxy(FOLDER / "s3proxy", ports["s3proxy"])
    s3.create_bucket(BUCKET)
    kafka = servers.Kafka(FOLDER / "kafka", ports["kafka"])
    if TOPIC not in kafka.admin.list_topics(timeout=10).topics:
        kafka.create_topic(TOPIC, 4)
    print(f"""\
# Data and logs: {os.path.relpath(FOLDER)}   Stop them: ./dev down
# For a shell:
{"".join(f"export {name}={value}{chr(10)}" for name, value in s3.environment().items())}
# For a configuration:
# [kafka]
# brokers = "{kafka.address}"
# topic = "{TOPIC}"
# [lake]
# url = "s3://{BUCKET}/lake"
# [redis]
# url = "redis://{servers.HOST}:{ports["redis"]}"
""", end="")


def down() -> None:
    for name in USUAL_PORTS:
        state = started(name)
        if state:
            end(name, state["pid"])
        state_file(name).unlink(missing_ok=True)


def end(name: str, pid: int) -> None:
    birth = birth_of(pid)
    for sent, seconds in ((signal.SIGTERM, 20), (signal.SIGKILL, 5)):
        os.kill(pid, sent)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if birth_of(pid) != birth or is_zombie(pid):
                    print(f"{name}: stopped", file=sys.stderr)
                    return
            except OSError:
                print(f"{name}: stopped", file=sys.stderr)
                return
            time.sleep(0.05)
    sys.exit(f"{name}: process {pid} does not end")


def is_zombie(pid: int) -> bool:
    """It has ended, and whoever should wait for it does not."""
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in ("up", "down"):
        sys.exit("usage: local_servers.py up|down")
    try:
        up() if sys.argv[1] == "up" else down()
    except servers.ServerError as error:
        sys.exit(f"dev: {error}")
