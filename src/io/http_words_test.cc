#include "io/http_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bikeflow {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> secrets(const std::string& url, const std::string& shown,
                                 std::vector<HttpHeader> headers = {}) {
  HttpRequest request;
  request.url = url;
  request.shown_url = shown;
  request.headers = std::move(headers);
  return secrets_of(request);
}

TEST(HttpWords, SecretsAreWhatIsNotShown) {
  EXPECT_THAT(secrets("http://a/b", "http://a/b"), IsEmpty());
  EXPECT_THAT(secrets("http://a/k3y/json/1/", "http://a/***/json/1/"), ElementsAre("k3y"));
  EXPECT_THAT(secrets("http://a/b?key=k3y", "http://a/b?key=***"), ElementsAre("k3y"));
  EXPECT_THAT(secrets("http://a/b?key=k3y", "http://a/b"), ElementsAre("?key=k3y"));
  EXPECT_THAT(secrets("http://u:pw@a/b?k=first&l=2", "http://***@a/b?k=***&l=***"),
              ElementsAre("first", "u:pw", "2"));
  EXPECT_THAT(secrets("http://a/1/k1/1/", "http://a/1/***/1/"), ElementsAre("k1"));
}

TEST(HttpWords, AnotherUrlThatIsShownHidesAllOfTheFirst) {
  EXPECT_THAT(secrets("http://a/b", "the feed"), ElementsAre("http://a/b"));
}

TEST(HttpWords, HeadersAreSecretUnlessTheyAreForEveryone) {
  EXPECT_THAT(secrets("http://a/", "http://a/",
                      {{"X-Key", "longest"}, {"if-none-match", "\"e\""}, {"Authorization", "tok"}}),
              ElementsAre("longest", "tok"));
}

TEST(HttpWords, MaskedIsEveryOneOfThem) {
  EXPECT_EQ(masked("k3y/a/k3y?k3y", {"k3y"}), "***/a/***?***");
  EXPECT_EQ(masked("abcd ab", {"abcd", "ab"}), "*** ***");
}

TEST(HttpWords, PlacesAreOfHttpAndShowNoQueryAndNoCredentials) {
  const auto place = place_of("HTTPS://user:pw@Host.example/a/b?key=1#c");
  ASSERT_TRUE(place);
  EXPECT_EQ(place->origin, "https://host.example:443");
  EXPECT_EQ(place->shown, "https://host.example/a/b");
  EXPECT_TRUE(place->is_tls);
  EXPECT_EQ(place_of("http://a:8088/")->origin, "http://a:8088");
  EXPECT_EQ(place_of("http://a:8088/")->shown, "http://a:8088/");
  for (const char* wrong : {"", "a", "ftp://a/", "file:///etc/passwd", "gopher://a/", "http://",
                            "http://a:99999/", "javascript:1"}) {
    EXPECT_FALSE(place_of(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace bikeflow
