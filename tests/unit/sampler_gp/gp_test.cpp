#include "sampler/gp/gp.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <vector>

#include "core/error.hpp"
#include "sampler/random.hpp"
#include "support/errors.hpp"
#include "support/sanitized.hpp"
#include "unit/sampler/fixtures.hpp"
#include "unit/sampler_gp/branin.hpp"

namespace stemma::gp::test {
namespace {

double branin_at(const Configuration& at) { return branin(std::get<double>(at[0]), std::get<double>(at[1])); }

double median(std::vector<double> values) {
    std::ranges::sort(values);
    return values[values.size() / 2];
}

template <class Make>
std::vector<double> branin_regrets(const Make& make) {
    std::vector<double> regrets;
    for (std::uint64_t seed = 0; seed < stemma::test::repeats(20); ++seed)
        regrets.push_back(minimum_found(*make(seed), 40, branin_at) - branin_minimum);
    return regrets;
}

TEST(GpSampler, FindsBraninsMinimumWhereRandomSearchDoesNot) {
    const auto random = branin_regrets([](std::uint64_t seed) { return make_random_sampler(branin_space(), seed); });
    EXPECT_GT(median(random), 0.3);
    for (const auto acquisition : {GpAcquisition::log_ei, GpAcquisition::lcb, GpAcquisition::ensemble}) {
        const auto regrets = branin_regrets([acquisition](std::uint64_t seed) {
            return make_gp_sampler(branin_space(), seed, {.search = {.acquisition = acquisition}});
        });
        EXPECT_LT(median(regrets), 0.01);
        EXPECT_GE(std::ranges::count_if(regrets, [](double regret) { return regret < 0.1; }),
                  17 * std::ssize(regrets) / 20);
    }
}

/// `members` trials at random points, observed by `branin_at`.
void feed(Sampler& sampler, std::uint64_t members, std::uint64_t seed = 5) {
    const auto random = make_random_sampler(branin_space(), seed);
    for (std::uint64_t member = 0; member < members; ++member) {
        const auto configuration = *random->propose({.member = {member}, .index = member});
        sampler.born({{member}, {}, 0, configuration});
        sampler.observe({{member}, 1, branin_at(configuration)});
    }
}

TEST(GpSampler, FindsTheFewThatAreAllowed) {
    const auto space = stemma::test::little_allowed();
    const auto sampler = make_gp_sampler(space, 1, {.startup = 4});
    for (std::uint64_t member = 0; member < 12; ++member) {
        const auto point = sampler->propose({{member}, member, {}});
        ASSERT_TRUE(point) << member;
        space->validate(*point);
        sampler->born({{member}, {}, 0, *point});
        sampler->observe({{member}, 1, std::get<double>((*point)[5])});
    }
    EXPECT_GT(sampler->statistics().modeled, 0);
}

TEST(GpSampler, StartsAtRandomThenModels) {
    const auto sampler = make_gp_sampler(branin_space(), 1, {.startup = 4});
    minimum_found(*sampler, 10, branin_at);
    const auto& statistics = sampler->statistics();
    EXPECT_EQ(statistics.proposals, 10);
    EXPECT_EQ(statistics.startup, 4);
    EXPECT_EQ(statistics.modeled, 6);
    EXPECT_EQ(statistics.stale + statistics.failed, 0);
    EXPECT_EQ(statistics.fits, 6);
}

TEST(GpSampler, TheSameCallsGiveTheSameProposalsBitForBit) {
    for (std::uint64_t seed = 0; seed < 3; ++seed) {
        const auto trace = [seed] {
            std::vector<Configuration> proposed;
            minimum_found(*make_gp_sampler(branin_space(), seed), 40, [&proposed](const Configuration& at) {
                proposed.push_back(at);
                return branin_at(at);
            });
            return proposed;
        };
        EXPECT_EQ(trace(), trace());
    }
}

TEST(GpSampler, AskingDoesNotChangeTheAnswer) {
    const auto sampler = make_gp_sampler(branin_space(), 1);
    feed(*sampler, 12);
    EXPECT_EQ(sampler->propose({.member = {12}}), sampler->propose({.member = {12}}));
}

/// Proposals without an observation between them: how many lie more than 1 (of a square of edge 15) from all before.
int places_of_eight(GpPending pending) {
    const auto sampler = make_gp_sampler(branin_space(), 1, {.pending = pending});
    feed(*sampler, 15);
    std::vector<Configuration> proposed;
    int places = 0;
    for (std::uint64_t member = 15; member < 23; ++member) {
        auto next = *sampler->propose({.member = {member}});
        const auto near = [&next](const Configuration& other) {
            const double x = std::get<double>(next[0]) - std::get<double>(other[0]);
            return std::hypot(x, std::get<double>(next[1]) - std::get<double>(other[1])) <= 1;
        };
        EXPECT_EQ(std::ranges::count(proposed, next), 0);
        if (std::ranges::none_of(proposed, near)) ++places;
        sampler->born({{member}, {}, 0, next});
        proposed.push_back(std::move(next));
    }
    return places;
}

TEST(GpSampler, PendingTrialsArePassedBy) {
    EXPECT_GE(places_of_eight(GpPending::believer), 2);
    EXPECT_GE(places_of_eight(GpPending::liar), 6);
}

TEST(GpSampler, NonFiniteTrialsArePassedByToo) {
    // Half of the square diverges; the function falls towards it.
    const auto function = [](const Configuration& at) {
        const double x = std::get<double>(at[0]);
        return x > 2.5 ? std::numeric_limits<double>::infinity() : -x;
    };
    const auto sampler = make_gp_sampler(branin_space(), 3);
    int diverged = 0, number = 0;
    const double best = minimum_found(*sampler, 40, [&](const Configuration& at) {
        const double value = function(at);
        if (++number > 15 && !std::isfinite(value)) ++diverged;
        return value;
    });
    EXPECT_LT(best, -2);
    EXPECT_LT(diverged, 18) << "of 25";
    EXPECT_EQ(sampler->statistics().failed, 0);
}

TEST(GpSampler, OnlyNonFiniteTrialsMeanRandomProposals) {
    const auto sampler = make_gp_sampler(branin_space(), 1);
    const auto random = make_random_sampler(branin_space(), 1);
    minimum_found(*sampler, 20, [](const Configuration&) { return std::numeric_limits<double>::infinity(); });
    EXPECT_EQ(sampler->statistics().startup, 20);
    EXPECT_EQ(sampler->propose({.member = {20}}), random->propose({.member = {20}}));
}

/// Share of 20 proposals with y > 7.5 after `known` members from scratch: those with y > 7.5 fail as `kind`, to a rung
/// of their own. The others report a value that falls with y.
double share_of_upper_half(GpSettings settings, Infeasibility kind, std::uint64_t known = 30) {
    const auto space = branin_space();
    const auto sampler = make_gp_sampler(space, 3, settings);
    const auto random = make_random_sampler(space, 4);
    int upper = 0;
    for (std::uint64_t member = 0; member < known + 20; ++member) {
        const auto point = *(member < known ? *random : *sampler).propose({.member = {member}, .index = member});
        const double y = std::get<double>(point[1]);
        if (member >= known) upper += y > 7.5 ? 1 : 0;
        sampler->born({{member}, {}, 0, point});
        if (y <= 7.5) {
            sampler->observe({{member}, 1, -y});
        } else {
            if (kind != Infeasibility::none)
                sampler->observe({{member}, 9, std::numeric_limits<double>::infinity(), {}, kind});
            sampler->given_up({member});
        }
    }
    return upper / 20.0;
}

TEST(GpSampler, EachKindOfFailureMarksItsRegion) {
    EXPECT_GT(share_of_upper_half({}, Infeasibility::none), 0.7) << "where the objective falls, and nothing is known";
    for (const auto kind : infeasibilities) EXPECT_LT(share_of_upper_half({}, kind), 0.5);
    for (const auto acquisition : {Acquisition::log_pi, Acquisition::lcb, Acquisition::ensemble}) {
        GpSettings settings;
        settings.search.acquisition = acquisition;
        EXPECT_LT(share_of_upper_half(settings, Infeasibility::refused), 0.5);
    }
}

TEST(GpSampler, FailuresAloneMakeAModel) {
    const auto space = branin_space();
    const auto sampler = make_gp_sampler(space, 3, {});
    for (std::uint64_t member = 0; member < 12; ++member) {
        const double y = 7.5 + 7 * static_cast<double>(member) / 12;
        sampler->born({{member}, {}, 0, Configuration{static_cast<double>(member * 5 % 12) - 3, y}});
        sampler->observe({{member}, 1, std::numeric_limits<double>::infinity(), {}, Infeasibility::out_of_memory});
    }
    const auto point = *sampler->propose({.member = {12}, .index = 12});
    EXPECT_LT(std::get<double>(point[1]), 7.5);
    EXPECT_EQ(sampler->basis(), ProposalBasis::current);
}

/// x is inherited, y is not.
std::shared_ptr<const SearchSpace> half_fixed_space() {
    const auto space = branin_space();
    std::vector<Parameter> parameters(space->parameters().begin(), space->parameters().end());
    parameters[0].role = Role::fixed;
    return std::make_shared<const SearchSpace>(std::move(parameters));
}

TEST(GpSampler, ALineageKeepsWhatIsFixedAndImprovesTheRest) {
    for (const auto time : {GpTime::none, GpTime::dimension, GpTime::decay}) {
        const auto sampler = make_gp_sampler(half_fixed_space(), 1, {.startup = 1, .time = time});
        const Configuration root{2.0, 7.5};
        sampler->born({{0}, {}, 0, root});
        sampler->observe({{0}, 1, 7.5});
        double best = 7.5;
        MemberId parent{0};
        for (std::uint64_t member = 1; member < 16; ++member) {
            const auto child = *sampler->propose({.member = {member}, .index = member, .parent = parent});
            EXPECT_EQ(child[0], root[0]);
            sampler->born({{member}, parent, static_cast<Resource>(member), child});
            const double value = std::abs(std::get<double>(child[1]) - 3);
            sampler->observe({{member}, static_cast<Resource>(member) + 1, value});
            best = std::min(best, value);
            if (member % 2 == 0) parent = {member};
        }
        EXPECT_LT(best, 0.3);
        EXPECT_EQ(sampler->statistics().modeled, 15);
    }
}

/// The gain of a step is largest at y = 4 + step / 5. Returns by how much the last of 30 proposals, each the child of
/// the one before, miss it.
double late_miss(GpTime time, std::uint64_t seed) {
    const auto sampler =
        make_gp_sampler(half_fixed_space(), seed, {.startup = 4, .time = time, .objective = GpObjective::improvement});
    double objective = 100;
    sampler->born({{0}, {}, 0, Configuration{2.0, 7.5}});
    sampler->observe({{0}, 1, objective});
    double sum = 0;
    for (std::uint64_t member = 1; member <= 30; ++member) {
        const MemberId parent{member - 1};
        const auto from = static_cast<Resource>(member);
        const auto child = *sampler->propose({.member = {member}, .index = member, .parent = parent});
        const double miss = std::abs(std::get<double>(child[1]) - 4 - static_cast<double>(member) / 5);
        objective -= 1 - miss / 15;
        sampler->born({{member}, parent, from, child});
        sampler->observe({{member}, from + 1, objective});
        if (member > 20) sum += miss;
    }
    return sum / 10;
}

TEST(GpSampler, ImprovementWithTimeFollowsAMovingOptimum) {
    std::vector<double> without, decay, dimension;
    for (std::uint64_t seed = 1; seed <= 7; ++seed) {
        without.push_back(late_miss(GpTime::none, seed));
        decay.push_back(late_miss(GpTime::decay, seed));
        dimension.push_back(late_miss(GpTime::dimension, seed));
    }
    EXPECT_LT(median(decay), 0.7 * median(without));
    EXPECT_LT(median(dimension), 0.7 * median(without));
}

TEST(GpSampler, AFullDiscreteSpaceIsVisitedThroughout) {
    const auto space = std::make_shared<const SearchSpace>(std::vector<Parameter>{
        {"a", Categorical{{std::string("p"), std::string("q"), std::string("r")}}, Role::fixed, {}, {}},
        {"b", Integer{1, 4, Scale::linear, {}}, Role::fixed, {}, {}},
    });
    const auto sampler = make_gp_sampler(space, 1);
    std::set<Configuration> visited;
    minimum_found(*sampler, 20, [&visited](const Configuration& at) {
        visited.insert(at);
        return static_cast<double>(std::get<Choice>(at[0]).index) + static_cast<double>(std::get<std::int64_t>(at[1]));
    });
    EXPECT_EQ(visited.size(), 12);
}

TEST(GpSampler, RefusesSettingsOutOfRange) {
    const auto refused = [](const char* says, GpSettings settings) {
        EXPECT_ERROR(make_gp_sampler(branin_space(), 1, settings), UserError, says);
    };
    refused("data must be", {.data = 1});
    refused("refit_every must be at least 1, is 0", {.refit_every = 0});
    refused("cold_evaluations and warm_evaluations must be at least 1", {.cold_evaluations = 0});
    refused("cold_evaluations and warm_evaluations must be at least 1", {.warm_evaluations = 0});
    refused("kappa must be", {.search = {.kappa = -1}});
    refused("margin must not be negative", {.search = {.margin = -1}});
    refused("random_candidates must be at least 1", {.search = {.random_candidates = 0}});
    refused("local_candidates and refined must not be negative", {.search = {.refined = -1}});
}

}  // namespace
}  // namespace stemma::gp::test
