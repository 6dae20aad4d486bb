#include "app/demo_view.h"

#include <algorithm>

#include <fmt/format.h>

#include "app/times.h"

namespace bikeflow {
namespace {

std::string hour_span(const Zone& zone, Seconds start) {
  const Civil from = zone.civil(start);
  const Civil to = zone.civil(start + kHour);
  return fmt::format("{:02}:{:02}-{:02}:{:02}", from.hour, from.minute, to.hour, to.minute);
}

std::string bar(double done, int width) {
  const int filled = static_cast<int>(std::clamp(done, 0.0, 1.0) * width);
  return fmt::format("[{}{}]", std::string(static_cast<std::size_t>(filled), '#'),
                     std::string(static_cast<std::size_t>(width - filled), '.'));
}

// As many whole characters as fit.
std::string cut(std::string_view text, int width) {
  std::string kept;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t next = i + 1;
    while (next < text.size() && (static_cast<unsigned char>(text[next]) & 0xC0) == 0x80) ++next;
    if (display_width(kept) + display_width(text.substr(i, next - i)) > width) break;
    kept += text.substr(i, next - i);
    i = next;
  }
  return kept;
}

}  // namespace

std::string render(const DemoFrame& f, const Zone& zone, const Terminal& terminal) {
  std::string text;
  const auto line = [&](const std::string& content, Colour colour = Colour::kPlain) {
    text += coloured(terminal, colour, cut(content, terminal.width - 1)) + "\n";
  };
  line(f.title, Colour::kBold);
  line(fmt::format("{}   {:.0f} times life   {} stations, {} observations",
                   local_time(f.now, zone, TimeForm::kEven), f.speed, grouped(f.stations),
                   grouped(f.observations)));
  if (f.done >= 0) {
    line(fmt::format("{} {} left", bar(f.done, 30), readable_span(f.seconds_left)), Colour::kDim);
  } else {
    line("Ctrl-C ends it", Colour::kDim);
  }
  line("");
  line(fmt::format("now                     {:>8} bikes {:>7} stations empty {:>6} full",
                   grouped(f.bikes), grouped(f.empty), grouped(f.full)));
  line(fmt::format("{}, by {}   {:>8} rentals {:>8} returns", hour_span(zone, f.hour_start),
                   local_time_of_day(f.watermark, zone, TimeForm::kEven), grouped(f.rentals),
                   grouped(f.returns)));
  if (f.last_hour_start != 0) {
    line(fmt::format("{}, final         {:>8} rentals {:>8} returns   {} files",
                     hour_span(zone, f.last_hour_start), grouped(f.last_rentals),
                     grouped(f.last_returns), grouped(f.files)),
         Colour::kGreen);
  } else {
    line("the first hour is written 10 minutes after its end", Colour::kDim);
  }
  line("");
  line("busiest this hour                                rentals returns   bikes/racks",
       Colour::kBold);
  for (const BusyStation& s : f.busiest) {
    line(fmt::format("{} {} {:>7} {:>7}   {:>5}/{}", pad_right(s.id, 8),
                     pad_right(cut(s.name, 39), 39), s.rentals, s.returns, s.bikes,
                     s.racks > 0 ? std::to_string(s.racks) : "?"));
  }
  return text;
}

}  // namespace bikeflow
