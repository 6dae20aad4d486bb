// How property tests are run here.
#pragma once

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cstdlib>
#include <sstream>

namespace bikeflow {

// Cases are drawn from a fixed seed, so that a red test is red again; RC_PARAMS="seed=..." draws
// others.
template <class Property>
void check(int cases, const Property& property) {
  auto params = rc::detail::configuration().testParams;
  if (std::getenv("RC_PARAMS") == nullptr) {
    params.seed = 20'240'811;
    params.maxSuccess = cases;
  }
  const auto result = rc::detail::checkTestable(property, rc::detail::TestMetadata(), params);
  std::ostringstream message;
  rc::detail::printResultMessage(result, message);
  ASSERT_TRUE(result.template is<rc::detail::SuccessResult>()) << message.str();
}

}  // namespace bikeflow
