#pragma once
// The machine of rank 0: inputs in, effects out. It decides on leases, budget, places of snapshots, failures and
// retries, and the best member. Pure: everything it knows came in as an Input, so that the same log gives the same
// decisions anywhere.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "manager/effect.hpp"
#include "manager/input.hpp"
#include "manager/proposals.hpp"
#include "outcome/outcome.hpp"
#include "sampler/sampler.hpp"
#include "scheduler/scheduler.hpp"
#include "space/search_space.hpp"

namespace stemma {

/// Which snapshots must outlive the worker that made them: the best; also those of members that may be promoted; all.
/// Snapshots of interrupted trainings count under every policy but `none`.
enum class DurablePolicy : std::uint8_t { none, best, promotable, all };

inline constexpr std::uint32_t leases_ahead_max = 64;
inline constexpr std::uint32_t leases_ahead_auto = ~std::uint32_t{0};

/// A metric that is optimized.
struct ObjectiveSettings {
    std::size_t metric = 0;  ///< index into the trainer's metrics
    bool maximize = false;
};

struct ManagerSettings {
    std::uint64_t seed = 0;
    std::size_t metric = 0;  ///< index into the trainer's metrics
    bool maximize = false;
    std::vector<ObjectiveSettings> more = {};  ///< the metrics optimized beside it, at most two
    std::optional<double> baseline = {};  ///< of the metric, instead of what the trainers say (MetricInfo::baseline)
    Resource max = 0;                     ///< largest resource of a member, for programs; 0 = they are not told
    Resource final_from = 0;  ///< reports below it are never the result; if not 0, a raised largest resource raises it
    Budget budget = {};
    std::uint32_t repeats = 1;             ///< members that train each configuration: their mean counts
    std::uint32_t retries = 1;             ///< of a training that failed with an exception
    std::uint32_t failures_in_a_row = 10;  ///< same kind and type from different members: the search stops; 0 = never
    DurablePolicy durable = DurablePolicy::promotable;  ///< snapshots that get a copy on disk
    DurablePolicy replicated = DurablePolicy::none;     ///< snapshots that a second worker also keeps in memory
    bool spill = true;                                  ///< over quota: to disk first, instead of dropping
    double lease_timeout = 0;                           ///< seconds; 0 = none
    /// A lease is taken back after this many times the time of the slowest lease so far, unit for unit. Leases before
    /// it at its worker count too. Never within lease_floor seconds, nor before a first report. 0 = none.
    double lease_patience = 0;
    double lease_floor = 300;
    /// Leases queued at a worker beside the lease in training, at most leases_ahead_max. leases_ahead_auto: as many as
    /// the measured times call for (Prefetch).
    std::uint32_t leases_ahead = 0;
    /// Give out no new work while a fit that the sampler wants is running: proposals then do not depend on how long
    /// fits take.
    bool wait_for_models = false;
};

enum class MemberState : std::uint8_t { waiting = 0, training = 1, diverged = 2, failed = 3, released = 4 };

/// Read access for the status line, the final report and tests.
struct MemberView {
    MemberState state = MemberState::waiting;
    FailureKind failure = FailureKind::none;  ///< of a failed member, why; none: stopped at the user's request
    bool to_be_retried = false;               ///< its training failed, and will be repeated
    Resource reached = 0;                     ///< of its last report; before that, of its parent at its birth
    double metric = 0;                        ///< of its last report (NaN before the first)
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
    std::uint64_t retrained = 0;  ///< of this, trained twice
    double busy_seconds = 0;      ///< of training, summed over workers
};

/// With repeats: the best configuration by the mean over its members. `member` is the one with the best report.
struct Best {
    MemberId member;
    SnapshotId snapshot;
    Resource resource = 0;
    double metric = 0;                 ///< the metric that is optimized
    std::vector<double> metrics;       ///< all metrics of that report's last row; with repeats their means
    std::vector<double> spreads = {};  ///< with repeats: standard deviations over the members; else empty
};

/// A result that no other result dominates: at least as good in all objectives, and better in one.
struct FrontEntry {
    MemberId member;
    Resource resource = 0;
    Objectives objectives;        ///< minimized, in the order of the job
    std::vector<double> metrics;  ///< all metrics; with repeats their means
};

class Manager {
public:
    Manager(ManagerSettings settings, SearchSpace space, std::unique_ptr<Scheduler> scheduler,
            std::unique_ptr<Sampler> sampler);
    ~Manager();
    Manager(Manager&&) noexcept;
    Manager& operator=(Manager&&) noexcept;

    /// Appends the answer to `input` to `out` (not cleared). Inputs come in order of sequence, times never decrease
    /// (InternalError). O(log n) amortized over members and workers.
    void on(const Input& input, Effects& out);
    /// As on(), for an input whose recorded answer is `recorded`. Births take their configurations from it. Present
    /// proposals of the sampler are only compared with them.
    void replay(const Input& input, std::span<const Effect> recorded, Effects& out, ProposalCheck& check);

    bool ended() const;
    /// Time at which a Ticked input would change something; infinity if never.
    double next_deadline() const;
    /// With several objectives: the one with the best first metric on the front.
    std::optional<Best> best() const;
    /// With several objectives the results that none dominates, ascending by their objectives, then in the order of
    /// their reports. Empty with one.
    std::span<const FrontEntry> front() const;
    /// The metrics that are optimized, at least one.
    std::vector<ObjectiveSettings> objectives() const;
    /// Results that are not on the front.
    std::uint64_t dominated() const;
    const Budget& budget() const;
    Totals totals() const;
    std::uint64_t member_count() const;
    MemberView member(MemberId id) const;
    /// True if it joined in this start, and is neither lost nor retired.
    bool has_worker(WorkerId id) const;
    const Scheduler& scheduler() const;
    const SearchSpace& space() const;
    /// Seed handed to the trainer with a lease of this member.
    std::uint64_t training_seed(MemberId id) const;
    /// The parent from whose snapshot the member's first training starts. None if the member has reported, or has no
    /// parent.
    MemberId adopted_from(MemberId id) const;
    /// Largest resource of a member; 0 = not known.
    Resource max_resource() const;
    /// The snapshot from which the member would be continued; none if there is none.
    SnapshotId latest_snapshot(MemberId id) const;
    /// Durable copies that the record promises, for the check on resume.
    std::vector<SnapshotId> durable_snapshots() const;
    /// Every snapshot from this one on has yet to be made.
    SnapshotId next_snapshot() const;
    /// Snapshots that are needed, in any memory or on disk, ascending. O(snapshots).
    std::vector<SnapshotId> kept_snapshots() const;
    /// Fits that the sampler wants: run them at any time and feed ModelFitted.
    std::span<const WantedFit> wanted_fits() const;
    const Sampler& sampler() const;
    /// Bytes of the manager's own state, members included (for the stated bound).
    std::size_t memory_bytes() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace stemma
