#pragma once
// The properties of a simulated machine: how long things take and what goes wrong. Everything is drawn from one seed.

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "manager/input.hpp"
#include "simulator/path_curve.hpp"
#include "space/configuration.hpp"
#include "trainer/trainer.hpp"

namespace stemma {

/// How a lease's training time varies around units * seconds_per_unit.
enum class DurationNoise : std::uint8_t {
    none,
    half_normal,  ///< times (1 + |z|), z ~ N(0, sd): the stragglers of the ASHA paper
    lognormal,    ///< times exp(z - sd^2 / 2), z ~ N(0, sd): mean 1
};

/// All probabilities are in [0, 1]; all default to "never".
struct Faults {
    double drop_per_second = 0;   ///< chance, in each second of training, that the training is lost (input::Failure)
    double nonfinite = 0;         ///< chance that a lease ends with a NaN metric
    double diverge = 0;           ///< chance that a lease fails as FailureKind::nonfinite
    double infeasible = 0;        ///< chance that a lease fails as FailureKind::infeasible
    double device = 0;            ///< chance that a lease fails with a device error
    double broken_program = 0;    ///< chance that a lease breaks its program
    double stall = 0;             ///< chance that a lease hangs (and reports all the same) ...
    double stall_seconds = 0;     ///< ... for so long
    double death_per_second = 0;  ///< rate at which a worker dies, exponential
    double false_alarm_per_second = 0;  ///< rate at which a living worker is taken for dead
    double detection_seconds = 1;       ///< from a worker's death to WorkerLost
    double respawn_seconds = 0;         ///< from WorkerLost to a new worker in a new slot; 0 = none comes
    double lose_lease = 0;       ///< chance that a lease message is lost (the manager's lease timeout recovers it)
    double lose_report = 0;      ///< chance that a report or failure is lost (the manager's lease timeout recovers it)
    double duplicate = 0;        ///< chance that a message to the manager comes twice
    double delay = 0;            ///< chance that a message is late ...
    double delay_seconds = 1;    ///< ... by an exponential time of this mean; per pair of ranks order is kept
    double persist_failure = 0;  ///< chance that a durable copy cannot be written
    double missing_durable = 0;  ///< chance that a durable copy is not there on resume
    double lose_snapshot = 0;    ///< chance that a worker which is to send a snapshot has lost it
    double lose_transfer = 0;    ///< chance that what a worker sends to another one does not arrive
    double peer_gone = 0;        ///< chance, for each living worker, that its transport tells it of a lost worker
};

struct SimulationSettings {
    std::uint64_t seed = 0;
    std::uint32_t workers = 25;
    std::uint32_t workers_per_host = 0;  ///< 0 = all on one; later workers are on further hosts
    std::uint32_t leases_ahead = 0;      ///< as the manager's
    double seconds_per_unit = 1;         ///< of training
    DurationNoise noise = DurationNoise::none;
    double noise_sd = 0;
    double message_seconds = 0;                                         ///< one way
    double manager_seconds = 0;                                         ///< that rank 0 is busy with one input
    std::uint64_t snapshot_bytes = 1;                                   ///< of each snapshot; 0 = workers keep none
    std::uint64_t snapshot_quota = 0;                                   ///< of each worker; 0 = unlimited
    double bytes_per_second = std::numeric_limits<double>::infinity();  ///< of a transfer between workers
    double transfer_timeout = 0;                                        ///< as WorkerTiming's
    double persist_seconds = 0;                                         ///< to write a durable copy
    double fit_seconds = 0;                                             ///< that a model's fit takes beside the manager
    double load_seconds = 0;                                            ///< to read a durable copy
    Faults faults;
    /// Set: what a training of this configuration to this resource fails with, in its first unit; none = it trains.
    std::function<FailureKind(ConfigurationView, Resource to)> region = {};
    std::shared_ptr<PathCurve> path = {};  ///< set: gives the metrics, instead of the LearningCurve

    /// The job is killed when the record holds this many inputs (counted over all starts).
    std::uint64_t max_inputs = std::numeric_limits<std::uint64_t>::max();
    /// The simulation ends at this virtual time.
    double max_seconds = std::numeric_limits<double>::infinity();
    /// What users do, at which virtual time: StopRequested, MemberStopped, BudgetChanged.
    std::vector<std::pair<double, input::Body>> script;

    /// For the figures in the result only.
    Resource full_resource = 0;  ///< trained to this counts as completed; 0 = nothing does
    std::size_t metric = 0;      ///< index into a row of metrics
    bool maximize = false;
    std::optional<double> target;  ///< value of the metric whose first report is searched

    /// Where a killed run goes on: the first start has 0, 0, 0.
    std::uint32_t incarnation = 0;
    std::uint64_t first_sequence = 0;
    double first_time = 0;
};

}  // namespace stemma
