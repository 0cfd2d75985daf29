#pragma once
// Checkers that stand outside the code. They see only the record (inputs and effects), keep an account of their own,
// and throw at the first violation.

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "manager/manager.hpp"
#include "simulator/simulator.hpp"

namespace stemma {

/// Something happened that must never happen: always a bug. The text has the seed and the index of the input.
struct CheckFailed : std::logic_error {
    using std::logic_error::logic_error;
};

/// Rules for populations. In the middle of a search no member is born from scratch while a member lives. A living
/// member has a finite report, less training than max, and an available snapshot. A member gives up
/// its last snapshot only for another living member.
struct LineageRules {
    std::uint32_t founders = 0;  ///< births from scratch at the start; 0 = none of this is checked
    std::uint32_t restart = 1;   ///< births from scratch when no member lives any more
    Resource max = 0;            ///< of a lineage
    bool to_the_better = false;  ///< a member gives up only for a member whose last report is at least as good
};

struct CheckerSettings {
    std::uint64_t seed = 0;  ///< for the text of a violation
    std::size_t metric = 0;
    bool maximize = false;
    Budget budget = {};
    std::uint32_t leases_ahead = 0;
    double lease_timeout = 0;
    double lease_patience = 0;
    double lease_floor = 300;
    /// Every member that goes beyond a resource must be in the top floor(finished / eta) there at that moment; 0 = not
    /// checked. Only for one bracket of ASHA's promotion variant without repeats.
    std::uint32_t promotion_eta = 0;
    LineageRules lineages = {};
};

/// One object for a whole run: it goes on over all starts. Cost: O(members of a rung) for each promotion; O(snapshots)
/// for each lost worker or second copy; O(members) for each member of a lineage that gives up; O(log n) otherwise.
class Checkers : public SimulationObserver {
public:
    explicit Checkers(CheckerSettings settings)
        : settings_(std::move(settings)), to_found_(settings_.lineages.founders) {}

    /// Throws CheckFailed.
    void on(const Input& input, std::span<const Effect> effects) override;
    /// Copies of snapshots in the memory of living workers, by the checkers' account.
    std::size_t copies() const;
    /// Compares the manager's totals, members and best with the account, at any time. Throws CheckFailed.
    void compare(const Manager& manager) const;

private:
    struct Member {
        Resource reached = 0;   ///< of its last report, partial ones included; before that, of its parent at birth
        Resource asked = 0;     ///< furthest training that it was ever asked for
        Resource finished = 0;  ///< furthest full report
        double objective = std::numeric_limits<double>::infinity();  ///< of the last full report
        LeaseId out;                                                 ///< the lease that it trains under
        SnapshotId latest;  ///< its next start; before its first report its parent's at birth
        bool inherits = false;
        MemberId parent = {};
        bool has_heirs = false;      ///< that have reported
        std::int64_t reported = -1;  ///< input of the last full report
        Configuration configuration = {};
        bool over = false;     ///< failed or diverged: never trained again
        bool stopped = false;  ///< by the user, while it trained: its report is no longer ranked
    };
    struct Lease {
        WorkerId worker;
        MemberId member;
        Resource from = 0;
        Resource to = 0;
        Source source;
        double assigned = 0;
        Resource wanted = 0;  ///< `to`, unless the budget cut it
    };
    struct Copy {
        MemberId member;
        Resource resource = 0;
        std::uint64_t bytes = 0;
        std::set<WorkerId> memory;
        WorkerId writer = {};  ///< told to write the durable copy; then it may leave memory
        bool durable = false;
    };
    struct Transfer {
        SnapshotId snapshot;
        WorkerId owner;
        WorkerId receiver;
        bool second_copy = false;
    };
    struct Worker {
        bool alive = false;
        std::string host = {};
        std::uint64_t quota = 0;
        std::set<LeaseId> leases;
    };

    [[noreturn]] void violated(const std::string& what) const;
    void check(bool condition, const char* what) const {
        if (!condition) violated(what);
    }

    // checkers.cpp: inputs
    void input(const input::IncarnationStarted&);
    void input(const input::WorkerJoined&);
    void input(const input::WorkerLost&);
    void input(const input::Report&);
    void input(const input::Failure&);
    void input(const input::Persisted&);
    void input(const input::SnapshotMissing&);
    void input(const input::TransferDone&);
    void input(const input::TransferFailed&);
    void input(const input::TransferLate&);
    void input(const input::Ticked&) {}
    void input(const input::StopRequested&) { stopping_ = true; }
    void input(const input::MemberStopped&);
    void input(const input::BudgetChanged&);
    void input(const input::ModelFitted&) {}
    std::optional<Lease> close(WorkerId worker, LeaseId lease);
    void close_all(WorkerId worker);
    void lose_memory(WorkerId worker);
    void rank(MemberId member, Resource resource, const MetricRow* row, Resource wanted);

    // checkers_effects.cpp
    void effect(const effect::Born&);
    void effect(const effect::Train&);
    void effect(const effect::Serve&);
    void effect(const effect::AbortTransfer&);
    void effect(const effect::Drop&);
    void effect(const effect::Persist&);
    void effect(const effect::Erase&);
    void effect(const effect::Cancel&);
    void effect(const effect::Dismiss&);
    void effect(const effect::Noted&);
    void effect(const effect::Ended&);
    void effect(const effect::Replicate&);
    void check_source(const effect::Train&) const;
    void check_heir(const effect::Born&, Member& child) const;
    void check_budget(const effect::Train&) const;
    void check_promotion(const effect::Train&, Resource wanted);
    void check_no_leaks() const;
    void check_spent() const;
    void check_drops();
    // checkers_lineages.cpp
    bool lives(const Member& member) const;
    bool may_go_on(const Member& member) const;
    /// The scheduler does not know which snapshots a fault has cost, nor which ones reappear (a durable copy that was
    /// being written). It knows for certain only of members that have reported since.
    bool knows(const Member& member) const;
    void note_loss(const Copy& copy);
    void check_founder();
    void note_gone(SnapshotId snapshot);
    void check_gone();
    /// `one` may give up, because `other` lives.
    bool follows(const Member& other, const Member& one) const;

    bool holds(WorkerId worker, SnapshotId snapshot) const;
    bool can_be_had(SnapshotId snapshot) const;
    void check_room(WorkerId worker) const;

    CheckerSettings settings_;
    std::uint64_t sequence_ = 0;
    double time_ = 0;
    bool ended_ = false;
    bool stopping_ = false;
    bool target_reached_ = false;
    bool late_ = false;  ///< this input is a report or failure of a lease that is not out
    bool ticked_ = false;
    double fastest_unit_ = std::numeric_limits<double>::infinity();  ///< seconds of a unit, over all reports
    std::vector<effect::Drop> dropped_;                              ///< in answer to this input
    std::vector<SnapshotId> gone_;     ///< dropped in answer to this input, and lost everywhere
    std::set<SnapshotId> given_away_;  ///< snapshots that were dropped or erased everywhere
    std::set<std::pair<WorkerId, SnapshotId>>
        aborted_;          ///< aborted in answer to this input, at receivers: they may have arrived
    TransferId too_late_;  ///< the second copy that this input gives up
    /// The snapshot that this input reports missing: the manager may still clear it away, but not use it.
    std::pair<WorkerId, SnapshotId> absent_;
    std::pair<LeaseId, Resource> cut_;  ///< the lease that a Noted just before announced as cut, and what was wanted
    LeaseId retrain_;                   ///< the lease that a Noted just before announced as a retraining

    std::vector<Member> members_;
    std::map<LeaseId, Lease> leases_;
    std::map<WorkerId, Worker> workers_;
    std::map<SnapshotId, Copy> copies_;
    std::map<TransferId, Transfer> transfers_;
    std::set<std::pair<WorkerId, WorkerId>> unreached_;  ///< a second copy did not come from one to the other
    std::map<Resource, std::vector<std::pair<double, MemberId>>>
        finished_;  ///< objectives of all members that finished there
    std::uint64_t next_lease_ = 0;
    std::uint64_t next_transfer_ = 0;
    std::uint64_t sampled_ = 0;
    std::int64_t last_loss_ = -1;  ///< input of the last fault that cost a snapshot
    std::uint32_t to_found_ = 0;   ///< births from scratch that are allowed
    std::uint64_t reports_ = 0;
    std::uint64_t failures_ = 0;
    std::uint64_t lates_ = 0;
    std::uint64_t deferred_ = 0;  ///< promotions that a resource budget may have kept for a larger budget
    std::uint64_t charged_ = 0;   ///< resource done, lost, or out now
    std::optional<std::pair<double, MemberId>> best_;
    SnapshotId best_snapshot_;
};

}  // namespace stemma
