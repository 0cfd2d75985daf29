#pragma once
// How hyperparameters moved during training (role "hypergradient"), along a lineage.

#include <map>
#include <string>
#include <vector>

#include "genealogy/text.hpp"

namespace stemma {

/// Rows of metrics of each member by its weight updates so far, for runs whose trainer reports the metrics
/// "hyper_step", "hyper_lr", ... (TorchSettings::hypergradient). Follows a record entry by entry.
class TrajectoryBuilder {
public:
    explicit TrajectoryBuilder(const record::RunHeader& header);
    /// Whether the run has trajectories; if not, nothing is collected.
    bool any() const { return step_ < columns_.size(); }
    void add(const record::Entry& entry);

    /// Points along the lineage of `member`: for each stage the points within its training. At most `points` of them,
    /// evenly spaced (0 = all). Columns that never change are left out. Empty without trajectories or before the first
    /// training.
    std::string text(const Genealogy& genealogy, MemberId member, std::size_t points, const TextStyle& style) const;

private:
    struct Point {
        Resource resource = 0;  ///< the unit in which the point lies, counted from 1
        std::vector<double> values;
    };
    std::vector<std::string> columns_;  ///< the run's metrics
    std::size_t step_ = 0;              ///< index of "hyper_step"
    std::map<LeaseId, MemberId> leases_;
    std::map<MemberId, std::map<double, Point>> points_;  ///< by hyper_step; of repeated training one row is kept
};

}  // namespace stemma
