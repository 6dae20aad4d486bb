"""tidy.py on this repository, and on a small tree in which each rule is broken once."""

import pathlib

import pytest
import tidy

ROOT = pathlib.Path(__file__).resolve().parent.parent

CLEAN = {
    "ARCHITECTURE.md": """\
| folder | what | may include |
| --- | --- | --- |
| `src/base/` | ground | - |
| `src/flow/` | one station | base |
| `src/io/` | the world | base |
| `src/app/` | commands | all |

See `base/clock.h`, `src/flow/order.cc`, `order.cc`, [the table](ARCHITECTURE.md#folders), `Asia/Seoul`, `build/x`.
""",
    "src/base/clock.h": "#pragma once\n#include <cstdint>\n",
    "src/base/CMakeLists.txt": "bikeflow_library(base)\n",
    "src/flow/order.h": '#pragma once\n#include "base/clock.h"\n',
    "src/flow/order.cc": '#include "flow/order.h"\n// fopen("x") and now() in words: allowed\n'
                         'const char* kText = "now()"; int million = 1\'000\'000; // \' now()\n',
    "src/flow/order_test.cc": '#include "flow/order.h"\n#include "test/reference.h"\n#include <fstream>\n',
    "src/flow/CMakeLists.txt": "bikeflow_library(flow SOURCES order.cc DEPS base)\n"
                               "bikeflow_test(flow SOURCES order_test.cc)\n",
    "src/io/clock.cc": '#include <thread>\nauto t = std::chrono::system_clock::now();\n',
    "src/io/parquet_input.cc": "#include <arrow/api.h>\n",
    "src/io/CMakeLists.txt": "bikeflow_library(io SOURCES clock.cc parquet_input.cc DEPS base)\n",
    "src/app/main.cc": '#include "flow/order.h"\nint main() {}\n',
    "src/app/CMakeLists.txt": "add_executable(bikeflow main.cc)\n",
    "test/reference.h": "#pragma once\n",
}

# (rule, file, its new text or (old, new), the line to be named, a word of the message)
BREACHES = [
    ("table_is_whole", "src/extra/x.h", "#pragma once\n", ("ARCHITECTURE.md", 1), "src/extra/"),
    ("table_is_whole", "ARCHITECTURE.md", ("| `src/io/`", "| `src/live/` | x | - |\n| `src/io/`"), 5,
     "does not exist"),
    ("table_is_whole", "ARCHITECTURE.md", ("world | base |", "world | base sea |"), 5, "'sea'"),
    ("table_is_whole", "ARCHITECTURE.md", ("ground | - |", "ground | flow |"), 3, "base -> flow -> base"),
    ("includes_follow_the_table", "src/flow/order.h", ("base/clock.h", "io/world.h"), 2, "does not exist"),
    ("includes_follow_the_table", "src/base/clock.h", ("<cstdint>", '"flow/order.h"'), 2,
     "it may include nothing"),
    ("includes_follow_the_table", "src/base/clock.h", ("<cstdint>", '"order.h"'), 2, "name it from src/"),
    ("includes_follow_the_table", "src/flow/order.cc", ("// fopen", '#include "test/reference.h"\n//'), 2,
     "is for tests"),
    ("no_include_cycles", "src/base/clock.h", ("<cstdint>", '"flow/order.h"'), ("src/flow/order.h", 1),
     "src/flow/order.h -> src/base/clock.h -> src/flow/order.h"),
    ("links_follow_the_table", "src/flow/CMakeLists.txt", ("DEPS base", "DEPS base io"), 1,
     "must not link to io"),
    ("every_source_is_built", "src/flow/run_test.cc", "", 1, "src/flow/CMakeLists.txt"),
    ("every_source_is_built", "src/flow/CMakeLists.txt", (" order.cc", " # order.cc\n"),
     ("src/flow/order.cc", 1), "is not built"),
    ("every_source_is_built", "fuzz/json_fuzz.cc", "", 1, "fuzz/CMakeLists.txt"),
    ("heavy_headers_stay_in_their_files", "src/app/main.cc", ("int", "#include <arrow/api.h>\nint"), 2, "<arrow/api.h>"),
    ("heavy_headers_stay_in_their_files", "test/a_test.cc", "#include <parquet/api/reader.h>\n", 1, "<parquet/"),
    ("heavy_headers_stay_in_their_files", "test/a_test.cc", "#include <boost/asio.hpp>\n", 1, "<boost/"),
    ("files_are_short", "src/flow/order.h", "\n" * 601, 601, "601 lines"),
    ("files_are_short", "web/src/app.ts", "\n" * 601, 601, "601 lines"),
    ("nothing_is_put_off", "src/flow/order.h", "\n// TO" "DO later\n", 2, "do it now"),
    ("nothing_is_put_off", "README.md", "FIX" "ME\n", 1, "do it now"),
    ("no_path_of_one_machine", "README.md", "see /ho" "me/me/bikeflow\n", 1, "/me/bikeflow"),
    ("no_path_of_one_machine", "dev", "\ncd /wo" "rk/x\n", 2, "/x"),
    ("documents_name_what_exists", "README.md", "a\n`src/flow/gone.cc`\n", 2, "src/flow/gone.cc"),
    ("documents_name_what_exists", "README.md", "`flow/gone.h`\n", 1, "flow/gone.h"),
    ("documents_name_what_exists", "README.md", "`gone.cc`\n", 1, "gone.cc"),
    ("documents_name_what_exists", "README.md", "`bench/`\n", 1, "bench/"),
    ("documents_name_what_exists", "README.md", "[here](docs/gone.md)\n", 1, "docs/gone.md"),
    *[("only_the_shell_touches_the_world", "src/flow/order.cc", f"\n{code}\n", 2, word) for code, word in [
        ("auto t = std::chrono::steady_clock::now();", "the clock"),
        ("auto t = time(nullptr);", "the clock"),
        ("clock_gettime(CLOCK_REALTIME, &t);", "the clock"),
        ("std::thread t(run);", "a thread"),
        ("#include <mutex>", "a thread"),
        ("std::ifstream in(path);", "a file"),
        ("std::ofstream out(path);", "a file"),
        ('auto* f = fopen("x", "r");', "a file"),
        ("int fd = ::open(path, 0);", "a file"),
        ("if (std::filesystem::exists(p)) {}", "a file"),
        ("std::this_thread::sleep_for(x);", "sleep"),
        ('getenv("HOME");', "the environment"),
        ("std::random_device seed;", "randomness"),
    ]],
    ("only_the_shell_touches_the_world", "src/base/zone_files.cc", "std::ifstream in(path);\nstd::thread t(run);\n",
     2, "a thread"),
]


def plant(root: pathlib.Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.mark.parametrize("rule", tidy.RULES)
def test_repository(rule):
    found = [str(violation) for violation in tidy.RULES[rule](tidy.Tree(ROOT))]
    assert not found, "\n" + "\n".join(found)


def test_clean_tree_has_no_violation(tmp_path):
    plant(tmp_path, CLEAN)
    assert [str(violation) for violation in tidy.violations(tmp_path)] == []


@pytest.mark.parametrize("rule, path, change, place, word", BREACHES,
                         ids=[f"{rule}-{number}" for number, (rule, *_) in enumerate(BREACHES)])
def test_breach_is_found(tmp_path, rule, path, change, place, word):
    plant(tmp_path, CLEAN)
    if isinstance(change, tuple):
        old, new = change
        assert old in CLEAN[path]
        change = CLEAN[path].replace(old, new, 1)
    plant(tmp_path, {path: change})
    file, line = place if isinstance(place, tuple) else (path, place)
    found = list(tidy.RULES[rule](tidy.Tree(tmp_path)))
    assert [(violation.path, violation.line) for violation in found] == [(file, line)], found
    assert word in found[0].message


def test_every_rule_is_broken_once():
    assert {rule for rule, *_ in BREACHES} == tidy.RULES.keys()


def test_function_lengths():
    code = tidy.blank("""\
namespace a {
struct S {
  int get() const {
    if (x) { return 1; }
    return f([](int y) { return y; });
  }
};
std::vector<int> run(int a,
                     int b) {
  for (;;) {
  }
}
const S kS = {1, 2};
}  // namespace a
""", keep_strings=False)
    assert list(tidy.functions(code)) == [("get", 3, 4), ("run", 8, 5)]
