#include "schedulers.hpp"

#include <algorithm>

#include "core/error.hpp"
#include "core/rng.hpp"
#include "scheduler/asha.hpp"
#include "scheduler/gpbt.hpp"
#include "scheduler/hyperband.hpp"
#include "scheduler/pasha.hpp"
#include "scheduler/pbt.hpp"
#include "scheduler/random_search.hpp"
#include "scheduler/sha.hpp"

namespace stemma::testing {

PbtSettings drawn_pbt(Resource max, std::uint64_t seed) {
    Stream stream(seed, Purpose::test, 300);
    PbtSettings settings;
    settings.population = static_cast<std::uint32_t>(1 + stream.below(12));
    settings.max = max;
    settings.interval = 1 + static_cast<Resource>(stream.below(3));
    settings.selection = static_cast<PbtSelection>(stream.below(3));
    settings.bottom = settings.top = stream.below(2) == 0 ? 0.2 : 0.4;
    settings.t_test_reports = 3;
    if (stream.below(3) == 0 && settings.population >= 3) settings.periods = {1, 2, 4};
    if (stream.below(2) == 0) settings.backtrack_after = 1 + static_cast<std::uint32_t>(stream.below(2));
    settings.backtracks = 1 + static_cast<std::uint32_t>(stream.below(3));
    if (settings.selection == PbtSelection::truncation && stream.below(2) == 0)
        settings.migrants = PbtMigrants::lower_half;
    settings.seed = seed;
    return settings;
}

GpbtSettings drawn_gpbt(Resource max, std::uint64_t seed) {
    Stream stream(seed, Purpose::test, 301);
    GpbtSettings settings;
    settings.children = static_cast<std::uint32_t>(3 + stream.below(10));
    settings.ratio = stream.uniform(1.0 / settings.children, settings.children);
    settings.interval = 1 + static_cast<Resource>(stream.below(2));
    settings.max = settings.interval * std::min<Resource>(max, 8);
    settings.patience = 0;
    settings.founders = 1;
    settings.parents_compete = stream.below(3) > 0;
    settings.repeat_child = stream.below(4) > 0;
    settings.early_stopping = stream.below(3) == 0;
    settings.sequential = stream.below(4) == 0;
    if (stream.below(2) == 0) settings.quorum = stream.uniform(0.3, 1);
    if (stream.below(3) == 0) settings.deadline = stream.uniform(1, 20);
    if (stream.below(3) == 0) settings.patience = stream.uniform(1, 3);
    if (stream.below(3) == 0) settings.max = std::max(settings.interval, std::min(settings.max, max));
    if (stream.below(2) == 0) settings.founders = stream.uniform(1, 5);
    return settings;
}

std::unique_ptr<Scheduler> make_scheduler(Kind kind, std::uint32_t eta, Resource max, std::uint64_t members,
                                          std::uint64_t seed, std::size_t objectives) {
    AshaSettings asha;
    asha.objectives = objectives;
    asha.max = max;
    asha.eta = eta;
    asha.seed = seed;
    switch (kind) {
        case Kind::random:
            return make_random_search({.max = max});
        case Kind::sha:
            return make_sha({.members = members, .max = max, .eta = eta, .repeat_brackets = seed % 2 == 0}, objectives);
        case Kind::hyperband:
            return make_hyperband({.max = max, .eta = eta}, objectives);
        case Kind::asha:
            return make_asha(asha);
        case Kind::asha_stopping:
            asha.variant = AshaVariant::stopping;
            return make_asha(asha);
        case Kind::asha_hyperband:
            asha.brackets = 3;
            return make_asha(asha);
        case Kind::pasha:
            return make_pasha({.max = max, .eta = eta});
        case Kind::pbt:
            return make_pbt(drawn_pbt(max, seed));
        case Kind::gpbt:
            return make_gpbt(drawn_gpbt(max, seed));
    }
    unreachable("a case has one of the schedulers");
}

}  // namespace stemma::testing
