#include "app/demo_view.h"

#include <gtest/gtest.h>

namespace bikeflow {
namespace {

TEST(DemoView, FitsTheTerminalAndNamesWhatIsFinal) {
  const Zone zone = *Zone::load("Asia/Seoul");
  DemoFrame frame;
  frame.title = "Seoul";
  frame.now = parse_time("2024-08-11T13:42:30Z")->utc();
  frame.watermark = frame.now - 600;
  frame.hour_start = parse_time("2024-08-11T13:00:00Z")->utc();
  frame.done = 0.5;
  frame.seconds_left = 12;
  frame.bikes = 31204;
  frame.rentals = 1234;
  frame.busiest = {
      {"ST-4", "102. 망원역 1번출구 앞 망원역 1번출구 앞 망원역 1번출구 앞", 23, 20, 4, 15}};
  for (const int width : {40, 80, 200}) {
    const std::string text = render(frame, zone, {true, false, width});
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = text.find('\n', begin);
      EXPECT_LT(display_width(std::string_view(text).substr(begin, end - begin)), width);
      begin = end + 1;
    }
  }
  const std::string text = render(frame, zone, {true, false, 100});
  EXPECT_NE(text.find("22:00-23:00, by 22:32:30"), std::string::npos) << text;
  EXPECT_NE(text.find("31,204 bikes"), std::string::npos) << text;
  EXPECT_NE(text.find("the first hour is written 10 minutes after its end"), std::string::npos);
  EXPECT_NE(text.find("    23      20       4/15"), std::string::npos) << text;
  EXPECT_EQ(text.find('\033'), std::string::npos);
  frame.last_hour_start = frame.hour_start - kHour;
  EXPECT_NE(render(frame, zone, {true, false, 100}).find("21:00-22:00, final"), std::string::npos);
}

}  // namespace
}  // namespace bikeflow
