#pragma once
// The best result so far, whose snapshot is kept.

#include <cstdint>
#include <limits>
#include <optional>

#include "manager/manager.hpp"
#include "manager/repeats.hpp"
#include "manager/snapshots.hpp"

namespace stemma {

class BestSoFar {
public:
    /// Results below `final_from` do not count (see ManagerSettings).
    BestSoFar(Resource final_from, SnapshotStore& snapshots) : final_from_(final_from), snapshots_(snapshots) {}

    const std::optional<Best>& best() const { return best_; }
    /// True if the result is better than all before. `metric`: the one of its means that is optimized. `objective`: the
    /// same, minimized. `slot`: of its member's snapshot, which is kept from now on instead of the former best's.
    bool consider(const ConfigurationResult& result, double metric, double objective, std::uint32_t slot, Effects& out);
    /// The largest resource is raised: the best stays the result until a member has reached the new end.
    void extend(Resource max_resource);

private:
    Resource final_from_;
    SnapshotStore& snapshots_;
    std::optional<Best> best_;
    double objective_ = std::numeric_limits<double>::infinity();
    std::uint32_t slot_ = no_slot;
};

}  // namespace stemma
