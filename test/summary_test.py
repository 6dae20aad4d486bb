"""tools/summary.py: what it counts, and what it exits with."""

import pathlib
import subprocess
import sys

import pytest

SUMMARY = pathlib.Path(__file__).resolve().parent.parent / "tools" / "summary.py"

PASSED = '<testcase name="A.b" classname="A.b" status="run"/>'
FAILED = '<testcase name="A.f" classname="A.f" status="fail"><failure message=""/></testcase>'
SKIPPED = ('<testcase name="A.s" classname="A.s" status="notrun">'
           '<skipped message="SKIP_REGULAR_EXPRESSION_MATCHED"/>'
           "<system-out>[ RUN ] A.s\nx_test.cc:7: Skipped\nno recordings\n[  SKIPPED ] A.s\n</system-out>"
           "</testcase>")
NOT_RUN = ('<testcase name="A.n" classname="A.n" status="notrun">'
           '<skipped message="Unable to find executable"/></testcase>')
ERROR = '<testcase classname="t" name="e"><error message="fixture"/></testcase>'
PYTEST_SKIP = '<testcase classname="t" name="s"><skipped type="pytest.skip" message="no duckdb"/></testcase>'


@pytest.mark.parametrize("ctest, pytests, status, code, lines", [
    ([PASSED, PASSED], [PASSED], 0, 0, ["3 passed, 0 failed"]),
    ([PASSED, FAILED], [PASSED], 8, 1, ["failed: A.f", "2 passed, 1 failed"]),
    ([PASSED, FAILED], [], 0, 1, ["failed: A.f", "1 passed, 1 failed"]),
    ([PASSED, SKIPPED], [PYTEST_SKIP], 0, 0,
     ["skipped, no recordings: 1 (A.s)", "skipped, no duckdb: 1 (t::s)", "1 passed, 0 failed, 2 skipped"]),
    ([PASSED], [PYTEST_SKIP] * 5, 0, 0,
     ["skipped, no duckdb: 5 (t::s, t::s, t::s, t::s, ...)", "1 passed, 0 failed, 5 skipped"]),
    ([PASSED, NOT_RUN], [], 8, 1, ["failed: A.n (not run: Unable to find executable)", "1 passed, 1 failed"]),
    ([PASSED], [ERROR], 1, 1, ["failed: t::e", "1 passed, 1 failed"]),
    # ctest died before it could write a failure down.
    ([PASSED], [], 139, 1, ["1 passed, 1 failed"]),
    ([], [], 0, 1, ["no test ran", "0 passed, 0 failed"]),
    ([SKIPPED], [], 0, 1, ["no test ran", "0 passed, 0 failed, 1 skipped"]),
])
def test_closing_line(tmp_path, ctest, pytests, status, code, lines):
    for name, cases in (("ctest", ctest), ("pytest", pytests)):
        (tmp_path / f"{name}.xml").write_text(f"<testsuite>{''.join(cases)}</testsuite>")
    run = subprocess.run([sys.executable, SUMMARY, "--status", str(status), tmp_path],
                         capture_output=True, text=True)
    printed = run.stdout.splitlines()
    assert run.returncode == code
    assert printed[-1] == lines[-1]
    assert all(line in printed for line in lines)
