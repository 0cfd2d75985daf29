#pragma once
// What every sampler must satisfy. A new one is tested by one more line in sampler_test.cpp, or, where it needs other
// libraries, by an INSTANTIATE_TEST_SUITE_P of its own.

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "sampler/sampler.hpp"
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

    /// A run as a manager would drive it: every third member is a repeat of the one before it (which takes a member
    /// number but no proposal), some are observed at once, some late, some fail, some never end.
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
                sampler.observe(
                    {running[ended], 1, failed ? std::numeric_limits<double>::infinity() : random.uniform()});
                running.erase(running.begin() + static_cast<std::ptrdiff_t>(ended));
            }
        }
        return proposed;
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
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
        const auto space = random_space(seed);
        const bool constrained = !space.forbidden().empty();
        std::vector<Configuration> proposed;
        try {
            proposed = drive(*make(space, seed), seed);
        } catch (const UserError&) {
            // Only where the one clause of two choices leaves nothing.
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
