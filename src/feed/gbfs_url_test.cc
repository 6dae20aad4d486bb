#include "feed/gbfs_url.h"

#include <gtest/gtest.h>

namespace bikeflow {
namespace {

TEST(GbfsUrl, WhatIsOne) {
  EXPECT_TRUE(is_http_url("https://a.b/gbfs.json"));
  EXPECT_TRUE(is_http_url("HTTP://a"));
  for (const char* text : {"", "a.b/gbfs.json", "ftp://a/b", "https://", "https:///x", "http://?a",
                           "https://a b/", "https://a/\n", "https://a\\b"}) {
    EXPECT_FALSE(is_http_url(text)) << text;
  }
  EXPECT_TRUE(is_https("HTTPS://a"));
  EXPECT_FALSE(is_https("http://a"));
  EXPECT_TRUE(has_user("https://u:p@a/b"));
  EXPECT_FALSE(has_user("https://a/b@c"));
}

TEST(GbfsUrl, TheHostOfOne) {
  EXPECT_EQ(host_of_url("https://user:p@example.org:8443/x?y#z"), "example.org:8443");
  EXPECT_EQ(host_of_url("http://[::1]:80"), "[::1]:80");
  EXPECT_EQ(host_of_url("https://example.org?a=b@c"), "example.org");
}

TEST(GbfsUrl, ReferencesInADocument) {
  constexpr const char* kBase = "https://a.b:8443/x/gbfs.json?k=/1";
  EXPECT_EQ(resolve_url(kBase, "https://c/d"), "https://c/d");
  EXPECT_EQ(resolve_url(kBase, "//c/d"), "https://c/d");
  EXPECT_EQ(resolve_url(kBase, "/d?e"), "https://a.b:8443/d?e");
  EXPECT_EQ(resolve_url(kBase, "d"), "https://a.b:8443/x/d");
  EXPECT_EQ(resolve_url(kBase, "./en/d"), "https://a.b:8443/x/en/d");
  EXPECT_EQ(resolve_url("https://a.b", "d"), "https://a.b/d");
}

TEST(GbfsUrl, AdvertisedAsHttp) {
  EXPECT_EQ(resolve_url("https://a/gbfs.json", "http://b/c?d#e"), "https://b/c?d#e");
  EXPECT_EQ(resolve_url("https://a/gbfs.json", "http://b:80/c"), "https://b/c");
  EXPECT_EQ(resolve_url("https://a/gbfs.json", "http://[::1]/c"), "https://[::1]/c");
  EXPECT_EQ(resolve_url("https://a/gbfs.json", "http://b:8080/c"), "http://b:8080/c");
  EXPECT_EQ(resolve_url("http://a/gbfs.json", "http://b/c"), "http://b/c");
  EXPECT_EQ(resolve_url("http://a/gbfs.json", "//b/c"), "http://b/c");
}

TEST(GbfsUrl, Siblings) {
  EXPECT_EQ(sibling_url("https://a/en/gbfs.json?k=1", "station_status"),
            "https://a/en/station_status.json");
  EXPECT_EQ(sibling_url("https://a/en/gbfs", "station_status"), "https://a/en/station_status");
  EXPECT_EQ(sibling_url("https://a", "station_status"), "https://a/station_status");
}

TEST(GbfsUrl, ParametersAreCarriedOn) {
  EXPECT_EQ(query_of("https://a/b?k=1&l#f?x"), "k=1&l");
  EXPECT_EQ(with_query("https://a/b", "k=1&l=2"), "https://a/b?k=1&l=2");
  EXPECT_EQ(with_query("https://a/b?k=0", "k=1&l=2"), "https://a/b?k=0&l=2");
  EXPECT_EQ(with_query("https://a/b?#f", "k=1"), "https://a/b?k=1");
  EXPECT_EQ(with_query("https://a/b?kk=1", "k=1"), "https://a/b?kk=1&k=1");
  EXPECT_EQ(with_query("https://a/b", ""), "https://a/b");
  EXPECT_EQ(with_query("https://a/b", "&&"), "https://a/b");
  EXPECT_EQ(percent_encoded("a-b_c.~9 /&=+%\xC3\xA9"), "a-b_c.~9%20%2F%26%3D%2B%25%C3%A9");
}

TEST(GbfsUrl, ShownWithoutSecrets) {
  EXPECT_EQ(shown_url_of("https://a/b.json"), "https://a/b.json");
  EXPECT_EQ(shown_url_of("https://a/b?key=s3cret&id=4&bare#frag"),
            "https://a/b?key=***&id=***&***");
  EXPECT_EQ(shown_url_of("https://me:s3cret@a:8/b"), "https://***@a:8/b");
  EXPECT_EQ(shown_url_of("s3cret"), "an address that is no URL");
}

}  // namespace
}  // namespace bikeflow
