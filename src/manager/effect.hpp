#pragma once
// What the manager orders in answer to an input. Effects are recorded and compared on replay (`verify`). So they hold
// only decisions: no clock reading, no pointer, no text that depends on the machine.

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "core/ids.hpp"
#include "core/tail.hpp"
#include "manager/input.hpp"
#include "scheduler/scheduler.hpp"

namespace stemma {

/// Where a member belongs, as its scheduler says.
struct BirthPlace {
    MemberId replaced = {};  ///< it takes the place of this member in a population
    BracketId bracket = {};  ///< it competes in this bracket
};

enum class SourceKind : std::uint8_t {
    scratch = 0,  ///< initial weights
    local = 1,    ///< the worker has the snapshot in memory
    peer = 2,     ///< comes from `owner` as transfer `transfer`
    disk = 3,     ///< the durable copy
};

struct Source {
    SourceKind kind = SourceKind::scratch;
    SnapshotId snapshot = {};
    WorkerId owner = {};
    TransferId transfer = {};
    std::uint64_t bytes = 0;
    friend bool operator==(const Source&, const Source&) = default;
};

/// Notable events: a row in the run's event table and a line in the log. Numbers are stored in run files.
enum class EventKind : std::uint8_t {
    late_report = 1,      ///< report or failure of a lease that is no longer out: in the log, never in a ranking
    retry = 2,            ///< a failed training goes back to the queue
    member_failed = 3,    ///< given up
    member_diverged = 4,  ///< non-finite: ranked worst
    evicted = 5,          ///< a snapshot that might still be needed was dropped for want of memory
    retrain = 6,          ///< a continuation has to start from scratch (never of a member with a parent)
    worker_retired = 7,   ///< device errors: gets no more work
    new_best = 8,
    repeated_failure = 9,  ///< the same error from several members in a row: the search stops
    requeued = 10,         ///< lease of a lost worker or of an earlier start
    persist_failed = 11,
    released = 12,
    model_late = 13,      ///< a proposal did not wait for a model's fit: it is based on the last fit, or is random
    budget_cut = 14,      ///< a training gets the rest of the training budget, which is less than it asked for
    selected = 15,        ///< GPBT: the member is a parent of the next generation
    redrawn = 16,         ///< the sampler proposed a configuration that was tried: a random draw among the others
    used_up = 17,         ///< every configuration of the space has been tried
    sampler_chosen = 18,  ///< sampler.type = "auto" has made its choice, for the rest of the run
    arm_stopped = 19,     ///< GPBT, interval = "auto": the search with this member as its best is stopped ...
    arm_ahead = 20,       ///< ... because this member, of a search with longer intervals, is better. Follows it at once
};

enum class EndReason : std::uint8_t {
    exhausted = 1,  ///< the scheduler has nothing left
    budget_members = 2,
    budget_reports = 3,
    budget_resource = 4,
    budget_seconds = 5,
    target = 6,
    stopped = 7,  ///< user, signal or time limit: resumable
    repeated_failure = 8,
    no_workers = 9,  ///< every worker is lost or retired: resumable
};

namespace effect {

struct Born {
    MemberId member;
    BirthCause cause = BirthCause::sampled;
    MemberId parent = {};          ///< it takes the weights of this member (repeat: its configuration)
    MemberId donor = {};           ///< its hyperparameters came from this member, if that is not the parent
    std::uint32_t generation = 0;  ///< the parent's + 1 if it starts from the parent's snapshot; 0 from scratch
    Configuration configuration;
    Tail<BirthPlace> place = {};
};

/// Give `worker` the lease: train `member` from `from` to `to`, starting from `source`.
struct Train {
    WorkerId worker;
    LeaseId lease;
    MemberId member;
    Resource from = 0;
    Resource to = 0;
    Source source;
    std::uint32_t attempt = 0;  ///< 0 = first; counts retries of the same training
    /// `source` is the snapshot of this member, the parent, and the first training of `member` starts from it. None: it
    /// starts from its own snapshot, or from scratch.
    Tail<MemberId> adopted_from = {};
};

/// `owner` sends snapshot to `receiver`.
struct Serve {
    TransferId transfer;
    SnapshotId snapshot;
    WorkerId owner;
    WorkerId receiver;
};

/// The transfer will not complete, because its other end is gone or the snapshot is no longer needed. `worker` forgets
/// it. A lease waiting for it fails as snapshot_unavailable.
struct AbortTransfer {
    TransferId transfer;
    WorkerId worker;
};

struct Drop {
    WorkerId worker;
    SnapshotId snapshot;
};

/// Write the durable copy.
struct Persist {
    WorkerId worker;
    SnapshotId snapshot;
};

/// Remove the durable copy.
struct Erase {
    SnapshotId snapshot;
};

/// End this lease at its next boundary and report its results so far.
struct Cancel {
    WorkerId worker;
    LeaseId lease;
};

/// This worker gets no more work.
struct Dismiss {
    WorkerId worker;
};

struct Noted {
    EventKind kind;
    MemberId member = {};
    LeaseId lease = {};
    WorkerId worker = {};
    double value = 0;  ///< new_best: the metric; budget_cut: the resource that was wanted; retrain: resource lost;
                       ///< model_late: 1 if random; selected: the number of the generation;
                       ///< used_up: the number of configurations; sampler_chosen: its number
                       ///< (sampler/automatic/rule.hpp); arm_stopped, arm_ahead: the metric; else 0
};

/// The last effect of a start of the program; nothing is assigned after it.
struct Ended {
    EndReason reason;
    MemberId best = {};
};

/// `worker` keeps a second copy of a snapshot. `owner` was told just before to serve it under the same transfer.
struct Replicate {
    TransferId transfer;
    SnapshotId snapshot;
    MemberId member;
    Resource resource = 0;
    WorkerId owner;
    WorkerId worker;
    std::uint64_t bytes = 0;
};

}  // namespace effect

// Order = kind number in run files: append only, never reorder.
using Effect =
    std::variant<effect::Born, effect::Train, effect::Serve, effect::AbortTransfer, effect::Drop, effect::Persist,
                 effect::Erase, effect::Cancel, effect::Dismiss, effect::Noted, effect::Ended, effect::Replicate>;
using Effects = std::vector<Effect>;

}  // namespace stemma
