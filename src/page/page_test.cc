#include "page/page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

namespace bikeflow {
namespace {

std::string unpacked(const PageFile& file) {
  std::string text(file.size + 1, '\0');
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 16 + MAX_WBITS), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(file.gzip.data()));
  stream.avail_in = static_cast<uInt>(file.gzip.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END) << file.path;
  text.resize(stream.total_out);
  inflateEnd(&stream);
  return text;
}

const PageFile* find(std::string_view path) {
  const auto found = std::ranges::find(page_files(), path, &PageFile::path);
  return found == page_files().end() ? nullptr : &*found;
}

TEST(Page, EveryFileUnpacksToItsSize) {
  ASSERT_FALSE(page_files().empty());
  for (const PageFile& file : page_files()) EXPECT_EQ(unpacked(file).size(), file.size) << file.path;
}

TEST(Page, TheDocumentNamesFilesThatAreThere) {
  const PageFile* document = find("/index.html");
  ASSERT_NE(document, nullptr);
  EXPECT_EQ(document->content_type, "text/html; charset=utf-8");
  EXPECT_FALSE(document->is_immutable);
  const std::string text = unpacked(*document);
  int named = 0;
  for (std::size_t at = text.find("\"./assets/"); at != std::string::npos;
       at = text.find("\"./assets/", at + 1)) {
    const std::size_t start = at + 2;
    const PageFile* file = find(text.substr(start, text.find('"', start) - start));
    ASSERT_NE(file, nullptr) << text.substr(at, 60);
    EXPECT_TRUE(file->is_immutable);
    ++named;
  }
  EXPECT_GE(named, 3);  // script, style, icon
}

// The server's policy forbids both, and a page that needs them would stay blank.
TEST(Page, TheDocumentHasNoInlineScriptOrStyle) {
  const std::string text = unpacked(*find("/index.html"));
  EXPECT_EQ(text.find("<style"), std::string::npos);
  EXPECT_EQ(text.find(" style="), std::string::npos);
  for (std::size_t at = text.find("<script"); at != std::string::npos;
       at = text.find("<script", at + 1)) {
    EXPECT_NE(text.substr(at, text.find('>', at) - at).find(" src="), std::string::npos);
  }
}

TEST(Page, TagsTellFilesApart) {
  std::set<std::string_view> tags;
  for (const PageFile& file : page_files()) {
    EXPECT_THAT(file.etag, testing::MatchesRegex("\"[0-9a-f]{32}\""));
    tags.insert(file.etag);
  }
  EXPECT_EQ(tags.size(), page_files().size());
}

TEST(Page, CarriesTheNoticesOfWhatItContains) {
  const PageFile* licenses = find("/licenses.txt");
  ASSERT_NE(licenses, nullptr);
  const std::string text = unpacked(*licenses);
  for (const char* name : {"maplibre-gl ", "preact ", "uplot ", "eventsource-parser ", "2013"}) {
    EXPECT_NE(text.find(name), std::string::npos) << name;
  }
}

TEST(Page, IsSmall) {
  std::size_t scripts_and_styles = 0;
  for (const PageFile& file : page_files()) {
    if (file.path.ends_with(".js") || file.path.ends_with(".css")) scripts_and_styles += file.gzip.size();
  }
  EXPECT_LT(scripts_and_styles, 400U * 1024);
}

}  // namespace
}  // namespace bikeflow
