#pragma once
// The rank-0 machine: inputs in, effects out. Leases, budget, where snapshots are, failures and retries, the best
// member. Pure: everything it knows came in as an Input, so the same log gives the same decisions anywhere.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "manager/effect.hpp"
#include "manager/input.hpp"
#include "manager/proposals.hpp"
#include "sampler/sampler.hpp"
#include "scheduler/scheduler.hpp"
#include "space/search_space.hpp"

namespace stemma {

/// Which snapshots must outlive the worker that made them: the best one; those of members that may be promoted too;
/// all. What a training left that was cut short counts under every policy but `none`.
enum class DurablePolicy : std::uint8_t { none, best, promotable, all };

struct ManagerSettings {
    std::uint64_t seed = 0;
    std::size_t metric = 0;  ///< index into the trainer's metrics
    bool maximise = false;
    Resource max = 0;         ///< members are trained to this at most, for programs to know; 0 = they are not told
    Resource final_from = 0;  ///< reports below it are never the result; a raised largest resource raises it, if not 0
    Budget budget = {};
    std::uint32_t repeats = 1;             ///< members that train each configuration: what counts is their mean
    std::uint32_t retries = 1;             ///< of a training that failed with an exception
    std::uint32_t failures_in_a_row = 10;  ///< same kind and type from different members: the search stops; 0 = never
    DurablePolicy durable = DurablePolicy::promotable;  ///< those that get a copy on disk
    DurablePolicy replicated = DurablePolicy::none;     ///< those that a second worker keeps in memory too
    bool spill = true;                                  ///< over quota: to disk first, instead of dropping
    double lease_timeout = 0;                           ///< seconds; 0 = none
    /// A lease is taken back when it lasts this many times as long as the slowest one so far would have, unit for unit,
    /// those before it at its worker included; never within lease_floor seconds, nor before a first report. 0 = none.
    double lease_patience = 0;
    double lease_floor = 300;
    std::uint32_t leases_ahead = 0;  ///< leases queued at a worker beside the one it trains
    /// Nothing new is given out while a fit that the sampler wants is under way: proposals then do not depend on how
    /// long fits take.
    bool wait_for_models = false;
};

enum class MemberState : std::uint8_t { waiting = 0, training = 1, diverged = 2, failed = 3, released = 4 };

/// Read access for the status line, the final report and tests.
struct MemberView {
    MemberState state = MemberState::waiting;
    bool to_be_retried = false;  ///< its training failed, and is to be done again
    Resource reached = 0;        ///< of its last report; before it, of its parent at its birth
    double metric = 0;           ///< of its last report (NaN before the first)
    ConfigurationView configuration;
};

struct Totals {
    std::uint64_t members = 0;
    std::uint64_t reports = 0;
    std::uint64_t diverged = 0;  ///< of the reports, those without a finite result
    std::uint64_t failures = 0;  ///< members given up
    std::uint64_t late = 0;
    std::uint64_t leases = 0;     ///< assigned
    std::uint64_t running = 0;    ///< out now
    std::uint64_t resource = 0;   ///< done, in the job's unit
    std::uint64_t retrained = 0;  ///< of which done twice
    double busy_seconds = 0;      ///< of training, summed over workers
};

/// With repeats: the best configuration by the mean over its members, of which `member` has the best report.
struct Best {
    MemberId member;
    SnapshotId snapshot;
    Resource resource = 0;
    double metric = 0;                 ///< the one that is optimised
    std::vector<double> metrics;       ///< all of that report's last row; with repeats their means
    std::vector<double> spreads = {};  ///< with repeats: standard deviations over the members; else empty
};

class Manager {
public:
    Manager(ManagerSettings settings, SearchSpace space, std::unique_ptr<Scheduler> scheduler,
            std::unique_ptr<Sampler> sampler);
    ~Manager();
    Manager(Manager&&) noexcept;
    Manager& operator=(Manager&&) noexcept;

    /// Appends the answer to `input` to `out` (not cleared). Inputs come in order of sequence, times never decrease
    /// (InternalError). O(log n) amortised over members and workers.
    void on(const Input& input, Effects& out);
    /// As on(), for an input whose recorded answer is `recorded`: births take their configurations from it, and what
    /// the sampler proposes now is only compared with them.
    void replay(const Input& input, std::span<const Effect> recorded, Effects& out, ProposalCheck& check);

    bool ended() const;
    /// Time at which a Ticked input would change something; infinity if never.
    double next_deadline() const;
    std::optional<Best> best() const;
    const Budget& budget() const;
    Totals totals() const;
    std::uint64_t member_count() const;
    MemberView member(MemberId id) const;
    /// Joined in this incarnation, and neither lost nor retired.
    bool has_worker(WorkerId id) const;
    const Scheduler& scheduler() const;
    const SearchSpace& space() const;
    /// Seed handed to the trainer with a lease of this member.
    std::uint64_t training_seed(MemberId id) const;
    /// The parent whose snapshot a lease of this member from `from` starts with; none if that is its own, or none.
    MemberId adopted_from(MemberId id, Resource from) const;
    /// What members are trained to at most; 0 = not known.
    Resource max_resource() const;
    /// The snapshot that the member would be continued from; none if it has none.
    SnapshotId latest_snapshot(MemberId id) const;
    /// Durable copies that the record promises, for the check on resume.
    std::vector<SnapshotId> durable_snapshots() const;
    /// Snapshots that somebody needs, wherever they are, ascending. O(snapshots).
    std::vector<SnapshotId> kept_snapshots() const;
    /// Fits that the sampler wants: run them when convenient and feed ModelFitted.
    std::span<const WantedFit> wanted_fits() const;
    /// Bytes that the manager's own state takes, members included (for the stated bound).
    std::size_t memory_bytes() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace stemma
