// The files of the page (web/), as they are in the program. Each is kept as gzip only: a client that takes none is
// rare, and the server unpacks for it.
//
// Threads: any; nothing here ever changes.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace bikeflow {

struct PageFile {
  std::string_view path;  // as in the URL: /index.html, /assets/index-Bx3k.js
  std::string_view content_type;
  std::string_view etag;      // in quotes, from the content's SHA-256
  bool is_immutable = false;  // its name holds a hash of its content
  std::string_view gzip;
  std::size_t size;  // unpacked
};

// Sorted by path. Empty in a program that was built without its page (-DBIKEFLOW_PAGE=OFF).
std::span<const PageFile> page_files();

}  // namespace bikeflow
