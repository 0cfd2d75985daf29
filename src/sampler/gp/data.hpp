#pragma once
// The data of the model for one proposal.

#include <set>
#include <span>
#include <vector>

#include "sampler/gp/settings.hpp"
#include "sampler/history.hpp"

namespace stemma::gp {

/// A row of the model. The views are valid until the next born().
struct Row {
    MemberId member;
    Resource resource = 0;  ///< where it was measured; 0 while pending
    ConfigurationView configuration;
    std::span<const double> unit;
    double time = 0;
    double objective = 0;  ///< +infinity if it diverged
};

struct Data {
    std::vector<Row> observed, pending;  ///< in order of birth
    double next_time = 0;                ///< of the proposal, in the unit of Row::time
};

/// The history of a run, with more state for steps: the pending members, and the resource of each member.
class Memory {
public:
    Memory(std::shared_ptr<const SearchSpace> space, const GpSettings& settings);

    void born(const Birth& birth);
    void observe(const Observation& observation);
    void given_up(MemberId member);
    const History& history() const { return history_; }

    /// `value`: History::trials() of the parent's lineage; time counts trainings of the lineage. `improvement`: the
    /// latest History::steps() of the whole run, as PB2 pools its population; time is the end of a step in units of the
    /// latest step. At most settings.data observed rows, and half as many pending rows (the youngest).
    Data data(MemberId parent) const;
    /// History::feasibility() of at most settings.data members; `objective` is 1 of those that failed, -1 of those that
    /// ran. `time` as for `value`.
    std::vector<Row> feasibility(Infeasibility kind) const;

private:
    Data trials(MemberId parent) const;
    Data steps(MemberId parent) const;

    const GpSettings& settings_;
    History history_;
    std::set<MemberId> pending_;
    std::vector<Resource> reached_;  ///< by member: resource at birth, later its highest observed resource
    Resource interval_ = 1;          ///< training in the latest step
};

}  // namespace stemma::gp
