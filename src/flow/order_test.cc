#include "flow/order.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

namespace bikeflow {
namespace {

constexpr Seconds kStart = 1'700'000'000;

struct Applied {
  Seconds at;
  Counts counts;
  friend bool operator==(const Applied&, const Applied&) = default;
};

// The same by the book: every second with its counts.
struct Obvious {
  std::map<Seconds, Counts> waiting;
  Arrival insert(Seconds at, Counts counts) {
    const auto [it, is_new] = waiting.try_emplace(at, counts);
    if (is_new) return Arrival::kNew;
    if (it->second == counts) return Arrival::kDuplicate;
    it->second = std::min(it->second, counts);
    return Arrival::kConflict;
  }
  void drain(Seconds limit, std::vector<Applied>& out) {
    while (!waiting.empty() && waiting.begin()->first < limit) {
      out.push_back({waiting.begin()->first, waiting.begin()->second});
      waiting.erase(waiting.begin());
    }
  }
};

// Total coverage, movements and gaps: what windows are made of.
struct Meaning {
  std::map<std::pair<int, int>, Seconds> covered;
  std::vector<Applied> movements;
  std::vector<Seconds> gaps;
  friend bool operator==(const Meaning&, const Meaning&) = default;
};
Meaning meaning(const std::vector<Applied>& all, Seconds max_gap) {
  Meaning m;
  for (std::size_t i = 1; i < all.size(); ++i) {
    const Seconds apart = all[i].at - all[i - 1].at;
    m.covered[{all[i - 1].counts.bikes, all[i - 1].counts.racks}] += std::min(apart, max_gap);
    if (apart > max_gap) m.gaps.push_back(all[i].at);
    if (all[i].counts != all[i - 1].counts) m.movements.push_back(all[i]);
  }
  return m;
}

class OrderTest : public ::testing::Test {
 protected:
  auto sink() {
    return [this](const Step& step) { applied_.push_back({step.at - kStart, step.counts}); };
  }
  static Counts bikes(int n) { return {static_cast<std::int16_t>(n), 20}; }
  Arrival insert(Seconds at, int n, Seconds watermark) {
    return order_.insert(0, kStart + at, bikes(n), kStart + watermark, sink());
  }
  void drain(Seconds limit) { order_.drain(0, kStart + limit, sink()); }
  Order order_ = [] {
    Order order(600, 600);
    order.add_station();
    return order;
  }();
  std::vector<Applied> applied_;
};

TEST_F(OrderTest, AppliesInOrderOfTime) {
  insert(60, 5, -600);
  insert(0, 7, -540);
  insert(30, 6, -540);
  drain(61);
  EXPECT_EQ(applied_, (std::vector<Applied>{{0, bikes(7)}, {30, bikes(6)}, {60, bikes(5)}}));
}

TEST_F(OrderTest, AnObservationInsideAStretchIsStillADuplicateAConflictOrASplit) {
  for (Seconds t = 0; t <= 300; t += 30) insert(t, 5, -300);
  EXPECT_EQ(insert(120, 5, -300), Arrival::kDuplicate);
  EXPECT_EQ(insert(150, 4, -300), Arrival::kConflict);  // the lowest stays
  EXPECT_EQ(insert(180, 6, -300), Arrival::kConflict);
  EXPECT_EQ(insert(195, 9, -300), Arrival::kNew);
  drain(301);
  EXPECT_EQ(applied_, (std::vector<Applied>{{0, bikes(5)},
                                            {120, bikes(5)},
                                            {150, bikes(4)},
                                            {180, bikes(5)},
                                            {195, bikes(9)},
                                            {210, bikes(5)},
                                            {300, bikes(5)}}));
}

TEST_F(OrderTest, WhatWaitsBehindTheLimitStaysExact) {
  for (Seconds t = 0; t <= 300; t += 30) insert(t, 5, -300);
  drain(100);
  EXPECT_EQ(order_.applied_at(0), kStart + 90);
  EXPECT_EQ(order_.earliest_waiting(0), kStart + 120);
  EXPECT_EQ(insert(120, 5, 100), Arrival::kDuplicate);
  EXPECT_EQ(insert(100, 5, 100), Arrival::kNew);
}

RC_GTEST_PROP(Order, AgreesWithAMapOfSeconds, ()) {
  const Seconds delay = *rc::gen::element<Seconds>(1, 5, 63, 64, 65, 600, 3600);
  const Seconds max_gap = *rc::gen::element<Seconds>(1, 7, 60, 600, 5000);
  Order order(delay, max_gap);
  order.add_station();
  Obvious obvious;
  std::vector<Applied> got;
  std::vector<Applied> expected;
  Seconds latest = kStart;
  const int steps = *rc::gen::inRange(1, 200);
  for (int i = 0; i < steps; ++i) {
    const Seconds ahead =
        *rc::gen::weightedOneOf<Seconds>({{8, rc::gen::inRange<Seconds>(0, delay / 4 + 2)},
                                          {1, rc::gen::inRange<Seconds>(0, 9000)}});
    latest += ahead;
    const Seconds watermark = latest - delay;
    const Seconds at = watermark + *rc::gen::inRange<Seconds>(0, delay + 1);
    const Counts counts{*rc::gen::inRange<std::int16_t>(0, 3),
                        *rc::gen::inRange<std::int16_t>(-1, 1)};
    const Arrival arrival = order.insert(0, at, counts, watermark, [&](const Step& step) {
      RC_ASSERT(step.at < watermark);
      RC_ASSERT(step.first == got.empty());
      if (!got.empty()) RC_ASSERT(step.previous_at == got.back().at);
      if (!got.empty()) RC_ASSERT(step.previous == got.back().counts);
      got.push_back({step.at, step.counts});
    });
    RC_ASSERT(arrival == obvious.insert(at, counts));
    if (*rc::gen::inRange(0, 10) == 0) {
      const Seconds limit = watermark - *rc::gen::inRange<Seconds>(0, 5);
      order.drain(0, limit, [&](const Step& step) { got.push_back({step.at, step.counts}); });
    }
    if (*rc::gen::inRange(0, 10) == 0) {
      Writer out;
      order.save(out);
      Order loaded(delay, max_gap);
      Reader in(out.bytes());
      RC_ASSERT(loaded.load(in, 1));
      order = std::move(loaded);
    }
  }
  order.drain(0, latest + 1, [&](const Step& step) { got.push_back({step.at, step.counts}); });
  obvious.drain(latest + 1, expected);
  RC_ASSERT(meaning(got, max_gap) == meaning(expected, max_gap));
  RC_ASSERT(got.size() <= expected.size());
  RC_ASSERT(got.empty() == expected.empty());
  if (!got.empty()) RC_ASSERT(got.front() == expected.front());
  if (!got.empty()) RC_ASSERT(got.back() == expected.back());
  RC_ASSERT(order.earliest_waiting(0) == Order::kNever);
}

TEST(OrderMemory, FollowsMovementsAndNotPolls) {
  const auto bytes_at = [](Seconds poll) {
    Order order(600, 600);
    for (int i = 0; i < 100; ++i) order.add_station();
    for (Seconds t = 0; t < 7200; t += poll) {
      for (StationIndex i = 0; i < 100; ++i) {
        const Counts counts{static_cast<std::int16_t>((t / 300 + i) % 7),
                            10};  // moves each 5 minutes
        order.insert(i, kStart + t, counts, kStart + t - 600, [](const Step&) {});
      }
    }
    return order.memory_bytes();
  };
  EXPECT_EQ(bytes_at(30), bytes_at(1));
}

}  // namespace
}  // namespace bikeflow
