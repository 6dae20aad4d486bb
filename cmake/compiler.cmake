# How everything of ours is compiled and linked.

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Build type" FORCE)
endif()
# Line tables are enough for a stack trace, and halve the size of the objects.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")

# Sanitizers come first: every file, ours or not, must agree on them.
if(BIKEFLOW_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all
                      -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
  add_compile_definitions(_GLIBCXX_ASSERTIONS)
endif()
if(BIKEFLOW_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "Fuzzers need clang (libFuzzer); use: ./dev fuzz, or cmake --preset fuzz")
  endif()
  # Coverage for every object; the fuzzers alone link libFuzzer's main (targets.cmake).
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# Warnings, for our own code only: libraries are SYSTEM and stay silent.
add_library(bikeflow_warnings INTERFACE)
target_compile_options(bikeflow_warnings INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # clang blames us for what libstdc++ 12 does inside std::stable_sort.
  target_compile_options(bikeflow_warnings INTERFACE -Wno-deprecated-declarations)
endif()

find_program(BIKEFLOW_CCACHE ccache)
if(BIKEFLOW_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # With the base directory taken out of the key, every checkout of a machine shares its objects.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
      CCACHE_SLOPPINESS=pch_defines,time_macros ${BIKEFLOW_CCACHE})
endif()

find_program(BIKEFLOW_MOLD mold)
if(BIKEFLOW_MOLD)
  add_link_options(-fuse-ld=mold)
endif()
