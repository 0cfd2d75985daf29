#pragma once
// The interface to training code. A trainer knows configurations, resources, metrics and snapshots. It does not know
// schedulers, samplers, messages or records.

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "core/ids.hpp"
#include "space/search_space.hpp"
#include "trainer/snapshot.hpp"

namespace stemma {

/// Why a training ended without a report. The numbers are stored in run files.
enum class FailureKind : std::uint8_t {
    none = 0,
    nonfinite = 1,             ///< loss or metric was not finite: ranks worst, never retried
    out_of_memory = 2,         ///< the configuration does not fit this device: infeasible, never retried
    infeasible = 3,            ///< the trainer refuses the configuration before training: never retried
    device = 4,                ///< device or I/O error: the worker is retired, the member is retried elsewhere
    exception = 5,             ///< any other error: retried once, on another worker if there is one
    snapshot_unavailable = 6,  ///< the snapshot to start from was not available: retrained or fetched elsewhere
    worker_lost = 7,           ///< the worker died: the lease goes back to the queue
    timed_out = 8,             ///< the lease's deadline passed
    /// Device error in a program, which has been replaced since. The worker is kept, and the member is tried once more.
    broken_program = 9,
};
std::string_view name_of(FailureKind kind);

struct MetricInfo {
    std::string name;       ///< "valid_loss"
    bool held_out = false;  ///< recorded but never shown to a scheduler or sampler (test metrics)
    /// What the best constant prediction reaches: a member that is no better has not learned. NaN: not known.
    double baseline = std::numeric_limits<double>::quiet_NaN();
};

/// Metrics at one point of a member's training, in the order of Trainer::metrics(). NaN: not measured.
struct MetricRow {
    Resource resource = 0;
    std::vector<double> values;
};

struct TrainRequest {
    MemberId member;
    NamedConfiguration configuration;
    std::uint64_t seed = 0;           ///< of this member (a function of run seed and member)
    Resource from = 0;                ///< resource that `start` has been trained to; 0 = from scratch
    Resource to = 0;                  ///< train to this, > from
    Resource max = 0;                 ///< largest resource of a member, for schedules; 0 = not known
    const Snapshot* start = nullptr;  ///< null iff from == 0
    bool adopted = false;             ///< `start` is the parent's: other hyperparameters trained it so far
    /// The parent's configuration, set if `adopted`.
    std::optional<NamedConfiguration> parent_configuration = {};
    bool retried = false;                     ///< this training failed before, here or elsewhere
    const std::atomic<bool>* stop = nullptr;  ///< when true: end at the next boundary of a resource unit (may be null)
    /// Called after each resource unit from the training thread (may be empty).
    std::function<void(const MetricRow&)> progress = {};
};

struct Trained {
    Resource reached = 0;         ///< == request.to unless stopped
    std::vector<MetricRow> rows;  ///< at least one, ascending; the last one is at `reached`
    Snapshot snapshot;            ///< state at `reached`
    std::string note = {};        ///< for the log: a remark for the user
    std::uint32_t processes = 1;  ///< that trained together
};

struct TrainFailure {
    FailureKind kind = FailureKind::exception;
    std::string type = {};  ///< "c10::Error", "std::bad_alloc", ...: see readable_type()
    std::string message = {};
    Resource reached = 0;
};

/// The name of an exception's dynamic type as in its source.
std::string readable_type(const std::exception& error);

using TrainResult = std::variant<Trained, TrainFailure>;

/// Contract (tests/contract/trainer/trainer_suite.hpp):
/// * train() is a function of the request and of data read at construction.
/// * From 0 to n through a snapshot at any unit gives the same rows and snapshot as in one go.
/// * train() does not throw for failures of the training itself: it returns TrainFailure.
/// * Calls come from at_once() threads at a time. With more than one, trainings share a program, so that rows may
/// depend
///   on the trainings beside.
class Trainer {
public:
    virtual ~Trainer() = default;
    virtual std::span<const MetricInfo> metrics() const = 0;
    virtual TrainResult train(const TrainRequest& request) = 0;
    /// Calls of train() that it takes at the same time, >= 1.
    virtual std::uint32_t at_once() const { return 1; }
    /// "Fashion-MNIST, LeNet, CPU 1 thread": for logs and the worker table.
    virtual std::string describe() const = 0;
};

/// Index of a metric by name. Throws UserError with the known names, or if the metric is held out.
std::size_t selectable_metric(std::span<const MetricInfo> metrics, std::string_view name);

}  // namespace stemma
