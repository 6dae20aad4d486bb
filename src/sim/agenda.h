// What is due next in the city: riders on their way, trucks between stops, sensors that beat.
//
// Threads: none; one owner.
#pragma once

#include <cstdint>
#include <queue>
#include <vector>

#include "base/check.h"
#include "base/time.h"

namespace bikeflow {

struct Errand;

// Someone who does things in the city, and who puts what comes next on the agenda.
class Actor {
 public:
  Actor() = default;
  Actor(const Actor&) = delete;
  Actor& operator=(const Actor&) = delete;
  virtual ~Actor() = default;
  virtual void act(const Errand& errand) = 0;
};

struct Errand {
  Seconds at = 0;
  Actor* who = nullptr;
  std::uint8_t what = 0;  // this and the following mean what the actor says
  std::uint8_t tries = 0;
  std::uint32_t station = 0;
  std::uint32_t target = 0;
  std::uint32_t number = 0;
  std::uint32_t sequence = 0;  // set by the agenda
};

class Agenda {
 public:
  // Requires: not before the errand that was done last.
  void add(Errand errand) {
    CHECK(errand.at >= now_);
    errand.sequence = sequence_++;
    errands_.push(errand);
  }

  // Does what is due up to `until`, that second included: by time, then in the order of add().
  void run(Seconds until) {
    while (!errands_.empty() && errands_.top().at <= until) {
      const Errand errand = errands_.top();
      errands_.pop();
      now_ = errand.at;
      errand.who->act(errand);
    }
  }

  [[nodiscard]] std::size_t size() const { return errands_.size(); }

 private:
  struct Later {
    bool operator()(const Errand& a, const Errand& b) const {
      if (a.at != b.at) return a.at > b.at;
      // Sequence numbers wrap after 2^32 errands; those that wait together are never that far
      // apart.
      return static_cast<std::int32_t>(a.sequence - b.sequence) > 0;
    }
  };
  std::priority_queue<Errand, std::vector<Errand>, Later> errands_;
  std::uint32_t sequence_ = 0;
  Seconds now_ = kEarliestTime;
};

}  // namespace bikeflow
