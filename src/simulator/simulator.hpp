#pragma once
// A whole search under a virtual clock: the real Manager with its real scheduler, space and sampler, and thousands of
// real Worker machines. Simulated are trainings, wires and disks, which fail in every way of settings.hpp.
// Deterministic: one seed, one history.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "manager/manager.hpp"
#include "record/journal.hpp"
#include "simulator/settings.hpp"

namespace stemma {

/// Fills `metrics` (given empty) with the row that training this member to `resource` gives. Must depend on its
/// arguments only.
using LearningCurve = std::function<void(MemberId member, ConfigurationView configuration, std::uint64_t training_seed,
                                         Resource resource, std::vector<double>& metrics)>;

/// Sees every input with the manager's answer, as it goes into the record.
class SimulationObserver {
public:
    virtual ~SimulationObserver() = default;
    virtual void on(const Input& input, std::span<const Effect> effects) = 0;
};

struct SimulationResult {
    bool ended = false;    ///< the manager ended it (else: killed, out of time, or stalled)
    bool stalled = false;  ///< no event could follow although the search had not ended: a bug
    EndReason reason = EndReason::exhausted;
    std::uint64_t inputs = 0;         ///< of this start
    std::uint64_t next_sequence = 0;  ///< of the next start's first input
    std::uint64_t decisions = 0;      ///< leases assigned in this start
    double seconds = 0;               ///< virtual time at the end
    double wall_seconds = 0;          ///< real time it took
    /// Worker seconds between the first worker's joining and the last assignment: training, and alive.
    double busy_seconds = 0;
    double available_seconds = 0;
    std::uint64_t completed = 0;            ///< members trained to settings.full_resource
    std::optional<double> first_completed;  ///< virtual time
    std::optional<double> target_reached;   ///< virtual time
    std::uint64_t deaths = 0;
    std::uint64_t false_alarms = 0;
    std::uint64_t dropped = 0;  ///< trainings that failed in any way
    std::uint64_t messages_lost = 0;
    std::uint64_t messages_duplicated = 0;
    Totals totals;
    std::optional<Best> best;
    std::vector<RungRow> rungs;
    std::size_t manager_bytes = 0;  ///< Manager::memory_bytes()
    std::size_t simulator_bytes = 0;

    double utilization() const { return available_seconds > 0 ? busy_seconds / available_seconds : 0; }
    double decisions_per_second() const { return wall_seconds > 0 ? static_cast<double>(decisions) / wall_seconds : 0; }
};

/// Runs one start: from IncarnationStarted until the manager ends the search or the settings say stop. To resume a
/// killed run, replay its record into a fresh manager and call this again with the next start's settings. Cost: a heap
/// event and two or three queued ones for each lease, and the work of its Worker. Memory: 110 to 160 bytes for each
/// snapshot in a worker.
SimulationResult simulate(Manager& manager, const LearningCurve& curve, const SimulationSettings& settings,
                          record::Journal& journal, SimulationObserver* observer = nullptr);

/// A summary for the user: utilization, members per rung, time to target, faults, speed.
std::string simulation_report(const SimulationResult& result);

}  // namespace stemma
