#pragma once
// A scheduler decides which member trains next and for how long. It is a pure state machine: no clock, no I/O, no
// global state. Its random draws are keyed by (run seed, purpose, member).

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "core/ids.hpp"

namespace stemma {

// ---- events ----------------------------------------------------------------------------------------------------

/// Where weights are.
class Placement {
public:
    virtual ~Placement() = default;
    /// True if the free worker, or another worker that is as free, has this member's snapshot in memory: then nothing
    /// has to move.
    virtual bool stays(MemberId member) const = 0;
};

/// The objective after one unit of training.
struct UnitResult {
    Resource resource = 0;
    double objective = 0;  ///< minimized, finite
};

namespace event {

/// A worker is free. Name at most one piece of work (Create or Train), or none if nothing can be done before another
/// event.
struct WorkWanted {
    double now = 0;  ///< seconds of the run's time
    /// Valid during the call; null = not known. For schedulers with a queue, if its order does not matter.
    const Placement* placement = nullptr;
};

/// The member finished training to `resource` as its last Create/Train asked. `objective` is minimized. It is +infinity
/// for a non-finite metric: it then counts in its rung as worst, and the member is never promoted.
struct Report {
    MemberId member;
    Resource resource = 0;
    double objective = std::numeric_limits<double>::infinity();
    double now = 0;  ///< seconds of the run's time
    /// The units of the training that ended with this report, ascending; those whose metric is not finite, and those
    /// before an interruption, are missing. Empty where they are not known. Valid during the call.
    std::span<const UnitResult> curve = {};
    bool learned = true;  ///< false: no better than the best constant prediction (MetricInfo::baseline)
    /// The objectives after the first, minimized; empty with one objective. If one of them is not finite, `objective`
    /// is +infinity. Valid during the call.
    std::span<const double> more = {};
};

/// The member will never report: failed for good, infeasible, or stopped by the user. It does not count in any rung.
struct GivenUp {
    MemberId member;
};

/// The last Create was granted: the new member is `member`. Comes before any other event.
struct Created {
    MemberId member;
};

/// The last Create was refused: the sampler is exhausted or the members budget is spent. No Create will be granted
/// again until Extended.
struct NoMoreMembers {};

/// On resume: the largest resource was raised to `max_resource` (never lowered), or members may be created again.
struct Extended {
    Resource max_resource = 0;
};

/// The last Create was not granted. Either the snapshot of its `parent` is no longer available (lost with its worker,
/// without a durable copy). Or the parent is beyond the child's target, because it was interrupted on its way. Do not
/// name the member as parent before it has reported again.
struct ParentLost {
    MemberId parent;
};

/// next_deadline() has come.
struct TimePassed {
    double now = 0;
};

}  // namespace event

using Event = std::variant<event::WorkWanted, event::Report, event::GivenUp, event::Created, event::NoMoreMembers,
                           event::Extended, event::ParentLost, event::TimePassed>;

// ---- actions ---------------------------------------------------------------------------------------------------

enum class BirthCause : std::uint8_t {
    sampled = 1,       ///< configuration from the sampler, from scratch
    repeat = 2,        ///< configuration of `same_as`, other seed, from scratch
    exploit = 3,       ///< PBT: continues from `parent`, hyperparameters perturbed or sampled anew
    adoption = 4,      ///< GPBT: continues from `parent`, hyperparameters from the sampler conditioned on its lineage
    continuation = 5,  ///< PBT with backtracking: goes on as its parent would have; the parent is kept to go back to
    backtrack = 6,  ///< PBT: the lineage got worse and goes back to `parent`, the best member in it, as in an exploit
};

/// True if the child goes on from its parent's weights.
constexpr bool inherits_weights(BirthCause cause) {
    return cause != BirthCause::sampled && cause != BirthCause::repeat;
}

namespace action {

/// A new member, trained from its starting point to `to`. It starts from scratch, or from the latest snapshot of
/// `parent`, which has one: it has reported and was not released. Its configuration comes from the sampler, or is that
/// of `same_as`. Answered by Created, NoMoreMembers or ParentLost before the next event. A member with a parent is
/// never retrained from scratch: if its start is no longer available, it is given up.
struct Create {
    Resource to = 0;
    MemberId same_as = {};  ///< the new member takes its configuration unchanged
    MemberId parent = {};   ///< the new member takes its weights
    MemberId donor = {};    ///< the sampler perturbs its hyperparameters; none = the parent's
    std::uint32_t generation = 0;
    BirthCause cause = BirthCause::sampled;
    MemberId replaces = {};  ///< the new member takes the place of this member in a population
    BracketId bracket = {};  ///< the new member competes in this bracket
    /// The new member, with the configuration of its parent, is the parent trained on: samplers see one trial, of which
    /// the parent's report is an earlier value.
    bool same_trial = false;
};

/// Continue this member from its last report to `to`.
struct Train {
    MemberId member;
    Resource to = 0;
};

/// The member may be continued later: keep its snapshot. Of the kept snapshots the one with the lowest priority is
/// dropped first when memory is short. `promotable` asks for a durable copy.
struct Keep {
    MemberId member;
    double priority = 0;
    bool promotable = false;
};

/// The member will never be continued: its snapshot may go.
struct Release {
    MemberId member;
};

/// The member is a parent of the generation with this number. Recorded; it changes nothing else.
struct Select {
    MemberId member;
    std::uint32_t generation = 0;
};

/// One of several searches side by side is stopped. Recorded; it changes nothing else. The best member of the stopped
/// search, and the better one of another search.
struct StopArm {
    MemberId behind;
    MemberId ahead;
};

}  // namespace action

using Action =
    std::variant<action::Create, action::Train, action::Keep, action::Release, action::Select, action::StopArm>;
using Actions = std::vector<Action>;

/// One line of the table that preview, the final report and `stemma status` print.
struct RungRow {
    int bracket = 0;
    int rung = 0;
    Resource resource = 0;       ///< members of this rung are trained to this resource
    std::uint64_t entered = 0;   ///< members sent to this rung (in preview: expected)
    std::uint64_t finished = 0;  ///< of these, reported (in preview: expected)
    std::uint64_t promoted = 0;  ///< of these, sent further (in preview: expected)
};

/// One of several searches side by side, each with an interval of its own (arms.hpp).
struct ArmRow {
    Resource interval = 0;          ///< its first one; the others differ by at most one unit
    std::uint64_t generations = 0;  ///< up to the largest resource
    Resource closed_at = 0;         ///< end of its last whole generation; 0 before
    MemberId best = {};             ///< of that generation
    bool dead = false;              ///< it lost all of its members
    int stopped_by = -1;            ///< number of the row of the search that was ahead; -1 = not stopped
    Resource stopped_at = 0;        ///< where the two were compared
    MemberId behind = {};           ///< its own best there or later
    MemberId ahead = {};            ///< the other's best there
};

/// Contract (tests/contract/scheduler/scheduler_suite.hpp):
/// * At most one Create or Train in answer to WorkWanted, and none to other events.
/// * A member is trained only forwards, by one piece of work at a time.
/// * Every member that is asked for is eventually released or finished, if reports come.
/// * O(log n) for each event.
class Scheduler {
public:
    virtual ~Scheduler() = default;
    /// Appends to `out` (which is not cleared).
    virtual void on(const Event& event, Actions& out) = 0;
    /// The present rungs, ascending by (bracket, rung); empty for schedulers without rungs.
    virtual std::vector<RungRow> rungs() const = 0;
    /// Searches side by side, the one with the shortest interval first; empty where there are none.
    virtual std::vector<ArmRow> arms() const { return {}; }
    /// Run time in seconds at which it needs TimePassed; infinity if never. Not earlier than the last event.
    virtual double next_deadline() const { return std::numeric_limits<double>::infinity(); }
    /// True if no event that can still come would make work. The search is then over once nothing runs.
    virtual bool exhausted() const = 0;
    /// "asha (promotion): eta 3, rungs 1 3 9 epochs"
    virtual std::string describe() const = 0;
    /// Bytes of its state that grow with the members.
    virtual std::size_t memory_bytes() const { return 0; }
};

}  // namespace stemma
