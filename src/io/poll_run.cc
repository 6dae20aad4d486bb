#include "io/poll_run.h"

#include <chrono>
#include <map>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/json_text.h"
#include "base/size.h"
#include "feed/gbfs_url.h"
#include "feed/round_letters.h"
#include "feed/topic_round.h"
#include "io/clock.h"
#include "io/interrupt.h"
#include "io/report_times.h"

namespace bikeflow {
namespace {

// For what waits at the end: whoever sent a signal expects us to be gone soon.
constexpr std::int64_t kLastMs = 3'000;
constexpr std::int64_t kLastInTroubleMs = 500;  // it would not help
constexpr std::int64_t kLastOfOnceMs = 30'000;  // without anything that got through
constexpr std::int64_t kPieceMs = 20;
constexpr std::int64_t kLettersRetryMs = 10'000;  // each time writes all of them

std::string counted_rounds(std::int64_t count) {
  return count == 1 ? "1 round" : fmt::format("{} rounds", count);
}

// What the spool keeps of a feed: its zone, so that a feed that is known is polled again without
// being asked for it, and what its poller must not forget.
struct FeedMemory {
  std::string zone, poller;
};

std::string save(const FeedMemory& memory) {
  Writer out;
  out.string(memory.zone);
  out.string(memory.poller);
  return out.take();
}

std::optional<FeedMemory> load(const std::optional<std::string>& bytes) {
  if (!bytes) return std::nullopt;
  Reader in(*bytes);
  FeedMemory memory{std::string(in.string()), std::string(in.string())};
  return in.at_end() ? std::optional(std::move(memory)) : std::nullopt;
}

// What of a poll is not sent.
std::vector<DeadLetter> letters_of(const PollResult& result, std::string_view system,
                                   const Zone& zone, Seconds received_at) {
  if (result.believed) return letters_of_refused(*result.believed, system, received_at);
  if (!result.rejected) return {};
  const auto& [round, why] = *result.rejected;
  return letters_of_rejected(round, {why.reason, why.text, std::nullopt}, system, zone,
                             received_at);
}

// A feed as a configuration has it, but for its keys.
std::string config_of(const FeedSpec& feed) {
  std::string text =
      fmt::format("[[feed]]\nkind = \"gbfs\"\nid = {}\ntimezone = {}\nurl = {}\nevery = \"{}\"\n",
                  json_string(feed.system), json_string(feed.zone->name()),
                  json_string(shown_url_of(feed.gbfs->url)), format_duration(feed.every));
  if (!feed.gbfs->language.empty()) {
    text += fmt::format("language = {}\n", json_string(feed.gbfs->language));
  }
  return text;
}

}  // namespace

Result<std::unique_ptr<PollRun>> PollRun::open(PollRunSettings settings,
                                               std::vector<FeedSpec> feeds, RandomSource random,
                                               RunVoice voice) {
  std::unique_ptr<PollRun> run(new PollRun(std::move(settings), std::move(voice)));
  const PollRunSettings& with = run->settings_;
  auto spool = Spool::open(with.spool, with.spool_max_bytes);
  if (!spool) return with_context("[kafka] spool", spool.error());
  run->spool_ = *std::move(spool);
  auto letters = DeadLetterFolder::open(fmt::format("{}/{}", with.spool, kDeadLetters),
                                        with.dead_letter_max_bytes);
  if (!letters) return with_context("[kafka] spool", letters.error());
  run->dead_letters_ = *std::move(letters);
  const SpoolCounts found = run->spool_->counts();
  if (found.waiting > 0) {
    run->voice_.info(fmt::format("{} of an earlier process in {}: sent first",
                                 counted_rounds(found.waiting), with.spool));
  }
  auto polls = FeedPolls::open(with.polls, std::move(random), run->voice_);
  if (!polls) return std::unexpected(polls.error());
  run->polls_ = *std::move(polls);
  for (FeedSpec& feed : feeds) {
    const bool is_found = feed.system.empty() || !feed.zone;
    if (auto added = run->add(std::move(feed), is_found); !added) {
      return std::unexpected(added.error());
    }
  }
  auto sender = RoundSender::start(with.kafka, with.topic, *run->spool_, run->voice_);
  if (!sender) return std::unexpected(sender.error());
  run->sender_ = *std::move(sender);
  return run;
}

Result<void> PollRun::add(FeedSpec spec, bool is_found) {
  const auto memory = spec.system.empty() ? std::nullopt : load(spool_->recall(spec.system));
  if (memory && !spec.zone) {
    if (auto zone = Zone::load(memory->zone)) spec.zone = *std::move(zone);
  }
  if (spec.system.empty() || !spec.zone) {
    const auto sought = polls_->find(sought_.size(), spec.gbfs.value(), {spec.system, spec.zone});
    if (sought) sought_.push_back(std::move(spec));
    return sought;
  }
  std::string found = is_found ? config_of(spec) : "";
  feeds_.push_back({spec.system, *std::move(spec.zone), std::move(found)});
  polls_->add(std::move(spec.system), spec.every, std::move(spec.source),
              memory ? std::optional<std::string_view>(memory->poller) : std::nullopt);
  return {};
}

Result<void> PollRun::add_found() {
  for (FoundFeed& found : polls_->take_found()) {
    FeedSpec spec = std::move(sought_[found.number]);
    spec.system = std::move(found.about.system_id);
    spec.zone = std::move(found.about.timezone);
    voice_.info(fmt::format("{}: {}, times of {}", spec.system,
                            found.about.name.empty() ? "without a name" : found.about.name,
                            spec.zone->name()));
    if (auto added = add(std::move(spec), true); !added) return added;
  }
  return {};
}

// Once each feed was asked, so that a log does not say it for each.
void PollRun::tell_found() {
  std::map<std::string_view, std::string_view> found;  // not in the order of answers
  for (const Feed& feed : feeds_) {
    if (!feed.found.empty()) found.emplace(feed.system, feed.found);
  }
  if (found.size() == told_found_ || !polls_->has_asked_all()) return;
  told_found_ = found.size();
  std::string text = fmt::format(
      "# What bikeflow poll has found out of the systems of topic '{}'.\n"
      "# To read the topic, bikeflow run must know them: these go into its configuration, in the\n"
      "# place of the [feed] that they come from. Keys are left out.\n",
      settings_.kafka.topic);
  for (const auto& [system, config] : found) text += fmt::format("\n{}", config);
  if (auto kept = spool_->leave(kSystemsFile, text); !kept) {
    voice_.warning(kept.error().message);
    return;
  }
  voice_.info(fmt::format(
      "{}/{} has what was found out of {} in the form of a configuration, as whoever reads the "
      "topic by bikeflow run needs it",
      spool_->folder(), kSystemsFile,
      found.size() == 1 ? "1 system" : fmt::format("{} systems", found.size())));
}

Result<PollRunSummary> PollRun::run() {
  auto summary = poll_and_send();
  has_turned_ = has_ended_ = true;
  return summary;
}

Result<PollRunSummary> PollRun::poll_and_send() {
  reported_ms_ = monotonic_ms() - kReportMs + kFirstReportMs;
  settings_.service.ready();
  const auto ended = [&](std::size_t number, const PollResult& result) -> Result<void> {
    poll_ended(number, result);
    return {};
  };
  while (!is_interrupted() && !polls_->is_done()) {
    if (auto done = polls_->step(ended); !done) return std::unexpected(done.error());
    if (auto done = add_found(); !done) return std::unexpected(done.error());
    tell_found();
    report();
    settings_.service.alive(monotonic_ms());
    has_turned_ = true;
  }
  settings_.service.stopping();
  polls_->cancel();
  end_letters();
  wait_for_sender();
  PollRunSummary summary;
  summary.lost_letters_bytes = dead_letters_->waiting_bytes() + dead_letters_->lost_bytes();
  summary.trouble = sender_->trouble();
  summary.rounds = sender_->rounds();
  summary.records = sender_->records();
  sender_.reset();
  summary.spool = spool_->counts();
  summary.polls = polls_->summary();
  return summary;
}

void PollRun::wait_for_sender() {
  std::int64_t sent_ms = monotonic_ms(), sent = sender_->rounds();
  std::optional<std::int64_t> interrupted_ms;
  while (spool_->counts().waiting > 0) {
    const std::int64_t now_ms = monotonic_ms();
    if (const std::int64_t rounds = sender_->rounds(); rounds != sent) {
      sent = rounds;
      sent_ms = now_ms;
    }
    if (is_interrupted() && !interrupted_ms) interrupted_ms = now_ms;
    const std::int64_t last_ms = sender_->trouble().empty() ? kLastMs : kLastInTroubleMs;
    if (now_ms - interrupted_ms.value_or(now_ms) >= last_ms || now_ms - sent_ms >= kLastOfOnceMs) {
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(kPieceMs));
  }
}

void PollRun::poll_ended(std::size_t number, const PollResult& result) {
  Feed& feed = feeds_[number];
  const Now at = polls_->now();
  Result<void> kept;
  if (result.believed) {  // before anything else, as it is worth the most
    const TopicRound round =
        topic_round(*result.believed, feed.zone, feed.system, settings_.names_systems, at.wall);
    if (!round.records.empty()) kept = spool_->add(round);
    sender_->wake();
  }
  const std::string memory = save({feed.zone.name(), polls_->poller(number).save()});
  if (auto remembered = spool_->remember(feed.system, memory); kept && !remembered) {
    kept = remembered;
  }
  kept ? disk_.worked(at) : disk_.failed(kept.error().message, at);
  say(disk_.take_news("they are sent from memory, and lost with the process", at));
  const bool is_kept = keep(letters_of(result, feed.system, feed.zone, at.wall), at);
  if (result.rejected) tell_rejected(feed, is_kept);
  if (result.believed) {
    feed.is_rejected = false;
    tell_refused(feed, *result.believed, is_kept);
  }
  report_dropped();
  report_gone();
}

void PollRun::say(const std::optional<Outage::News>& news) const {
  if (news) news->is_over ? voice_.info(news->text) : voice_.warning(news->text);
}

bool PollRun::keep(const std::vector<DeadLetter>& letters, const Now& at) {
  dead_letters_->add(letters);
  if (at.monotonic_ms < letters_retry_ms_) return false;
  const auto kept = dead_letters_->keep(at.wall);
  kept ? letters_disk_.worked(at) : letters_disk_.failed(kept.error().message, at);
  say(letters_disk_.take_news("it waits in memory, and is lost with the process", at));
  if (!kept) letters_retry_ms_ = at.monotonic_ms + kLettersRetryMs;
  return kept.has_value();
}

// A last time for what waits in memory.
void PollRun::end_letters() {
  if (dead_letters_->waiting_bytes() == 0) return;
  letters_retry_ms_ = 0;
  (void)keep({}, polls_->now());
}

void PollRun::tell_rejected(Feed& feed, bool is_kept) {
  if (feed.is_rejected || !is_kept) return;
  feed.is_rejected = true;
  voice_.warning(fmt::format("{}: the round is not sent but kept in {}", feed.system,
                             dead_letters_->folder()));
}

// They are no observations, so they are not sent.
void PollRun::tell_refused(Feed& feed, const Round& round, bool is_kept) {
  if (std::exchange(feed.refused, round.refused.size()) == round.refused.size()) return;
  if (round.refused.empty()) {
    voice_.info(fmt::format("{}: every row is a station again", feed.system));
    return;
  }
  const Refusal& first = round.refused.front().refusal;
  voice_.warning(
      fmt::format("{}: {} of {} rows are no stations and are not sent{}; the first: {}: {}",
                  feed.system, round.refused.size(), round.refused.size() + round.stations.size(),
                  is_kept ? fmt::format(" but kept in {}", dead_letters_->folder()) : "",
                  reason_word(first.reason), first.detail));
}

void PollRun::report() {
  const std::int64_t now_ms = monotonic_ms();
  if (now_ms - reported_ms_ < kReportMs) return;
  reported_ms_ = now_ms;
  const std::string line = fmt::format("{}; {}", polls_->line(), sent_line());
  settings_.service.status(line);
  voice_.info(line);
}

std::string PollRun::sent_line() const {
  const SpoolCounts spool = spool_->counts();
  std::string text =
      fmt::format("{} sent, {} records", counted_rounds(sender_->rounds()), sender_->records());
  if (spool.waiting > 0) {
    text += fmt::format(", {} waiting ({})", spool.waiting,
                        format_size(static_cast<std::int64_t>(spool.waiting_bytes)));
  }
  if (spool.dropped > 0) text += fmt::format(", {} dropped", spool.dropped);
  return text;
}

std::int64_t PollRun::Said::news(std::int64_t now, std::int64_t now_ms) {
  if (now == number || (number > 0 && now_ms - at_ms < kReportMs)) return 0;
  at_ms = now_ms;
  return now - std::exchange(number, now);
}

void PollRun::report_dropped() {
  const std::int64_t dropped = spool_->counts().dropped;
  const std::int64_t news = dropped_.news(dropped, monotonic_ms());
  if (news == 0) return;
  voice_.error(fmt::format(
      "{} lost for want of room in {}, the oldest ones, {} since this process began: what changed "
      "meanwhile shows as one change; bring the broker back, or raise [kafka] spool_max ({} now)",
      counted_rounds(news), settings_.spool, dropped,
      format_size(static_cast<std::int64_t>(settings_.spool_max_bytes))));
}

void PollRun::report_gone() {
  const std::int64_t now_ms = monotonic_ms();
  const auto gone = static_cast<std::int64_t>(dead_letters_->gone_bytes());
  if (const std::int64_t news = gone_.news(gone, now_ms); news > 0) {
    voice_.warning(fmt::format(
        "{} of what was rejected are gone for want of room in {}, the oldest, {} since this "
        "process began; [kafka] dead_letter_max ({} now) says how much is kept",
        format_size(news), dead_letters_->folder(), format_size(gone),
        format_size(static_cast<std::int64_t>(dead_letters_->most_bytes()))));
  }
  const auto lost = static_cast<std::int64_t>(dead_letters_->lost_bytes());
  if (const std::int64_t news = lost_.news(lost, now_ms); news > 0) {
    voice_.warning(
        fmt::format("{} of what was rejected are lost, as {} did not take them and no "
                    "more than {} wait in memory; {} since this process began",
                    format_size(news), dead_letters_->folder(),
                    format_size(static_cast<std::int64_t>(DeadLetterFolder::kMostInMemoryBytes)),
                    format_size(lost)));
  }
}

}  // namespace bikeflow
