"""Checks what the compiler does not: the rules of ARCHITECTURE.md, held on every file.

    python3 test/tidy.py [ROOT]      prints each violation as file:line: what is wrong; how to mend it

Its rules are the functions named rule_*; tidy_test.py breaks each of them once.
"""

import collections
import dataclasses
import functools
import os
import pathlib
import re
import subprocess
import sys
from collections.abc import Iterator

MAX_LINES = 600
LONG_FUNCTION = 70
# Folders with code of ours, besides the subfolders of src/.
CODE_FOLDERS = ("src", "test", "fuzz", "bench")
# Where the world may be touched; everything else gets time, bytes and randomness as arguments.
SHELL_FOLDERS = ("io", "app")
# May open files outside them: the system's time-zone data are read where zones are.
SYSTEM_DATA_FILE = "src/base/zone_files.cc"
# The only files that include these libraries, because their headers take longer to compile than all of ours.
# A header among them is for the others.
HEAVY = {
    "Arrow": (("arrow", "parquet"), ("src/lake/parquet.cc", "src/io/parquet_input.cc", "src/io/s3_store.cc")),
    "Boost": (("boost",), ("src/io/http_server.cc", "src/io/web_connection.cc", "src/io/web_connection.h",
                           "src/io/web_head.cc")),
}
UNWATCHED = re.compile(r"(^|/)(build[^/]*|\.git|\.cache|__pycache__|node_modules)(/|$)")

WORLD = {
    "the clock": re.compile(
        r"\bnow\s*\(\s*\)|\b(?:clock_gettime|gettimeofday)\s*\(|\btime\s*\(\s*(?:nullptr|NULL|0|&)"),
    "a thread": re.compile(
        r"\bstd::(?:jthread|thread|async|mutex|shared_mutex|condition_variable)\b"
        r"|#\s*include\s*<(?:thread|mutex|shared_mutex|condition_variable|future)>"),
    "a file": re.compile(
        r"\bstd::[iow]*fstream\b|#\s*include\s*<(?:fstream|fcntl\.h|unistd\.h|sys/\w+\.h)>"
        r"|\bfopen\s*\(|(?<![\w>.:])::(?:open|openat|read|write|rename|unlink|mkdir)\s*\("
        r"|\b(?:std::filesystem|fs)::(?!path\b|filesystem)\w+\s*\("),
    "sleep": re.compile(r"\b(?:sleep|usleep|nanosleep|sleep_for|sleep_until)\s*\("),
    "the environment": re.compile(r"\bgetenv\s*\("),
    "randomness of the machine": re.compile(r"\bstd::random_device\b|\bs?rand\s*\(\s*\)"),
}

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)
# Longest first: raw string, block comment, line comment, string, character (not a digit separator).
TOKEN = re.compile(
    r'R"(?P<delimiter>[^()\s]{0,16})\((?s:.*?)\)(?P=delimiter)"'
    r"|/\*(?s:.*?)\*/"
    r"|//[^\n]*"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9A-Za-z])'(?:\\.|[^'\\\n])+'")


@dataclasses.dataclass(frozen=True, order=True)
class Violation:
    path: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


def blank(text: str, keep_strings: bool) -> str:
    """C++ without comments (and strings), every line still at its place."""
    def replace(match: re.Match) -> str:
        token = match[0]
        if keep_strings and not token.startswith(("//", "/*")):
            return token
        return re.sub(r"[^\n]", " ", token)
    return TOKEN.sub(replace, text)


class Tree:
    """The files of a checkout, each read once. Paths are relative to the root, with slashes."""

    def __init__(self, root: pathlib.Path) -> None:
        self.root = root
        self.paths = sorted(path for path in self._list() if not UNWATCHED.search(path))

    def _list(self) -> list[str]:
        if (self.root / ".git").exists():
            command = ["git", "-C", str(self.root), "ls-files", "-z", "-co", "--exclude-standard"]
            try:
                listed = subprocess.run(command, capture_output=True, check=True).stdout.decode()
                return [path for path in listed.split("\0") if path and (self.root / path).is_file()]
            except (OSError, subprocess.CalledProcessError):
                pass  # no git here, or a checkout of somebody else's: take what lies there
        return [os.path.relpath(os.path.join(folder, name), self.root)
                for folder, _, names in os.walk(self.root) for name in names]

    @functools.cache
    def text(self, path: str) -> str:
        """What the file holds; nothing for one that is no UTF-8 text."""
        data = (self.root / path).read_bytes()
        try:
            return "" if b"\0" in data[:4096] else data.decode()
        except UnicodeDecodeError:
            return ""

    @functools.cache
    def code(self, path: str) -> str:
        return blank(self.text(path), keep_strings=False)

    def cpp(self, *folders: str) -> Iterator[str]:
        for path in self.paths:
            if path.endswith((".h", ".cc")) and path.split("/")[0] in (folders or CODE_FOLDERS):
                yield path

    def includes(self, path: str) -> Iterator[tuple[int, str, bool]]:
        """(line, what is included, whether in quotes)"""
        code = blank(self.text(path), keep_strings=True)
        for match in INCLUDE.finditer(code):
            yield line_of(code, match.start(match.lastindex)), match[1] or match[2], bool(match[1])

    @functools.cache
    def table(self) -> dict[str, tuple[int, list[str]]]:
        """The folder table of ARCHITECTURE.md: folder of src/ -> (line, folders it may include)."""
        rows: dict[str, tuple[int, list[str]]] = {}
        architecture = self.text("ARCHITECTURE.md") if "ARCHITECTURE.md" in self.paths else ""
        for number, line in enumerate(architecture.splitlines(), 1):
            if match := re.match(r"\|\s*`src/(\w+)/`\s*\|.*\|\s*([^|]*?)\s*\|\s*$", line):
                rows[match[1]] = (number, re.findall(r"\w+", match[2]))
        for folder, (number, allowed) in rows.items():
            if allowed == ["all"]:
                rows[folder] = (number, [other for other in rows if other != folder])
        return rows


def line_of(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def folder_of(path: str) -> str:
    """The folder of src/ that a path is in: flow of src/flow/order.cc."""
    return path.split("/")[1] if path.startswith("src/") and path.count("/") > 1 else ""


def cycle_in(graph: dict[str, list[str]]) -> list[str]:
    """One cycle of the graph, its first node at both ends; empty where there is none."""
    done: set[str] = set()
    way: list[str] = []

    def visit(node: str) -> list[str]:
        if node in way:
            return way[way.index(node):] + [node]
        if node in done:
            return []
        way.append(node)
        for following in graph.get(node, []):
            if found := visit(following):
                return found
        way.pop()
        done.add(node)
        return []

    for start in graph:
        if found := visit(start):
            return found
    return []


def rule_table_is_whole(tree: Tree) -> Iterator[Violation]:
    """The table names every folder of src/, each exists, and they form no cycle."""
    table = tree.table()
    folders = {folder_of(path) for path in tree.paths if folder_of(path)}
    for folder in sorted(folders - table.keys()):
        yield Violation("ARCHITECTURE.md", 1, f"src/{folder}/ is not in the table; add a row for it")
    for folder, (number, allowed) in table.items():
        if folder not in folders:
            yield Violation("ARCHITECTURE.md", number, f"src/{folder}/ does not exist; delete its row")
        for other in allowed:
            if other not in table:
                yield Violation("ARCHITECTURE.md", number,
                                f"src/{folder}/ may include '{other}', which is no folder of the table")
    if cycle := cycle_in({folder: allowed for folder, (_, allowed) in table.items()}):
        yield Violation("ARCHITECTURE.md", table[cycle[0]][0],
                        f"the table has a cycle: {' -> '.join(cycle)}; take one of these out")


def rule_includes_follow_the_table(tree: Tree) -> Iterator[Violation]:
    """#include "folder/file.h" only of folders that the table allows, and of files that exist."""
    table = tree.table()
    headers = {path for path in tree.cpp() if path.endswith(".h")}
    for path in tree.cpp():
        folder = folder_of(path)
        is_test = path.endswith("_test.cc")
        for number, included, in_quotes in tree.includes(path):
            if not in_quotes:
                continue
            other = included.split("/")[0]
            if f"src/{included}" not in headers and included not in headers:
                yield Violation(path, number, f'"{included}" does not exist; name it from src/ or, '
                                              "for test/, from the root of the checkout")
            elif folder and f"src/{included}" not in headers and not is_test:
                yield Violation(path, number, f'"{included}" is for tests; move what is needed to src/')
            elif (folder and other != folder and f"src/{included}" in headers
                  and other not in table.get(folder, (0, []))[1]):
                may = " ".join(table.get(folder, (0, []))[1]) or "nothing"
                yield Violation(path, number,
                                f'src/{folder}/ must not include "{included}": by ARCHITECTURE.md it may '
                                f"include {may}; move the code, or pass what is needed as an argument")


def rule_no_include_cycles(tree: Tree) -> Iterator[Violation]:
    """No file includes itself over others; #pragma once would hide it."""
    graph = {path: [f"src/{included}" for _, included, in_quotes in tree.includes(path) if in_quotes]
             for path in tree.cpp("src")}
    if cycle := cycle_in(graph):
        yield Violation(cycle[0], 1, f"includes itself: {' -> '.join(cycle)}; take one include out")


def rule_links_follow_the_table(tree: Tree) -> Iterator[Violation]:
    """DEPS of bikeflow_library() in src/ name only folders that the table allows."""
    table = tree.table()
    for path in tree.paths:
        if not re.fullmatch(r"src/\w+/CMakeLists\.txt", path):
            continue
        text = re.sub(r"#[^\n]*", "", tree.text(path))
        for call in re.finditer(r"bikeflow_library\s*\(\s*(\w+)([^)]*)\)", text):
            deps = re.search(r"\bDEPS\b((?:\s+[a-z]\w*)*)", call[2])
            for dependency in deps[1].split() if deps else []:
                if dependency not in table.get(call[1], (0, []))[1]:
                    yield Violation(path, line_of(text, call.start()),
                                    f"{call[1]} must not link to {dependency}: ARCHITECTURE.md does not "
                                    "allow it; take it out of DEPS")


def rule_every_source_is_built(tree: Tree) -> Iterator[Violation]:
    """Every .cc stands in the CMakeLists.txt of its folder or of one above it."""
    for path in tree.cpp():
        if not path.endswith(".cc"):
            continue
        folder = path.rpartition("/")[0]
        while folder:
            makefile = f"{folder}/CMakeLists.txt"
            if makefile in tree.paths:
                text = re.sub(r"#[^\n]*", "", tree.text(makefile))
                if path[len(folder) + 1:] in re.split(r"[\s()\"]+", text):
                    break
            folder = folder.rpartition("/")[0]
        else:
            yield Violation(path, 1, f"is not built; name it in {path.rpartition('/')[0]}/CMakeLists.txt")


def rule_only_the_shell_touches_the_world(tree: Tree) -> Iterator[Violation]:
    """In src/, files, threads, clocks, sleeping and the environment are for io/ and app/ alone."""
    for path in tree.cpp("src"):
        if folder_of(path) in SHELL_FOLDERS or path.endswith("_test.cc"):
            continue
        for what, pattern in WORLD.items():
            if what == "a file" and path == SYSTEM_DATA_FILE:
                continue
            for match in pattern.finditer(tree.code(path)):
                yield Violation(path, line_of(tree.code(path), match.start()),
                                f"'{match[0].strip()}' reaches for {what}; take it as an argument, or move "
                                "this to src/io/")


def rule_heavy_headers_stay_in_their_files(tree: Tree) -> Iterator[Violation]:
    """Arrow's and Boost's headers are included in the files that HEAVY names only, over others too."""
    for path in tree.cpp():
        for number, included, _ in tree.includes(path):
            for library, (folders, files) in HEAVY.items():
                if path not in files and (included.split("/")[0] in folders or f"src/{included}" in files):
                    yield Violation(path, number, f"<{included}>: only {', '.join(files)} include {library}; "
                                                  "call them instead")


def rule_files_are_short(tree: Tree) -> Iterator[Violation]:
    """No source file passes MAX_LINES lines."""
    for path in tree.paths:
        if path.split("/")[0] in (*CODE_FOLDERS, "web") and path.endswith((".h", ".cc", ".py", ".ts", ".tsx")):
            lines = tree.text(path).count("\n")
            if lines > MAX_LINES:
                yield Violation(path, MAX_LINES + 1, f"{lines} lines, at most {MAX_LINES} are allowed; split it")


def rule_nothing_is_put_off(tree: Tree) -> Iterator[Violation]:
    """No marks for work left over: a limit is written down as a limit."""
    marks = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
    for path in tree.paths:
        if path == "LICENSE":
            continue
        for match in marks.finditer(tree.text(path)):
            yield Violation(path, line_of(tree.text(path), match.start()),
                            f"{match[0]}: do it now, or state the limit in words")


def rule_no_path_of_one_machine(tree: Tree) -> Iterator[Violation]:
    """No absolute path of somebody's home or work folder."""
    place = re.compile(r"(?<![\w.:/])/(?:home|root|work|Users)/\w[\w./-]*")
    for path in tree.paths:
        for match in place.finditer(tree.text(path)):
            yield Violation(path, line_of(tree.text(path), match.start()),
                            f"'{match[0]}' exists on one machine only; make it relative or an argument")


def rule_documents_name_what_exists(tree: Tree) -> Iterator[Violation]:
    """Paths in backticks and targets of links in .md files exist."""
    folders = {parent.as_posix() for path in tree.paths for parent in pathlib.PurePosixPath(path).parents}
    names = {path.rpartition("/")[2] for path in tree.paths}
    tops = {path.split("/")[0] for path in tree.paths}
    source_folders = {folder_of(path) for path in tree.paths if folder_of(path)}

    def exists(place: str) -> bool:
        return place in tree.paths or place in folders

    for document in tree.paths:
        if not document.endswith(".md"):
            continue
        # Code blocks hold commands and output, not references.
        text = re.sub(r"^```.*?^```", lambda block: re.sub(r"[^\n]", " ", block[0]), tree.text(document),
                      flags=re.MULTILINE | re.DOTALL)
        here = document.rpartition("/")[0]
        for match in re.finditer(r"`([\w.-]+(?:/[\w.-]+)*/?)`", text):
            name = match[1].removeprefix("./").rstrip("/")
            first = name.split("/")[0]
            if UNWATCHED.search(name):
                continue
            if "/" in match[1].removeprefix("./"):
                known = (first in tops or first in source_folders) and first != name or (
                    match[1].endswith("/") and first in CODE_FOLDERS)
                if not known or exists(name) or exists(f"src/{name}"):
                    continue
            elif not re.search(r"\.(?:h|cc|py|cmake)$", name) or name in names:
                continue
            yield Violation(document, line_of(text, match.start()),
                            f"`{match[1]}` does not exist; correct the name or delete the sentence")
        for match in re.finditer(r"\]\(([^)\s#]+)(?:#[^)]*)?\)", text):
            if re.match(r"[a-z]+:", match[1]):
                continue
            target = os.path.normpath(os.path.join(here, match[1]))
            if not exists(target):
                yield Violation(document, line_of(text, match.start()),
                                f"the link to {match[1]} leads nowhere; correct it")


RULES = {name.removeprefix("rule_"): rule for name, rule in list(globals().items())
         if name.startswith("rule_")}


def functions(code: str) -> Iterator[tuple[str, int, int]]:
    """(name, first line, lines) of the functions of blanked C++, near enough for a list."""
    stack: list[tuple[str, int]] = []  # name ("" for no function) and first line of each open brace
    start = 0
    for match in re.finditer(r"[;{}]|^\s*#[^\n]*", code, re.MULTILINE):
        if match[0] == "{":
            head = code[start:match.start()]
            found = re.search(r"([~\w:]+|operator\S+)\s*\(", head)
            is_function = (found and not any(name for name, _ in stack)
                           and not re.match(r"\s*(?:if|for|while|switch|namespace|enum|class|struct)\b", head)
                           and not re.search(r"=\s*$|=\s*\w[\w:<>]*\s*$", head))
            first = line_of(code, start + len(head) - len(head.lstrip()))
            stack.append((found[1] if is_function else "", first))
        elif match[0] == "}" and stack:
            name, first = stack.pop()
            if name:
                yield name, first, line_of(code, match.start()) - first + 1
        start = match.end()


def report(tree: Tree) -> None:
    """The longest functions and headers, for information."""
    longest = collections.Counter()
    for path in tree.cpp("src"):
        for name, first, lines in functions(tree.code(path)):
            longest[f"{path}:{first} {name}"] = lines
    headers = collections.Counter(
        {path: tree.text(path).count("\n") for path in tree.cpp("src") if path.endswith(".h")})
    print("longest functions (lines):")
    for where, lines in longest.most_common(8):
        print(f"  {lines:4}  {where}" + ("  (long)" if lines > LONG_FUNCTION else ""))
    ordered = sorted(headers.values())
    median = ordered[len(ordered) // 2] if ordered else 0
    print(f"longest headers (lines; median {median} of {len(ordered)}):")
    for where, lines in headers.most_common(5):
        print(f"  {lines:4}  {where}")


def violations(root: pathlib.Path) -> list[Violation]:
    tree = Tree(root)
    return sorted(found for rule in RULES.values() for found in rule(tree))


def main() -> int:
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent)
    found = violations(root.resolve())
    for violation in found:
        print(violation)
    report(Tree(root.resolve()))
    print(f"tidy: {len(RULES)} rules, {len(found)} violations")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
