#include "sim/embedded.h"

#include <zlib.h>

#include <cstddef>

#include "base/check.h"

// The assembler copies the files into the object: nothing to generate, nothing to parse.
#define BIKEFLOW_EMBED(symbol, file)                                      \
  asm(".pushsection .rodata\n"                                            \
      ".global " #symbol "_begin\n.global " #symbol "_end\n" #symbol      \
      "_begin:\n.incbin \"" BIKEFLOW_EXAMPLES_DIR "/" file "\"\n" #symbol \
      "_end:\n.byte 0\n.popsection\n");                                   \
  extern "C" const char symbol##_begin[], symbol##_end[]

BIKEFLOW_EMBED(bikeflow_seoul_stations, "seoul-stations.csv");
BIKEFLOW_EMBED(bikeflow_bayarea_stations, "bayarea-2014.stations.csv");
BIKEFLOW_EMBED(bikeflow_bayarea_trips, "bayarea-2014-06.trips.csv.gz");

namespace bikeflow {
namespace {

std::string_view between(const char* begin, const char* end) {
  return {begin, static_cast<std::size_t>(end - begin)};
}

std::string gunzip(std::string_view packed) {
  z_stream stream = {};
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  CHECK(inflateInit2(&stream, 16 + MAX_WBITS) == Z_OK);  // 16: with gzip's header
  std::string text;
  int status = Z_OK;
  while (status == Z_OK) {
    const std::size_t done = text.size();
    text.resize(done + (std::size_t{1} << 18));
    stream.next_out = reinterpret_cast<Bytef*>(text.data() + done);
    stream.avail_out = static_cast<uInt>(text.size() - done);
    status = inflate(&stream, Z_NO_FLUSH);
    text.resize(text.size() - stream.avail_out);
  }
  inflateEnd(&stream);
  CHECK(status == Z_STREAM_END);
  return text;
}

}  // namespace

std::string_view seoul_stations_csv() {
  return between(bikeflow_seoul_stations_begin, bikeflow_seoul_stations_end);
}

std::string_view bayarea_stations_csv() {
  return between(bikeflow_bayarea_stations_begin, bikeflow_bayarea_stations_end);
}

std::string bayarea_trips_csv() {
  return gunzip(between(bikeflow_bayarea_trips_begin, bikeflow_bayarea_trips_end));
}

}  // namespace bikeflow
