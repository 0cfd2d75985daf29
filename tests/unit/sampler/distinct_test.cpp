#include "sampler/distinct.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "sampler/random.hpp"
#include "sampler/sobol.hpp"
#include "sampler/tpe.hpp"
#include "sampler/tried.hpp"
#include "unit/sampler/fixtures.hpp"

namespace stemma {
namespace {

/// Five architecture choices of six values each, as NAS-Bench-201 has them.
std::shared_ptr<const SearchSpace> choices(std::size_t parameters, std::size_t values) {
    std::vector<Parameter> all;
    for (std::size_t i = 0; i < parameters; ++i) {
        std::vector<Literal> own;
        for (std::size_t value = 0; value < values; ++value) own.emplace_back(static_cast<std::int64_t>(value));
        all.push_back({test::numbered("p", i), Categorical{own}, Role::fixed, {}, {}});
    }
    return test::share(SearchSpace(std::move(all)));
}

/// Always the same configuration, which insists.
class Stubborn final : public Sampler {
public:
    explicit Stubborn(Configuration configuration, ProposalBasis basis = ProposalBasis::current)
        : configuration_(std::move(configuration)), basis_(basis) {}
    std::optional<Configuration> propose(const ProposalRequest& request) override {
        was_told = request.tried != nullptr && request.tried->contains(configuration_);
        return configuration_;
    }
    ProposalBasis basis() const override { return basis_; }
    std::string describe() const override { return "stubborn"; }

    bool was_told = false;

private:
    Configuration configuration_;
    ProposalBasis basis_;
};

/// Members from scratch until the sampler has no more, observed `out` members later.
std::vector<Configuration> searched(Sampler& sampler, std::uint64_t count, std::uint64_t out) {
    std::vector<Configuration> all;
    const auto objective = [](const Configuration& configuration) {
        double sum = 0;
        for (std::size_t i = 0; i < configuration.size(); ++i)
            sum += std::get<Choice>(configuration[i]).index * (i % 2 == 0 ? 1.0 : 0.1);
        return sum;
    };
    for (std::uint64_t member = 0; member < count; ++member) {
        const auto configuration = sampler.propose({{member}, member, {}});
        if (!configuration) break;
        sampler.born({{member}, {}, 0, *configuration});
        all.push_back(*configuration);
        if (member + 1 >= out) sampler.observe({{member + 1 - out}, 1, objective(all[member + 1 - out])});
    }
    return all;
}

std::size_t different(const std::vector<Configuration>& all) {
    return std::set<Configuration>(all.begin(), all.end()).size();
}

TEST(Distinct, ReplacesWhatTheBaseRepeats) {
    const auto space = choices(1, 4);
    auto base = std::make_unique<Stubborn>(Configuration{Choice{2}});
    const auto& stubborn = *base;
    const auto sampler = make_distinct_sampler(space, 1, std::move(base));
    EXPECT_EQ(sampler->describe(), "stubborn");
    std::set<Configuration> seen;
    for (std::uint64_t member = 0; member < 4; ++member) {
        const auto one = sampler->propose({{member}, member, {}});
        ASSERT_TRUE(one);
        EXPECT_EQ(stubborn.was_told, member > 0);
        EXPECT_EQ(sampler->basis(), member > 0 ? ProposalBasis::redrawn : ProposalBasis::current);
        EXPECT_FALSE(sampler->used_up());
        EXPECT_TRUE(seen.insert(*one).second);
        sampler->born({{member}, {}, 0, *one});
        if (member == 1) sampler->given_up({member});  // a failed one is not tried again either
    }
    for (int again = 0; again < 3; ++again) {
        EXPECT_FALSE(sampler->propose({{4}, 4, {}}));
        EXPECT_EQ(sampler->used_up(), 4U);
    }
}

TEST(Distinct, ABaseThatOnlyDrawsSaysNothingOfIt) {
    for (const auto basis : {ProposalBasis::drawn, ProposalBasis::no_model}) {
        const auto sampler =
            make_distinct_sampler(choices(1, 4), 1, std::make_unique<Stubborn>(Configuration{Choice{2}}, basis));
        sampler->born({{0}, {}, 0, Configuration{Choice{2}}});
        EXPECT_NE(*sampler->propose({{1}, 1, {}}), Configuration{Choice{2}});
        EXPECT_EQ(sampler->basis(), basis);
    }
}

TEST(Distinct, DrawsWithoutAModelAreNoNews) {
    const auto space = choices(2, 2);
    for (const bool sobol : {false, true}) {
        auto base = sobol ? make_sobol_sampler(space, 1) : make_random_sampler(space, 1);
        const auto sampler = make_distinct_sampler(space, 1, std::move(base));
        for (std::uint64_t member = 0; member < 4; ++member) {
            const auto one = sampler->propose({{member}, member, {}});
            ASSERT_TRUE(one);
            EXPECT_EQ(sampler->basis(), ProposalBasis::drawn);
            sampler->born({{member}, {}, 0, *one});
        }
        EXPECT_EQ(sampler->propose({{4}, 4, {}}), std::nullopt);
    }
    // TPE draws up to its startup, and has a model after it.
    TpeSettings settings;
    settings.startup = 2;
    const auto sampler = make_distinct_sampler(space, 1, make_tpe_sampler(space, 1, settings));
    for (std::uint64_t member = 0; member < 3; ++member) {
        const auto one = sampler->propose({{member}, member, {}});
        EXPECT_EQ(sampler->basis(), member < 2 ? ProposalBasis::drawn : ProposalBasis::current);
        sampler->born({{member}, {}, 0, *one});
        sampler->observe({{member}, 1, static_cast<double>(member)});
    }
}

TEST(Distinct, WhereNothingIsProvedTheProposalIsRepeated) {
    const auto space = test::flags_decided_last(40);
    const Configuration zeros(40, Choice{0});
    for (const bool rounds : {false, true}) {
        const auto sampler = make_distinct_sampler(space, 1, std::make_unique<Stubborn>(zeros), {.rounds = rounds});
        for (std::uint64_t member = 0; member < 3; ++member) {
            EXPECT_EQ(sampler->propose({{member}, member, {}}), zeros);
            EXPECT_EQ(sampler->basis(), ProposalBasis::current);
            EXPECT_FALSE(sampler->used_up());
            sampler->born({{member}, {}, 0, zeros});
        }
    }
}

TEST(Distinct, ChildrenMayRepeatAndDoNotCount) {
    const auto sampler = make_distinct_sampler(choices(1, 3), 1, std::make_unique<Stubborn>(Configuration{Choice{2}}));
    sampler->born({{0}, {}, 0, Configuration{Choice{1}}});
    for (std::uint64_t member = 1; member < 4; ++member) {
        EXPECT_EQ(*sampler->propose({{member}, member, {0}}), Configuration{Choice{2}});
        sampler->born({{member}, {0}, 1, Configuration{Choice{2}}});
    }
    EXPECT_EQ(*sampler->propose({{4}, 4, {}}), Configuration{Choice{2}}) << "from scratch it is new";
}

TEST(Distinct, APopulationBeginsAnotherRound) {
    const auto space = choices(1, 3);
    const auto sampler = make_distinct_sampler(space, 1, make_random_sampler(space, 1), {.rounds = true});
    const auto all = searched(*sampler, 9, 1);
    ASSERT_EQ(all.size(), 9U);
    for (std::size_t round = 0; round < 3; ++round) {
        const auto first = all.begin() + static_cast<std::ptrdiff_t>(3 * round);
        EXPECT_EQ(different({first, first + 3}), 3U) << round;
    }
}

TEST(Distinct, AHundredOfAHundredWithAnyNumberOut) {
    const auto space = choices(6, 5);
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
        for (const std::uint64_t out : {1U, 8U, 32U}) {
            for (const bool multivariate : {false, true}) {
                TpeSettings settings;
                settings.multivariate = multivariate;
                const auto sampler = make_distinct_sampler(space, seed, make_tpe_sampler(space, seed, settings));
                EXPECT_EQ(different(searched(*sampler, 100, out)), 100U) << seed << " " << out;
            }
        }
    }
}

TEST(Distinct, TheModelTakesItsBestOther) {
    // 125 configurations: after 40 of them the best that are left are still near the optimum, which is known long.
    const auto space = choices(3, 5);
    for (const bool multivariate : {false, true}) {
        TpeSettings settings;
        settings.multivariate = multivariate;
        double model = 0, draws = 0;
        for (std::uint64_t seed = 0; seed < 10; ++seed) {
            const auto mean = [&](std::unique_ptr<Sampler> base) {
                const auto sampler = make_distinct_sampler(space, seed, std::move(base));
                const auto all = searched(*sampler, 60, 1);
                double sum = 0;
                for (std::size_t i = 40; i < 60; ++i) {
                    for (std::size_t p = 0; p < 3; ++p)
                        sum += std::get<Choice>(all[i][p]).index * (p % 2 == 0 ? 1.0 : 0.1);
                }
                return sum / 20;
            };
            model += mean(make_tpe_sampler(space, seed, settings));
            draws += mean(make_random_sampler(space, seed));
        }
        EXPECT_LT(model, 0.8 * draws);
    }
}

TEST(Distinct, TheLastOfTenThousandIsFound) {
    const auto space = choices(4, 10);
    const auto sampler = make_distinct_sampler(space, 3, make_sobol_sampler(space, 3));
    const auto all = searched(*sampler, 20'000, 1);
    EXPECT_EQ(all.size(), 10'000U);
    EXPECT_EQ(different(all), 10'000U);
    EXPECT_EQ(sampler->used_up(), 10'000U);
}

}  // namespace
}  // namespace stemma
