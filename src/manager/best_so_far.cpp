#include "manager/best_so_far.hpp"

#include <utility>

namespace stemma {

bool BestSoFar::consider(const ConfigurationResult& result, double metric, const Objectives& objectives,
                         std::uint32_t slot, Effects& out) {
    if (!objectives.finite() || result.resource < final_from_) return false;
    if (least_ && !(objectives.values < least_->values)) return false;
    least_ = objectives;
    const auto snapshot = slot == no_slot ? SnapshotId::none() : snapshots_[slot].id;
    best_ = Best{result.member, snapshot, result.resource, metric, result.means, result.spreads};
    const auto before = std::exchange(slot_, slot);
    if (slot != no_slot) snapshots_.reference(slot);
    if (before != no_slot) snapshots_.release(before, out);
    return true;
}

void BestSoFar::extend(Resource max_resource) {
    if (final_from_ == 0 || max_resource <= final_from_) return;
    final_from_ = max_resource;
    least_.reset();
}

}  // namespace stemma
