#pragma once
// The contract of every sampler. A new sampler is tested by one more line in sampler_test.cpp, or, if it needs other
// libraries, by an INSTANTIATE_TEST_SUITE_P of its own.

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "sampler/distinct.hpp"
#include "sampler/sampler.hpp"
#include "sampler/tried.hpp"
#include "support/sanitized.hpp"
#include "unit/space/spaces.hpp"

namespace stemma::test {

struct SamplerCase {
    std::string name;  ///< letters and digits
    std::function<std::unique_ptr<Sampler>(std::shared_ptr<const SearchSpace>, std::uint64_t seed)> make;
};

inline void PrintTo(const SamplerCase& sampler, std::ostream* out) { *out << sampler.name; }

class SamplerContract : public testing::TestWithParam<SamplerCase> {
protected:
    static constexpr std::uint64_t members = 300;

    /// Of a failure; none: it only has not learned.
    static Infeasibility kind_of(Stream& random) { return static_cast<Infeasibility>(random.below(4)); }

    /// A run as a manager would drive it. Every third member is a repeat of the member before it, which takes a member
    /// number but no proposal. Some members are observed at once, some late; some fail, some never end.
    static std::vector<Configuration> drive(Sampler& sampler, std::uint64_t seed) {
        Stream random(seed, Purpose::test, 17);
        std::vector<Configuration> proposed;
        std::vector<MemberId> running;
        for (std::uint64_t member = 0; member < members; ++member) {
            if (member % 3 != 2 || proposed.empty()) {
                auto configuration = sampler.propose({{member}, proposed.size(), {}});
                if (!configuration) break;
                proposed.push_back(*std::move(configuration));
            }
            sampler.born({{member}, {}, 0, proposed.back()});
            running.push_back({member});
            while (!running.empty() && random.below(2) == 0) {
                const auto ended = random.below(running.size());
                const bool failed = random.below(10) == 0;
                sampler.observe({running[ended],
                                 1,
                                 failed ? std::numeric_limits<double>::infinity() : random.uniform(),
                                 {},
                                 failed ? kind_of(random) : Infeasibility::none});
                running.erase(running.begin() + static_cast<std::ptrdiff_t>(ended));
            }
        }
        return proposed;
    }

    /// A child as it was proposed.
    struct Child {
        MemberId parent;
        Configuration configuration;
    };

    /// A run with lineages. After ten members from scratch two of three have a parent, some also a donor. Members train
    /// on and report more than once; some fail, some are given up.
    static std::vector<Child> drive_lineages(Sampler& sampler, std::uint64_t seed) {
        Stream random(seed, Purpose::test, 18);
        std::vector<Child> children;
        for (std::uint64_t member = 0; member < members / 2; ++member) {
            ProposalRequest request{{member}, member, {}, {}};
            if (member >= 10 && random.below(3) > 0) request.parent = {random.below(member)};
            if (request.parent.exists() && random.below(3) == 0) request.donor = {random.below(member)};
            auto configuration = sampler.propose(request);
            if (!configuration) break;
            children.push_back({request.parent, *configuration});
            sampler.born({{member}, request.parent, 4, *configuration});
            const auto fate = random.below(10);
            if (fate == 0) sampler.observe({{member}, 4, std::numeric_limits<double>::infinity(), {}, kind_of(random)});
            if (fate == 1) sampler.given_up({member});
            for (Resource resource = 4; fate > 2 && resource < 4 * static_cast<Resource>(fate); resource += 4)
                sampler.observe({{member}, resource, random.uniform()});
        }
        return children;
    }

    /// The space with roles drawn anew.
    static SearchSpace with_random_roles(const SearchSpace& space, std::uint64_t seed) {
        Stream random(seed, Purpose::test, 19);
        std::vector<Parameter> parameters(space.parameters().begin(), space.parameters().end());
        for (auto& parameter : parameters) parameter.role = random.below(3) == 0 ? Role::fixed : Role::mutable_value;
        return SearchSpace(std::move(parameters), {space.forbidden().begin(), space.forbidden().end()});
    }

    /// Every child is valid and has its parent's value in each parameter that is not mutable and active in both.
    static void expect_inheritance(const SearchSpace& space, const std::vector<Child>& children) {
        for (std::size_t member = 0; member < children.size(); ++member) {
            const auto& child = children[member].configuration;
            ASSERT_NO_THROW(space.validate(child)) << "member " << member;
            if (!children[member].parent.exists()) continue;
            const auto& parent = children[children[member].parent.value].configuration;
            for (std::size_t i = 0; i < space.size(); ++i) {
                const bool active = parent[i] != Value(Inactive{}) && child[i] != Value(Inactive{});
                if (!active || space[i].role == Role::mutable_value) continue;
                ASSERT_EQ(child[i], parent[i]) << "member " << member << ", parameter " << space[i].name;
            }
        }
    }

    std::unique_ptr<Sampler> make(const SearchSpace& space, std::uint64_t seed = 1) const {
        return GetParam().make(std::make_shared<const SearchSpace>(space), seed);
    }
};

TEST_P(SamplerContract, ProposalsAreValid) {
    const auto space = training_space();
    const auto proposed = drive(*make(space), 1);
    ASSERT_FALSE(proposed.empty());
    for (const auto& configuration : proposed)
        ASSERT_NO_THROW(space.validate(configuration)) << space.describe(configuration);
}

TEST_P(SamplerContract, ProposalsAreValidInRandomSpaces) {
    for (std::uint64_t seed = 0; seed < repeats(60); ++seed) {
        const auto space = random_space(seed);
        const bool constrained = !space.forbidden().empty();
        std::vector<Configuration> proposed;
        try {
            proposed = drive(*make(space, seed), seed);
        } catch (const UserError&) {
            // Only where the one clause of two choices allows nothing.
            ASSERT_TRUE(constrained) << "space " << seed;
            continue;
        }
        for (const auto& configuration : proposed) ASSERT_NO_THROW(space.validate(configuration)) << "space " << seed;
    }
}

TEST_P(SamplerContract, TheSameCallsGiveTheSameProposals) {
    const auto space = training_space();
    for (std::uint64_t seed = 0; seed < 5; ++seed)
        EXPECT_EQ(drive(*make(space, seed), seed), drive(*make(space, seed), seed));
}

TEST_P(SamplerContract, OtherSamplersDoNotDisturbIt) {
    const auto space = training_space();
    const auto alone = drive(*make(space), 1);
    const auto one = make(space), other = make(space, 2);
    for (std::uint64_t i = 0; i < 20 && i < alone.size(); ++i) other->propose({{i}, i, {}});
    EXPECT_EQ(drive(*one, 1), alone);
}

TEST_P(SamplerContract, ChildrenInheritWhatIsNotMutable) {
    const auto space = training_space();
    const auto children = drive_lineages(*make(space), 1);
    ASSERT_GT(children.size(), 20U);
    expect_inheritance(space, children);
}

TEST_P(SamplerContract, ChildrenInheritInRandomSpaces) {
    for (std::uint64_t seed = 0; seed < repeats(60); ++seed) {
        const auto space = with_random_roles(random_space(seed), seed);
        try {
            expect_inheritance(space, drive_lineages(*make(space, seed), seed));
        } catch (const UserError&) {
            ASSERT_FALSE(space.forbidden().empty()) << "space " << seed;
        }
    }
}

TEST_P(SamplerContract, TheSameLineagesGiveTheSameProposals) {
    const auto space = training_space();
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
        const auto one = drive_lineages(*make(space, seed), seed), other = drive_lineages(*make(space, seed), seed);
        ASSERT_EQ(one.size(), other.size());
        for (std::size_t i = 0; i < one.size(); ++i) EXPECT_EQ(one[i].configuration, other[i].configuration);
    }
}

TEST_P(SamplerContract, OnceExhaustedItStaysSo) {
    const SearchSpace space({{"x", Categorical{{false, true}}, Role::fixed, {}, {}}});
    const auto sampler = make(space);
    bool ended = false;
    for (std::uint64_t i = 0; i < 50; ++i) {
        const auto configuration = sampler->propose({{i}, i, {}});
        EXPECT_FALSE(ended && configuration) << "proposal " << i << " after the end";
        ended = !configuration;
        if (configuration) sampler->born({{i}, {}, 0, *configuration});
        if (configuration) sampler->observe({{i}, 1, 0.5});
    }
}

/// A finite space of each size, and one with conditions and a forbidden clause (5 configurations).
inline std::vector<SearchSpace> finite_spaces() {
    std::vector<SearchSpace> spaces;
    for (const std::int64_t size : {1, 2, 3, 30})
        spaces.emplace_back(
            std::vector<Parameter>{{"n",
                                    size == 1 ? Domain(Constant{size}) : Domain(Integer{1, size, Scale::linear, {}}),
                                    Role::fixed,
                                    {},
                                    {}}});
    spaces.push_back(
        SearchSpace({{"optimizer", Categorical{{std::string("sgd"), std::string("adam")}}, Role::fixed, {}, {}},
                     {"momentum", Ordinal{{0.0, 0.9, 0.99}}, Role::fixed, {}, {{0, {0}}}},
                     {"nesterov", Categorical{{false, true}}, Role::fixed, {}, {{1, {1, 2}}}}},
                    {Forbidden{{{1, {2}}, {2, {1}}}}}));
    return spaces;
}

TEST_P(SamplerContract, MadeDistinctItTriesEachConfigurationOfAFiniteSpaceOnce) {
    for (const auto& space : finite_spaces()) {
        const auto all = *configurations_of(space);
        for (const std::uint64_t out : {1U, 8U, 32U}) {
            const auto sampler =
                make_distinct_sampler(std::make_shared<const SearchSpace>(space), out, make(space, out), {});
            std::set<Configuration> seen;
            for (std::uint64_t member = 0; member < 200; ++member) {
                const auto configuration = sampler->propose({{member}, member, {}});
                if (!configuration) break;
                ASSERT_NO_THROW(space.validate(*configuration));
                ASSERT_TRUE(seen.insert(*configuration).second) << space.describe(*configuration) << " once more";
                sampler->born({{member}, {}, 0, *configuration});
                if (member % 7 == 3) sampler->given_up({member});
                if (member + 1 < out) continue;
                const auto ended = member + 1 - out;
                if (ended % 7 != 3) sampler->observe({{ended}, 1, static_cast<double>(ended % 5)});
            }
            // A sampler with an end of its own may end before.
            if (sampler->used_up()) {
                EXPECT_EQ(seen.size(), all);
                EXPECT_EQ(sampler->used_up(), all);
            } else {
                EXPECT_LE(seen.size(), all);
            }
        }
    }
}

TEST_P(SamplerContract, TakesObservationsAtManyResourcesAndOfAnyValue) {
    const auto space = training_space();
    const auto sampler = make(space);
    const auto configuration = sampler->propose({{0}, 0, {}});
    ASSERT_TRUE(configuration);
    sampler->born({{0}, {}, 0, *configuration});
    for (const double value : {1.0, -1e300, 1e300, std::numeric_limits<double>::infinity()}) {
        for (const Resource resource : {1, 3, 9}) sampler->observe({{0}, resource, value});
    }
    const auto next = sampler->propose({{1}, 1, {}});
    ASSERT_TRUE(next);
    EXPECT_NO_THROW(space.validate(*next));
}

TEST_P(SamplerContract, SaysWhatItIs) { EXPECT_FALSE(make(training_space())->describe().empty()); }

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(SamplerContract);

}  // namespace stemma::test
