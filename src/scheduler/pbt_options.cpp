// The keys of pbt, and the plan of its search.
#include "scheduler/common_keys.hpp"
#include "scheduler/pbt.hpp"

namespace stemma {

namespace {

using namespace make_key;
using S = PbtSettings;

std::vector<Field<S>> fields() {
    return {
        scheduler_keys::max<S>(),
        scheduler_keys::interval<S>(),
        setting(&S::population, integer("population", {1, 1e6}, "n: members living at a time.")),
        setting(&S::burn_in, integer("burn_in", {0, scheduler_keys::training_max},
                                     "A member with less training does not give up for another.")),
        setting(
            &S::selection,
            choice("selection", {"truncation", "binary_tournament", "t_test"},
                   "Which member gives up, and for which donor. truncation: a member of the worst share, for one "
                   "of the best share. binary_tournament: the worse of two members. t_test: the worse of two, if "
                   "Welch's t-test on their last reports finds a difference. A member is ranked at its report, "
                   "among the last reports of all members below max. It gives up only for a living member with a "
                   "better last report. If there is none when a worker is free for the child, the member "
                   "continues. Children of less trained donors cost extra training. The extra is at most 0.4 times "
                   "the reports of a population that trains straight to max; with members that die, as many again.")),
        setting(&S::bottom, number("bottom", {0, 0.5, true, false},
                                   "truncation: share of the population that gives up, rounded up, at most half.")),
        setting(&S::top,
                number("top", {0, 0.5, true, false},
                       "truncation: share of the population that donors are drawn from, rounded up, at most half.")),
        setting(&S::t_test_reports,
                integer("t_test_reports", {2, 1e6}, "t_test: last reports of a lineage that are compared.")),
        setting(&S::t_test_level,
                number("t_test_level", {0, 1, true, true}, "t_test: one-sided level of significance.")),
        setting(&S::periods,
                list_of(KeyType::integer, "periods", {1, 1e6},
                        "Multi-frequency PBT: one sub-population for each, whose members report every interval * "
                        "period; weights migrate both ways, hyperparameters only from slower to faster.")),
        setting(
            &S::migrants,
            choice("migrants", {"losers", "lower_half"},
                   "Multi-frequency PBT: which members take over from another sub-population. losers: those that give "
                   "up, with the chance `migration`. lower_half, for truncation: the others of the lower half, if the "
                   "best of all other sub-populations is better. From a slower one a member takes hyperparameters too, "
                   "unchanged. From a faster one it takes weights, with the hyperparameters of the best of its own.")),
        setting(&S::migration, number("migration", {0, 1},
                                      "migrants = losers: chance that a donor is looked for in another "
                                      "sub-population.")),
        setting(&S::backtrack_after,
                integer("backtrack_after", {0, 1e6},
                        "After this many reports without a new best of its lineage, a member goes back to that best, "
                        "with other hyperparameters. 0 = never. GPBT has parents_compete for this.")),
        setting(&S::backtracks,
                integer("backtracks", {1, 1e6}, "Times that a lineage goes back to the same ancestor.")),
    };
}

std::vector<Contradiction> contradictions(const S& settings) {
    std::vector<Contradiction> out;
    if (settings.interval > settings.max) {
        out.push_back(
            {"interval",
             "must be <= max = " + std::to_string(settings.max) + "; got " + std::to_string(settings.interval),
             {"max"}});
    }
    for (const auto period : settings.periods) {
        if (static_cast<double>(period) * static_cast<double>(settings.interval) <= scheduler_keys::training_max)
            continue;
        out.push_back({"periods",
                       "times interval = " + std::to_string(settings.interval) +
                           " must be at most 10^15, the training between two selections; got " + std::to_string(period),
                       {"interval"}});
    }
    if (settings.migrants == PbtMigrants::lower_half && settings.selection != PbtSelection::truncation) {
        out.push_back({"migrants", "= \"lower_half\" goes with selection = \"truncation\"", {"selection"}});
    }
    if (settings.periods.size() > settings.population) {
        out.push_back({"periods",
                       "must name at most population = " + std::to_string(settings.population) +
                           " sub-populations; got " + std::to_string(settings.periods.size()),
                       {"population"}});
    }
    return out;
}

}  // namespace

void require_good(const PbtSettings& settings) { require_settings("scheduler", fields(), settings, contradictions); }

std::vector<RungRow> expected_rungs(const PbtSettings& settings, std::uint64_t) {
    return {{0, 0, settings.max, settings.population, settings.population, 0}};
}

std::uint64_t expected_reports(const PbtSettings& settings) {
    std::uint64_t reports = 0;
    for (std::size_t slot = 0; slot < settings.population; ++slot) {
        const auto step = settings.interval * settings.periods[pbt_group(settings, slot)];
        reports += static_cast<std::uint64_t>((settings.max + step - 1) / step);
    }
    return reports;
}

std::uint64_t most_reports(const PbtSettings& settings) {
    const auto reports = static_cast<double>(expected_reports(settings));
    return static_cast<std::uint64_t>(pbt_reports_max_with_deaths * reports);
}

SchedulerDescriptor pbt_descriptor() {
    return {
        .name = "pbt",
        .summary =
            "population-based training: the worst take over weights of the best, with perturbed "
            "hyperparameters; no member waits",
        .example = "[scheduler]\ntype = \"pbt\"\npopulation = 10\ninterval = 2\nmax = 40\n",
        .traits =
            {.lineages = true, .population = true, .ends_by_itself = true, .early_results = true, .perturbs = true},
        .defaults = S(),
        .fields = erased(fields()),
        .check = contradictions,
        .make =
            [](const S& settings, std::uint64_t seed) {
                auto seeded = settings;
                seeded.seed = seed;
                return make_pbt(seeded);
            },
        .rungs = expected_rungs,
        .plan =
            [](const S& settings) {
                return SchedulerPlan{
                    .members = settings.population,
                    .whole = true,
                    .reports = expected_reports(settings),
                    .reports_max = most_reports(settings),
                    .at_once = settings.population,
                    .at_once_by = "scheduler.population = " + std::to_string(settings.population),
                    // With each lineage's best.
                    .snapshots = std::uint64_t{settings.population} * (settings.backtrack_after > 0 ? 2 : 1)};
            },
        .wants =
            [](const S& settings, bool with_children) {
                if (with_children) return WantedConfigurations{wants_no_end};
                return WantedConfigurations{settings.population, "its population"};
            },
    };
}

}  // namespace stemma
