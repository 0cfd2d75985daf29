#include "scheduler/sha.hpp"

#include "core/error.hpp"
#include "scheduler/rungs.hpp"
#include "scheduler/synchronous.hpp"

namespace stemma {

std::unique_ptr<Scheduler> make_sha(const ShaSettings& settings, std::size_t objectives) {
    if (settings.members < 1) throw UserError("scheduler: SHA needs members >= 1, the number in its first rung; got 0");
    const auto resources = halving_resources(settings.min, settings.max, settings.eta, settings.early_stopping_rate);
    SynchronousHalving::Settings halving;
    halving.name = "SHA: " + std::to_string(settings.members) + " members, eta " + std::to_string(settings.eta) +
                   ", rungs" + ladder_text(resources);
    halving.max = settings.max;
    halving.eta = settings.eta;
    halving.objectives = objectives;
    halving.plan = [settings](std::uint64_t number, Resource max) -> std::optional<HalvingPlan> {
        if (number > 0 && !settings.repeat_brackets) return std::nullopt;
        auto rungs = halving_resources(settings.min, max, settings.eta, settings.early_stopping_rate);
        return HalvingPlan{0, settings.members, std::move(rungs)};
    };
    return std::make_unique<SynchronousHalving>(std::move(halving));
}

}  // namespace stemma
