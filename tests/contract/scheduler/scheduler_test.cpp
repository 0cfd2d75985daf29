#include "contract/scheduler/scheduler_suite.hpp"
#include "scheduler/asha.hpp"
#include "scheduler/hyperband.hpp"
#include "scheduler/random_search.hpp"
#include "scheduler/repeated.hpp"
#include "scheduler/sha.hpp"

namespace stemma::test {
namespace {

const AshaSettings promotion{.min = 1, .max = 27, .eta = 3};
const AshaSettings stopping{.min = 1, .max = 27, .eta = 3, .variant = AshaVariant::stopping};
const ShaSettings sha{.members = 27, .min = 1, .max = 27, .eta = 3};

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
    {"Sha", 27, [] { return make_sha(sha); }},
    {"ShaOnce", 27, [] { return make_sha({.members = 27, .min = 1, .max = 27, .eta = 3, .repeat_brackets = false}); },
     false},
    {"Hyperband", 27, [] { return make_hyperband({.min = 1, .max = 27, .eta = 3}); }},
    {"HyperbandOnce", 27, [] { return make_hyperband({.min = 1, .max = 27, .eta = 3, .repeat = false}); }, false},
    {"HyperbandTwoBrackets", 27, [] { return make_hyperband({.min = 1, .max = 27, .eta = 3, .brackets = 2}); }},
    {"RepeatedRandomSearch", 9, [] { return make_repeated(make_random_search({.max = 9}), 3); }, true, 3},
    {"RepeatedAshaPromotion", 27, [] { return make_repeated(make_asha(promotion), 3); }, true, 3},
    {"RepeatedAshaStopping", 27, [] { return make_repeated(make_asha(stopping), 2); }, true, 2},
    {"RepeatedSha", 27, [] { return make_repeated(make_sha(sha), 2); }, true, 2},
};

INSTANTIATE_TEST_SUITE_P(Schedulers, SchedulerContract, testing::ValuesIn(cases),
                         [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace stemma::test
