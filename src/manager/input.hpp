#pragma once
// Everything that can happen to a search, as one closed set of values. The ordered log of these inputs IS the run:
// resume, verify and the simulator feed it to the same Manager.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/ids.hpp"
#include "core/tail.hpp"
#include "trainer/trainer.hpp"

namespace stemma {

enum class StopReason : std::uint8_t { user = 1, signal = 2, time_limit = 3 };

/// Limits of the search; 0 = none. The first limit reached ends the search.
struct Budget {
    std::uint64_t members = 0;          ///< configurations born
    std::uint64_t reports = 0;          ///< leases that ended with a full report
    std::uint64_t resource = 0;         ///< sum of training over all members, in the job's unit (retraining counts)
    double seconds = 0;                 ///< of this search's running time, over all starts
    std::optional<double> target = {};  ///< value of the metric, reached when at least as good
    friend bool operator==(const Budget&, const Budget&) = default;
};

namespace input {

/// First input of each start of the program (incarnation 0 = the first). Workers, leases and snapshots in memory of the
/// start before are gone. Its open leases go back to the queue.
struct IncarnationStarted {
    std::uint32_t incarnation = 0;
    std::uint32_t workers = 0;  ///< that were started and will join or be reported lost; 0 = not known
};

struct WorkerJoined {
    WorkerId worker;
    std::string host;
    std::string device;                        ///< "cpu" or "cuda:0 NVIDIA H100 (GPU-...)"
    std::uint64_t snapshot_quota = 0;          ///< bytes of host memory for snapshots
    Tail<std::vector<double>> baselines = {};  ///< MetricInfo::baseline of each metric of the worker's trainer
};

struct WorkerLost {
    WorkerId worker;
    std::string reason;
};

/// A lease ended with a report. The report is partial (reached < asked) if the lease was canceled, and then is not
/// ranked. Canceled before its first boundary: reached == from, no rows, no snapshot.
struct Report {
    WorkerId worker;
    LeaseId lease;
    Resource reached = 0;
    double seconds = 0;                ///< of training, as the worker measured it
    std::uint64_t snapshot_bytes = 0;  ///< 0: no snapshot was kept
    /// One row for each resource unit since the last report, the last one at `reached`. Between them points of
    /// trajectories (role "hypergradient"), which have no metric.
    std::vector<MetricRow> rows;
    Tail<std::uint32_t> processes = {};  ///< that trained together
};

struct Failure {
    WorkerId worker;
    LeaseId lease;
    FailureKind kind = FailureKind::exception;
    std::string type;
    std::string message;
    Resource reached = 0;
    double seconds = 0;
};

/// A durable copy was written (synced, renamed), or could not be written (`ok` false: `message` says why).
struct Persisted {
    SnapshotId snapshot;
    bool ok = true;
    std::string message;
};

/// A durable copy that the record promised is missing or damaged (found on resume).
struct SnapshotMissing {
    SnapshotId snapshot;
};

/// The receiving worker has its copy of a snapshot, in memory too.
struct TransferDone {
    TransferId transfer;
};

/// Time passed: a deadline of the manager has come (wall budget, lease timeout).
struct Ticked {};

/// No new leases. Running leases are canceled at their next boundary; then the run ends, resumable.
struct StopRequested {
    StopReason reason = StopReason::user;
};

/// One member is given up at the user's request.
struct MemberStopped {
    MemberId member;
};

/// The user changed limits (from another terminal, or on resume). `max_resource` 0 = unchanged, else it raises the
/// scheduler's largest resource.
struct BudgetChanged {
    Budget budget;
    Resource max_resource = 0;
};

/// A fit that the sampler had wanted (Sampler::wanted_fits) is done. It is recorded, so that replay never fits. Where
/// the sampler wanted to know how long it takes, `model` is that time in seconds.
struct ModelFitted {
    std::uint64_t number = 0;
    std::vector<double> model;  ///< none: the fit failed
};

/// The worker that was to keep a second copy got nothing: the owner does not have the snapshot, or no longer has it.
struct TransferFailed {
    TransferId transfer;
};

/// The worker that was to keep a second copy gave it up: it did not come in time. The owner may still have it.
struct TransferLate {
    TransferId transfer;
};

// Order = kind number in run files (kind = index): append only, never reorder.
using Body = std::variant<IncarnationStarted, WorkerJoined, WorkerLost, Report, Failure, Persisted, SnapshotMissing,
                          TransferDone, Ticked, StopRequested, MemberStopped, BudgetChanged, ModelFitted,
                          TransferFailed, TransferLate>;

}  // namespace input

struct Input {
    std::uint64_t sequence = 0;  ///< 0, 1, 2, ... over the whole run, over all starts
    double time = 0;  ///< seconds since the run's first start, never decreasing; time between starts does not count
    input::Body body;
};

}  // namespace stemma
