#include "app/catalog.h"

#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/system_id.h"
#include "test/recordings.h"

namespace bikeflow {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kHeader =
    "Country Code,Name,Location,System ID,URL,Auto-Discovery URL,Supported Versions,"
    "Authentication Info URL,Authentication Type,Authentication Parameter Name\n";

std::string row(const std::string& id, const std::string& url, const std::string& key = ",,") {
  return fmt::format("NO,Name of {0},Oslo,{0},https://x.y,{1},2.3,{2}\n", id, url, key);
}
std::string oslo() { return row("oslo", "https://a.b/gbfs.json"); }

CatalogFeeds feeds(const std::string& rows, const CatalogFilter& filter = {}) {
  auto found = catalog_feeds(kHeader + rows, filter);
  EXPECT_TRUE(found) << found.error().message;
  return found ? std::move(*found) : CatalogFeeds{};
}
std::vector<std::string> ids(const CatalogFeeds& found) {
  std::vector<std::string> ids;
  for (const CatalogFeed& feed : found.feeds) ids.push_back(feed.id);
  return ids;
}
TEST(Catalog, FeedsOfIt) {
  const CatalogFeeds found = feeds(oslo() + row("bergen", "http://c.d/x"));
  EXPECT_THAT(ids(found), ElementsAre("oslo", "bergen"));
  EXPECT_EQ(found.feeds[0].name, "Name of oslo");
  EXPECT_EQ(found.feeds[0].settings.url, "https://a.b/gbfs.json");
  EXPECT_THAT(found.notices, IsEmpty());
  EXPECT_THAT(
      ids(feeds(oslo() + row("bergen", "http://c.d/x"), {.countries = {}, .ids = {"bergen"}})),
      ElementsAre("bergen"));
}

TEST(Catalog, ASystemThatWantsAKeyIsLeftOut) {
  const std::string both = "https://get.it/?x=1,2,DB-Client-Id|DB-Api-Key";
  const CatalogFeeds found =
      feeds(oslo() + row("a", "https://a.b/a", both) + row("b", "https://a.b/b", both) +
            row("c", "https://a.b/c", ",1,token") + row("d", "https://a.b/d", ",1,"));
  EXPECT_THAT(ids(found), ElementsAre("oslo"));
  const std::string otherwise =
      ". With a key it is a [[feed]] of its own, with [feed.headers] or [feed.parameters]";
  EXPECT_THAT(
      found.notices,
      ElementsAre("systems.csv: left out: d, which wants a key in a URL parameter of a name that "
                  "the catalogue does not say" +
                      otherwise,
                  "systems.csv: left out: c, which wants the URL parameter token" + otherwise,
                  "systems.csv: left out: a, b, which want the header DB-Client-Id and "
                  "DB-Api-Key; how to get it: https://get.it/?x=***" +
                      otherwise));
}

TEST(Catalog, TheFirstOfEqualIdsCounts) {
  const CatalogFeeds found = feeds(oslo() + row("oslo", "https://c.d/?k=1") +
                                   row("os lo", "https://e.f/") + row("os-lo", "https://g.h/"));
  EXPECT_THAT(ids(found), ElementsAre("oslo", "os-lo"));
  EXPECT_EQ(found.feeds[1].settings.url, "https://e.f/");
  EXPECT_THAT(
      found.notices,
      ElementsAre("systems.csv: system 'oslo' is left out: 'oslo' is the id of an earlier one too, "
                  "at https://a.b/gbfs.json; that one is read",
                  "systems.csv: system 'os-lo' is left out: 'os-lo' is the id of an earlier one "
                  "too, at https://e.f/; that one is read",
                  "systems.csv: ids that cannot be names of folders are changed: 'os lo' is "
                  "os-lo"));
}

TEST(Catalog, WhatCannotBeAskedIsLeftOut) {
  const CatalogFeeds found = feeds(oslo() + row("a", "") + row("/", "https://a.b/"));
  EXPECT_THAT(ids(found), ElementsAre("oslo"));
  EXPECT_THAT(found.notices,
              ElementsAre(HasSubstr("'a' is left out: '' is no address of a feed"),
                          "systems.csv: system '/' is left out: its id cannot be the name of a "
                          "folder"));
  const auto none = catalog_feeds(kHeader + row("a", ""), {});
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().message, HasSubstr("none of the 1 systems"));
  EXPECT_THAT(none.error().message, HasSubstr("no address of a feed"));
  EXPECT_FALSE(catalog_feeds("x,y\n1,2\n", {}));
}

class CatalogOnRecordings : public OnRecordings {};

TEST_F(CatalogOnRecordings, AllOfTheWorld) {
  const auto found = catalog_feeds(read("feeds/gbfs-systems.csv"), {});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->feeds.size(), 1520U - 1 - 5);
  for (const CatalogFeed& feed : found->feeds) EXPECT_TRUE(is_system_id(feed.id)) << feed.id;
  EXPECT_THAT(found->notices,
              ElementsAre(HasSubstr("'citiz_la_rochelle' is left out"),
                          HasSubstr("lime_wetzikon, lime_winterthur, sponti, which want the header "
                                    "Authorization; how to get it: https://github.com/"),
                          HasSubstr("stadtrad_hamburg, stadtrad_lueneburg, which want"),
                          HasSubstr(" and 37 more")));
}

}  // namespace
}  // namespace bikeflow
