// One page of Seoul's bikeList (dataset OA-15493): its bytes -> stations, or the code that the host
// answers with instead.
//
// A code and its message are found wherever the host was seen to put them: in XML (a bad key, even
// on /json/), at the top level, in RESULT, in rentBikeStatus and in rentBikeStatus.RESULT, and as
// one key "RESULT.CODE". All values of a row are strings; numbers are taken too.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "feed/round.h"

namespace bikeflow {

struct SeoulPage {
  std::string code;  // "INFO-000"; empty where there are rows and no code
  std::string message;
  std::vector<SeenStation> stations;  // in the page's order; an id may be there twice
  std::vector<RefusedStation> refused;
  // With those that are no stations: how much of the list this page was.
  [[nodiscard]] std::int64_t rows() const { return std::ssize(stations) + std::ssize(refused); }
};

// Threads: none; one owner.
class SeoulDocument {
 public:
  SeoulDocument();
  SeoulDocument(SeoulDocument&&) noexcept;
  SeoulDocument& operator=(SeoulDocument&&) noexcept;
  ~SeoulDocument();

  // The error: what the bytes are, where they are no answer of this host. They stay as they are,
  // and get the room behind them that the parser reads into.
  std::expected<SeoulPage, std::string> read(std::string& bytes);

 private:
  class Parser;  // simdjson's, so that its header is compiled once
  std::unique_ptr<Parser> parser_;
};

}  // namespace bikeflow
