#include "app/diagnostic.h"

#include <gtest/gtest.h>

namespace bikeflow {
namespace {

TEST(Masked, HidesValuesOfSecretKeysOnly) {
  EXPECT_EQ(masked("key = \"a\\\"b\" # c"), "key = *** # c");
  EXPECT_EQ(masked("{ key = 'a', every = 3 }"), "{ key = ***, every = 3 }");
  EXPECT_EQ(masked("every = \"3\""), "every = \"3\"");
  EXPECT_EQ(masked("key = \"${NAME}\""), "key = \"${NAME}\"");
  EXPECT_EQ(masked("key = \"x${NAME}\""), "key = ***");
  EXPECT_EQ(masked("url = \"redis://u:p@h:1/\""), "url = \"redis://***@h:1/\"");
  EXPECT_EQ(masked("url = \"redis://:p/q@h:1/\""), "url = \"redis://***@h:1/\"");
  EXPECT_EQ(masked("url = \"redis://${U}:${P}@h\""), "url = \"redis://${U}:${P}@h\"");
  EXPECT_EQ(masked("url = \"redis://${U}:p@h\""), "url = \"redis://***@h\"");
  EXPECT_EQ(masked("url = \"redis:/u:p@h\""), "url = \"***@h\"");
  EXPECT_EQ(masked("contact = \"ops@example.org\""), "contact = \"ops@example.org\"");
  EXPECT_EQ(masked("url = \"https://h/a?b=c&d&e=${E}\" # f"),
            "url = \"https://h/a?b=***&d&e=${E}\" # f");
  EXPECT_EQ(masked("url = \"https://h/a?api-key=c"), "url = \"https://h/a?api-key=***");
  EXPECT_EQ(masked("headers = { A = \"b, c\" } # d"), "headers = *** # d");
  EXPECT_EQ(masked("key = [\"a\", \"b\"]"), "key = ***");
  EXPECT_EQ(masked("A = \"b\"", true), "A = ***");
  EXPECT_EQ(masked("A = \"${B}\"", true), "A = \"${B}\"");
  EXPECT_EQ(masked("key ="), "key =***");
  EXPECT_EQ(masked(""), "");
}

}  // namespace
}  // namespace bikeflow
