"""Formatting, tidy and clang-tidy. Used by: ./dev check [--all | FILE...]

Without arguments clang-tidy looks at the C++ files that differ from the branch main (all, where there
is no such branch or nothing differs); formatting and tidy always look at everything.
"""

import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = ("src", "test", "fuzz", "bench")


def lines_of(*command: str) -> list[str] | None:
    """The output's lines, or None where the command fails."""
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return run.stdout.splitlines() if run.returncode == 0 else None


def all_files() -> list[str]:
    return sorted(path.relative_to(ROOT).as_posix() for folder in FOLDERS
                  for path in (ROOT / folder).rglob("*") if path.suffix in (".cc", ".h"))


def changed_files() -> list[str]:
    base = lines_of("git", "merge-base", "HEAD", "main") or lines_of("git", "merge-base", "HEAD", "origin/main")
    if not base:
        return all_files()
    changed = (lines_of("git", "diff", "--name-only", base[0]) or []) + (
        lines_of("git", "ls-files", "--others", "--exclude-standard") or [])
    return [path for path in all_files() if path in changed] or all_files()


def compiled() -> set[str]:
    commands = json.loads((ROOT / "build" / "compile_commands.json").read_text())
    return {os.path.relpath(entry["file"], ROOT) for entry in commands}


def clang_tidy(path: str) -> tuple[str, bool, str]:
    # The commands are g++'s; what clang does not know of them is no finding, nor is what it says of
    # libstdc++ (cmake/compiler.cmake).
    run = subprocess.run(
        ["clang-tidy-19", "--quiet", "-p", "build", "--extra-arg=-Wno-unknown-warning-option",
         "--extra-arg=-Wno-deprecated-declarations", path],
        cwd=ROOT, capture_output=True, text=True)
    return path, run.returncode == 0, run.stdout


def main() -> int:
    arguments = sys.argv[1:]
    everything = all_files()
    if arguments == ["--all"]:
        chosen = everything
    elif arguments:
        chosen = [os.path.relpath(os.path.abspath(path), ROOT) for path in arguments]
    else:
        chosen = changed_files()

    failures = []
    if everything and subprocess.run(["clang-format-19", "--dry-run", "-Werror", *everything],
                                     cwd=ROOT).returncode:
        failures.append("formatting (./dev format)")
    if subprocess.run([sys.executable, "test/tidy.py"], cwd=ROOT).returncode:
        failures.append("tidy")

    # A header is looked at with the sources that include it; alone it is not in the build's commands.
    built = compiled()
    stems = {os.path.splitext(path)[0] for path in chosen}
    sources = [path for path in everything if path in built and os.path.splitext(path)[0] in stems]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, good, output in pool.map(clang_tidy, sources):
            print(f"clang-tidy {path}: {'ok' if good else 'FAILED'}", flush=True)
            if not good:
                print(output)
                failures.append(f"clang-tidy {path}")

    for failure in failures:
        print(f"check failed: {failure}")
    print(f"check: {len(sources)} of {len(built)} sources looked at by clang-tidy, {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
