#pragma once
// The best result so far, whose snapshot is kept.

#include <cstdint>
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
    /// True if the result is better than all before: by the first objective, then the second, then the third. So it is
    /// on the front, where there are several. `metric`: the first that is optimized. `objectives`: finite. `slot`: of
    /// its member's snapshot, which is kept from now on instead of the former best's.
    bool consider(const ConfigurationResult& result, double metric, const Objectives& objectives, std::uint32_t slot,
                  Effects& out);
    /// The largest resource is raised: the best stays the result until a member has reached the new end.
    void extend(Resource max_resource);

private:
    Resource final_from_;
    SnapshotStore& snapshots_;
    std::optional<Best> best_;
    std::optional<Objectives> least_;
    std::uint32_t slot_ = no_slot;
};

}  // namespace stemma
