// The hash that a file of rows carries, by which a changed row is found and files are chained.
#pragma once

#include <cstdint>
#include <span>

#include "model/rows.h"

namespace bikeflow {

// hash64() over the rows in their order; of each, what a Writer makes of its cells in the order of
// the columns: numbers and times as zigzag, the station's id as string.
std::uint64_t hash_rows(std::span<const HourlyRow> rows);

}  // namespace bikeflow
