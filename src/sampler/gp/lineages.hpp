#pragma once
// What was tried and measured so far, as the lineage of a parent may know it.

#include <map>
#include <memory>
#include <vector>

#include "sampler/sampler.hpp"

namespace stemma::gp {

/// One thing to learn from.
struct Trial {
    MemberId member;
    ConfigurationView configuration;  ///< valid until the next born()
    double time = 0;        ///< trainings of the lineage before it; of a step: training before it / training in it
    double objective = 0;   ///< minimised; not finite if it diverged
    Resource resource = 0;  ///< where it was measured
};

struct Trials {
    std::vector<Trial> observed, pending;  ///< in order of birth
    double next_time = 0;                  ///< `time` of a member born now
};

/// Fed with the calls of a sampler. O(log n) each, memory O(members + observations).
class Lineages {
public:
    void born(const Birth& birth);
    void observe(const Observation& observation);
    void given_up(MemberId member);

    const Configuration& configuration(MemberId member) const;

    /// Evaluations for a child of `parent`: what its ancestors and it tried, and what was tried beside each of them
    /// (the siblings, and all members from scratch) and beside the child (methods: GPBT's history of a parent). Each
    /// counts with its last measurement.
    ///
    /// Without parent: the members from scratch, measured at the largest resource that at least `enough` of them
    /// reached, else where most did (BOHB: Falkner et al., ICML 2018, section 3.2). A member that diverged counts at
    /// every resource from there on.
    ///
    /// `cap`: of the observed, the latest half and the best of the others; of the pending (born, nothing measured yet),
    /// the latest half of cap. O(members that come in question).
    Trials trials(MemberId parent, std::size_t cap, std::size_t enough) const;
    /// Changes of the objective between consecutive measurements of every member of the run, divided by the training
    /// between them (PB2; a child's first is measured from its parent's last one before the birth). Same cap.
    Trials steps(MemberId parent, std::size_t cap) const;

private:
    struct Measurement {
        Resource resource = 0;
        double objective = 0;
    };
    struct Member {
        Configuration configuration;
        MemberId parent;
        Resource from = 0;
        double generation = 0;
        bool given_up = false;
        std::vector<Measurement> measured;  ///< ascending resource
    };
    /// The measurement of `member` at `resource`, or where it diverged before that.
    static const Measurement* at(const Member& member, Resource resource);
    Resource rung(std::size_t enough) const;
    void add_steps(MemberId id, const Member& member, Trials& found) const;
    double periods(Resource training) const;

    std::map<MemberId, Member> members_;
    std::map<MemberId, std::vector<MemberId>> children_;  ///< of none: from scratch
    std::map<Resource, std::size_t> reached_;             ///< finite measurements of members from scratch
    Resource interval_ = 1;                               ///< training in the last step
};

}  // namespace stemma::gp
