// An answer as HTTP/1.1 writes it: compressed where that is of use, short where the client has it
// already, with the headers that keep browsers from doing what nobody meant.
//
// Threads: none.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "io/web_handler.h"

namespace bikeflow {

struct WebReply {
  int status = 0;
  std::string head, body;  // the bytes to send
};

inline constexpr std::size_t kLeastBytesToCompress = 1024;
inline constexpr std::size_t kMostUnpackedBytes = std::size_t{64} << 20;

// An Error where the answer is none that can be sent: a bug of who made it.
Result<WebReply> web_reply(const WebRequest& request, WebAnswer answer, bool keeps_alive,
                           Seconds now);

// What an event stream begins with.
std::string event_stream_head(Seconds now);

// Whether a client that says so wants gzip (RFC 9110, 12.5.3).
bool accepts_gzip(std::string_view accept_encoding);
// Whether an If-None-Match names this ETag (RFC 9110, 13.1.2).
bool names_etag(std::string_view if_none_match, std::string_view etag);

}  // namespace bikeflow
