#include "api/openapi.h"

// BIKEFLOW_OPENAPI is the file's path, from CMakeLists.txt.
asm(".pushsection .rodata\n"
    "bikeflow_openapi_begin:\n"
    ".incbin \"" BIKEFLOW_OPENAPI
    "\"\n"
    "bikeflow_openapi_end:\n"
    ".popsection\n");
extern const char openapi_begin[] asm("bikeflow_openapi_begin");
extern const char openapi_end[] asm("bikeflow_openapi_end");

namespace bikeflow {

std::string_view openapi_json() {
  return {openapi_begin, static_cast<std::size_t>(openapi_end - openapi_begin)};
}

}  // namespace bikeflow
