#include "scheduler/hyperband.hpp"

#include <algorithm>
#include <limits>

#include "core/error.hpp"
#include "scheduler/rungs.hpp"
#include "scheduler/synchronous.hpp"

namespace stemma {

int hyperband_brackets(const HyperbandSettings& settings) {
    const int all = bracket_count(settings.min, settings.max, settings.eta);
    if (settings.brackets < 0)
        throw UserError("scheduler: brackets must be >= 0 (0 = all); got " + std::to_string(settings.brackets));
    return settings.brackets > 0 ? std::min(settings.brackets, all) : all;
}

std::uint64_t hyperband_members(const HyperbandSettings& settings, int first) {
    const int s_max = bracket_count(settings.min, settings.max, settings.eta) - 1;
    const int s = s_max - first;
    // In integers: in floating point 5/3 * 9 may come out a little above 15, and its ceiling as 16.
    std::uint64_t product = static_cast<std::uint64_t>(s_max) + 1;
    for (int i = 0; i < s; ++i) {
        if (product > std::numeric_limits<std::uint64_t>::max() / 2 / static_cast<std::uint64_t>(settings.eta)) {
            throw UserError("scheduler: Hyperband's first bracket would have more than 2^63 members: raise min");
        }
        product *= static_cast<std::uint64_t>(settings.eta);
    }
    const auto divisor = static_cast<std::uint64_t>(s) + 1;
    return (product + divisor - 1) / divisor;
}

std::unique_ptr<Scheduler> make_hyperband(const HyperbandSettings& settings, std::size_t objectives) {
    const int count = hyperband_brackets(settings);
    SynchronousHalving::Settings halving;
    halving.name = "Hyperband: eta " + std::to_string(settings.eta) + ", " + std::to_string(count) +
                   " brackets, rungs" + ladder_text(halving_resources(settings.min, settings.max, settings.eta));
    halving.max = settings.max;
    halving.eta = settings.eta;
    halving.objectives = objectives;
    halving.plan = [settings](std::uint64_t number, Resource max) -> std::optional<HalvingPlan> {
        auto now = settings;
        now.max = max;
        const auto brackets = static_cast<std::uint64_t>(hyperband_brackets(now));
        if (number >= brackets && !settings.repeat) return std::nullopt;
        const int first = static_cast<int>(number % brackets);
        return HalvingPlan{first, hyperband_members(now, first), halving_resources(now.min, max, now.eta, first)};
    };
    return std::make_unique<SynchronousHalving>(std::move(halving));
}

}  // namespace stemma
