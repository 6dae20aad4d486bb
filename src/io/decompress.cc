#include "io/decompress.h"

#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <array>
#include <climits>

#include <fmt/core.h>

#include "base/check.h"

namespace bikeflow {
namespace {

class Gzip final : public Decompressor {
 public:
  Gzip() { CHECK(inflateInit2(&stream_, MAX_WBITS + 16) == Z_OK); }
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;
  ~Gzip() override { inflateEnd(&stream_); }

  Step step(std::span<const char> input, std::span<char> room) override {
    Step step;
    // Without input too: the copy that the last room cut off may still be held back.
    do {
      if (!in_member_) {
        // Tapes and block devices pad with zeros, and gzip itself takes no offence.
        while (has_member_ && step.consumed < input.size() && input[step.consumed] == '\0') {
          ++step.consumed;
        }
        if (step.consumed == input.size()) return step;
        CHECK(inflateReset(&stream_) == Z_OK);
        in_member_ = true;
      }
      if (!inflate_some(input, room, step)) return step;
    } while (step.consumed < input.size() && step.produced < room.size());
    return step;
  }

  [[nodiscard]] bool may_end() const override { return has_member_ && !in_member_; }
  [[nodiscard]] std::string_view name() const override { return "gzip"; }

 private:
  // False where the input is damaged.
  bool inflate_some(std::span<const char> input, std::span<char> room, Step& step) {
    const std::size_t offered = std::min<std::size_t>(input.size() - step.consumed, UINT_MAX);
    const std::size_t free = std::min<std::size_t>(room.size() - step.produced, UINT_MAX);
    // zlib does not write to its input; its older headers have no const.
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data() + step.consumed));
    stream_.avail_in = static_cast<uInt>(offered);
    stream_.next_out = reinterpret_cast<Bytef*>(room.data() + step.produced);
    stream_.avail_out = static_cast<uInt>(free);
    const int outcome = inflate(&stream_, Z_NO_FLUSH);
    step.consumed += offered - stream_.avail_in;
    step.produced += free - stream_.avail_out;
    if (outcome == Z_STREAM_END) {
      in_member_ = false;
      has_member_ = true;
      return true;
    }
    if (outcome == Z_OK || outcome == Z_BUF_ERROR) return true;
    CHECK(outcome != Z_STREAM_ERROR);
    step.damage = stream_.msg != nullptr ? stream_.msg : "out of memory or a preset dictionary";
    return false;
  }

  z_stream stream_{};
  bool in_member_ = false;
  bool has_member_ = false;  // one has ended
};

class Zstd final : public Decompressor {
 public:
  Zstd() : stream_(ZSTD_createDStream()) { CHECK(stream_ != nullptr); }
  Zstd(const Zstd&) = delete;
  Zstd& operator=(const Zstd&) = delete;
  ~Zstd() override { ZSTD_freeDStream(stream_); }

  Step step(std::span<const char> input, std::span<char> room) override {
    Step step;
    // Inside a frame without input too: what the last room could not take is still held back.
    while (step.produced < room.size() && (in_frame_ || step.consumed < input.size())) {
      // Not more input than it asks for, which is one block: of a call that finds damage nothing is
      // told but the damage.
      ZSTD_inBuffer in = {input.data() + step.consumed,
                          std::min(input.size() - step.consumed, wanted_), 0};
      ZSTD_outBuffer out = {room.data() + step.produced, room.size() - step.produced, 0};
      const std::size_t outcome = ZSTD_decompressStream(stream_, &out, &in);
      if (ZSTD_isError(outcome)) {
        step.damage = ZSTD_getErrorName(outcome);
        if (ZSTD_getErrorCode(outcome) == ZSTD_error_frameParameter_windowTooLarge) {
          step.damage =
              "it was compressed with --long or --ultra and needs more memory than a backfill may "
              "take; unpack it with zstd -d --long=31 first";
        }
        return step;
      }
      step.consumed += in.pos;
      step.produced += out.pos;
      in_frame_ = outcome != 0;
      wanted_ = in_frame_ ? outcome : kFirstWanted;
      if (in.pos + out.pos == 0) break;
    }
    return step;
  }

  [[nodiscard]] bool may_end() const override { return !in_frame_; }
  [[nodiscard]] std::string_view name() const override { return "zstd"; }

 private:
  static constexpr std::size_t kFirstWanted = 5;  // of a frame's header

  ZSTD_DStream* stream_;
  bool in_frame_ = false;
  std::size_t wanted_ = kFirstWanted;  // so much input it takes at once
};

struct Magic {
  std::string_view bytes;
  std::string_view name;
};
constexpr std::array<Magic, 4> kUnread = {{
    {"BZh", "bzip2"},
    {std::string_view("\xFD\x37\x7A\x58\x5A\x00", 6), "xz"},
    {"PK\x03\x04", "a zip archive"},
    {"\x04\x22\x4D\x18", "lz4"},
}};

// A frame, or a skippable frame (such as pzstd begins with).
bool is_zstd(std::string_view head) {
  if (head.starts_with("\x28\xB5\x2F\xFD")) return true;
  return head.size() >= 4 && (head[0] & 0xF0) == 0x50 && head.substr(1, 3) == "\x2A\x4D\x18";
}

}  // namespace

std::expected<std::unique_ptr<Decompressor>, std::string> decompressor_for(std::string_view head) {
  if (head.starts_with("\x1F\x8B")) return std::make_unique<Gzip>();
  if (is_zstd(head)) return std::make_unique<Zstd>();
  for (const Magic& magic : kUnread) {
    if (head.starts_with(magic.bytes)) return std::unexpected(std::string(magic.name));
  }
  return nullptr;
}

}  // namespace bikeflow
