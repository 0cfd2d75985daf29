// The keys of asha, asha_stopping and asha_hyperband, and the plans of their searches.
#include "scheduler/asha.hpp"

#include <cmath>

#include "scheduler/common_keys.hpp"
#include "scheduler/halving_options.hpp"
#include "scheduler/preview.hpp"

namespace stemma {

namespace {

using namespace make_key;
using S = AshaSettings;

using MakeSeveral = OfSettings<std::unique_ptr<Scheduler>(const std::any&, std::uint64_t, std::size_t)>;

std::unique_ptr<Scheduler> make_several_asha(const S& settings, std::uint64_t seed, std::size_t objectives) {
    auto seeded = settings;
    seeded.seed = seed;
    seeded.objectives = objectives;
    return make_asha(seeded);
}

SchedulerDescriptor descriptor(const char* name, const char* summary, const S& defaults, std::vector<Field<S>> own,
                               const MakeSeveral& several = {}) {
    using namespace scheduler_keys;
    return {
        .name = name,
        .summary = summary,
        .traits = {.early_results = true},
        .defaults = defaults,
        .fields = erased(concatenated({scheduler_keys::max<S>(), scheduler_keys::min<S>(), eta<S>()}, std::move(own))),
        .check =
            [](const S& settings) {
                return halving_contradictions(settings.min, settings.max, settings.eta, settings.early_stopping_rate,
                                              settings.brackets);
            },
        .make =
            [](const S& settings, std::uint64_t seed) {
                auto seeded = settings;
                seeded.seed = seed;
                return make_asha(seeded);
            },
        .make_several = several,
        .rungs = expected_rungs,
    };
}

}  // namespace

std::vector<RungRow> expected_rungs(const AshaSettings& settings, std::uint64_t members) {
    std::vector<RungRow> rows;
    int number = 0;
    for (const auto& plan : bracket_plans(settings)) {
        const auto drawn = static_cast<std::uint64_t>(std::llround(static_cast<double>(members) * plan.share));
        add_bracket(rows, number++, plan.resources, settings.eta, drawn, 1, 0);
    }
    return rows;
}

SchedulerDescriptor asha_descriptor() {
    return descriptor("asha",
                      "asynchronous successive halving, promotion: a free worker continues the best member in the "
                      "top 1/eta of its rung, otherwise it starts a new member; no worker waits",
                      {}, {scheduler_keys::early_stopping_rate<S>()}, make_several_asha);
}

SchedulerDescriptor asha_stopping_descriptor() {
    return descriptor(
        "asha_stopping",
        "asynchronous, stopping: a member that reaches a rung goes on at once if it is in the top 1/eta seen there; a "
        "member as good as the worst of these goes on, too, while fewer than 1/eta have gone on; all others stop",
        {.variant = AshaVariant::stopping},
        {scheduler_keys::early_stopping_rate<S>(),
         setting(&S::min_rung_population,
                 integer("min_rung_population", {0, 1e6},
                         "Until a rung has seen this many members, no member is stopped there."))});
}

SchedulerDescriptor asha_hyperband_descriptor() {
    const S defaults{.brackets = 0};
    return descriptor("asha_hyperband", "several asha brackets; each new member is put into one by chance", defaults,
                      {scheduler_keys::brackets<S>(defaults)}, make_several_asha);
}

}  // namespace stemma
