# bikeflow::arrow: Arrow C++ with Parquet. bikeflow::arrow_s3: its file system on S3.
#
# An installed Arrow of the right major version is taken where there is one. Debian and Ubuntu have
# none, so otherwise it is the one inside the pyarrow wheel, which Arrow's documentation describes
# as usable from C++: headers, shared libraries, the new libstdc++ ABI. ./dev installs the wheel.
#
# Arrow's headers cost 9-13 s a file, so only three files include them; see ARCHITECTURE.md.

set(BIKEFLOW_ARROW_MAJOR 26)

find_package(Arrow ${BIKEFLOW_ARROW_MAJOR} CONFIG QUIET)
find_package(Parquet ${BIKEFLOW_ARROW_MAJOR} CONFIG QUIET)
find_package(ArrowS3 ${BIKEFLOW_ARROW_MAJOR} CONFIG QUIET)
add_library(bikeflow_arrow INTERFACE)
add_library(bikeflow::arrow ALIAS bikeflow_arrow)

if(TARGET Arrow::arrow_shared AND TARGET Parquet::parquet_shared AND TARGET ArrowS3::arrow_s3_shared)
  message(STATUS "Arrow ${Arrow_VERSION}: installed, ${Arrow_DIR}")
  target_link_libraries(bikeflow_arrow INTERFACE Parquet::parquet_shared Arrow::arrow_shared)
  add_library(bikeflow::arrow_s3 ALIAS ArrowS3::arrow_s3_shared)
  return()
endif()

if(NOT BIKEFLOW_PYTHON)
  message(FATAL_ERROR
    "No Arrow ${BIKEFLOW_ARROW_MAJOR} is installed, and BIKEFLOW_PYTHON names no Python with pyarrow.\n"
    "Run ./dev build, which sets both up, or\n"
    "  python3 -m venv build/venv && build/venv/bin/pip install -r requirements.txt\n"
    "  cmake --preset default -DBIKEFLOW_PYTHON=$PWD/build/venv/bin/python")
endif()

# Asking Python takes a second, so the answer is kept until another Python is named.
if(NOT BIKEFLOW_ARROW_ASKED STREQUAL BIKEFLOW_PYTHON)
  execute_process(
    COMMAND ${BIKEFLOW_PYTHON} -c
      "import pyarrow as p; print(p.__version__, p.get_include(), p.get_library_dirs()[0], sep=';')"
    OUTPUT_VARIABLE answer OUTPUT_STRIP_TRAILING_WHITESPACE
    RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${BIKEFLOW_PYTHON} cannot import pyarrow; run ./dev build")
  endif()
  list(POP_FRONT answer version include_dir library_dir)
  set(BIKEFLOW_ARROW_VERSION ${version} CACHE INTERNAL "")
  set(BIKEFLOW_ARROW_INCLUDE_DIR ${include_dir} CACHE INTERNAL "")
  set(BIKEFLOW_ARROW_LIBRARY_DIR ${library_dir} CACHE INTERNAL "")
  set(BIKEFLOW_ARROW_ASKED ${BIKEFLOW_PYTHON} CACHE INTERNAL "")
endif()
if(NOT BIKEFLOW_ARROW_VERSION MATCHES "^${BIKEFLOW_ARROW_MAJOR}\\.")
  message(FATAL_ERROR
    "pyarrow ${BIKEFLOW_ARROW_VERSION} found, Arrow ${BIKEFLOW_ARROW_MAJOR} needed; "
    "the version is pinned in requirements.in")
endif()
message(STATUS "Arrow ${BIKEFLOW_ARROW_VERSION}: pyarrow wheel")

# The wheel has only versioned names (libarrow.so.2600); linking them by path needs no symlinks, and
# CMake puts their folder into the run path.
foreach(name arrow parquet arrow_s3)
  file(GLOB library ${BIKEFLOW_ARROW_LIBRARY_DIR}/lib${name}.so.${BIKEFLOW_ARROW_MAJOR}*)
  list(LENGTH library found)
  if(NOT found EQUAL 1)
    message(FATAL_ERROR "lib${name}.so.${BIKEFLOW_ARROW_MAJOR}* in ${BIKEFLOW_ARROW_LIBRARY_DIR}: "
                        "expected one, found ${found}")
  endif()
  add_library(bikeflow_wheel_${name} SHARED IMPORTED)
  set_target_properties(bikeflow_wheel_${name} PROPERTIES
    IMPORTED_LOCATION ${library}
    INTERFACE_INCLUDE_DIRECTORIES ${BIKEFLOW_ARROW_INCLUDE_DIR})
endforeach()
target_link_libraries(bikeflow_arrow INTERFACE bikeflow_wheel_parquet bikeflow_wheel_arrow)
add_library(bikeflow::arrow_s3 ALIAS bikeflow_wheel_arrow_s3)
