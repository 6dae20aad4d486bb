// URLs as GBFS feeds name and need them: relative ones, keys in the query, and how they are shown.
//
// Threads: functions of their arguments only.
#pragma once

#include <string>
#include <string_view>

namespace bikeflow {

// "http://host..." or "https://host...", without blanks and control characters.
bool is_http_url(std::string_view url);
bool is_https(std::string_view url);
// "https://user:password@host". Requires: is_http_url(url).
bool has_user(std::string_view url);

// "example.org:8443" of "https://user@example.org:8443/x". Requires: is_http_url(url).
std::string_view host_of_url(std::string_view url);

// What `reference` means in a document of `base`: a whole URL, or one without scheme ("//host/x"),
// host ("/x") or folder ("x"). An http URL in a document that came by https becomes https, unless
// it names a port of its own: many feeds advertise themselves so out of neglect.
// Requires: is_http_url(base).
std::string resolve_url(std::string_view base, std::string_view reference);

// The same folder, another last name: ".../gbfs.json?k=1" and "station_status" give
// ".../station_status.json". Where the URL's name has no ".json", neither has the sibling's.
std::string sibling_url(std::string_view url, std::string_view name);

// "k=1&l=2"; empty: none.
std::string_view query_of(std::string_view url);
// Adds those parameters of a query that the URL does not have.
std::string with_query(std::string_view url, std::string_view query);
// Text as a query writes it.
std::string percent_encoded(std::string_view text);

// For people: every value in the query, and a user with a password, are ***; no fragment.
std::string shown_url_of(std::string_view url);

}  // namespace bikeflow
