#pragma once
// The training thread of a worker.

#include <atomic>
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

/// Runs leases one after the other on a thread of its own. Public functions are for the owner's thread.
class TrainingThread {
public:
    TrainingThread(Trainer& trainer, std::shared_ptr<const SearchSpace> space, SnapshotFiles& files,
                   double progress_interval, Wakeup& wakeup, AttentiveClock& clock);
    /// Stops the lease in training at its next boundary and waits for that.
    ~TrainingThread();
    TrainingThread(const TrainingThread&) = delete;
    TrainingThread& operator=(const TrainingThread&) = delete;

    void start(std::vector<worker::Train>& jobs) { queue_.give(jobs); }
    /// A lease in training stops at the next boundary. A waiting lease never starts, and reports no progress.
    void stop(LeaseId lease);
    void collect(std::vector<TrainingEvent>& events);

private:
    void run();
    void train(const worker::Train& job);
    bool begin(LeaseId lease);
    void end();

    Trainer* trainer_;
    std::shared_ptr<const SearchSpace> space_;
    SnapshotFiles* files_;
    double progress_interval_;
    AttentiveClock* clock_;
    WorkQueue<worker::Train, TrainingEvent> queue_;
    std::mutex mutex_;  ///< guards the next three together with setting stop_
    LeaseId running_;
    std::set<LeaseId> canceled_;  ///< canceled before they started
    bool ending_ = false;
    std::atomic<bool> stop_ = false;
    std::jthread thread_;  ///< last: starts when all other members exist
};

}  // namespace stemma
