#include "window/pane.h"

namespace bikeflow {

void add_pane(HourlyRow& row, const PaneTotals& pane, bool is_first_of_row) {
  if (is_first_of_row) {
    row.bikes_open = pane.open;
    row.bikes_min = pane.least;
    row.bikes_max = pane.most;
  }
  row.total_rental += pane.rentals;
  row.total_return += pane.returns;
  row.unobserved_change += pane.unobserved_change;
  row.bikes_close = pane.close;
  row.bikes_min = std::min<std::int32_t>(row.bikes_min, pane.least);
  row.bikes_max = std::max<std::int32_t>(row.bikes_max, pane.most);
  row.observed_seconds += pane.observed_seconds;
  row.empty_seconds += pane.empty_seconds;
  row.full_seconds += pane.full_seconds;
  row.largest_rental = std::max<std::int32_t>(row.largest_rental, pane.largest_rental);
  row.largest_return = std::max<std::int32_t>(row.largest_return, pane.largest_return);
}

// Format: flags (u8: 1 set, 2 has an observation), and where it is set the numbers in the order of
// their declaration as signed varints.
void PaneTotals::save(Writer& out) const {
  out.u8(static_cast<std::uint8_t>((is_set ? 1 : 0) | (has_observation ? 2 : 0)));
  if (!is_set) return;
  for (const std::int64_t n :
       {rentals, returns, unobserved_change, observed_seconds, empty_seconds, full_seconds}) {
    out.zigzag(n);
  }
  for (const std::int64_t n : {largest_rental, largest_return, open, close, least, most}) {
    out.zigzag(n);
  }
}

bool PaneTotals::load(Reader& in) {
  const std::uint8_t flags = in.u8();
  *this = PaneTotals{};
  is_set = (flags & 1) != 0;
  has_observation = (flags & 2) != 0;
  if (flags > 3 || (has_observation && !is_set)) return false;
  if (!is_set) return in.ok();
  bool sane = true;
  const auto get = [&](auto& n, std::int64_t least_value, std::int64_t most_value) {
    const std::int64_t value = in.zigzag();
    sane = sane && value >= least_value && value <= most_value;
    n = static_cast<std::remove_reference_t<decltype(n)>>(value);
  };
  constexpr std::int64_t kMostMoved = std::int64_t{Counts::kMost} * kHour;
  get(rentals, 0, kMostMoved);
  get(returns, 0, kMostMoved);
  get(unobserved_change, -kMostMoved, kMostMoved);
  get(observed_seconds, 0, kHour);
  get(empty_seconds, 0, kHour);
  get(full_seconds, 0, kHour);
  for (std::int16_t* n : {&largest_rental, &largest_return, &open, &close, &least, &most}) {
    get(*n, 0, Counts::kMost);
  }
  return sane && in.ok() && open + returns - rentals + unobserved_change == close &&
         least <= open && open <= most && least <= close && close <= most;
}

}  // namespace bikeflow
