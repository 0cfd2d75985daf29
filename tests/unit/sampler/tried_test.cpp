#include "sampler/tried.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "unit/sampler/fixtures.hpp"

namespace stemma {
namespace {

using test::share;

std::shared_ptr<const SearchSpace> numbers(std::int64_t count, Scale scale = Scale::linear) {
    return share(SearchSpace({{"n", Integer{1, count, scale, {}}, Role::fixed, {}, {}}}));
}

/// `optimizer` has two choices; momentum belongs to the first, two of its three levels are allowed with nesterov.
std::shared_ptr<const SearchSpace> conditional() {
    return share(
        SearchSpace({{"optimizer", Categorical{{std::string("sgd"), std::string("adam")}}, Role::fixed, {}, {}},
                     {"momentum", Ordinal{{0.0, 0.9, 0.99}}, Role::fixed, {}, {{0, {0}}}},
                     {"nesterov", Categorical{{false, true}}, Role::fixed, {}, {{1, {1, 2}}}}},
                    {Forbidden{{{1, {2}}, {2, {1}}}}}));
}

/// Every configuration that can be drawn, each added as soon as it is drawn.
std::set<Configuration> drawn_all(const std::shared_ptr<const SearchSpace>& space, std::uint64_t seed = 1) {
    Tried tried(space, seed);
    std::set<Configuration> all;
    for (std::uint64_t member = 0;; ++member) {
        const auto configuration = tried.draw({member});
        if (!configuration) {
            EXPECT_EQ(tried.used_up(), all.size());
            return all;
        }
        EXPECT_FALSE(tried.used_up());
        EXPECT_NO_THROW(space->validate(*configuration));
        EXPECT_TRUE(all.insert(*configuration).second) << space->describe(*configuration) << " was drawn before";
        tried.add(*configuration);
        if (all.size() > 100'000) return all;
    }
}

TEST(Tried, ComparesActiveParametersAlone) {
    const auto space = conditional();
    Tried tried(space, 1);
    const Configuration adam{Choice{1}, Inactive{}, Inactive{}}, plain{Choice{0}, Choice{0}, Inactive{}};
    tried.add(adam);
    EXPECT_TRUE(tried.contains(adam));
    EXPECT_FALSE(tried.contains(plain));
    EXPECT_FALSE(tried.contains(Configuration{Choice{0}, Choice{1}, Choice{0}}));
    tried.clear();
    EXPECT_FALSE(tried.contains(adam));
}

TEST(Tried, ARangeMakesEachConfigurationNew) {
    const auto space = share(SearchSpace(
        {{"kind", Categorical{{false, true}}, Role::fixed, {}, {}}, {"x", Real{}, Role::fixed, {}, {{0, {1}}}}}));
    Tried tried(space, 1);
    const Configuration with{Choice{1}, 0.25}, without{Choice{0}, Inactive{}};
    tried.add(with);
    tried.add(without);
    EXPECT_FALSE(tried.contains(with));
    EXPECT_TRUE(tried.contains(without));
    for (std::uint64_t member = 0; member < 100; ++member) EXPECT_EQ((*tried.draw({member}))[0], Value(Choice{1}));
    EXPECT_TRUE(tried.left(1000).empty());
    EXPECT_FALSE(configurations_of(*space));
}

TEST(Tried, DrawsEveryConfigurationOnce) {
    for (const std::int64_t count : {2, 3, 4, 100, 10'000}) {
        for (const auto scale : {Scale::linear, Scale::log})
            EXPECT_EQ(drawn_all(numbers(count, scale)).size(), static_cast<std::size_t>(count));
    }
    // adam; sgd with momentum 0; 0.9 with and without nesterov; 0.99 without.
    EXPECT_EQ(drawn_all(conditional()).size(), 5U);
    EXPECT_EQ(configurations_of(*conditional()), 5U);
    EXPECT_EQ(drawn_all(share(SearchSpace({{"one", Constant{0.5}, Role::fixed, {}, {}}}))).size(), 1U);
}

TEST(Tried, ASpaceWithoutAnythingAllowedHasNothingToDraw) {
    EXPECT_TRUE(drawn_all(test::nothing_allowed()).empty());
    EXPECT_EQ(configurations_of(*test::nothing_allowed()), 0U);
}

TEST(Tried, TheListsDrawsAreUniform) {
    const auto space = numbers(10);
    std::vector<int> counts(11);
    for (std::uint64_t seed = 0; seed < 3000; ++seed) {
        Tried tried(space, seed);
        for (const std::int64_t one : {1, 2, 3, 4, 5, 6, 7, 9}) tried.add(Configuration{one});
        ++counts[static_cast<std::size_t>(std::get<std::int64_t>((*tried.draw({seed}))[0]))];
    }
    EXPECT_EQ(counts[8] + counts[10], 3000);
    EXPECT_NEAR(counts[8], 1500, 150);
}

TEST(Tried, SaysWhatIsLeftOnceItIsLittle) {
    Tried tried(numbers(6), 1);
    for (const std::int64_t one : {5, 1, 2}) tried.add(Configuration{one});
    EXPECT_TRUE(tried.left(2).empty());
    const std::vector<Configuration> others{{std::int64_t{3}}, {std::int64_t{4}}, {std::int64_t{6}}};
    EXPECT_EQ(tried.left(3), others);
    for (const std::int64_t one : {3, 4, 6}) tried.add(Configuration{one});
    EXPECT_FALSE(tried.draw({9}));
    EXPECT_EQ(tried.used_up(), 6U);
}

/// 2^20 grid points for each of two; `b` is odd and `a` is 0.
TEST(Tried, FindsTheFewThatAreAllowedAmongMillions) {
    std::vector<Literal> choices;
    for (std::int64_t i = 0; i < 2048; ++i) choices.emplace_back(i);
    Condition a{0, {}}, b{1, {}};
    for (std::uint32_t i = 1; i < 2048; ++i) a.any_of.push_back(i);
    for (std::uint32_t i = 0; i < 2048; i += 2) b.any_of.push_back(i);
    const auto space = share(SearchSpace(
        {{"a", Categorical{choices}, Role::fixed, {}, {}}, {"b", Categorical{choices}, Role::fixed, {}, {}}},
        std::vector<Forbidden>{{{a}}, {{b}}}));
    EXPECT_EQ(drawn_all(space).size(), 1024U);
    EXPECT_EQ(configurations_of(*space), 1024U);
}

/// `flags` of two values. All but every `free`-th must be 0.
std::shared_ptr<const SearchSpace> mostly_forbidden(std::size_t flags, std::size_t free) {
    std::vector<Parameter> parameters;
    std::vector<Forbidden> forbidden;
    for (std::size_t i = 0; i < flags; ++i) {
        parameters.push_back({test::numbered("b", i), Categorical{{false, true}}, Role::fixed, {}, {}});
        if (i % free != 0) forbidden.push_back({{{i, {1}}}});
    }
    return share(SearchSpace(std::move(parameters), std::move(forbidden)));
}

TEST(Tried, AConstrainedSpaceIsUsedUpWithItsLastConfiguration) {
    for (const std::uint64_t seed : {1U, 2U, 3U}) EXPECT_EQ(drawn_all(mostly_forbidden(21, 3), seed).size(), 128U);
    EXPECT_EQ(drawn_all(mostly_forbidden(100, 20)).size(), 32U) << "beyond 2^62 grid points";
}

TEST(Tried, AConditionalSpaceIsUsedUpWithItsLastConfiguration) {
    const Integer range{1, 32, Scale::log, {}};
    std::vector<Parameter> parameters{{"m", Categorical{{std::string("A"), std::string("B")}}, Role::fixed, {}, {}}};
    for (std::uint32_t i = 0; i < 4; ++i)
        parameters.push_back({test::numbered("n", i), range, Role::fixed, {}, {{0, {i / 2}}}});
    const auto space = share(SearchSpace(std::move(parameters)));
    EXPECT_EQ(configurations_of(*space), 2048U);
    for (const std::uint64_t seed : {1U, 2U, 3U}) EXPECT_EQ(drawn_all(space, seed).size(), 2048U);
}

TEST(Tried, NothingIsClaimedWhereTheCountCostsTooMuch) {
    // The last flag decides too late that the first must be 0: 2^39 dead ends.
    std::vector<Parameter> parameters;
    std::vector<Forbidden> forbidden;
    for (std::size_t i = 0; i < 40; ++i) {
        parameters.push_back({test::numbered("b", i), Categorical{{false, true}}, Role::fixed, {}, {}});
        forbidden.push_back({{{i, {1}}, {39, {0, 1}}}});
    }
    forbidden.pop_back();
    const auto space = share(SearchSpace(std::move(parameters), std::move(forbidden)));
    EXPECT_FALSE(configurations_of(*space));
    Tried tried(space, 1);
    Configuration one(40, Choice{0});
    tried.add(one);
    one[39] = Choice{1};
    tried.add(one);
    EXPECT_FALSE(tried.draw({0}));
    EXPECT_FALSE(tried.used_up());
    EXPECT_TRUE(tried.left(24).empty());
}

TEST(Tried, AnswersDependOnWhatWasAddedAlone) {
    // One is asked after each addition, the other at the end alone.
    const auto space = mostly_forbidden(28, 2);  // 2^14 are allowed
    Tried asked(space, 1), other(space, 1);
    for (std::uint64_t member = 0; member < 1000; ++member) {
        const auto one = *asked.draw({member});
        asked.add(one);
        EXPECT_EQ(asked.left(24), std::vector<Configuration>{});
        other.add(one);
    }
    for (std::uint64_t member = 1000; member < 1010; ++member) EXPECT_EQ(asked.draw({member}), other.draw({member}));
}

TEST(Tried, TellsConfigurationsOfAnImmenseSpaceApart) {
    std::vector<Parameter> parameters;
    for (std::size_t i = 0; i < 100; ++i)
        parameters.push_back({test::numbered("flag", i), Categorical{{false, true}}, Role::fixed, {}, {}});
    const auto space = share(SearchSpace(std::move(parameters)));
    Tried tried(space, 1);
    Configuration one(100, Choice{0});
    tried.add(one);
    EXPECT_TRUE(tried.contains(one));
    for (auto& value : one) {
        value = Choice{1};
        EXPECT_FALSE(tried.contains(one));
        value = Choice{0};
    }
    EXPECT_TRUE(tried.draw({0}));
    EXPECT_FALSE(configurations_of(*space));
}

}  // namespace
}  // namespace stemma
