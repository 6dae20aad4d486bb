#include "app/state_command.h"

#include <memory>

namespace bikeflow {

void register_state(CommandLine& line) {
  auto show = std::make_shared<StateShowOptions>();
  Command& show_command = line.add(
      {.name = "state show",
       .summary = "what a lake's checkpoints hold",
       .description =
           "For each job that has a state in the lake: its inputs and how far they are read, its "
           "systems with watermark, next window and counters, and the newest file of each. A job "
           "may "
           "be at work meanwhile.\n\n"
           "For a live feed also how it does: its last success, how old its data are, failures in "
           "a "
           "row and why, rounds that were not believed, stations whose counts are frozen, and what "
           "is left of its budget.\n\n"
           "For each partition of a topic: its newest checkpoint, with the offset that comes next. "
           "The broker is not asked: the group's commit may still name the checkpoint before it.",
       .examples = {"bikeflow state show --lake lake",
                    "bikeflow state show --lake s3://bucket/lake --format json"}},
      [show](Shell& shell) { return state_show(*show, shell); });
  show_command.text({.name = "--lake",
                     .value = "DIR",
                     .help = "the lake: a directory, or s3://bucket/prefix",
                     .required = true},
                    &show->lake);
  show_command.choice({"--format", "", "form of the result"}, {"text", "json"}, &show->format);

  auto discard = std::make_shared<StateDiscardOptions>();
  Command& discard_command = line.add(
      {.name = "state discard",
       .summary = "undo a backfill, or begin a live feed or a partition of a topic anew",
       .description =
           "Lists the state and every file of rows, late rows and dead letters that the job wrote; "
           "with --yes deletes them. What other jobs wrote stays. Afterwards the same input can be "
           "backfilled anew.\n\nWith --job and a live feed's system the same for that feed, while "
           "no process polls into the lake. What it said cannot be asked for again.\n\nWith "
           "--partition the same for a partition of a topic that has "
           "stopped: its owner begins again at the oldest record that the topic still has.",
       .examples = {"bikeflow state discard --lake lake",
                    "bikeflow state discard --lake lake --yes",
                    "bikeflow state discard --lake lake --job seoul"}},
      [discard](Shell& shell) {
        if (!discard->partition) return state_discard(*discard, shell);
        return state_discard_partition(
            {discard->lake, *discard->partition, std::nullopt, discard->yes}, shell);
      });
  discard_command.text({.name = "--lake",
                        .value = "LAKE",
                        .help = "the lake: a directory, or s3://bucket/prefix",
                        .required = true},
                       &discard->lake);
  discard_command.text({"--job", "NAME", "whose, as state show names it"}, &discard->job);
  discard_command.text({"--partition", "TOPIC/N", "of a topic, instead: begins it anew"},
                       &discard->partition);
  discard_command.flag({"--yes", "", "delete, not only list"}, &discard->yes);
  register_state_orders(line);
}

}  // namespace bikeflow
