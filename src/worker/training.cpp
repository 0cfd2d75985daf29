#include "worker/training.hpp"

#include <fmt/format.h>

#include <limits>
#include <new>
#include <type_traits>
#include <utility>

#include "core/error.hpp"

namespace stemma {
namespace {

/// Errors of a user's own trainer that would violate what the manager relies on. Throws UserError.
void check_trained(const Trained& trained, const worker::Train& job, std::size_t metrics) {
    const auto demand = [](bool holds, std::string_view what) {
        if (!holds) throw UserError(fmt::format("the trainer's result does not fit what it was asked: {}", what));
    };
    demand(trained.reached >= job.from && trained.reached <= job.to,
           fmt::format("it reached {}, but was to train from {} to {}", trained.reached, job.from, job.to));
    if (trained.reached == job.from) return;  // stopped before its first boundary
    demand(!trained.rows.empty() && trained.rows.back().resource == trained.reached,
           fmt::format("it reached {}, and its last row of metrics is not of that point", trained.reached));
    for (const auto& row : trained.rows) {
        demand(row.values.size() == metrics,
               fmt::format("a row has {} metrics, metrics() names {}", row.values.size(), metrics));
    }
}

/// Runs `body`. An exception becomes a failure of `kind` (memory: always out_of_memory).
template <class Body>
std::optional<TrainFailure> attempt(FailureKind kind, Resource reached, Body body) {
    try {
        body();
        return std::nullopt;
    } catch (const std::bad_alloc& error) {
        return TrainFailure{FailureKind::out_of_memory, "std::bad_alloc", error.what(), reached};
    } catch (const std::exception& error) {
        return TrainFailure{kind, readable_type(error), error.what(), reached};
    } catch (...) {
        return TrainFailure{kind, "unknown", "something that is no std::exception was thrown", reached};
    }
}

SharedBytes encode_or_none(Snapshot&& snapshot) {
    if (snapshot.arrays().empty()) return nullptr;  // a trainer that keeps no state
    try {
        return std::make_shared<const Bytes>(std::move(snapshot).encode());
    } catch (const std::bad_alloc&) {
        return nullptr;  // the report counts all the same; a continuation has to retrain
    }
}

}  // namespace

std::variant<worker::Report, worker::Failure> train_lease(const worker::Train& job, Trainer& trainer,
                                                          const SearchSpace& space, SnapshotFiles& files,
                                                          const std::atomic<bool>& stop,
                                                          const std::function<void(const MetricRow&)>& progress,
                                                          AttentiveClock& clock) {
    const double begun = clock.now();
    const auto failed = [&](TrainFailure failure) {
        return worker::Failure{job.lease, std::move(failure), clock.now() - begun};
    };
    std::optional<Snapshot> start;
    if (auto failure = attempt(FailureKind::snapshot_unavailable, job.from, [&] {
            if (job.start) start = Snapshot::decode(job.start);
            if (job.from_disk.exists()) start = files.read(job.from_disk);
        })) {
        return failed(std::move(*failure));
    }
    TrainResult result;
    if (auto failure = attempt(FailureKind::exception, job.from, [&] {
            result = trainer.train(
                {.member = job.member,
                 .configuration = NamedConfiguration(space, job.configuration),
                 .seed = job.seed,
                 .from = job.from,
                 .to = job.to,
                 .max = job.max,
                 .start = start ? &*start : nullptr,
                 .adopted = job.adopted,
                 .parent_configuration =
                     job.adopted ? std::optional(NamedConfiguration(space, job.parent_configuration)) : std::nullopt,
                 .retried = job.retried,
                 .stop = &stop,
                 .progress = progress});
        })) {
        return failed(std::move(*failure));
    }
    if (auto* failure = std::get_if<TrainFailure>(&result)) return failed(std::move(*failure));
    auto& trained = std::get<Trained>(result);
    if (auto failure =
            attempt(FailureKind::exception, job.from, [&] { check_trained(trained, job, trainer.metrics().size()); })) {
        return failed(std::move(*failure));
    }
    const double seconds = clock.now() - begun;
    return worker::Report{job.lease,
                          trained.reached,
                          seconds,
                          std::move(trained.rows),
                          encode_or_none(std::move(trained.snapshot)),
                          trained.processes};
}

TrainingThreads::TrainingThreads(Trainer& trainer, std::shared_ptr<const SearchSpace> space, SnapshotFiles& files,
                                 double progress_interval, Wakeup& wakeup, AttentiveClock& clock)
    : trainer_(&trainer),
      space_(std::move(space)),
      files_(&files),
      progress_interval_(progress_interval),
      clock_(&clock),
      queue_(wakeup) {
    for (std::uint32_t i = 0; i < trainer.at_once(); ++i) threads_.emplace_back([this] { run(); });
}

TrainingThreads::~TrainingThreads() {
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
        for (const auto& [lease, stop] : running_) *stop = true;
    }
    queue_.close(true);
}

void TrainingThreads::stop(LeaseId lease) {
    const std::lock_guard lock(mutex_);
    if (const auto found = running_.find(lease); found != running_.end()) {
        *found->second = true;
    } else {
        canceled_.insert(lease);
    }
}

void TrainingThreads::collect(std::vector<TrainingEvent>& events) {
    queue_.collect(events);
    if (events.empty()) return;
    const std::lock_guard lock(mutex_);
    if (canceled_.empty()) return;
    // A cancel that crossed the end of its lease would otherwise be remembered for ever.
    for (const auto& event : events) {
        std::visit(
            [this](const auto& e) {
                if constexpr (!std::is_same_v<std::decay_t<decltype(e)>, worker::Progress>) canceled_.erase(e.lease);
            },
            event);
    }
}

void TrainingThreads::run() {
    while (auto job = queue_.next()) train(*job);
}

void TrainingThreads::train(const worker::Train& job) {
    std::atomic<bool> stop = false;
    if (!begin(job.lease, stop)) {
        queue_.done(worker::Report{job.lease, job.from, 0, {}, nullptr});
        return;
    }
    double last = -std::numeric_limits<double>::infinity();
    std::uint64_t rows = 0;
    const auto progress = [&](const MetricRow& row) {
        const auto number = rows++;
        const double now = clock_->now();
        if (now - last < progress_interval_) return;
        last = now;
        queue_.done(worker::Progress{job.lease, row, number});
    };
    auto result = train_lease(job, *trainer_, *space_, *files_, stop, progress, *clock_);
    end(job.lease);
    std::visit([this](auto& r) { queue_.done(std::move(r)); }, result);
}

bool TrainingThreads::begin(LeaseId lease, std::atomic<bool>& stop) {
    const std::lock_guard lock(mutex_);
    if (canceled_.erase(lease) > 0) return false;
    running_.emplace(lease, &stop);
    stop = ending_;
    return true;
}

void TrainingThreads::end(LeaseId lease) {
    const std::lock_guard lock(mutex_);
    running_.erase(lease);
}

}  // namespace stemma
