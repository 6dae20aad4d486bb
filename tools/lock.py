"""Writes requirements.txt from requirements.in: every package, its version, its wheels' hashes.

For each Python and machine that the project supports pip is asked what it would install, and each
answer's hash is kept. Run by: ./dev lock
"""

import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PYTHONS = ["3.11", "3.12", "3.13"]
MACHINES = ["x86_64", "aarch64"]
# Tags from newest to oldest: glibc 2.36 is Debian 12's.
GLIBC = ["2_34", "2_31", "2_28", "2_27", "2_26", "2_24", "2_17"]

HEADER = """\
# Written by ./dev lock from requirements.in; do not edit.
# Wheels for CPython {pythons} on Linux {machines}.
"""


def resolve(python: str, machine: str) -> list[dict]:
    """What pip would install there: the entries of its installation report."""
    platforms = [f"manylinux_{tag}_{machine}" for tag in GLIBC] + [f"manylinux2014_{machine}"]
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed",
               "--only-binary", ":all:", "--python-version", python, "--implementation", "cp",
               "--target", str(ROOT / "build/unused"), "--report", "-",
               "-r", str(ROOT / "requirements.in")]
    for platform in platforms:
        command += ["--platform", platform]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)["install"]


def main() -> None:
    versions: dict[str, set[str]] = {}
    hashes: dict[str, set[str]] = {}
    for python in PYTHONS:
        for machine in MACHINES:
            for entry in resolve(python, machine):
                name = entry["metadata"]["name"].lower().replace("_", "-")
                versions.setdefault(name, set()).add(entry["metadata"]["version"])
                digest = entry["download_info"]["archive_info"]["hashes"]["sha256"]
                hashes.setdefault(name, set()).add(digest)
            print(f"CPython {python} {machine}: resolved", file=sys.stderr)

    lines = [HEADER.format(pythons=", ".join(PYTHONS), machines=" and ".join(MACHINES))]
    for name in sorted(versions):
        if len(versions[name]) != 1:
            sys.exit(f"{name}: different versions for different Pythons: {versions[name]}; "
                     "pin it in requirements.in")
        pins = [f"--hash=sha256:{digest}" for digest in sorted(hashes[name])]
        lines.append(" \\\n    ".join([f"{name}=={versions[name].pop()}", *pins]) + "\n")
    (ROOT / "requirements.txt").write_text("".join(lines))


if __name__ == "__main__":
    main()
