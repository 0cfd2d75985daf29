#pragma once
// The inside of simulate(): simulation.cpp has the manager's end of the wires and the loop, simulated_workers.cpp the
// workers' end: what worker_host.cpp and an Endpoint do for a real worker.

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/rng.hpp"
#include "simulator/event_heap.hpp"
#include "simulator/outcome.hpp"
#include "simulator/simulator.hpp"
#include "transport/messages.hpp"
#include "worker/worker.hpp"

namespace stemma {

/// What is simulated of a snapshot: enough to see that a training starts from the right one. It stands for
/// SimulationSettings::snapshot_bytes bytes.
struct SnapshotContent {
    SnapshotId id;
    MemberId member;
    Resource resource = 0;
};

struct SimulatedWorker {
    bool alive = true;
    bool counted = true;  ///< in the available worker time: living, and not taken for dead or dismissed
    bool training = false;
    double last_in = 0;        ///< delivery of the last message from the manager: order per pair of ranks is kept
    double last_out = 0;       ///< delivery of the last message to the manager
    double began = 0;          ///< units begin: a durable copy is read before
    Resource to = 0;           ///< less than asked for where it was canceled
    std::uint64_t ending = 0;  ///< order of the event that ends it; another event is stale
    LeaseOutcome outcome = {};
    std::vector<worker::Train> trainings = {};  ///< the first one is in training if `training`
    std::vector<LeaseId> stopped = {};          ///< of these, before they began
    Worker machine{WorkerTiming{}};
};

/// A snapshot between two workers.
struct SimulatedBulk {
    std::uint32_t owner = 0;
    Bytes content = {};
    bool expected = false;  ///< by the receiver
    bool arrived = false;
};

class Simulation {
public:
    Simulation(Manager& manager, const LearningCurve& curve, const SimulationSettings& settings,
               record::Journal& journal, SimulationObserver* observer);
    SimulationResult run();

private:
    // ---- simulation.cpp ----
    void start();
    void handle(const AgendaItem& event);
    void feed(input::Body&& body);
    void apply(const Effect& effect);
    void message_arrives(std::uint32_t index, std::uint32_t worker);
    void note_report(const message::Report& report);
    void arm_tick();
    void arm_fits();
    void fit_done(std::uint64_t number);
    void tell(WorkerId worker, message::ToWorker message);
    double delivery(double& last);
    bool chance(double probability) { return probability > 0 && noise_.uniform() < probability; }
    void advance(double time);
    void prefetch(const AgendaItem& next) const;
    void finish();

    // ---- simulated_workers.cpp ----
    void join();
    void arm(SimEvent kind, double rate, std::uint32_t worker, std::uint64_t purpose);
    std::string host_of(std::uint32_t worker) const;
    void told(std::uint32_t worker, std::uint32_t index);
    void feed_worker(std::uint32_t worker, worker::Input&& input);
    void act(std::uint32_t worker, message::ToManager& message);
    void act(std::uint32_t worker, worker::Train& job);
    void act(std::uint32_t worker, const worker::Cancel& stop);
    void act(std::uint32_t worker, const worker::SendBulk& bulk);
    void act(std::uint32_t worker, const worker::ReceiveBulk& bulk);
    void act(std::uint32_t worker, const worker::AbortTransfer& bulk);
    void act(std::uint32_t worker, const worker::Persist& job);
    void act(std::uint32_t worker, const worker::Left& left);
    void start_next(std::uint32_t worker);
    /// The training fails where SimulationSettings::region says so.
    void apply_region(const worker::Train& job, LeaseOutcome& outcome) const;
    void training_ends(std::uint32_t worker, std::uint64_t order);
    SharedBytes simulated(const SnapshotContent& content);
    worker::Report trained(const worker::Train& job, Resource reached, double seconds, bool nonfinite);
    void bulk_arrives(std::uint32_t worker, std::uint32_t owner, TransferId transfer);
    void deliver(std::uint32_t worker, TransferId transfer);
    void persist_ends(std::uint32_t worker, SnapshotId snapshot);
    void dies(std::uint32_t worker);
    void tell_peers(std::uint32_t gone);
    void stop_counting(SimulatedWorker& worker);
    void stop_training(SimulatedWorker& worker);
    std::size_t memory_bytes() const;

    Manager& manager_;
    const LearningCurve& curve_;
    const SimulationSettings& settings_;
    record::Journal& journal_;
    SimulationObserver* observer_;
    SimulationResult result_;

    EventHeap events_;
    Slab<message::ToWorker> to_workers_;
    Slab<message::ToManager> to_manager_;
    std::vector<SimulatedWorker> workers_;
    std::unordered_map<std::uint64_t, SimulatedBulk> bulks_;  ///< by transfer
    worker::Outputs outputs_;                                 ///< empty, with room: reused
    using ContentBlock = std::array<Bytes, 16>;
    std::shared_ptr<ContentBlock> contents_;  ///< of the next snapshots
    std::size_t contents_used_ = 0;

    Stream noise_;  ///< of messages: drawn in the order of the events, which is itself determined
    double now_ = 0;
    double manager_free_ = 0;
    double tick_at_ = std::numeric_limits<double>::infinity();
    double input_time_ = 0;
    std::uint64_t next_fit_ = 0;  ///< lowest number that has no event yet
    std::uint64_t sequence_ = 0;
    bool killed_ = false;
    std::uint32_t alive_ = 0;
    std::uint32_t busy_ = 0;
    double busy_seconds_ = 0;
    double available_seconds_ = 0;

    Input input_;      ///< reused
    Effects effects_;  ///< reused
};

}  // namespace stemma
