#include "manager/front_archive.hpp"

#include <algorithm>

namespace stemma {

void FrontArchive::consider(const ConfigurationResult& result, const Objectives& objectives) {
    if (result.resource < final_from_) return;
    if (outdated_) {
        front_.clear();
        results_ = 0;
        outdated_ = false;
    }
    ++results_;
    const auto beats = [&](const FrontEntry& entry) { return dominates(entry.objectives, objectives); };
    if (std::any_of(front_.begin(), front_.end(), beats)) return;
    std::erase_if(front_, [&](const FrontEntry& entry) { return dominates(objectives, entry.objectives); });
    const auto place = std::upper_bound(
        front_.begin(), front_.end(), objectives,
        [](const Objectives& one, const FrontEntry& entry) { return one.values < entry.objectives.values; });
    front_.insert(place, {result.member, result.resource, objectives, result.means});
}

void FrontArchive::extend(Resource max_resource) {
    if (final_from_ == 0 || max_resource <= final_from_) return;
    final_from_ = max_resource;
    outdated_ = true;
}

}  // namespace stemma
