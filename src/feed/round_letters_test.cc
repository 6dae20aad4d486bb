#include "feed/round_letters.h"

#include <gmock/gmock.h>

namespace bikeflow {
namespace {

constexpr Seconds kObserved = 1'723'383'000;  // 2024-08-11T13:30:00Z
constexpr Seconds kReceived = kObserved + 2;

Round round_of_two() {
  Round round{.observed_at = kObserved};
  round.stations = {{"ST-1", "", {}, {5, 10}}, {"ST-2", "", {}, {0, 12}}};
  round.refused = {{{Reason::kBadBikes, "no number", {}}, std::string(9000, 'x')},
                   {{Reason::kNotJson, "no object", 7}, "17"}};
  return round;
}

TEST(RoundLetters, OfABelievedRoundAreWhatIsNoStation) {
  const auto letters = letters_of_refused(round_of_two(), "seoul", kReceived);
  ASSERT_EQ(letters.size(), 2U);
  EXPECT_EQ(letters[0].record, std::string(kDeadLetterRecordBytes, 'x'));
  EXPECT_EQ(letters[1],
            (DeadLetter{"seoul", {}, kReceived, {Reason::kNotJson, "no object", 7}, "17"}));
}

TEST(RoundLetters, OfARejectedRoundAreItsStationsInTheTopicsFormAsWell) {
  const Refusal why{Reason::kRoundTooSmall, "2 stations, fewer", {}};
  const auto letters = letters_of_rejected(round_of_two(), why, "seoul",
                                           Zone::load("Asia/Seoul").value(), kReceived);
  ASSERT_EQ(letters.size(), 4U);
  EXPECT_EQ(letters[1].refusal, why);
  EXPECT_EQ(letters[1].received_at, kReceived);
  EXPECT_EQ(letters[1].record,
            R"({"system":"seoul","rackTotCnt":"12","stationName":"","parkingBikeTotCnt":"0",)"
            R"("shared":"0","stationLatitude":"","stationLongitude":"","stationId":"ST-2",)"
            R"("timestamp":"2024-08-11 22:30:00"})");
  EXPECT_EQ(letters[3].refusal.reason, Reason::kNotJson) << "each for its own reason";
  const auto of_none = letters_of_rejected({.observed_at = kObserved}, why, "seoul",
                                           Zone::load("Asia/Seoul").value(), kReceived);
  ASSERT_EQ(of_none.size(), 1U);
  Round nonsense{.observed_at = kObserved};
  nonsense.refused = {{{Reason::kNotJson, "", {}}, "{"}};
  const auto of_nonsense =
      letters_of_rejected(nonsense, why, "seoul", Zone::load("Asia/Seoul").value(), kReceived);
  ASSERT_EQ(of_nonsense.size(), 2U);
  EXPECT_EQ(of_nonsense[0], of_none[0]);
  EXPECT_EQ(of_none[0], (DeadLetter{"seoul", {}, kReceived, why, ""}));
}

}  // namespace
}  // namespace bikeflow
