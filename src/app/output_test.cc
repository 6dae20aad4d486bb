#include "app/output.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <string>

namespace bikeflow {
namespace {

TEST(Output, PassesOnWhatWasWritten) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  {
    Output out(ends[1]);
    out.write("rows ");
    out.print("{}\n", 42);
    EXPECT_TRUE(out.finish());
  }
  char text[16] = {};
  EXPECT_EQ(::read(ends[0], text, sizeof text), 8);
  EXPECT_STREQ(text, "rows 42\n");
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(Output, AReaderThatLeftEarlyIsNoError) {
  std::signal(SIGPIPE, SIG_IGN);
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ::close(ends[0]);
  Output out(ends[1]);
  out.write(std::string(1 << 20, 'x'));
  EXPECT_TRUE(out.is_closed());
  EXPECT_TRUE(out.finish());
  ::close(ends[1]);
}

TEST(Output, AFullDiskIsAnError) {
  const int full = ::open("/dev/full", O_WRONLY);
  ASSERT_GE(full, 0);
  Output out(full);
  out.write("lost");
  const auto done = out.finish();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().message, "cannot write to standard output: No space left on device");
  ::close(full);
}

}  // namespace
}  // namespace bikeflow
