#pragma once
// The training threads of a worker: as many as its trainer takes at once, mostly one.

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <variant>
#include <vector>

#include "platform/attentive_clock.hpp"
#include "space/search_space.hpp"
#include "trainer/trainer.hpp"
#include "worker/snapshot_files.hpp"
#include "worker/work_queue.hpp"
#include "worker/worker.hpp"

namespace stemma {

using TrainingEvent = std::variant<worker::Report, worker::Failure, worker::Progress>;

/// Trains one lease from start to end. Never throws: errors are classified. std::bad_alloc = out_of_memory; a start
/// snapshot that cannot be read or decoded = snapshot_unavailable; any other exception = exception.
std::variant<worker::Report, worker::Failure> train_lease(const worker::Train& job, Trainer& trainer,
                                                          const SearchSpace& space, SnapshotFiles& files,
                                                          const std::atomic<bool>& stop,
                                                          const std::function<void(const MetricRow&)>& progress,
                                                          AttentiveClock& clock);

/// Runs leases in the order in which they come, on Trainer::at_once() threads. Public functions are for the owner's
/// thread.
class TrainingThreads {
public:
    TrainingThreads(Trainer& trainer, std::shared_ptr<const SearchSpace> space, SnapshotFiles& files,
                    double progress_interval, Wakeup& wakeup, AttentiveClock& clock);
    /// Stops the leases in training at their next boundaries and waits for that.
    ~TrainingThreads();
    TrainingThreads(const TrainingThreads&) = delete;
    TrainingThreads& operator=(const TrainingThreads&) = delete;

    void start(std::vector<worker::Train>& jobs) { queue_.give(jobs); }
    /// A lease in training stops at the next boundary. A waiting lease never starts, and reports no progress.
    void stop(LeaseId lease);
    void collect(std::vector<TrainingEvent>& events);

private:
    void run();
    void train(const worker::Train& job);
    /// False if the lease was canceled. `stop` is its flag until end().
    bool begin(LeaseId lease, std::atomic<bool>& stop);
    void end(LeaseId lease);

    Trainer* trainer_;
    std::shared_ptr<const SearchSpace> space_;
    SnapshotFiles* files_;
    double progress_interval_;
    AttentiveClock* clock_;
    WorkQueue<worker::Train, TrainingEvent> queue_;
    std::mutex mutex_;  ///< guards the next three
    std::map<LeaseId, std::atomic<bool>*> running_;
    std::set<LeaseId> canceled_;  ///< canceled before they started
    bool ending_ = false;
    std::vector<std::jthread> threads_;  ///< last: they start when all other members exist
};

}  // namespace stemma
