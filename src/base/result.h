// Errors of the world, carried up as values with the context that makes them useful.
//
// A message says where (file, path, line) and what to do; it is written for the user who reads it.
#pragma once

#include <expected>
#include <string>
#include <utility>

#include <fmt/core.h>

namespace bikeflow {

struct Error {
  std::string message;
};

template <class T>
using Result = std::expected<T, Error>;

// fail("{}: cannot open: {}", path, reason) in a function that returns a Result.
template <class... Args>
[[nodiscard]] std::unexpected<Error> fail(fmt::format_string<Args...> format, Args&&... args) {
  return std::unexpected(Error{fmt::format(format, std::forward<Args>(args)...)});
}

// Puts "context: " before the message of an error that is passed on.
[[nodiscard]] inline std::unexpected<Error> with_context(std::string context, const Error& error) {
  return std::unexpected(Error{std::move(context) + ": " + error.message});
}

}  // namespace bikeflow
