# What a folder's CMakeLists.txt is written with. SOURCES, DEPS and LINKS are lists; DEPS are folders
# of src/, LINKS other libraries.
#
#   bikeflow_library(flow SOURCES order.cc run.cc DEPS base model LINKS fmt::fmt
#                    PRIVATE_LINKS simdjson::simdjson)
#     static library bikeflow_flow. Without SOURCES: headers only. PRIVATE_LINKS are for libraries
#     that no header of the folder includes.
#   bikeflow_test(flow SOURCES order_test.cc)        in src/flow: flow_test, one ctest per case
#   bikeflow_test(recovery SOURCES a_test.cc DEPS pipeline sim)     elsewhere: DEPS are named
#   bikeflow_bench(core SOURCES core_bench.cc DEPS flow window)     core_bench
#   bikeflow_fuzzer(json SOURCES json_fuzz.cc DEPS feed)            json_fuzz

function(bikeflow_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPS;LINKS;PRIVATE_LINKS")
  list(TRANSFORM arg_DEPS PREPEND bikeflow_)
  if(arg_SOURCES)
    add_library(bikeflow_${name} STATIC ${arg_SOURCES})
    target_include_directories(bikeflow_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
    target_link_libraries(bikeflow_${name}
      PUBLIC ${arg_DEPS} ${arg_LINKS} PRIVATE ${arg_PRIVATE_LINKS} bikeflow_warnings)
  else()
    add_library(bikeflow_${name} INTERFACE)
    target_include_directories(bikeflow_${name} INTERFACE ${CMAKE_SOURCE_DIR}/src)
    target_link_libraries(bikeflow_${name} INTERFACE ${arg_DEPS} ${arg_LINKS} ${arg_PRIVATE_LINKS})
  endif()
endfunction()

function(bikeflow_test name)
  if(NOT BUILD_TESTING)
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "SOURCES;DEPS;LINKS")
  list(TRANSFORM arg_DEPS PREPEND bikeflow_)
  if(TARGET bikeflow_${name})
    list(APPEND arg_DEPS bikeflow_${name})
  endif()
  # What may take long is begun first, so that nothing else waits for it at the end.
  set(properties TIMEOUT 120)
  if(arg_TIMEOUT)
    set(properties TIMEOUT ${arg_TIMEOUT} COST ${arg_TIMEOUT})
  endif()
  add_executable(${name}_test ${arg_SOURCES})
  # A quarter of the time to compile a test goes into optimizing what runs once.
  target_compile_options(${name}_test PRIVATE -O1)
  target_link_libraries(${name}_test PRIVATE
    ${arg_DEPS} ${arg_LINKS} GTest::gmock GTest::gtest_main rapidcheck bikeflow_warnings)
  target_include_directories(${name}_test PRIVATE ${CMAKE_SOURCE_DIR})
  # Tests run in the root of the checkout, so that they find test/ and ../shared/data by those names.
  gtest_discover_tests(${name}_test
    DISCOVERY_MODE PRE_TEST
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
    PROPERTIES ${properties})
endfunction()

function(bikeflow_bench name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPS;LINKS")
  list(TRANSFORM arg_DEPS PREPEND bikeflow_)
  add_executable(${name}_bench ${arg_SOURCES})
  target_link_libraries(${name}_bench PRIVATE
    ${arg_DEPS} ${arg_LINKS} benchmark::benchmark bikeflow_warnings)
  target_include_directories(${name}_bench PRIVATE ${CMAKE_SOURCE_DIR})
endfunction()

function(bikeflow_fuzzer name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPS;LINKS")
  list(TRANSFORM arg_DEPS PREPEND bikeflow_)
  add_executable(${name}_fuzz ${arg_SOURCES})
  target_link_libraries(${name}_fuzz PRIVATE ${arg_DEPS} ${arg_LINKS} bikeflow_warnings)
  target_link_options(${name}_fuzz PRIVATE -fsanitize=fuzzer)
  target_include_directories(${name}_fuzz PRIVATE ${CMAKE_SOURCE_DIR})
  set_property(GLOBAL APPEND PROPERTY BIKEFLOW_FUZZERS ${name}_fuzz)
endfunction()
