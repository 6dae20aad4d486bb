// What the live view is told of a task and of a feed.
#pragma once

#include <string>

#include "base/zone.h"
#include "feed/feed_health.h"
#include "live/live_stations.h"
#include "live/live_view.h"
#include "pipeline/task.h"

namespace bikeflow {

// What lets an empty one go on beside a task of these settings.
LiveRule live_rule_of(const TaskSettings& settings);

// As it would be had it seen all that the task has.
LiveStations live_stations_of(const Task& task);

// How far it has come.
LiveProgress live_progress_of(const Task& task);

// What is known of a system before any of its stations is, by tasks of these settings.
LiveSystemAbout live_about_of(const std::string& name, const Zone& zone,
                              const TaskSettings& settings);

LiveFeed live_feed_of(const FeedHealth& health);

}  // namespace bikeflow
