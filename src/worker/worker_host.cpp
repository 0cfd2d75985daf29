#include "worker/worker_host.hpp"

#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <thread>
#include <utility>

#include "platform/short_slices.hpp"
#include "transport/packing.hpp"
#include "transport/waiting.hpp"
#include "worker/training.hpp"
#include "worker/work_queue.hpp"

namespace stemma {
namespace {

/// Write durable copies, so that neither training nor messages wait for a disk. All small ones that wait are written
/// together, because a disk takes hardly longer for many than for one. Large ones do not hold them up.
class PersistThreads {
public:
    PersistThreads(SnapshotFiles& files, Wakeup& wakeup)
        : files_(&files),
          small_(wakeup),
          large_(wakeup),
          small_thread_([this] { write_small(); }),
          large_thread_([this] { write_large(); }) {}
    ~PersistThreads() {
        small_.close(false);
        large_.close(false);
    }
    PersistThreads(const PersistThreads&) = delete;
    PersistThreads& operator=(const PersistThreads&) = delete;

    void start(std::vector<worker::Persist>& jobs) {
        const auto large = std::ranges::stable_partition(
            jobs, [](const auto& job) { return job.content->size() <= SnapshotFiles::small_bytes; });
        std::vector<worker::Persist> large_jobs(std::make_move_iterator(large.begin()),
                                                std::make_move_iterator(large.end()));
        jobs.erase(large.begin(), large.end());
        small_.give(jobs);
        large_.give(large_jobs);
    }
    /// All results since the last call.
    void collect(std::vector<worker::Persisted>& results) {
        small_.collect(results);
        large_.collect(large_results_);
        std::ranges::move(large_results_, std::back_inserter(results));
    }

private:
    /// What went wrong, or nothing.
    template <class Write>
    static std::string attempt(const Write& write) {
        try {
            write();
            return {};
        } catch (const std::exception& error) {
            return error.what();
        }
    }
    void write_small() {
        for (auto jobs = small_.next_all(); !jobs.empty(); jobs = small_.next_all()) {
            const auto message = attempt([&] { files_->write_small(jobs); });
            for (const auto& job : jobs) small_.done({job.snapshot, message.empty(), message});
        }
    }
    void write_large() {
        while (auto job = large_.next()) {
            const auto message = attempt([&] { files_->write(*job); });
            large_.done({job->snapshot, message.empty(), message});
        }
    }

    using Queue = WorkQueue<worker::Persist, worker::Persisted>;

    SnapshotFiles* files_;
    Queue small_;
    Queue large_;
    std::vector<worker::Persisted> large_results_;
    std::jthread small_thread_;
    std::jthread large_thread_;
};

/// A pause of this rank must stay well below the manager's timeout.
double longest_pause(const WorkerTiming& timing) {
    const double usual = AttentiveClock::longest_pause_default;
    return timing.manager_timeout > 0 ? std::min(usual, timing.manager_timeout / 4) : usual;
}

std::vector<double> baselines_of(std::span<const MetricInfo> metrics) {
    std::vector<double> baselines;
    for (const auto& metric : metrics) baselines.push_back(metric.baseline);
    return baselines;
}

class WorkerHost {
public:
    WorkerHost(Endpoint& endpoint, Trainer& trainer, std::shared_ptr<const SearchSpace> space,
               const WorkerHostSettings& settings, SnapshotFiles& files)
        : endpoint_(endpoint),
          settings_(settings),
          clock_(0, longest_pause(settings.worker), settings.clock),
          machine_(settings.worker),
          packer_(endpoint, 0, settings.run_id),
          unpacker_(settings.run_id),
          description_(trainer.describe()),
          baselines_(baselines_of(trainer.metrics())),
          waiting_(endpoint),
          persist_(files, endpoint.wakeup()),
          training_(trainer, std::move(space), files, settings.worker.progress_interval, endpoint.wakeup(), clock_) {}

    WorkerExit run() {
        prefer_short_slices();
        feed(worker::Started{{settings_.host, settings_.device, description_, settings_.snapshot_quota,
                              static_cast<std::uint64_t>(::getpid()), settings_.threads, baselines_}});
        perform();
        while (!left_) {
            if (step()) {
                waiting_.active();
            } else {
                waiting_.wait(machine_.training());
            }
        }
        send_the_rest();
        if (left_->manager_lost) return WorkerExit::manager_lost;
        return left_->peers_lost ? WorkerExit::peers_lost : WorkerExit::done;
    }

private:
    /// One round: takes in what has arrived, and answers in one block. True if anything happened.
    bool step() {
        now_ = clock_.now();
        bool busy = false;
        // Bounded, so that a flood of messages cannot delay results.
        for (int i = 0; i < 64; ++i) {
            auto arrival = endpoint_.poll();
            if (!arrival) break;
            busy = true;
            std::visit([this](auto& a) { arrive(a); }, *arrival);
        }
        training_.collect(trained_);
        for (auto& event : trained_) std::visit([this](auto& e) { feed(std::move(e)); }, event);
        persist_.collect(persisted_);
        copies_waiting_ -= persisted_.size();
        for (auto& result : persisted_) feed(std::move(result));
        busy = busy || !trained_.empty() || !persisted_.empty();
        feed(worker::Ticked{});
        perform();
        return busy;
    }

    void arrive(FramesArrived& block) {
        for (std::span<const std::byte> rest(block.frames); !rest.empty();) feed(unpacker_.next_to_worker(rest));
    }
    template <class Event>
    void arrive(Event& event) {
        feed(std::move(event));
    }

    void feed(worker::Input input) { machine_.on(now_, std::move(input), outputs_); }

    void perform() {
        for (auto& output : outputs_) std::visit([this](auto& o) { act(o); }, output);
        outputs_.clear();
        copies_waiting_ += copies_.size();
        persist_.start(copies_);
        if (copies_waiting_ <= settings_.copies_waiting) training_.start(leases_);
        packer_.flush();
    }
    void act(message::ToManager& message) { packer_.add(message); }
    void act(worker::Train& job) { leases_.push_back(std::move(job)); }
    void act(worker::Cancel& stop) {
        training_.start(leases_);  // a lease must have been handed over before it can be stopped
        training_.stop(stop.lease);
    }
    void act(worker::SendBulk& bulk) { endpoint_.send_bulk(bulk.to, bulk.transfer, std::move(bulk.content)); }
    void act(worker::ReceiveBulk& bulk) { endpoint_.receive_bulk(bulk.from, bulk.transfer, bulk.bytes); }
    void act(worker::AbortTransfer& bulk) { endpoint_.abandon_bulk(bulk.transfer); }
    void act(worker::Persist& job) { copies_.push_back(std::move(job)); }
    void act(worker::Left& left) { left_ = left; }

    /// The Goodbye must be sent before the endpoint is destroyed. A manager that is gone must not delay this rank.
    void send_the_rest() {
        const double deadline = clock_.now() + (left_->manager_lost ? 0 : 5);
        waiting_.active();
        do {
            while (endpoint_.poll()) {
            }
            if (endpoint_.idle()) return;
            waiting_.wait();
        } while (clock_.now() < deadline);
    }

    Endpoint& endpoint_;
    const WorkerHostSettings& settings_;
    AttentiveClock clock_;  ///< the training thread reads it too
    double now_ = 0;
    Worker machine_;
    worker::Outputs outputs_;
    FramePacker packer_;
    FrameUnpacker unpacker_;
    std::string description_;
    std::vector<double> baselines_;
    std::vector<worker::Train> leases_;
    std::vector<worker::Persist> copies_;
    std::size_t copies_waiting_ = 0;  ///< for the disk
    std::vector<TrainingEvent> trained_;
    std::vector<worker::Persisted> persisted_;
    std::optional<worker::Left> left_;
    Waiting waiting_;
    PersistThreads persist_;
    TrainingThreads training_;
};

}  // namespace

WorkerExit run_worker(Endpoint& endpoint, Trainer& trainer, std::shared_ptr<const SearchSpace> space,
                      const WorkerHostSettings& settings, SnapshotFiles& files) {
    return WorkerHost(endpoint, trainer, std::move(space), settings, files).run();
}

}  // namespace stemma
