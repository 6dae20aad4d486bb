"""The built page as C++: the table of src/page/page.h, and one file with the bytes.

    python3 tools/embed_page.py DIST OUT    writes OUT/page_files.cc and OUT/page_files.bin

The assembler includes the bytes, so that compiling takes no time however large the page is. The same page gives the
same bytes.
"""

import gzip
import hashlib
import pathlib
import re
import sys

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}

SOURCE = """\
// Written by tools/embed_page.py.
#include <array>

#include "page/page.h"

asm(R"(
  .pushsection .rodata
  .balign 16
bikeflow_page_bytes:
  .incbin "{bytes}"
  .popsection
)");
extern const char page_bytes[] asm("bikeflow_page_bytes");

namespace bikeflow {{

std::span<const PageFile> page_files() {{
  static const std::array<PageFile, {count}> kFiles = {{{{
{rows}
  }}}};
  return kFiles;
}}

}}  // namespace bikeflow
"""

ROW = """\
      {{.path = "{path}",
       .content_type = "{type}",
       .etag = "\\"{etag}\\"",
       .is_immutable = {immutable},
       .gzip = {{page_bytes + {offset}, {packed}}},
       .size = {size}}},"""


def main() -> None:
    dist, out = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
    rows, packed = [], b""
    for file in sorted(path for path in dist.rglob("*") if path.is_file()):
        path = "/" + file.relative_to(dist).as_posix()
        if file.suffix not in TYPES:
            sys.exit(f"{file}: no content type for '{file.suffix}'; add it to {pathlib.Path(__file__).name}")
        if not re.fullmatch(r"[\w./-]+", path):
            sys.exit(f"{file}: a name that would need escaping in a URL")
        content = file.read_bytes()
        part = gzip.compress(content, 9, mtime=0)
        rows.append(ROW.format(
            path=path, type=TYPES[file.suffix], etag=hashlib.sha256(content).hexdigest()[:32],
            immutable=str(path.startswith("/assets/")).lower(), offset=len(packed), packed=len(part),
            size=len(content)))
        packed += part
    if not any('"/index.html"' in row for row in rows):
        sys.exit(f"{dist}: no index.html; was the page built?")
    out.mkdir(parents=True, exist_ok=True)
    (out / "page_files.bin").write_bytes(packed)
    (out / "page_files.cc").write_text(SOURCE.format(
        bytes=(out / "page_files.bin").as_posix(), count=len(rows), rows="\n".join(rows)))


if __name__ == "__main__":
    main()
