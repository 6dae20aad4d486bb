#include "sim/stock.h"

#include <gtest/gtest.h>

namespace bikeflow {
namespace {

City two_stations() {
  City city;
  city.stations.resize(2);
  return city;
}

TEST(Stock, MovesABikeAndKeepsTheFleet) {
  const City city = two_stations();
  Stock stock(city, {1, 0});
  const std::uint32_t trip = stock.take(0, 100, Cause::kRider);
  EXPECT_FALSE(stock.can_take(0));
  EXPECT_EQ(stock.away(Cause::kRider), 1);
  EXPECT_EQ(stock.fleet(), 1);
  stock.put(1, 200, Cause::kRider, trip);
  EXPECT_EQ(stock.bikes(1), 1);
  EXPECT_EQ(stock.away(Cause::kRider), 0);
  const CityEvent departure{.at = 100, .station = 0, .trip = trip, .change = -1};
  const CityEvent arrival{.at = 200, .station = 1, .trip = trip, .change = 1};
  EXPECT_EQ(stock.events(), (std::vector{departure, arrival}));
}

TEST(Stock, ARiderTakesABikeThatTheSensorDoesNotSee) {
  const City city = two_stations();
  Stock stock(city, {1, 0});
  stock.hide(0, 10);
  EXPECT_EQ(stock.bikes(0), 0);
  EXPECT_EQ(stock.hidden(0), 1);
  ASSERT_TRUE(stock.can_take(0));
  stock.take(0, 20, Cause::kRider);
  EXPECT_EQ(stock.hidden(0), 0);
  EXPECT_EQ(stock.bikes(0), 0);
  EXPECT_EQ(stock.fleet(), 1);
  ASSERT_EQ(stock.events().size(), 3U);  // unseen, seen again, taken
  EXPECT_EQ(stock.events()[0].trip, stock.events()[1].trip);
}

TEST(StockDeathTest, NoBikeCanBeTakenFromNothing) {
  const City city = two_stations();
  Stock stock(city, {1, 0});
  EXPECT_DEATH(stock.take(1, 0, Cause::kRider), "CHECK failed");
}

}  // namespace
}  // namespace bikeflow
