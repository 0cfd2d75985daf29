#pragma once
// The worker's machine: a worker's answer to each message and event. Pure: no thread, no clock, no file, no transport.
// worker_host.hpp provides these.

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/id_map.hpp"
#include "transport/endpoint.hpp"
#include "transport/messages.hpp"
#include "worker/snapshot_files.hpp"

namespace stemma {

// ---- inputs ------------------------------------------------------------------------------------------------------

namespace worker {

/// First input, once.
struct Started {
    message::Hello hello;
};

/// A started lease (Train) that ended well. If it was stopped before its first unit: reached == from, no rows.
struct Report {
    LeaseId lease;
    Resource reached = 0;
    double seconds = 0;
    std::vector<MetricRow> rows;
    SharedBytes snapshot;         ///< null: no snapshot could be kept
    std::uint32_t processes = 1;  ///< that trained together
};
struct Failure {
    LeaseId lease;
    TrainFailure failure;
    double seconds = 0;
};
struct Progress {
    LeaseId lease;
    MetricRow row;
    std::uint64_t number = 0;  ///< rows of this training before it
};
struct Persisted {
    SnapshotId snapshot;
    bool ok = true;
    std::string message;
};
struct Ticked {};

using Input = std::variant<Started, message::ToWorker, Report, Failure, Progress, Persisted, BulkArrived, BulkSent,
                           PeerGone, Ticked>;

// ---- outputs -----------------------------------------------------------------------------------------------------

/// Leases are begun in the order of these outputs, and trained as many at a time as the trainer takes.
struct Train {
    LeaseId lease;
    MemberId member;
    std::uint64_t seed = 0;
    Resource from = 0;
    Resource to = 0;
    Resource max = 0;
    bool adopted = false;  ///< `start` is the parent's snapshot: the member's first training
    Configuration configuration;
    Configuration parent_configuration;  ///< set if `adopted`
    SharedBytes start;                   ///< null: from scratch, or `from_disk`
    SnapshotId from_disk = {};           ///< exists: read the durable copy first
    bool retried = false;                ///< the same training failed before
};
/// End a started lease at its next boundary. A Report or Failure follows as for other leases.
struct Cancel {
    LeaseId lease;
};
struct SendBulk {
    int to = 0;
    TransferId transfer;
    SharedBytes content;
};
struct ReceiveBulk {
    int from = 0;
    TransferId transfer;
    std::uint64_t bytes = 0;
};
struct AbortTransfer {
    TransferId transfer;
};
/// Write the durable copy; a Persisted follows.
using Persist = DurableCopy;
/// The last output.
struct Left {
    bool peers_lost = false;    ///< see message::Dismiss
    bool manager_lost = false;  ///< no message from the manager for WorkerTiming::manager_timeout
};

using Output = std::variant<message::ToManager, Train, Cancel, SendBulk, ReceiveBulk, AbortTransfer, Persist, Left>;
using Outputs = std::vector<Output>;

}  // namespace worker

// ---- the machine -------------------------------------------------------------------------------------------------

struct WorkerTiming {
    double heartbeat = 5;            ///< seconds without another message after which a Heartbeat is sent
    double progress_interval = 0.2;  ///< seconds between two Progress messages of a lease
    double manager_timeout = 0;      ///< seconds of silence after which the manager counts as lost; 0 = never
    /// The same before its first message. The manager checks the job before it speaks, and programs may load for long.
    double manager_start_timeout = 0;
    /// Seconds after which a snapshot that does not come is given up, beside a second for each `slowest_bytes` of
    /// it. The manager hears from both ends all the while when only the way between two workers is broken. 0 = never.
    double transfer_timeout = 0;
};

/// Bytes in a second of the slowest transfer that is waited for (a tenth of a network of 1 Gbit/s).
inline constexpr double slowest_bytes = 1.25e7;

/// Texts of failures are cut to this many bytes (at a character's boundary).
inline constexpr std::size_t message_text_max = 4096;
/// Rows of a report that a frame can carry. Of more rows an even selection is sent, always with the last row.
inline constexpr std::size_t report_bytes_max = std::size_t{192} * 1024;

class Worker {
public:
    explicit Worker(WorkerTiming settings) : settings_(settings) {}

    /// Appends the answer to `input` at `time` (seconds, never decreasing) to `out`. Obsolete messages are ignored: a
    /// cancel may cross the report of its lease. O(log n) in leases held.
    void on(double time, worker::Input&& input, worker::Outputs& out);

    bool left() const { return state_ == State::left; }
    std::uint64_t snapshot_bytes() const { return snapshot_bytes_; }
    std::size_t snapshots() const { return snapshots_.size(); }
    /// The snapshot is kept or dropped soon: a hint for the processor's caches.
    void prefetch(SnapshotId id) const { snapshots_.prefetch(id); }
    /// Of the table of snapshots, without their contents.
    std::size_t memory_bytes() const { return snapshots_.memory_bytes(); }
    std::size_t leases() const { return leases_.size(); }
    /// True while a lease is with the trainer.
    bool training() const { return !order_.empty(); }

private:
    enum class State : std::uint8_t { new_born, working, leaving, left };
    enum class LeaseState : std::uint8_t { fetching, started };
    struct Lease {
        LeaseState state = LeaseState::started;
        MemberId member;
        Resource from = 0;
        Resource reached = 0;
        double last_progress = -std::numeric_limits<double>::infinity();
        std::unique_ptr<message::Train> grant = {};  ///< until it is started
    };
    struct Held {
        SharedBytes content;
        MemberId member;
        Resource resource = 0;
    };
    /// A snapshot in transfer to this worker. If its lease is canceled meanwhile, the snapshot is kept all the same.
    struct Fetch {
        LeaseId lease;  ///< none: a second copy, for which no lease waits
        MemberId member;
        SnapshotId snapshot;
        Resource resource = 0;
        std::uint64_t bytes = 0;
        int owner = 0;
        double since = 0;
    };

    void take(worker::Started& input);
    void take(message::ToWorker& input);
    void take(worker::Report& input);
    void take(worker::Failure& input);
    void take(worker::Progress& input);
    void take(worker::Persisted& input);
    void take(BulkArrived& input);
    void take(BulkSent& input);
    void take(PeerGone& input);
    void take(worker::Ticked& input);

    void obey(message::Train& message);
    void obey(message::Serve& message);
    void obey(message::AbortTransfer& message);
    void obey(message::Drop& message);
    void obey(message::Persist& message);
    void obey(message::Cancel& message);
    void obey(message::Replicate& message);
    void obey(message::Dismiss& message);
    void obey(message::Ping&) {}

    void say(message::ToManager message);
    void start(Lease& lease, message::Train&& grant, SharedBytes content);
    void lose_start(LeaseId lease, std::string why);
    void end_fetch(std::map<TransferId, Fetch>::iterator fetch, std::string why);
    void end_late_fetches();
    void keep(SnapshotId id, Held held);
    void leave_if_done();
    void leave_without_manager();

    // What each training needs comes first: a simulation of many workers is as fast as it finds this in the caches.
    State state_ = State::new_born;
    bool peers_lost_ = false;
    bool heard_ = false;  ///< the manager has said something
    double now_ = 0;
    double last_said_ = 0;
    double last_heard_ = 0;
    worker::Outputs* out_ = nullptr;  ///< of the current call
    std::uint64_t snapshot_bytes_ = 0;
    IdMap<SnapshotId, Held> snapshots_;
    std::map<LeaseId, Lease> leases_;
    std::vector<LeaseId> order_;  ///< started leases, at most 1 + trainings_ahead; the first one is in training
    std::size_t persisting_ = 0;
    std::map<TransferId, Fetch> fetches_;
    std::map<TransferId, int> serving_;
    WorkerTiming settings_;
};

}  // namespace stemma
