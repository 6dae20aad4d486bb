#include "sim/city.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

namespace bikeflow {
namespace {

TEST(City, SeoulHasItsStationsAsTheFeedWritesThem) {
  const City city = make_city(CityName::kSeoul, kAllStations, 1).value();
  ASSERT_EQ(city.stations.size(), 2799U);
  const CityStation& first = city.stations[0];
  EXPECT_EQ(first.id, "ST-4");
  EXPECT_EQ(first.name, "102. 망원역 1번출구 앞");
  EXPECT_EQ(first.district, "마포구");
  EXPECT_EQ(first.latitude, "37.55564880");
  EXPECT_EQ(first.longitude, "126.91062927");
  const auto quoted = std::ranges::find(city.stations, "ST-675", &CityStation::id);
  ASSERT_NE(quoted, city.stations.end());
  EXPECT_EQ(quoted->name, "773. 염창역 3, 4번 출구 사이");

  std::set<std::string> ids;
  int without_racks = 0;
  for (const CityStation& station : city.stations) {
    ids.insert(station.id);
    without_racks += station.racks == 0;
    EXPECT_LE(station.racks, 60);
    EXPECT_TRUE(station.east_km > 0 && station.east_km < 36) << station.name;
    EXPECT_TRUE(station.north_km > 0 && station.north_km < 30) << station.name;
  }
  EXPECT_EQ(ids.size(), 2799U);
  EXPECT_TRUE(without_racks >= 1 && without_racks <= 40) << without_racks;
}

TEST(City, RacksFollowTheSeed) {
  const City a = make_city(CityName::kSeoul, kAllStations, 1).value();
  const City b = make_city(CityName::kSeoul, 100, 1).value();
  const City c = make_city(CityName::kSeoul, 100, 2).value();
  int other = 0;
  for (std::size_t i = 0; i < 100; ++i) {
    EXPECT_EQ(a.stations[i].racks, b.stations[i].racks);
    other += b.stations[i].racks != c.stations[i].racks;
  }
  EXPECT_GT(other, 50);
}

TEST(City, DistanceIsInKilometres) {
  const City city = make_city(CityName::kSeoul, kAllStations, 1).value();
  // Mangwon's exits 1 and 2 are about 80 m apart.
  EXPECT_NEAR(distance_km(city.stations[0], city.stations[1]), 0.08, 0.01);
}

TEST(City, BayAreaHasEveryStationOfItsTrips) {
  const City city = make_city(CityName::kBayArea, kAllStations, 1).value();
  ASSERT_EQ(city.stations.size(), 70U);
  const std::vector<PublishedTrip> trips = published_trips(city);
  EXPECT_EQ(trips.size(), 14'226U);
  EXPECT_TRUE(std::ranges::is_sorted(trips, {}, &PublishedTrip::started_at));
  EXPECT_GE(trips.front().started_at, kPublishedStart);
  EXPECT_LT(trips.back().started_at, kPublishedStart + kPublishedDays * kDay);
  for (const PublishedTrip& trip : trips) EXPECT_GT(trip.ended_at, trip.started_at);
}

TEST(City, FewStationsOfTheBayAreaAreTheBusiestOnes) {
  const City city = make_city(CityName::kBayArea, 10, 1).value();
  ASSERT_EQ(city.stations.size(), 10U);
  EXPECT_EQ(city.stations[0].name, "San Francisco Caltrain (Townsend at 4th)");
  // A seventh of the stations, and far more than a seventh of a seventh of the trips.
  EXPECT_GT(published_trips(city).size(), 2'000U);
}

TEST(City, SaysWhatIsWrong) {
  EXPECT_EQ(make_city(CityName::kSeoul, 2800, 1).error().message,
            "seoul has 2799 stations; 2800 were asked for");
  EXPECT_EQ(make_city(CityName::kBayArea, 71, 1).error().message,
            "bayarea has 70 stations; 71 were asked for");
  EXPECT_FALSE(make_city(CityName::kSeoul, 0, 1));
  EXPECT_EQ(parse_city_name("paris").error().message,
            "unknown city 'paris'; there are seoul and bayarea");
  EXPECT_EQ(parse_city_name("bayarea").value(), CityName::kBayArea);
}

}  // namespace
}  // namespace bikeflow
