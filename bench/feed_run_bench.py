"""What `bikeflow run` on one feed of Seoul's size takes: memory, idle processor time, and the way to the disk.

  ./dev bench feed_run

1. The program polls 2,738 stations each 30 s for some minutes; its memory then and at its peak, and its
   processor time between polls and with them, as a share of a core.
2. From the last byte of an answer to its checkpoint on the disk, over 200 polls, beside what the disk alone
   takes for the same bytes in the same call (bench/feed_commit.cc).
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "test/tools"))

import feed_documents  # noqa: E402
import feed_pipelines  # noqa: E402
import feed_server  # noqa: E402
import pipelines  # noqa: E402

PROGRAM = ROOT / "build/bikeflow"
STATIONS = 2738
POLLS_IDLE = 6  # of 30 s
POLLS_COMMIT = 200
TICKS = os.sysconf("SC_CLK_TCK")


def processor_s(pid: int) -> float:
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_mb(pid: int, name: str) -> float:
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024 / 1e6
    raise KeyError(name)


def polls(feeds: feed_server.FeedServer) -> int:
    return len(feeds.served(feed_server.SEOUL))


def idle(folder: pathlib.Path) -> None:
    with feed_server.FeedServer(feed_documents.made_stations(STATIONS, prefix="ST-")) as feeds:
        lines = feed_pipelines.seoul_feed(feeds.base, "30s")
        pipeline = feed_pipelines.FeedPipeline(PROGRAM, folder / "idle", lines, "test-key", length=3600, delay=600,
                                               max_gap=600)
        copy = pipelines.Copy(pipeline, "copy").start()
        while polls(feeds) < 1:
            time.sleep(0.05)
        time.sleep(5)
        pid, begin = copy.process.pid, time.monotonic()
        before = processor_s(pid)
        while polls(feeds) < 1 + POLLS_IDLE:
            time.sleep(0.5)
        time.sleep(1)
        used, passed = processor_s(pid) - before, time.monotonic() - begin
        print(f"\n{POLLS_IDLE} polls of {STATIONS} stations in {passed:.0f} s: {used:.2f} s of processor time, "
              f"{used / passed * 100:.2f} % of a core")
        print(f"  memory {memory_mb(pid, 'VmRSS:'):.1f} MB, at its peak {memory_mb(pid, 'VmHWM:'):.1f} MB")
        copy.leave()


def commit(folder: pathlib.Path) -> None:
    print("\nFrom the last byte of an answer to its checkpoint on the disk:", flush=True)
    subprocess.run([ROOT / "build/bench/feed_commit", folder / "commit", str(POLLS_COMMIT)], check=True)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="bikeflow-bench-") as folder:
        idle(pathlib.Path(folder))
        commit(pathlib.Path(folder))


if __name__ == "__main__":
    main()
