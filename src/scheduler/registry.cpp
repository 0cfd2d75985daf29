#include "scheduler/registry.hpp"

#include <algorithm>

#include "core/error.hpp"
#include "scheduler/asha.hpp"
#include "scheduler/gpbt.hpp"
#include "scheduler/hyperband.hpp"
#include "scheduler/pasha.hpp"
#include "scheduler/pbt.hpp"
#include "scheduler/random_search.hpp"
#include "scheduler/replay.hpp"
#include "scheduler/sha.hpp"

namespace stemma {

const std::vector<SchedulerDescriptor>& schedulers() {
    static const std::vector<SchedulerDescriptor> all = [] {
        std::vector<SchedulerDescriptor> list;
        list.push_back(random_search_descriptor());
        list.push_back(grid_search_descriptor());
        list.push_back(sha_descriptor());
        list.push_back(hyperband_descriptor());
        list.push_back(asha_descriptor());
        list.push_back(asha_stopping_descriptor());
        list.push_back(asha_hyperband_descriptor());
        list.push_back(pasha_descriptor());
        list.push_back(pbt_descriptor());
        list.push_back(gpbt_descriptor());
        list.push_back(replay_descriptor());
        return list;
    }();
    return all;
}

const SchedulerDescriptor& scheduler_named(std::string_view name) {
    const auto found = std::ranges::find(schedulers(), name, &SchedulerDescriptor::name);
    ensure(found != schedulers().end(), "a scheduler's name is one of the list");
    return *found;
}

const Field<std::any>& SchedulerDescriptor::field(std::string_view key) const {
    const auto* found = find_field(fields, key);
    ensure(found != nullptr, "a scheduler stores its own keys");
    return *found;
}

std::optional<std::int64_t> SchedulerDescriptor::integer(const std::any& settings, std::string_view key) const {
    const auto* found = find_field(fields, key);
    if (found == nullptr) return std::nullopt;
    return std::get<std::int64_t>(found->load(settings)->value);
}

}  // namespace stemma
