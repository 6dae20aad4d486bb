// How the processes of a fleet go about the protocol. The honest conduct is the protocol's; each
// planted bug reorders or drops something between the product and the world, to show that the
// simulation would find it.
//
// Threads: none; one owner.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/member.h"
#include "pipeline/requests.h"
#include "sim/broker.h"
#include "sim/bucket.h"
#include "sim/planted.h"

namespace bikeflow::sim {

class FleetConduct {
 public:
  virtual ~FleetConduct() = default;
  [[nodiscard]] virtual bool is_honest() const { return true; }

  // Between the product and the world: what it asks for, about to be carried out. More may be put
  // into the store at once.
  virtual void arrange(std::vector<Request>& /*requests*/, Bucket& /*bucket*/) {}
  // Between the world and the product: an outcome that is about to be handed over.
  virtual void look_over(const Request& /*request*/, Outcome& /*outcome*/,
                         const Bucket& /*bucket*/) {}
  // Whether a rebalance that leaves a member what it had drops what it had not committed.
  virtual bool drops_on_rebalance() { return true; }
  virtual bool replaces_client() { return true; }
  // What a process hears when it asks how many partitions the topic has.
  virtual std::int32_t count_partitions(std::int32_t count) { return count; }
  // Whether a process that was asked to end may do so.
  virtual bool is_done(const Member& member, const Group& /*group*/) { return member.is_done(); }
  // A put whose success is reported before it is carried out, if ever it is.
  virtual bool answers_at_once(const Request& /*request*/) { return false; }
};

const std::vector<Planted<FleetConduct>>& planted_fleet_bugs();

}  // namespace bikeflow::sim
