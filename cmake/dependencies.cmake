# Libraries from the distribution. Their Debian and Ubuntu package names are in ./dev.

find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(simdjson REQUIRED)
find_package(CLI11 REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(ZLIB REQUIRED)
find_package(zstd REQUIRED)
find_package(CURL 7.88 REQUIRED)
find_package(Boost 1.81 REQUIRED CONFIG)  # headers: Asio, Beast

# xxHash has no CMake package file in Debian.
find_path(XXHASH_INCLUDE_DIR xxhash.h REQUIRED)
find_library(XXHASH_LIBRARY xxhash REQUIRED)
mark_as_advanced(XXHASH_INCLUDE_DIR XXHASH_LIBRARY)
add_library(bikeflow::xxhash UNKNOWN IMPORTED)
set_target_properties(bikeflow::xxhash PROPERTIES
  IMPORTED_LOCATION ${XXHASH_LIBRARY}
  INTERFACE_INCLUDE_DIRECTORIES ${XXHASH_INCLUDE_DIR})

# Nor has librdkafka.
find_path(RDKAFKA_INCLUDE_DIR librdkafka/rdkafka.h REQUIRED)
find_library(RDKAFKA_LIBRARY rdkafka REQUIRED)
mark_as_advanced(RDKAFKA_INCLUDE_DIR RDKAFKA_LIBRARY)
add_library(bikeflow::rdkafka UNKNOWN IMPORTED)
set_target_properties(bikeflow::rdkafka PROPERTIES
  IMPORTED_LOCATION ${RDKAFKA_LIBRARY}
  INTERFACE_INCLUDE_DIRECTORIES ${RDKAFKA_INCLUDE_DIR})

# Nor have hiredis (in all versions of its package) and prometheus-cpp without the web server of its other part.
find_path(HIREDIS_INCLUDE_DIR hiredis/hiredis.h REQUIRED)
find_library(HIREDIS_LIBRARY hiredis REQUIRED)
find_path(PROMETHEUS_INCLUDE_DIR prometheus/text_serializer.h REQUIRED)
find_library(PROMETHEUS_LIBRARY prometheus-cpp-core REQUIRED)
mark_as_advanced(HIREDIS_INCLUDE_DIR HIREDIS_LIBRARY PROMETHEUS_INCLUDE_DIR PROMETHEUS_LIBRARY)
add_library(bikeflow::hiredis UNKNOWN IMPORTED)
set_target_properties(bikeflow::hiredis PROPERTIES
  IMPORTED_LOCATION ${HIREDIS_LIBRARY}
  INTERFACE_INCLUDE_DIRECTORIES ${HIREDIS_INCLUDE_DIR})
add_library(bikeflow::prometheus UNKNOWN IMPORTED)
set_target_properties(bikeflow::prometheus PROPERTIES
  IMPORTED_LOCATION ${PROMETHEUS_LIBRARY}
  INTERFACE_INCLUDE_DIRECTORIES ${PROMETHEUS_INCLUDE_DIR})

# The OpenSSL that librdkafka speaks TLS with. Arrow's wheel has another one inside libparquet, and
# exports it; of two symbols of one name the loader gives everybody the first, and the two mixed
# crash, or refuse a right password. So the system's own comes before every other library, needed by
# the program itself, whatever the linker thinks. libparquet calls it for encrypted files alone,
# which bikeflow does not read.
find_package(OpenSSL 3 REQUIRED)
set_target_properties(bikeflow::rdkafka PROPERTIES INTERFACE_LINK_OPTIONS
  "LINKER:--push-state,--no-as-needed,${OPENSSL_SSL_LIBRARY},${OPENSSL_CRYPTO_LIBRARY},--pop-state")

# One name for a library whose own name differs between versions of its package.
add_library(bikeflow_zstd INTERFACE)
if(TARGET zstd::libzstd_shared)
  target_link_libraries(bikeflow_zstd INTERFACE zstd::libzstd_shared)
else()
  target_link_libraries(bikeflow_zstd INTERFACE zstd::libzstd)
endif()
add_library(bikeflow::zstd ALIAS bikeflow_zstd)

if(BUILD_TESTING)
  find_package(GTest REQUIRED)
  find_package(rapidcheck REQUIRED)
  include(GoogleTest)
endif()
if(BIKEFLOW_BENCH)
  find_package(benchmark REQUIRED)
endif()
