#include "io/kafka_run.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "base/hash.h"
#include "io/abandoned.h"
#include "io/clock.h"
#include "io/interrupt.h"
#include "io/lake_id.h"
#include "io/open_store.h"
#include "io/report_times.h"
#include "io/s3_store.h"
#include "live/open_hour.h"

namespace bikeflow {
namespace {

constexpr int kLookupMs = 15'000;
constexpr int kCommitMs = 10'000;
constexpr int kCloseMs = 10'000;
constexpr int kBusyPollMs = 5;  // outcomes may come at any time
constexpr int kIdlePollMs = 100;
// While there is much to read, the live view is told so often and not of each batch.
constexpr std::int64_t kTellLiveMs = 3;
constexpr std::int64_t kTellProgressMs = 500;
constexpr std::int64_t kTellNumbersMs = 1'000;
constexpr std::int64_t kConfirmMs = 10'000;
constexpr std::int64_t kCountPartitionsMs = 60'000;
constexpr std::int64_t kIsClusterBackMs = 5'000;
constexpr std::int64_t kRejoinMs = 1'000;
constexpr std::int64_t kLakeSettlesMs = 3'000;
constexpr int kOpenAttempts = 3;
constexpr std::int64_t kOpenAgainMs = 1'000;
constexpr std::size_t kLocalThreads = 2;  // a disk does not get faster by more

// Numbers of questions that are this class's own, not the member's.
constexpr std::uint64_t kOwnNumber = std::uint64_t{1} << 63;

}  // namespace

KafkaRun::~KafkaRun() = default;

Now KafkaRun::now() const { return {wall_now(), monotonic_ms()}; }

Result<std::unique_ptr<KafkaRun>> KafkaRun::open(KafkaRunSettings settings,
                                                 std::function<std::uint64_t()> random,
                                                 RunVoice voice) {
  // How soon the group notices that a member died, and a member that the topic has new partitions.
  settings.kafka.client.try_emplace("session.timeout.ms", "10000");
  // The others learn from the answer to a heartbeat that a member is gone.
  settings.kafka.client.try_emplace("heartbeat.interval.ms", "1000");
  settings.kafka.client.try_emplace("topic.metadata.refresh.interval.ms", "60000");
  std::unique_ptr<KafkaRun> run(
      new KafkaRun(std::move(settings), std::move(random), std::move(voice)));
  auto lookup = KafkaLookup::open(run->settings_.kafka);
  if (!lookup) return std::unexpected(lookup.error());
  run->lookup_ = std::move(*lookup);
  if (auto done = run->look_at_topic(); !done) return std::unexpected(done.error());
  if (auto done = run->open_lake_of_run(); !done) return std::unexpected(done.error());
  return run;
}

Result<void> KafkaRun::look_at_topic() {
  const KafkaSettings& kafka = settings_.kafka;
  auto cluster = lookup_->cluster_id(kLookupMs);
  if (!cluster) return std::unexpected(cluster.error());
  settings_.owner.cluster = *std::move(cluster);
  settings_.owner.topic = kafka.topic;
  if (auto count = lookup_->partition_count(kLookupMs); !count) {
    return std::unexpected(count.error());
  }
  auto policy = lookup_->cleanup_policy(kLookupMs);
  if (!policy) {
    voice_.warning(fmt::format("{}; a compacted topic would lose records", policy.error().message));
  } else if (policy->find("compact") != std::string::npos) {
    return fail(
        "the topic {} is compacted (cleanup.policy = {}): records would be gone before they are "
        "read; set cleanup.policy = delete on it, or take another topic",
        kafka.topic, *policy);
  }
  return {};
}

Result<void> KafkaRun::open_lake_of_run() {
  const bool is_s3 = settings_.lake_url.starts_with(S3Store::kScheme);
  if (!is_s3) settings_.store_threads = std::min(settings_.store_threads, kLocalThreads);
  const std::string writer = fmt::format("run-{}", format_hex(random_()));
  for (std::size_t i = 0; i < (is_s3 ? 1 : settings_.store_threads); ++i) {
    auto store = create_store(settings_.lake_url, fmt::format("{}-{}", writer, i));
    if (!store) return std::unexpected(store.error());
    stores_.push_back(std::move(*store));
  }
  if (!is_s3) {
    if (auto done = remove_abandoned(settings_.lake_url); !done) {
      voice_.warning(done.error().message);
    }
  }
  // One request that was cut off must not end a program that begins; what is wrong for longer does.
  for (int attempt = 1;; ++attempt) {
    auto done = find_out_lake(is_s3);
    if (done) break;
    if (attempt == kOpenAttempts) return done;
    voice_.warning(fmt::format("{}; tried again", done.error().message));
    std::this_thread::sleep_for(std::chrono::milliseconds(kOpenAgainMs));
  }
  const std::string identity = fmt::format("kafka {} {} {}", settings_.owner.cluster,
                                           settings_.kafka.topic, settings_.kafka.group);
  return register_writer(*stores_.front(), {LakeWriter::Kind::kRun, identity});
}

Result<void> KafkaRun::find_out_lake(bool is_s3) {
  const auto known = find_lake(*stores_.front());
  if (!known) return std::unexpected(known.error());
  auto id = open_lake(*stores_.front(), random_);
  if (id && !*known && is_s3) {
    // A bucket does not tell which of two was first. Whoever looked before we put has put by then.
    std::this_thread::sleep_for(std::chrono::milliseconds(kLakeSettlesMs));
    id = open_lake(*stores_.front(), random_);
  }
  if (!id) return std::unexpected(id.error());
  settings_.owner.lake_id = *std::move(id);
  return {};
}

Result<void> KafkaRun::join() {
  auto consumer = KafkaConsumer::join(settings_.kafka, *this);
  if (!consumer) return std::unexpected(consumer.error());
  consumer_ = std::move(*consumer);
  return {};
}

Result<RunSummary> KafkaRun::run() {
  settings_.owner.has_live_view = settings_.live != nullptr;
  member_ = std::make_unique<Member>(settings_.owner, random_);
  std::vector<Store*> stores;
  for (const auto& store : stores_) stores.push_back(store.get());
  pool_ = std::make_unique<StorePool>(std::move(stores), *lookup_, settings_.store_threads,
                                      StorePool::Watched{store_outage_, cluster_outage_},
                                      voice_.warning);
  look_for_partitions();
  reported_ms_ = confirmed_ms_ = monotonic_ms();
  report_due_ms_ = reported_ms_ + kFirstReportMs;
  if (auto done = join(); !done) return std::unexpected(done.error());
  service_.ready();
  RunSummary summary;
  for (;;) {
    if (!settings_.is_alive_beside || settings_.is_alive_beside()) service_.alive(monotonic_ms());
    const int wait_ms = has_untold_              ? static_cast<int>(kTellLiveMs)
                        : pool_->under_way() > 0 ? kBusyPollMs
                                                 : kIdlePollMs;
    if (auto polled = consumer_->poll(wait_ms, *this); !polled) {
      // Not of one partition: the client itself has come to its end.
      voice_.warning(fmt::format("{}; joining the group anew", polled.error().message));
      revoked();
      consumer_.reset();
      std::this_thread::sleep_for(std::chrono::milliseconds(kRejoinMs));
      if (auto done = join(); !done) return std::unexpected(done.error());
    }
    for (StorePool::Done& done : pool_->take()) {
      if ((done.number & kOwnNumber) == 0) {
        member_->outcome(done.number, std::move(done.outcome), now());
      } else {
        const auto partition = static_cast<std::int32_t>(done.number & ~kOwnNumber);
        const auto end = ends_.find(partition);
        if (end != ends_.end() && std::get<Seen>(done.outcome).high <= end->second) {
          member_->at_end(partition, end->second, now());
        }
      }
      if (auto done_all = carry_out(); !done_all) return std::unexpected(done_all.error());
    }
    member_->tick(now());
    if (auto done = carry_out(); !done) return std::unexpected(done.error());
    tell_live();
    if (monotonic_ms() - told_numbers_ms_ >= kTellNumbersMs) tell_numbers();
    confirm_ends();
    look_for_partitions();
    ask_whether_cluster_is_back();
    report();
    report_outages();
    if (is_finished(summary)) break;
  }
  told_ms_ = 0;
  tell_live();
  has_ended_ = true;
  if (consumer_ != nullptr) {
    if (auto closed = consumer_->close(kCloseMs); !closed) voice_.warning(closed.error().message);
  }
  return summary;
}

bool KafkaRun::is_finished(RunSummary& summary) {
  if (is_interrupted() && !finish_by_ms_) {
    finish_by_ms_ = monotonic_ms() + settings_.finish_within_ms;
    summary.was_interrupted = true;
    service_.stopping();
    voice_.info("ending: a last checkpoint, and what it says is due");
    member_->finish(now());
  }
  const bool is_late = finish_by_ms_ && monotonic_ms() >= *finish_by_ms_;
  if (!left_ && !is_late && !member_->is_done()) return false;
  summary.records = records_;
  summary.left = left_;
  summary.is_unfinished = !left_ && !member_->is_done();
  summary.was_cut_short = member_->was_cut_short();
  for (const auto& [partition, owner] : member_->owners()) {
    ++summary.partitions;
    if (owner.phase() == Owner::Phase::kStopped) summary.stopped.push_back(owner.why());
  }
  return true;
}

void KafkaRun::assigned(const std::vector<std::int32_t>& partitions) {
  revoked();
  cluster_outage_.worked(now());
  voice_.info(partitions.empty() ? "assigned: no partition"
                                 : fmt::format("assigned: {} {}",
                                               partitions.size() == 1 ? "partition" : "partitions",
                                               fmt::join(partitions, ", ")));
  member_->assigned(partitions);
}

void KafkaRun::revoked() {
  tell_numbers();  // before they are dropped
  pool_->forget();
  member_->revoked();
  // What is known at the end stays so for who is still to write it down.
  if (settings_.live != nullptr && !has_ended_) settings_.live->lost_all();
  ends_.clear();
  told_stopped_.clear();
}

// One of several may be down for hours, and is tried all the while.
void KafkaRun::unreachable(std::string_view why, bool is_all) {
  if (!is_all) last_unreachable_ = why;
  if (is_all || cluster_outage_.is_on()) {
    cluster_outage_.failed(last_unreachable_.empty() ? why : last_unreachable_, now());
  } else if (!told_unreachable_ms_ || monotonic_ms() - *told_unreachable_ms_ >= kReportMs) {
    told_unreachable_ms_ = monotonic_ms();
    voice_.warning(fmt::format("kafka: {}", why));
  }
}

void KafkaRun::log(KafkaLogLevel level, std::string_view text) {
  if (level == KafkaLogLevel::kError || level == KafkaLogLevel::kWarning) {
    voice_.warning(fmt::format("kafka: {}", text));
  } else if (level == KafkaLogLevel::kInfo) {
    voice_.info(fmt::format("kafka: {}", text));
  }
}

void KafkaRun::messages(std::int32_t partition, std::span<const LogMessage> messages) {
  records_ += std::ssize(messages);
  ends_.erase(partition);
  has_untold_ = settings_.live != nullptr;
  member_->messages(partition, messages, now());
}

void KafkaRun::at_end(std::int32_t partition, std::int64_t next_offset) {
  ends_[partition] = next_offset;
  member_->at_end(partition, next_offset, now());
}

void KafkaRun::failed(std::int32_t partition, const PartitionError& error) {
  voice_.warning(fmt::format("{}/{}: {}", settings_.kafka.topic, partition, error.text));
  if (error.kind == PartitionError::Kind::kOffsetOutOfRange) {
    member_->out_of_range(partition, now());
  } else if (error.kind == PartitionError::Kind::kUnreadable) {
    member_->unreadable(partition, error.text);
  }
}

Result<void> KafkaRun::carry_out() {
  for (;;) {
    std::vector<Request> requests = member_->take_requests();
    if (requests.empty()) return {};
    for (Request& request : requests) {
      if (!member_->is_current(request)) continue;
      if (auto done = carry_out(std::move(request)); !done) return done;
    }
  }
}

Result<void> KafkaRun::carry_out(Request request) {
  const std::int32_t partition = request.partition;
  if (const auto* start = std::get_if<StartReading>(&request.what)) {
    ends_.erase(partition);  // of an owner before this one
    consumer_->resume(partition);
    consumer_->start(partition, start->offset);
  } else if (const auto* pause = std::get_if<PauseReading>(&request.what)) {
    pause->is_paused ? consumer_->pause(partition) : consumer_->resume(partition);
  } else if (const auto* commit = std::get_if<CommitOffset>(&request.what)) {
    const Now begun = now();
    const KafkaCommit done =
        consumer_->commit(partition, commit->offset, commit->metadata, kCommitMs);
    CommitOutcome outcome = CommitOutcome::kUnknown;
    if (done.kind == KafkaCommit::Kind::kDone) outcome = CommitOutcome::kDone;
    if (done.kind == KafkaCommit::Kind::kRefused) outcome = CommitOutcome::kRefused;
    if (outcome == CommitOutcome::kUnknown) {
      cluster_outage_.failed(fmt::format("commit of offset {}: {}", commit->offset, done.text),
                             begun);
    }
    if (outcome == CommitOutcome::kDone) {
      cluster_outage_.worked(begun);
    } else {
      voice_.warning(fmt::format("{}/{}: commit of offset {}: {}", settings_.kafka.topic, partition,
                                 commit->offset, done.text));
    }
    member_->outcome(request.number, outcome, now());
  } else if (std::holds_alternative<ReplaceClient>(request.what)) {
    revoked();
    consumer_.reset();
    return join();
  } else if (const auto* leave = std::get_if<LeaveGroup>(&request.what)) {
    left_ = leave->reason;
  } else {
    pool_->give(std::move(request));
  }
  return {};
}

// Without records a broker says once that a partition is read to its end; whether that still is so
// has to be asked.
void KafkaRun::confirm_ends() {
  const std::int64_t now_ms = monotonic_ms();
  if (now_ms - confirmed_ms_ < kConfirmMs) return;
  confirmed_ms_ = now_ms;
  for (const auto& [partition, end] : ends_) {
    pool_->give_once({kOwnNumber | static_cast<std::uint64_t>(partition), partition, LookAtLog{}});
  }
}

void KafkaRun::look_for_partitions() {
  const std::int64_t now_ms = monotonic_ms();
  if (counted_ms_ != 0 && now_ms - counted_ms_ < kCountPartitionsMs) return;
  const bool is_first = std::exchange(counted_ms_, now_ms) == 0;
  // Later the thread that polls must not wait long.
  if (const auto count = lookup_->partition_count(is_first ? kLookupMs : 1'000)) {
    member_->set_partition_count(*count);
  }
}

// While no broker answers, the end that the client has is an old one: nobody knows what has come
// behind it.
std::optional<std::int64_t> KafkaRun::lag(std::int32_t partition) const {
  if (consumer_ == nullptr || cluster_outage_.is_on()) return std::nullopt;
  return consumer_->lag(partition);
}

void KafkaRun::tell_live() {
  const std::int64_t now_ms = monotonic_ms();
  if (settings_.live == nullptr || now_ms - told_ms_ < kTellLiveMs) return;
  told_ms_ = now_ms;
  has_untold_ = false;
  settings_.live->change_all([&](LiveView& view) {
    member_->take_live_news(
        [&](std::int32_t partition, const std::string& system, const Names& stations,
            const LiveNews& news) { view.tell({partition, system}, stations, news); });
  });
  if (now_ms - told_progress_ms_ < kTellProgressMs) return;
  told_progress_ms_ = now_ms;
  member_->tell_progress(
      [&](std::int32_t partition, const std::string& system, LiveProgress progress) {
        progress.lag = lag(partition);
        settings_.live->tell_progress({partition, system}, std::move(progress));
      });
}

void KafkaRun::tell_numbers() {
  if (settings_.board == nullptr) return;
  told_numbers_ms_ = monotonic_ms();
  RunNumbers numbers;
  for (const auto& [partition, owner] : member_->owners()) {
    if (owner.job() == nullptr) continue;
    for (const auto& part : owner.job()->partitions()) numbers.parts.push_back(part_numbers(*part));
    JobNumbers& job = numbers.jobs.emplace_back(job_numbers(*owner.job(), owner.checkpoints()));
    job.is_paused = owner.is_paused();
    job.is_stopped = owner.phase() == Owner::Phase::kStopped;
    job.lag = lag(partition);
  }
  numbers.store = pool_->numbers();
  settings_.board->tell(numbers);
}

// Without work nothing else would tell.
void KafkaRun::ask_whether_cluster_is_back() {
  const std::int64_t now_ms = monotonic_ms();
  if (!cluster_outage_.is_on() || now_ms - asked_ms_ < kIsClusterBackMs) return;
  asked_ms_ = now_ms;
  pool_->give_once({kOwnNumber, 0, LookAtLog{}});
}

std::string KafkaRun::what_waits_for_store() const {
  std::vector<std::int32_t> paused;
  for (const auto& [partition, owner] : member_->owners()) {
    if (owner.is_paused()) paused.push_back(partition);
  }
  if (paused.empty()) return "tried again until it succeeds; reading goes on";
  return fmt::format(
      "tried again until it succeeds; reading waits in {} {}, where no more may be due "
      "([checkpoint] due_max)",
      paused.size() == 1 ? "partition" : "partitions", fmt::join(paused, ", "));
}

void KafkaRun::report_outages() {
  const auto tell = [&](const std::optional<Outage::News>& news) {
    if (news) news->is_over ? voice_.info(news->text) : voice_.warning(news->text);
  };
  tell(store_outage_.take_news(store_outage_.is_on() ? what_waits_for_store() : "", now()));
  tell(cluster_outage_.take_news(
      "tried again until it succeeds; reading goes on from the last commit then", now()));
}

void KafkaRun::report() {
  for (const auto& [partition, owner] : member_->owners()) {
    if (owner.phase() != Owner::Phase::kStopped || told_stopped_[partition] == owner.why())
      continue;
    told_stopped_[partition] = owner.why();
    voice_.error(owner.why());
  }
  const std::int64_t now_ms = monotonic_ms();
  if (now_ms < report_due_ms_) return;
  report_due_ms_ = now_ms + kReportMs;
  const auto rate = (records_ - reported_records_) * 1000 / (now_ms - reported_ms_);
  reported_ms_ = now_ms;
  reported_records_ = records_;
  const Seconds wall = wall_now();
  std::string text = fmt::format("{} records, {} a second", records_, rate);
  for (const auto& [partition, owner] : member_->owners()) {
    text += fmt::format("; partition {}", partition);
    if (owner.job() == nullptr || owner.phase() == Owner::Phase::kRecovering) {
      text += owner.phase() == Owner::Phase::kStopped ? " stopped" : " is being recovered";
      continue;
    }
    if (const auto left = lag(partition)) text += fmt::format(" lag {}", *left);
    if (owner.is_paused()) text += " paused";
    for (const auto& each : owner.job()->partitions()) {
      if (!each->task().has_started()) continue;
      const Window next = each->task().next_window();
      const Zone& zone = each->settings().zone;
      text += fmt::format(", {} {} open: {}", each->settings().system,
                          hour_words(next.start, next.end, zone, wall),
                          wait_words(each->task().watermark().value(), next.end, zone, wall));
    }
  }
  service_.status(text);
  voice_.info(text);
}

}  // namespace bikeflow
