#include "contract/scheduler/scheduler_suite.hpp"
#include "scheduler/asha.hpp"
#include "scheduler/fixed_schedule.hpp"
#include "scheduler/gpbt.hpp"
#include "scheduler/hyperband.hpp"
#include "scheduler/pasha.hpp"
#include "scheduler/pbt.hpp"
#include "scheduler/random_search.hpp"
#include "scheduler/repeated.hpp"
#include "scheduler/sha.hpp"

namespace stemma::test {
namespace {

const AshaSettings promotion{.min = 1, .max = 27, .eta = 3};
const AshaSettings stopping{.min = 1, .max = 27, .eta = 3, .variant = AshaVariant::stopping};
const ShaSettings sha{.members = 27, .min = 1, .max = 27, .eta = 3, .repeat_brackets = true};

SchedulerCase pbt(const std::string& name, void (*change)(PbtSettings&)) {
    PbtSettings settings;
    settings.population = 8;
    settings.max = 12;
    change(settings);
    return {.name = name,
            .max = settings.max,
            .make = [settings] { return make_pbt(settings); },
            .endless = false,
            .rungs = false};
}

/// Kept parents and early stopping leave lineages shorter than the generations would allow.
SchedulerCase gpbt(const std::string& name, bool all_the_way, void (*change)(GpbtSettings&)) {
    GpbtSettings settings;
    settings.children = 12;
    settings.ratio = 3;
    settings.max = 12;
    settings.interval = 2;
    settings.founders = 1;
    settings.parents_compete = true;
    settings.patience = 0;
    change(settings);
    return {.name = name,
            .max = settings.max,
            .make = [settings] { return make_gpbt(settings); },
            .endless = false,
            .rungs = false,
            .all_the_way = all_the_way};
}

const SchedulerCase cases[] = {
    {"RandomSearch", 9, [] { return make_random_search({.max = 9}); }},
    {"AshaPromotion", 27, [] { return make_asha(promotion); }},
    {"AshaPromotionRate1", 64, [] { return make_asha({.min = 2, .max = 64, .eta = 2, .early_stopping_rate = 1}); }},
    {"AshaPromotionNoPower", 20, [] { return make_asha({.min = 1, .max = 20, .eta = 3}); }},
    {"AshaPromotionBrackets", 27, [] { return make_asha({.min = 1, .max = 27, .eta = 3, .brackets = 4, .seed = 8}); }},
    {"AshaStopping", 27, [] { return make_asha(stopping); }},
    {"AshaStoppingPopulation", 16,
     [] {
         return make_asha({.min = 1, .max = 16, .eta = 4, .variant = AshaVariant::stopping, .min_rung_population = 10});
     }},
    {"AshaStoppingBrackets", 27,
     [] {
         return make_asha({.min = 1, .max = 27, .eta = 3, .brackets = 3, .variant = AshaVariant::stopping, .seed = 8});
     }},
    {.name = "Pasha", .max = 81, .make = [] { return make_pasha({.max = 81}); }, .all_the_way = false},
    {.name = "PashaNoPower", .max = 20, .make = [] { return make_pasha({.min = 2, .max = 20}); }, .all_the_way = false},
    {.name = "PashaTwoRungs", .max = 3, .make = [] { return make_pasha({.max = 3}); }, .all_the_way = false},
    {.name = "PashaOneRung", .max = 3, .make = [] { return make_pasha({.min = 3, .max = 3}); }, .all_the_way = false},
    {.name = "RepeatedPasha",
     .max = 27,
     .make = [] { return make_repeated(make_pasha({.max = 27}), 2); },
     .seeds = 2,
     .all_the_way = false},
    {"Sha", 27, [] { return make_sha(sha); }},
    {"ShaOnce", 27, [] { return make_sha({.members = 27, .min = 1, .max = 27, .eta = 3, .repeat_brackets = false}); },
     false},
    {"Hyperband", 27, [] { return make_hyperband({.min = 1, .max = 27, .eta = 3}); }},
    {"HyperbandOnce", 27, [] { return make_hyperband({.min = 1, .max = 27, .eta = 3, .repeat = false}); }, false},
    {"HyperbandTwoBrackets", 27, [] { return make_hyperband({.min = 1, .max = 27, .eta = 3, .brackets = 2}); }},
    {"RepeatedRandomSearch", 9, [] { return make_repeated(make_random_search({.max = 9}), 3); }, true, 3},
    {"RepeatedAshaPromotion", 27, [] { return make_repeated(make_asha(promotion), 3); }, true, 3},
    {"RepeatedAshaStopping", 27, [] { return make_repeated(make_asha(stopping), 2); }, true, 2},
    pbt("Pbt", [](PbtSettings&) {}),
    pbt("PbtRay", [](PbtSettings& of) { of.bottom = of.top = 0.25; }),
    pbt("PbtAlone", [](PbtSettings& of) { of.population = 1; }),
    pbt("PbtNoStep", [](PbtSettings& of) { of.interval = 5; }),
    pbt("PbtBurnIn", [](PbtSettings& of) { of.burn_in = 4; }),
    pbt("PbtTournament", [](PbtSettings& of) { of.selection = PbtSelection::binary_tournament; }),
    pbt("PbtTTest",
        [](PbtSettings& of) {
            of.selection = PbtSelection::t_test;
            of.t_test_reports = 3;
        }),
    pbt("PbtFrequencies",
        [](PbtSettings& of) {
            of.periods = {1, 3, 12};
        }),
    pbt("PbtBacktracking", [](PbtSettings& of) { of.backtrack_after = 1; }),
    pbt("PbtBacktrackingOnce",
        [](PbtSettings& of) {
            of.backtrack_after = 2;
            of.backtracks = 1;
            of.selection = PbtSelection::t_test;
            of.t_test_reports = 3;
            of.periods = {1, 3};
        }),
    gpbt("GpbtChildrenOnly", true, [](GpbtSettings& of) { of.parents_compete = false; }),
    gpbt("Gpbt", false, [](GpbtSettings&) {}),
    gpbt("GpbtFounders", true,
         [](GpbtSettings& of) {
             of.founders = 3;
             of.parents_compete = false;
         }),
    gpbt("GpbtDefaults", false,
         [](GpbtSettings& of) {
             of = {};
             of.max = 12;
         }),
    gpbt("GpbtAuto", true,
         [](GpbtSettings& of) {
             of = {};
             of.max = 12;
             of.interval = interval_auto;
         }),
    gpbt("GpbtAutoFewChildren", true,
         [](GpbtSettings& of) {
             of = {};
             of.children = 2;
             of.max = 12;
             of.interval = interval_auto;
         }),
    gpbt("GpbtSequential", false, [](GpbtSettings& of) { of.sequential = true; }),
    gpbt("GpbtOneParent", false, [](GpbtSettings& of) { of.ratio = 12; }),
    gpbt("GpbtManyParents", true,
         [](GpbtSettings& of) {
             of.ratio = 0.2;
             of.parents_compete = false;
         }),
    gpbt("GpbtQuorum", false, [](GpbtSettings& of) { of.quorum = 0.5; }),
    gpbt("GpbtQuorumChildrenOnly", false,
         [](GpbtSettings& of) {
             of.quorum = 0.4;
             of.parents_compete = false;
         }),
    gpbt("GpbtDeadline", false, [](GpbtSettings& of) { of.deadline = 7; }),
    gpbt("GpbtEarlyStopping", false, [](GpbtSettings& of) { of.early_stopping = true; }),
    gpbt("GpbtNoRepeat", false,
         [](GpbtSettings& of) {
             of.repeat_child = false;
             of.sequential = true;
             of.early_stopping = true;
         }),
    {.name = "FixedSchedule",
     .max = 9,
     .make =
         [] {
             return make_fixed_schedule({{2, 3, 7, 9}});
         },
     .endless = false,
     .rungs = false},
    {.name = "FixedScheduleOneStage",
     .max = 5,
     .make = [] { return make_fixed_schedule({{5}}); },
     .endless = false,
     .rungs = false},
    {"RepeatedSha", 27, [] { return make_repeated(make_sha(sha), 2); }, true, 2},
};

INSTANTIATE_TEST_SUITE_P(Schedulers, SchedulerContract, testing::ValuesIn(cases),
                         [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace stemma::test
