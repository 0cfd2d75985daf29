#pragma once
// The inside of simulate(): simulation.cpp has the manager's side of the transport and the loop, simulated_workers.cpp
// the workers' side.

#include <limits>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/rng.hpp"
#include "simulator/event_heap.hpp"
#include "simulator/outcome.hpp"
#include "simulator/simulator.hpp"
#include "simulator/snapshot_places.hpp"

namespace stemma {

inline constexpr std::uint32_t no_index = ~std::uint32_t{0};

/// A lease in transit to a worker or at the worker.
struct SimulatedLease {
    LeaseId lease;
    MemberId member;
    Resource from = 0;
    Resource to = 0;
    Source source;
    double started = 0;
    Outcome outcome;
    std::uint64_t end_order = ~std::uint64_t{0};  ///< of the event that ends it; an event with another order is stale
    bool ready = false;                           ///< its start is available
};

/// A message in transit from a worker to the manager.
struct SimulatedMessage {
    enum class Kind : std::uint8_t { join, report, failure, persisted, transfer_done, transfer_failed };
    Kind kind = Kind::join;
    FailureKind failure = FailureKind::none;
    bool nonfinite = false;
    bool ok = true;
    std::uint64_t id = 0;  ///< lease, snapshot or transfer
    MemberId member = {};
    SnapshotId start = {};  ///< what the training started from
    Resource from = 0;
    Resource reached = 0;
    double seconds = 0;
};

/// A small message in transit from the manager to a worker.
struct SimulatedControl {
    enum class Kind : std::uint8_t { serve, abort, drop, persist, cancel, dismiss, fetch } kind = Kind::dismiss;
    std::uint64_t id = 0;        ///< transfer, snapshot or lease
    SnapshotId snapshot;         ///< serve, fetch
    std::uint32_t receiver = 0;  ///< serve
};

struct SimulatedWorker {
    bool alive = false;
    bool counted = false;  ///< in the available worker time: living, and not taken for dead or dismissed
    double last_in = 0;    ///< delivery of the last message from the manager: order per pair of ranks is kept
    double last_out = 0;   ///< the same to the manager
    std::vector<std::uint32_t> queue = {};  ///< lease slots, oldest first
    std::uint32_t running = no_index;
};

class Simulation {
public:
    Simulation(Manager& manager, const LearningCurve& curve, const SimulationSettings& settings, Journal& journal,
               SimulationObserver* observer);
    SimulationResult run();

private:
    // ---- simulation.cpp ----
    void start();
    void handle(const AgendaItem& event);
    void feed(InputBody body);
    void feed_input();
    void apply(const Effect& effect);
    void message_arrives(std::uint32_t index, std::uint32_t worker);
    std::string host_of(std::uint32_t worker) const;
    void feed_report(const SimulatedMessage& message, WorkerId worker);
    void note_report(const LeaseReported& report, const SimulatedMessage& message);
    void arm_tick();
    void arm_fits();
    void fit_done(std::uint64_t number);
    void send_lease(const Assign& assign);
    void send_control(WorkerId worker, SimulatedControl control);
    double delivery(double& last);
    bool chance(double probability) { return probability > 0 && noise_.uniform() < probability; }
    void advance(double time);
    void finish();

    // ---- simulated_workers.cpp ----
    void join();
    void arm(SimEvent kind, double rate, std::uint32_t worker, std::uint64_t purpose);
    void lease_arrives(std::uint32_t worker, std::uint32_t index);
    void start_next(std::uint32_t worker);
    void training_ends(const AgendaItem& event);
    void control_arrives(std::uint32_t worker, std::uint32_t index);
    void serve(std::uint32_t worker, const SimulatedControl& control);
    void bulk_arrives(const AgendaItem& event);
    void fetch(std::uint32_t worker, const SimulatedControl& control);
    void fetched(std::uint32_t worker, std::uint64_t transfer, SnapshotId snapshot, bool empty);
    void abort_transfer(std::uint32_t worker, TransferId transfer);
    void cancel(std::uint32_t worker, LeaseId lease);
    void received(std::uint32_t worker, SimulatedLease& lease);
    void persist_ends(std::uint32_t worker, SnapshotId snapshot, bool had);
    void dies(std::uint32_t worker);
    void stop_counting(SimulatedWorker& worker);
    void end_lease(std::uint32_t worker, std::uint32_t index);
    void send(std::uint32_t worker, const SimulatedMessage& message);
    void send_failure(std::uint32_t worker, const SimulatedLease& lease, FailureKind kind, Resource reached,
                      double seconds);

    Manager& manager_;
    const LearningCurve& curve_;
    const SimulationSettings& settings_;
    Journal& journal_;
    SimulationObserver* observer_;
    SimulationResult result_;

    EventHeap events_;
    Slab<SimulatedLease> leases_;
    Slab<SimulatedMessage> messages_;
    Slab<SimulatedControl> controls_;
    std::vector<SimulatedWorker> workers_;
    SnapshotPlaces places_;
    /// Transfers that arrived before their lease or their fetch did: true if they were empty.
    std::unordered_map<std::uint64_t, bool> early_bulks_;
    std::unordered_map<std::uint64_t, SnapshotId> fetches_;  ///< transfers that bring a second copy

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

    Input input_;      ///< reused: other inputs
    Input report_;     ///< reused: reports, so that their vectors are allocated once
    Effects effects_;  ///< reused
};

}  // namespace stemma
