"""Runs a command with all its descendants and says what they cost.

    python3 -I -S launch.py REPORT COMMAND...

The report is JSON: status, seconds from the start to the end and to the first line that begins with each
of MARKS, CPU seconds of all processes, and the peak resident MB. A child begins with the resident set of its
parent, so this program is small and has one. Where several processes run, their memory is the largest sum of
what they hold in proportion (Pss), looked at each half second.
"""

import ctypes
import json
import os
import re
import resource
import subprocess
import sys
import threading
import time

MARKS = {"ready": re.compile(r"ready|.*assigned: partitions"), "first": re.compile("first"),
         "done": re.compile("done")}
PR_SET_CHILD_SUBREAPER = 36


def family_mb(session):
    """The resident MB of a session's processes together, and how many they are."""
    total_kb, count = 0, 0
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat") as stat:
                if int(stat.read().rpartition(")")[2].split()[3]) != session:
                    continue
            with open(f"/proc/{name}/smaps_rollup") as rollup:
                total_kb += next(int(line.split()[1]) for line in rollup if line.startswith("Pss:"))
            count += 1
        except (OSError, StopIteration, IndexError):
            continue  # it has just ended
    return total_kb / 1024, count


def watch_memory(session, peaks, over):
    while not over.wait(0.5):
        mb, count = family_mb(session)
        if count > 1:
            peaks.append(mb)


def main():
    report, *command = sys.argv[1:]
    # Whatever loses its parent becomes this one's child, so that its CPU time is counted.
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                               text=True, errors="replace", start_new_session=True)
    peaks, over = [], threading.Event()
    watcher = threading.Thread(target=watch_memory, args=(process.pid, peaks, over))
    watcher.start()
    seconds = {}
    for line in process.stdout:
        for mark, pattern in MARKS.items():
            if mark not in seconds and pattern.match(line):
                seconds[mark] = time.monotonic() - began
        print(line, end="", flush=True)
    status = process.wait()
    over.set()
    watcher.join()
    seconds["end"] = time.monotonic() - began
    while True:
        try:
            os.wait()
        except ChildProcessError:
            break
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    with open(report, "w") as file:
        json.dump({"status": status, "seconds": seconds, "cpu_s": usage.ru_utime + usage.ru_stime,
                   "memory_mb": max([usage.ru_maxrss / 1024, *peaks])}, file)


if __name__ == "__main__":
    main()
