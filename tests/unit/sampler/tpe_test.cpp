#include "sampler/tpe.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>
#include <numbers>
#include <numeric>

#include "core/error.hpp"
#include "sampler/random.hpp"
#include "sampler/tpe_model.hpp"
#include "support/errors.hpp"
#include "unit/sampler/fixtures.hpp"

namespace stemma {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;
using testing::Pointwise;

constexpr double infinity = std::numeric_limits<double>::infinity();

std::vector<std::uint64_t> members(const TpeGroup& group) {
    std::vector<std::uint64_t> numbers;
    for (const auto* trial : group.trials) numbers.push_back(trial->member.value);
    return numbers;
}

Trial trial(std::uint64_t member, double objective, double time = 0) {
    static const std::vector<double> unit(2, 0.5);
    static const Configuration configuration(2, 0.5);
    return {.member = {member},
            .unit = unit,
            .configuration = configuration,
            .time = time,
            .objective = objective,
            .resource = 1,
            .pending = false,
            .diverged = !std::isfinite(objective)};
}

TpeModel model_of(const SearchSpace& space, const TpeSettings& settings, std::span<const Trial> trials,
                  std::optional<double> time) {
    TrialOrders orders;
    orders.update(trials);
    return make_tpe_model(space, settings, {}, trials, time, orders);
}

TEST(TpeModel, CountsTheGood) {
    TpeSettings settings;
    EXPECT_EQ(good_count(0, settings), 0U);
    EXPECT_EQ(good_count(1, settings), 1U);
    EXPECT_EQ(good_count(20, settings), 2U);
    EXPECT_EQ(good_count(21, settings), 3U);
    EXPECT_EQ(good_count(10'000, settings), 25U);
    settings.good = TpeSettings::Good::square_root;
    settings.gamma = 0.25;
    EXPECT_EQ(good_count(1, settings), 1U);
    EXPECT_EQ(good_count(16, settings), 1U);
    EXPECT_EQ(good_count(17, settings), 2U);
}

TEST(TpeModel, PendingAndDivergedAreNeverGood) {
    const auto space = test::cube(1);
    TpeSettings settings;
    settings.gamma = 1;
    std::vector<Trial> trials{trial(0, infinity), trial(1, 2), trial(2, infinity), trial(3, 1)};
    trials[2].pending = true;
    const auto model = model_of(*space, settings, trials, {});
    EXPECT_THAT(members(model.good), ElementsAre(1, 3));
    EXPECT_THAT(members(model.bad), ElementsAre(0, 2));
    EXPECT_THAT(model.bad.weights, ElementsAre(1, 1));
}

TEST(TpeModel, EqualObjectivesAreSplitByMember) {
    const auto space = test::cube(1);
    const std::vector<Trial> trials{trial(0, 1), trial(1, 1), trial(2, 1)};
    EXPECT_THAT(members(model_of(*space, {}, trials, {}).good), ElementsAre(0));
}

TEST(TpeModel, WeighsByTime) {
    const auto space = test::cube(1);
    TpeSettings settings;
    settings.time_width = 0.5;
    const std::vector<Trial> trials{trial(0, 3, 0), trial(1, 2, 4), trial(2, 1, 8)};
    const auto model = model_of(*space, settings, trials, 8.0);  // width 4
    EXPECT_THAT(model.good.weights, ElementsAre(1));
    EXPECT_THAT(model.bad.weights, ElementsAre(DoubleNear(std::exp(-2.0), 1e-12), DoubleNear(std::exp(-0.5), 1e-12)));
}

TEST(TpeModel, RelativeRanksWithinTimes) {
    // Shares, rank / (number of their time + 1). At time 0 member 1 has 1/4, 0 has 2/4, 2 has 3/4. At time 1 member 4
    // has 1/3, 3 has 2/3. At time 2 member 5 is alone with 1/2 (diverged members do not count), and nearer than 0.
    const auto space = test::cube(1);
    const std::vector<Trial> trials{trial(0, 5, 0), trial(1, 4, 0), trial(2, 6, 0),       trial(3, 3, 1),
                                    trial(4, 2, 1), trial(5, 7, 2), trial(6, infinity, 2)};
    TpeSettings settings;
    const auto good = [&](double gamma) {
        settings.gamma = gamma;
        return members(model_of(*space, settings, trials, 2.0).good);
    };
    settings.time = TpeSettings::Time::kernel;
    EXPECT_THAT(good(0.3), ElementsAre(3, 4)) << "by the objective alone";
    settings.time = TpeSettings::Time::relative;
    EXPECT_THAT(good(0.1), ElementsAre(1));
    EXPECT_THAT(good(0.3), ElementsAre(1, 4));
    EXPECT_THAT(good(0.5), ElementsAre(1, 4, 5));
    EXPECT_THAT(good(0.6), ElementsAre(0, 1, 4, 5));
    EXPECT_THAT(good(0.8), ElementsAre(0, 1, 3, 4, 5));
    const auto model = model_of(*space, settings, trials, 2.0);
    EXPECT_THAT(members(model.bad), ElementsAre(2, 6));
    const double time_0 = std::exp(-2.0), time_1 = std::exp(-0.5);  // 2 and 1 widths of max(1, 0.5 * 2) away
    EXPECT_THAT(model.good.weights, Pointwise(DoubleNear(1e-12), {time_0, time_0, time_1, time_1, 1.0}));
    EXPECT_THAT(members(model_of(*space, settings, trials, {}).good), ElementsAre(0, 1, 2, 3, 4))
        << "without a parent there is no time";
}

TEST(TpeModel, RelativeTiesAreSplitByMember) {
    // At time 1 and 3, as far from 2, one each; at time 2 two alike.
    const auto space = test::cube(1);
    TpeSettings settings;
    settings.time = TpeSettings::Time::relative;
    const std::vector<Trial> trials{trial(0, 9, 3), trial(1, 1, 1), trial(2, 4, 2), trial(3, 4, 2)};
    // Shares: 1/2, 1/2, 1/3, 2/3.
    for (const auto& [gamma, expected] :
         {std::pair(0.25, std::vector<std::uint64_t>{2}), std::pair(0.5, std::vector<std::uint64_t>{0, 2}),
          std::pair(0.75, std::vector<std::uint64_t>{0, 1, 2})}) {
        settings.gamma = gamma;
        EXPECT_EQ(members(model_of(*space, settings, trials, 2.0).good), expected);
    }
}

/// Tells a sampler of finished members from scratch, with values given by `value`.
template <class Value_>
void teach(Sampler& sampler, const std::vector<Configuration>& points, Value_ value) {
    for (std::uint64_t i = 0; i < points.size(); ++i) {
        sampler.born({{i}, {}, 0, points[i]});
        sampler.observe({{i}, 1, value(points[i])});
    }
}

TEST(TpeSampler, IsRandomUntilItHasEnough) {
    const auto space = test::cube(2);
    const auto tpe = make_tpe_sampler(space, 3, {});
    const auto random = make_random_sampler(space, 3);
    for (std::uint64_t i = 0; i < 10; ++i) {
        const auto point = *tpe->propose({{i}, i, {}, {}});
        EXPECT_EQ(point, *random->propose({{i}, i, {}, {}}));
        tpe->born({{i}, {}, 0, point});
        tpe->observe({{i}, 1, static_cast<double>(i)});
    }
    EXPECT_NE(*tpe->propose({{10}, 10, {}, {}}), *random->propose({{10}, 10, {}, {}}));
}

/// GPBT in small: 12 founders, then four generations of 4 children of the best so far. `workers` train at a time, first
/// in, first out. With `failures` every seventh fails and every eleventh diverges. Returns all proposals.
std::vector<Configuration> generations(const TpeSettings& settings, std::size_t workers, bool failures) {
    const auto space = test::share(SearchSpace({{"x", Real{}, Role::mutable_value, {}, {}}}));
    const auto tpe = make_tpe_sampler(space, 1, settings);
    std::vector<Configuration> proposed;
    std::deque<MemberId> training;
    double least = infinity;
    MemberId best, parent;
    const auto report = [&] {
        const auto member = training.front();
        training.pop_front();
        if (failures && member.value % 7 == 6) return tpe->given_up(member);
        const double loss = std::abs(std::get<double>(proposed[member.value][0]) - 0.3);
        if (loss < least) least = loss, best = member;
        tpe->observe({member, 1, failures && member.value % 11 == 10 ? infinity : loss});
    };
    for (std::uint64_t i = 0; i < 28; ++i) {
        if (training.size() == workers) report();
        if (i >= 12 && i % 4 == 0) {
            while (!training.empty()) report();
            parent = best;
        }
        proposed.push_back(*tpe->propose({{i}, i, parent, {}}));
        tpe->born({{i}, parent, 1, proposed.back()});
        training.push_back({i});
    }
    return proposed;
}

std::vector<std::size_t> first(std::size_t count) {
    std::vector<std::size_t> numbers(count);
    std::iota(numbers.begin(), numbers.end(), std::size_t{0});
    return numbers;
}

/// The founders that equal the random sampler's draws.
std::vector<std::size_t> random_founders(const TpeSettings& settings, std::size_t workers) {
    const auto space = test::share(SearchSpace({{"x", Real{}, Role::mutable_value, {}, {}}}));
    const auto random = test::proposals(*make_random_sampler(space, 1), 12);
    const auto proposed = generations(settings, workers, false);
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < 12; ++i) {
        if (proposed[i] == random[i]) found.push_back(i);
    }
    return found;
}

TEST(TpeSampler, WithOneWorkerNothingIsPendingToCount) {
    auto settings = TpeSettings::lineages();
    ASSERT_TRUE(settings.count_pending);
    for (const std::size_t startup : {1U, 2U, 8U, 12U, 20U}) {
        settings.startup = startup;
        auto observed_only = settings;
        observed_only.count_pending = false;
        EXPECT_EQ(generations(settings, 1, true), generations(observed_only, 1, true)) << "startup = " << startup;
    }
}

TEST(TpeSampler, NoMoreRandomPointsThanTheModelLooksAt) {
    const auto space = test::cube(3);
    const auto tpe = make_tpe_sampler(space, 3, {.startup = 50, .cap = 12});
    const auto random = make_random_sampler(space, 3);
    for (std::uint64_t i = 0; i < 20; ++i) {
        const auto point = *tpe->propose({{i}, i, {}, {}});
        EXPECT_EQ(point == *random->propose({{i}, i, {}, {}}), i < 12) << i;
        tpe->born({{i}, {}, 0, point});
        tpe->observe({{i}, 1, std::get<double>(point[0])});
    }
}

TEST(TpeSampler, FoundersOfTheModelDoNotHangOnTheWorkers) {
    auto settings = TpeSettings::lineages();
    settings.startup = 8;
    for (const std::size_t workers : {2U, 5U, 8U})
        EXPECT_EQ(random_founders(settings, workers), first(8)) << workers << " workers";
    EXPECT_EQ(random_founders(settings, 10), first(10)) << "before the first report";
    EXPECT_EQ(random_founders(settings, 12), first(12));
    // For whole runs only observed trials count.
    settings.count_pending = false;
    EXPECT_EQ(random_founders(settings, 5), first(12));
}

/// A search with early stopping: member i reports at 1, one of `every` goes on to 3, one of as many of those to 9. The
/// first `diverged` of five have no finite value. Returns the members that got the random sampler's draw.
std::vector<std::uint64_t> random_in_rungs(const TpeSettings& settings, std::uint64_t every, std::uint64_t diverged) {
    const auto space = test::cube(3);
    const auto tpe = make_tpe_sampler(space, 3, settings);
    const auto random = make_random_sampler(space, 3);
    std::vector<std::uint64_t> found;
    for (std::uint64_t i = 0; i < 150; ++i) {
        const auto point = *tpe->propose({{i}, i, {}, {}});
        if (point == *random->propose({{i}, i, {}, {}})) found.push_back(i);
        tpe->born({{i}, {}, 0, point});
        tpe->observe({{i}, 1, i % 5 < diverged ? infinity : std::get<double>(point[0])});
        if (i % every == every - 1) tpe->observe({{i}, 3, std::get<double>(point[0])});
        if (i % (every * every) == every * every - 1) tpe->observe({{i}, 9, std::get<double>(point[0])});
    }
    return found;
}

TEST(TpeSampler, ResourcesThatFillUpDoNotEndTheModel) {
    const auto startup = ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
    EXPECT_THAT(random_in_rungs({}, 3, 0), startup);
    // As many finite values above as below, where most diverge.
    EXPECT_THAT(random_in_rungs({}, 5, 4), startup);
    TpeSettings settings;
    settings.min_trials = 4;
    EXPECT_THAT(random_in_rungs(settings, 3, 0), startup) << "fewer than startup";
    settings.min_trials = 30;
    EXPECT_THAT(random_in_rungs(settings, 3, 0), startup) << "more than startup";
}

TEST(TpeSampler, ReadsTheHighestResourceWithEnoughTrials) {
    // 40 trials at 1, where 0.2 is best; 12 of them at 3, where 0.8 is.
    const auto space = test::cube(1);
    const auto mean_proposal = [&](std::size_t min_trials) {
        TpeSettings settings;
        settings.min_trials = min_trials;
        settings.gamma = 0.3;
        const auto tpe = make_tpe_sampler(space, 1, settings);
        const auto points = test::proposals(*make_random_sampler(space, 2), 40);
        teach(*tpe, points, [](const Configuration& point) { return std::abs(std::get<double>(point[0]) - 0.2); });
        for (std::uint64_t i = 0; i < 12; ++i) tpe->observe({{i}, 3, std::abs(std::get<double>(points[i][0]) - 0.8)});
        double sum = 0;
        for (std::uint64_t i = 40; i < 140; ++i) sum += std::get<double>((*tpe->propose({{i}, i, {}, {}}))[0]);
        return sum / 100;
    };
    EXPECT_GT(mean_proposal(0), 0.6);
    EXPECT_GT(mean_proposal(12), 0.6);
    EXPECT_LT(mean_proposal(13), 0.4);
}

TEST(TpeSampler, ProposesNearTheGood) {
    for (const bool multivariate : {false, true}) {
        TpeSettings settings;
        settings.multivariate = multivariate;
        const auto space = test::cube(2);
        const auto tpe = make_tpe_sampler(space, 1, settings);
        teach(*tpe, test::proposals(*make_random_sampler(space, 2), 200), [](const Configuration& point) {
            return std::hypot(std::get<double>(point[0]) - 0.8, std::get<double>(point[1]) - 0.3);
        });
        int near = 0;
        for (std::uint64_t i = 200; i < 300; ++i) {
            const auto point = *tpe->propose({{i}, i, {}, {}});
            near += std::hypot(std::get<double>(point[0]) - 0.8, std::get<double>(point[1]) - 0.3) < 0.25 ? 1 : 0;
        }
        EXPECT_GT(near, 70) << "a fifth would be chance; multivariate = " << multivariate;
    }
}

TEST(TpeSampler, PendingPointsRepel) {
    // The same 20 trials twice, once with ten pending members at the best point found.
    const auto space = test::cube(1);
    const auto points = test::proposals(*make_random_sampler(space, 2), 20);
    const auto value = [](const Configuration& point) { return std::abs(std::get<double>(point[0]) - 0.5); };
    const auto best = *std::ranges::min_element(points, {}, value);
    const auto near_best = [&](bool pending) {
        const auto tpe = make_tpe_sampler(space, 1, {});
        teach(*tpe, points, value);
        for (std::uint64_t i = 20; pending && i < 30; ++i) tpe->born({{i}, {}, 0, best});
        int near = 0;
        for (std::uint64_t i = 30; i < 230; ++i) {
            const auto x = std::get<double>((*tpe->propose({{i}, i, {}, {}}))[0]);
            near += std::abs(x - std::get<double>(best[0])) < 0.05 ? 1 : 0;
        }
        return near;
    };
    EXPECT_LT(2 * near_best(true), near_best(false));
}

TEST(TpeSampler, LearnsInsideABranchFromThatBranchAlone) {
    // "x" exists with a only, where 0.9 is best; "y" with b only.
    for (const bool multivariate : {false, true}) {
        const auto space =
            test::share(SearchSpace({{"kind", Categorical{{std::string("a"), std::string("b")}}, Role::fixed, {}, {}},
                                     {"x", Real{}, Role::fixed, {}, {{0, {0}}}},
                                     {"y", Real{}, Role::fixed, {}, {{0, {1}}}}}));
        TpeSettings settings;
        settings.multivariate = multivariate;
        const auto tpe = make_tpe_sampler(space, 1, settings);
        teach(*tpe, test::proposals(*make_random_sampler(space, 2), 100), [](const Configuration& point) {
            return std::get<Choice>(point[0]).index == 0 ? std::abs(std::get<double>(point[1]) - 0.9) : 1.0;
        });
        int good = 0;
        for (std::uint64_t i = 100; i < 200; ++i) {
            const auto point = *tpe->propose({{i}, i, {}, {}});
            space->validate(point);
            good += point[1] != Value(Inactive{}) && std::abs(std::get<double>(point[1]) - 0.9) < 0.15 ? 1 : 0;
        }
        EXPECT_GT(good, 60) << "multivariate = " << multivariate;
    }
}

TEST(TpeSampler, ForbiddenPointsAreReplaced) {
    // The best value is forbidden with every other value but one.
    std::vector<Literal> values;
    for (std::int64_t i = 0; i < 5; ++i) values.emplace_back(i);
    const auto space = test::share(
        SearchSpace({{"a", Categorical{values}, Role::fixed, {}, {}}, {"b", Categorical{values}, Role::fixed, {}, {}}},
                    {Forbidden{{{0, {0}}, {1, {0, 1, 2, 3}}}}}));
    for (const bool multivariate : {false, true}) {
        TpeSettings settings;
        settings.multivariate = multivariate;
        const auto tpe = make_tpe_sampler(space, 1, settings);
        teach(*tpe, test::proposals(*make_random_sampler(space, 2), 50), [](const Configuration& point) {
            return static_cast<double>(std::get<Choice>(point[0]).index + std::get<Choice>(point[1]).index);
        });
        for (std::uint64_t i = 50; i < 150; ++i)
            ASSERT_NO_THROW(space->validate(*tpe->propose({{i}, i, {}, {}}))) << "member " << i;
    }
}

TEST(TpeSampler, ConditionsOnTheLineage) {
    // Two roots; the children of the first are good at 0.2, those of the second at 0.8.
    const auto space = test::share(SearchSpace({{"x", Real{}, Role::mutable_value, {}, {}}}));
    for (const bool multivariate : {false, true}) {
        TpeSettings settings;
        settings.multivariate = multivariate;
        settings.startup = 1;
        const auto tpe = make_tpe_sampler(space, 1, settings);
        Stream random(1, Purpose::test);
        for (std::uint64_t i = 0; i < 82; ++i) {
            const MemberId parent = i < 2 ? MemberId{} : MemberId{i % 2};
            const Configuration point{i < 2 ? 0.5 : random.uniform()};
            tpe->born({{i}, parent, 0, point});
            const double best = i % 2 == 0 ? 0.2 : 0.8;
            tpe->observe({{i}, 1, i < 2 ? 2 : std::abs(std::get<double>(point[0]) - best)});
        }
        double mean[2] = {0, 0};
        for (std::uint64_t i = 82; i < 182; ++i) {
            const auto point = *tpe->propose({{i}, i, {i % 2}, {}});
            mean[i % 2] += std::get<double>(point[0]) / 50;
        }
        EXPECT_NEAR(mean[0], 0.2, 0.1) << "multivariate = " << multivariate;
        EXPECT_NEAR(mean[1], 0.8, 0.1) << "multivariate = " << multivariate;
    }
}

TEST(TpeSampler, TimeTellsEarlyFromLateOptima) {
    // One lineage of 30 generations with 5 children each; the best x falls from 1 to 0. A child is worth the distance.
    const auto space = test::share(SearchSpace({{"x", Real{}, Role::mutable_value, {}, {}}}));
    const auto mean_proposal = [&](bool with_time) {
        TpeSettings settings;
        settings.startup = 1;
        settings.time = with_time ? TpeSettings::Time::kernel : TpeSettings::Time::none;
        settings.time_width = 0.15;
        const auto tpe = make_tpe_sampler(space, 1, settings);
        Stream random(1, Purpose::test);
        MemberId parent;
        for (std::uint64_t i = 0; i < 150; ++i) {
            const auto generation = i / 5;
            const Configuration point{random.uniform()};
            tpe->born({{i}, generation == 0 ? MemberId{} : MemberId{5 * generation - 1}, 0, point});
            tpe->observe({{i}, 1, std::abs(std::get<double>(point[0]) - 1 + static_cast<double>(generation) / 30)});
            parent = {i};
        }
        double sum = 0;
        for (std::uint64_t i = 150; i < 250; ++i) sum += std::get<double>((*tpe->propose({{i}, i, parent, {}}))[0]);
        return sum / 100;
    };
    EXPECT_LT(mean_proposal(true), 0.3);
    EXPECT_GT(mean_proposal(false), mean_proposal(true) + 0.1);
}

double branin(const Configuration& point) {
    constexpr double pi = std::numbers::pi;
    const double x = 15 * std::get<double>(point[0]) - 5, y = 15 * std::get<double>(point[1]);
    const double root = y - 5.1 / (4 * pi * pi) * x * x + 5 / pi * x - 6;
    return root * root + 10 * (1 - 1 / (8 * pi)) * std::cos(x) + 10;
}

double best_of_60(Sampler& sampler) {
    double best = infinity;
    for (std::uint64_t i = 0; i < 60; ++i) {
        const auto point = *sampler.propose({{i}, i, {}, {}});
        sampler.born({{i}, {}, 0, point});
        sampler.observe({{i}, 1, branin(point)});
        best = std::min(best, branin(point));
    }
    return best;
}

TEST(TpeSampler, BeatsRandomOnBranin) {
    const auto space = test::cube(2);
    for (const bool multivariate : {false, true}) {
        TpeSettings settings;
        settings.multivariate = multivariate;
        std::vector<double> tpe, random;
        for (std::uint64_t seed = 0; seed < 50; ++seed) {
            tpe.push_back(best_of_60(*make_tpe_sampler(space, seed, settings)));
            random.push_back(best_of_60(*make_random_sampler(space, seed)));
        }
        std::ranges::sort(tpe);
        std::ranges::sort(random);
        EXPECT_LT(tpe[25] - 0.397887, 0.5 * (random[25] - 0.397887)) << "multivariate = " << multivariate;
        EXPECT_LT(tpe[37], random[25]) << "multivariate = " << multivariate;
    }
}

TEST(TpeSampler, RefusesSettingsOutOfRange) {
    const auto space = test::cube(1);
    const auto refused = [&](const char* says, auto change) {
        TpeSettings settings;
        change(settings);
        EXPECT_ERROR(make_tpe_sampler(space, 1, settings), UserError, says);
    };
    refused("gamma must be a number > 0", [](TpeSettings& s) { s.gamma = 0; });
    refused("gamma must be a number > 0", [](TpeSettings& s) { s.gamma = 1.5; });
    refused("max_good must be an integer in 1", [](TpeSettings& s) { s.max_good = 0; });
    refused("candidates must be an integer in 1", [](TpeSettings& s) { s.candidates = 0; });
    refused("prior_weight must be a number > 0", [](TpeSettings& s) { s.prior_weight = 0; });
    refused("time_width must be a number > 0", [](TpeSettings& s) { s.time_width = 0; });
    refused("cap must be", [](TpeSettings& s) { s.cap = 1; });
}

/// Draws of a learning rate from 1e-5 to 1, uniform, that are below 0.01.
std::size_t small_draws(const TpeSettings& settings) {
    const auto space = std::make_shared<const SearchSpace>(
        std::vector{Parameter{"lr", Real{1e-5, 1, Scale::linear, {}}, Role::fixed, {}, {}}});
    const auto sampler = make_tpe_sampler(space, 1, settings);
    std::size_t small = 0;
    for (std::uint64_t member = 0; member < 1000; ++member) {
        const auto drawn = sampler->propose({.member = {member}});
        small += std::get<double>((*drawn)[0]) < 0.01 ? 1U : 0U;
    }
    return small;
}

TEST(Tpe, LooksBelowWideLinearRangesUnlessToldNotTo) {
    TpeSettings settings;
    EXPECT_NEAR(static_cast<double>(small_draws(settings)), 800 * 0.6, 60) << "three of five decades";
    settings.look_below = false;
    EXPECT_NEAR(static_cast<double>(small_draws(settings)), 10, 10);
}

}  // namespace
}  // namespace stemma
