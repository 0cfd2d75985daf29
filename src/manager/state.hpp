#pragma once
// The manager's state, shared by the files that implement it: manager.cpp (inputs), reports.cpp, failures.cpp,
// dispatch.cpp (which worker trains what next).

#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "manager/best_so_far.hpp"
#include "manager/deadlines.hpp"
#include "manager/front_archive.hpp"
#include "manager/manager.hpp"
#include "manager/members.hpp"
#include "manager/repeats.hpp"
#include "manager/snapshots.hpp"
#include "manager/transfers.hpp"
#include "manager/workers.hpp"

namespace stemma {

struct Manager::State : private Placement {
    State(ManagerSettings settings, SearchSpace space, std::unique_ptr<Scheduler> scheduler,
          std::unique_ptr<Sampler> sampler);

    // manager.cpp: one function for each kind of input
    void on(const input::IncarnationStarted&, Effects& out);
    void on(const input::WorkerJoined&, Effects& out);
    void on(const input::WorkerLost&, Effects& out);
    void on(const input::Persisted&, Effects& out);
    void on(const input::SnapshotMissing&, Effects& out);
    void on(const input::TransferDone&, Effects& out);
    void on(const input::TransferFailed&, Effects& out);
    void on(const input::TransferLate&, Effects& out);
    void on(const input::Ticked&, Effects& out);
    void on(const input::StopRequested&, Effects& out);
    void on(const input::MemberStopped&, Effects& out);
    void on(const input::BudgetChanged&, Effects& out);
    void on(const input::ModelFitted&, Effects& out);

    // reports.cpp
    void on(const input::Report&, Effects& out);
    void rank(MemberId member, const input::Report& report, Effects& out);
    /// The part of a report's rows that schedulers see; valid until the next call.
    std::span<const UnitResult> curve_of(const std::vector<MetricRow>& rows);
    void consider(const ConfigurationResult& result, Effects& out);
    void tell_scheduler(const Event& event, Effects& out);
    /// Orders what the policies require of a snapshot that must outlive its worker, for this reason.
    enum class Reason : std::uint8_t { interrupted, best, ranked, promotable };
    void protect(std::uint32_t slot, Reason reason, Effects& out);
    void apply_retention(const Action& action, Effects& out);
    void replace_latest(MemberId member, std::uint32_t slot, Effects& out);
    void release_member(MemberId member, MemberState state, Effects& out);
    /// Minimized, +infinity if not finite.
    double objective(double metric) const;
    /// All that are optimized, minimized, the first one first.
    Objectives objectives(std::span<const double> metrics) const;

    // failures.cpp
    void on(const input::Failure&, Effects& out);
    void retry_or_give_up(const ActiveLease& lease, WorkerId worker, FailureKind kind, std::string_view error,
                          Effects& out);
    void try_elsewhere(const ActiveLease& lease, WorkerId worker, Effects& out);
    /// A device error broke the program, which the worker has replaced.
    void broke(const ActiveLease& lease, WorkerId worker, const std::string& error, Effects& out);
    void retire(WorkerId worker, LeaseId lease, Effects& out);
    void diverged(const ActiveLease& lease, WorkerId worker, Effects& out);
    /// `kind`: of its last failure; none: at the user's request. The sampler learns of a cause that lies in the
    /// configuration.
    void give_up(MemberId member, LeaseId lease, WorkerId worker, FailureKind kind, Effects& out);
    void count_failure(std::string error, Effects& out);
    void unavailable(const ActiveLease& lease, WorkerId worker, Effects& out);
    void lose_worker(WorkerId worker, Effects& out);
    void expire(WorkerId worker, LeaseId lease, Effects& out);

    // dispatch.cpp: hands out work while there is room, then ends the run if nothing can come any more.
    void fill(Effects& out);
    bool may_grant() const;
    std::optional<QueuedWork> next_work(Effects& out);
    std::optional<MemberId> give_birth(const action::Create& create, Effects& out);
    std::optional<Configuration> configuration_for(const action::Create& create);
    /// What the last proposal rests on, where it is not the present model.
    void note_basis(MemberId member, Effects& out);
    /// The choice of a sampler that chooses, once it is made.
    void note_choice(Effects& out);
    /// After a refused proposal.
    void note_used_up(Effects& out);
    bool waits_for_model() const;
    /// True if the member has a snapshot that is still available.
    bool continuable(MemberId member) const;
    bool assign_next(Effects& out);
    /// Training that the budget leaves.
    std::uint64_t resource_left() const;
    /// Work that was set aside goes back to the queue, for a larger budget.
    void take_back_unaffordable(Effects& out);
    WorkerId place(const QueuedWork& work) const;
    /// A holder of its snapshot that is as free as `best_room`; none if there is none.
    WorkerId free_holder(MemberId member, WorkerId best_room, WorkerId avoid) const;
    bool stays(MemberId member) const override { return free_holder(member, workers.freest(), {}).exists(); }
    /// Trains to `to`. If the budget is short, `to` is less than the work asks for.
    void assign(const QueuedWork& work, Resource to, WorkerId worker, Effects& out);
    /// True if its snapshot must come from another worker, and so many transfers of it run that waiting is better.
    bool must_wait(const QueuedWork& work, WorkerId worker) const;
    /// Work that waited for the end of a transfer goes back to the queue.
    void queue_woken();
    /// The member is not to be trained: neither queued nor waiting any more.
    void forget_work(MemberId member);
    Source choose_source(std::uint32_t slot, WorkerId worker, LeaseId lease, Effects& out);
    void settle(const ActiveLease& lease, Resource reached, Effects& out);
    void close(EndReason reason, bool cancel_running, Effects& out);
    void end_if_over(Effects& out);

    ManagerSettings settings;
    SearchSpace space;
    std::unique_ptr<Scheduler> scheduler;
    std::unique_ptr<Sampler> sampler;

    MemberTable members;
    WorkerTable workers;
    TransferTable transfers;
    SnapshotStore snapshots;
    Deadlines deadlines;
    BestSoFar best;
    FrontArchive front;
    std::set<LeaseId>
        taken_back;  ///< expired, their workers alive: a late report of such a lease leaves a snapshot behind
    std::deque<QueuedWork> queue;
    std::vector<QueuedWork> unaffordable;  ///< while work is handed out

    double now = 0;
    std::uint64_t sequence = 0;
    LeaseId next_lease{0};
    std::uint64_t proposals = 0;         ///< members that are not repeats
    std::uint64_t resource_granted = 0;  ///< done, lost, or out now

    bool choice_noted = false;  ///< of the sampler

    std::optional<EndReason> closing;
    std::optional<EndReason> exhausted_by;  ///< why the scheduler was refused members
    bool ended = false;
    std::uint32_t expected_workers = 0;  ///< of this start; 0 = not known
    std::uint32_t settled_workers = 0;   ///< of these, joined or lost

    Totals totals;
    std::optional<double> baseline;  ///< objective of the best constant prediction, as far as known
    RepeatLedger repeats;
    std::string last_error;
    std::uint32_t errors_in_a_row = 0;

    std::optional<RecordedAnswer> recorded;  ///< in replay only
    std::vector<UnitResult> curve;           ///< scratch of curve_of()
    Actions actions;                         ///< scratch, to save an allocation for each event
};

}  // namespace stemma
