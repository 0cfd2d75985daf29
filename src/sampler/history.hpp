#pragma once
// What a model-based sampler may learn from: the finished trials of a run, those of one lineage, and the steps of
// members that train in intervals.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "sampler/sampler.hpp"

namespace stemma {

/// One member as a point of data. The views are valid until the next born().
struct Trial {
    MemberId member;
    std::span<const double> unit;     ///< SearchSpace::to_unit(configuration); 0.5 where inactive or constant
    ConfigurationView configuration;  ///< says which coordinates are active
    double time = 0;        ///< trainings of its lineage before the observed training; 0 for all if there is no parent
    double objective = 0;   ///< finite, unless pending or diverged: then +infinity
    Resource resource = 0;  ///< at which the objective was measured; 0 while pending
    bool pending = false;   ///< born, but not observed yet
    bool diverged = false;  ///< observed as +infinity: belongs to the worst trials, and does not count in means
    bool failed = false;    ///< of feasibility(): it failed, and did not run
};

/// What one interval of training changed. The views are valid until the next born().
struct Step {
    MemberId member;
    std::span<const double> unit;     ///< as in Trial
    ConfigurationView configuration;  ///< as in Trial
    double time = 0;                  ///< resource at the end of the interval
    double change = 0;                ///< of the objective, per unit of resource; negative = better
    bool diverged = false;            ///< an end of the interval is +infinity; change is then +infinity
};

struct HistorySettings {
    /// A resource is used for trials from scratch if it has this many finite observations. 0 = number of parameters
    /// that are not constant, plus one (BOHB: Falkner et al., ICML 2018, section 3.1).
    std::size_t min_trials = 0;
    std::size_t at_least = 0;  ///< lower bound of that number, whatever min_trials says
};

/// Feed it with every call that a Sampler gets. A birth or an observation costs O(log members). Memory is 24 bytes for
/// each parameter, and about 380 bytes for each member from scratch.
///
/// A member whose configuration failed (Observation::failure) is no trial any more, at any resource: it is a point of
/// feasibility().
class History {
public:
    explicit History(std::shared_ptr<const SearchSpace> space, HistorySettings settings = {});

    /// Members are numbered in order of birth, and a parent is born before its children. Otherwise throws
    /// InternalError.
    void born(const Birth& birth);
    /// The member must have been born. A second value at the same resource replaces the first.
    void observe(const Observation& observation);
    void given_up(MemberId member);

    /// Trials in ascending order of member, pending ones included.
    ///
    /// Without parent: the members born from scratch, each with its value at the highest resource that has min_trials
    /// finite values. If no resource has so many: at the resource with most values, of equal ones the highest. With a
    /// parent, what GPBT calls the parent's history: all members from scratch, the parent's own children, and the
    /// children of each of its ancestors. Each has its value at the highest resource where it was observed. (GPBT's
    /// paper hands a child a copy at its selection. Here a lineage also sees children that a kept ancestor had after
    /// that.)
    ///
    /// A member that goes on with a trial (Birth::same_trial) stands for the trial at the end of its own training. A
    /// lineage that begins with it sees, instead of the members from scratch, all such members that began at the same
    /// resource: the same trials, with their values there. They count as trained once. Only lineages see them.
    ///
    /// Of more than `cap` observed trials (cap >= 2) two groups are kept: the better half of cap, and of the others the
    /// youngest members. Pending trials are always kept. Cost: O(cap log cap) plus, with a parent, O(min(cap,
    /// children)) for each ancestor.
    std::vector<Trial> trials(MemberId parent, std::size_t cap) const;

    /// The members of the run that failed in this way, and those that have reported at any resource and did not fail in
    /// this way; in ascending order of member. Nothing if none failed so. Trial::time counts the trainings of the
    /// lineage before the member's birth, `objective` means nothing, `resource` is 0.
    ///
    /// Whether a configuration can be trained does not depend on a resource or a lineage. So a model learns it from all
    /// members at once. Of more than `cap` members (cap >= 2) the latest of each group are kept, half of cap of each
    /// if there are so many. Cost: O(cap log cap) plus the latest reports of members that failed.
    std::vector<Trial> feasibility(Infeasibility kind, std::size_t cap) const;
    /// Members whose configuration failed in any way.
    std::size_t failures() const;

    /// The `cap` latest steps in order of observation: of the lineage as in trials(), or of all members if `parent` is
    /// none. An interval begins at the member's previous observation. A child's first interval begins at its parent's
    /// observation at the resource where the child was born; without that observation there is no step. Cost: O(cap),
    /// times the number of ancestors with a parent.
    std::vector<Step> steps(MemberId parent, std::size_t cap) const;

    /// A proposal's time, in units of Trial::time: 0 without parent, else the number of trainings of its lineage.
    double time_of_child(MemberId parent) const;
    bool knows(MemberId member) const { return member.value < members_.size() && members_[member.value].known; }
    /// The configuration of a member that was born. Valid until the next born().
    ConfigurationView configuration(MemberId member) const;
    std::span<const double> unit(MemberId member) const;

    const SearchSpace& space() const { return *space_; }

private:
    using Ranking = std::set<std::pair<double, MemberId>>;

    /// Members and their values, ordered for "the best" and "the youngest".
    struct Scores {
        Ranking best;  ///< diverged members at the end
        std::map<MemberId, std::pair<double, Resource>> by_member;
        std::size_t finite = 0;

        void set(MemberId member, double objective, Resource resource);
        void erase(MemberId member);
    };
    /// The children of one parent, or the members from scratch.
    struct Family {
        Scores latest;
        std::set<MemberId> pending;
        std::vector<std::uint32_t> steps;  ///< numbers in steps_
    };
    struct Member {
        MemberId parent;
        Resource from = 0;
        std::uint32_t before = 0;         ///< trainings of its lineage when it was born
        std::uint32_t trained = 0;        ///< its own trainings that were observed
        std::uint32_t family = no_index;  ///< of its children, in families_
        std::uint32_t trials = no_index;  ///< goes on with a trial: the family of those that began where it did
        std::uint32_t report = no_index;  ///< at its highest resource, in reports_
        Infeasibility failure = Infeasibility::none;
        bool known = false;

        /// Trainings of its lineage. Its own first training counts from its birth on, because children are born after
        /// it.
        std::uint32_t trainings() const { return before + std::max(trained, 1U); }
    };
    /// A member's observations, as a list from the highest resource down.
    struct Report {
        Resource resource;
        double objective;
        std::uint32_t before;
    };
    struct RecordedStep {
        MemberId member;
        double time;
        double change;
    };
    static constexpr std::uint32_t no_index = ~std::uint32_t{0};
    static constexpr std::uint32_t from_scratch = 0;  ///< family number

    Member& at(MemberId member);
    const Member& at(MemberId member) const;
    Family& family_of(const Member& member);
    void fail(MemberId member, Infeasibility kind);
    std::vector<MemberId>& failed(Infeasibility kind) { return failed_[static_cast<std::size_t>(kind) - 1]; }
    const std::vector<MemberId>& failed(Infeasibility kind) const {
        return failed_[static_cast<std::size_t>(kind) - 1];
    }
    /// False if the resource already had a value.
    bool add_report(Member& member, const Observation& observation);
    void add_step(MemberId member);
    std::optional<double> objective_at(MemberId member, Resource resource) const;
    std::vector<std::uint32_t> families(MemberId parent) const;
    std::uint32_t new_family();
    const Scores* level() const;
    Trial make_trial(MemberId member) const;
    std::vector<Trial> collect(std::span<const Scores* const> scores, std::size_t cap) const;

    std::shared_ptr<const SearchSpace> space_;
    std::size_t min_trials_;
    std::vector<Member> members_;  ///< by id
    std::vector<double> units_;    ///< space_->size() for each member
    std::vector<Value> values_;    ///< as units_
    std::vector<Report> reports_;
    std::vector<RecordedStep> steps_;
    std::vector<Family> families_;
    std::map<Resource, std::uint32_t> later_trials_;  ///< families of members that go on with a trial, by their start
    std::map<Resource, Scores> levels_;               ///< of the members from scratch, at every resource
    std::vector<MemberId> ran_;                       ///< that have reported, in the order of their first reports
    std::array<std::vector<MemberId>, std::size(infeasibilities)> failed_;  ///< for each kind, in order
};

}  // namespace stemma
