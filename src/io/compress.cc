#include "io/compress.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <climits>
#include <cstddef>

#include "base/check.h"

namespace bikeflow {
namespace {

constexpr std::size_t kRoom = std::size_t{1} << 16;  // of output at a time
constexpr int kGzipLevel = 4;
constexpr int kZstdLevel = 3;

class GzipOut final : public Compressor {
 public:
  GzipOut() {
    // 16: with gzip's header; 8: zlib's own choice of memory.
    CHECK(deflateInit2(&stream_, kGzipLevel, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY) ==
          Z_OK);
  }
  GzipOut(const GzipOut&) = delete;
  GzipOut& operator=(const GzipOut&) = delete;
  ~GzipOut() override { deflateEnd(&stream_); }

  void add(std::string_view input, bool is_end, std::string& out) override {
    do {
      const auto some = input.substr(0, std::min<std::size_t>(input.size(), UINT_MAX));
      input.remove_prefix(some.size());
      // zlib does not write to its input; its older headers have no const.
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(some.data()));
      stream_.avail_in = static_cast<uInt>(some.size());
      deflate_some(is_end && input.empty() ? Z_FINISH : Z_NO_FLUSH, out);
    } while (!input.empty());
  }

 private:
  void deflate_some(int flush, std::string& out) {
    do {
      const std::size_t done = out.size();
      out.resize(done + kRoom);
      stream_.next_out = reinterpret_cast<Bytef*>(out.data() + done);
      stream_.avail_out = static_cast<uInt>(kRoom);
      CHECK(deflate(&stream_, flush) != Z_STREAM_ERROR);
      out.resize(done + kRoom - stream_.avail_out);
    } while (stream_.avail_out == 0);
  }

  z_stream stream_ = {};
};

class ZstdOut final : public Compressor {
 public:
  ZstdOut() : stream_(ZSTD_createCCtx()) {
    CHECK(stream_ != nullptr);
    ZSTD_CCtx_setParameter(stream_.get(), ZSTD_c_compressionLevel, kZstdLevel);
    ZSTD_CCtx_setParameter(stream_.get(), ZSTD_c_checksumFlag, 1);
  }

  void add(std::string_view input, bool is_end, std::string& out) override {
    ZSTD_inBuffer from = {input.data(), input.size(), 0};
    const ZSTD_EndDirective mode = is_end ? ZSTD_e_end : ZSTD_e_continue;
    for (bool more = true; more;) {
      const std::size_t done = out.size();
      out.resize(done + kRoom);
      ZSTD_outBuffer to = {out.data() + done, kRoom, 0};
      const std::size_t left = ZSTD_compressStream2(stream_.get(), &to, &from, mode);
      CHECK(!ZSTD_isError(left));
      out.resize(done + to.pos);
      more = is_end ? left > 0 : from.pos < from.size;
    }
  }

 private:
  struct Free {
    void operator()(ZSTD_CCtx* stream) const { ZSTD_freeCCtx(stream); }
  };
  std::unique_ptr<ZSTD_CCtx, Free> stream_;
};

}  // namespace

std::unique_ptr<Compressor> compressor_for(std::string_view file_name) {
  if (file_name.ends_with(".gz")) return std::make_unique<GzipOut>();
  if (file_name.ends_with(".zst")) return std::make_unique<ZstdOut>();
  return nullptr;
}

}  // namespace bikeflow
