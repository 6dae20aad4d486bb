"""Adds up the JUnit files of a test run and prints the closing line: N passed, N failed, N skipped.

Skips are listed with their reasons, failures with their names. Exits with 1 when a test failed, when
a runner failed without naming a test, or when nothing ran. Used by: ./dev test, ./dev sanitize
"""

import argparse
import collections
import pathlib
import re
import sys
import xml.etree.ElementTree as ElementTree

# How ctest words a skip of the test's own; any other reason for not running a test is a failure.
OWN_SKIP = re.compile(r"SKIP_REGULAR_EXPRESSION_MATCHED|SKIP_RETURN_CODE|Disabled")

SHOWN = 4  # names of each reason


def reason_of_skip(case: ElementTree.Element, skipped: ElementTree.Element) -> str:
    """The message of pytest's skip, or the line that GTEST_SKIP printed."""
    message = skipped.get("message", "")
    if not OWN_SKIP.search(message):
        return message
    printed = re.search(r": Skipped\n(.+)", case.findtext("system-out", ""))
    return printed[1].strip() if printed else "no reason given"


def read(path: pathlib.Path) -> tuple[int, list[str], list[tuple[str, str]]]:
    """Of one file: how many passed, the names that failed, (reason, name) of the skipped."""
    passed, failed, skipped = 0, [], []
    from_ctest = path.stem == "ctest"
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        name = case.get("name", "?") if from_ctest else f"{case.get('classname')}::{case.get('name')}"
        skip = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            failed.append(name)
        elif skip is not None and from_ctest and not OWN_SKIP.search(skip.get("message", "")):
            failed.append(f"{name} (not run: {skip.get('message')})")
        elif skip is not None:
            skipped.append((reason_of_skip(case, skip), name))
        elif case.get("status") == "disabled":
            skipped.append(("disabled", name))
        else:
            passed += 1
    return passed, failed, skipped


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=pathlib.Path, help="folder with the JUnit files")
    parser.add_argument("--status", type=int, default=0, help="the runners' exit status")
    options = parser.parse_args()

    passed, failed, skipped = 0, [], collections.defaultdict(list)
    for path in sorted(options.results.glob("*.xml")):
        file_passed, file_failed, file_skipped = read(path)
        passed += file_passed
        failed += file_failed
        for reason, name in file_skipped:
            skipped[reason].append(name)

    print()
    for reason, names in skipped.items():
        shown = ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")
        print(f"skipped, {reason}: {len(names)} ({shown})")
    for name in failed:
        print(f"failed: {name}")
    if options.status and not failed:
        failed.append("a test runner")
        print("failed: a test runner, without naming a test; see above")
    if not passed and not failed:
        print("no test ran")
    skips = sum(map(len, skipped.values()))
    print(f"{passed} passed, {len(failed)} failed" + (f", {skips} skipped" if skips else ""), flush=True)
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
