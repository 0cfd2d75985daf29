// Properties of the transform that must hold in every space.

#include <gtest/gtest.h>

#include "space/json.hpp"
#include "unit/space/spaces.hpp"

namespace stemma {
namespace {

constexpr std::uint64_t spaces = 2000;

TEST(RoundTrip, FromUnitAfterToUnitIsTheIdentity) {
    for (std::uint64_t seed = 0; seed < spaces; ++seed) {
        const auto space = test::random_space(seed);
        Stream random(seed, Purpose::test, 1);
        for (int i = 0; i < 50; ++i) {
            const auto configuration = space.from_unit(test::random_unit(random, space.size()));
            const auto unit = space.to_unit(configuration);
            ASSERT_EQ(space.from_unit(unit), configuration) << "space " << seed << ": " << space_json(space);
            ASSERT_EQ(space.to_unit(space.from_unit(unit)), unit) << "space " << seed << ": " << space_json(space);
        }
    }
}

TEST(RoundTrip, CornersOfTheCubeToo) {
    for (std::uint64_t seed = 0; seed < spaces; ++seed) {
        const auto space = test::random_space(seed);
        for (const double corner : {0.0, 0x1p-53, 0x1p-30, 1 - 0x1p-30, 1 - 0x1p-53}) {
            const auto configuration = space.from_unit(std::vector<double>(space.size(), corner));
            ASSERT_EQ(space.from_unit(space.to_unit(configuration)), configuration) << "space " << seed;
        }
    }
}

TEST(RoundTrip, EveryPointOfTheCubeIsValidUnlessForbidden) {
    for (std::uint64_t seed = 0; seed < spaces; ++seed) {
        const auto space = test::random_space(seed);
        Stream random(seed, Purpose::test, 2);
        for (int i = 0; i < 20; ++i) {
            const auto configuration = space.from_unit(test::random_unit(random, space.size()));
            if (space.allowed(configuration)) {
                ASSERT_NO_THROW(space.validate(configuration)) << "space " << seed << ": " << space_json(space);
            }
        }
    }
}

TEST(RoundTrip, LiteralsGiveTheConfigurationBack) {
    for (std::uint64_t seed = 0; seed < spaces; ++seed) {
        const auto space = test::random_space(seed);
        Stream random(seed, Purpose::test, 3);
        const auto configuration = space.from_unit(test::random_unit(random, space.size()));
        if (!space.allowed(configuration)) continue;
        std::vector<std::pair<std::string, Literal>> named;
        for (std::size_t i = 0; i < space.size(); ++i) {
            if (auto literal = space.literal(i, configuration[i])) named.emplace_back(space[i].name, *literal);
        }
        ASSERT_EQ(space.from_literals(named), configuration) << "space " << seed << ": " << space_json(space);
    }
}

TEST(RoundTrip, ShortDecimalsOfAPersonAreKept) {
    const SearchSpace space({{"linear", Real{-1, 1, Scale::linear, {}}, Role::fixed, {}, {}},
                             {"log", Real{1e-8, 10, Scale::log, {}}, Role::fixed, {}, {}},
                             {"mixed", Real{1e-8, 10, Scale::mixed, {}}, Role::fixed, {}, {}},
                             {"logit", Real{0.01, 0.999, Scale::logit, {}}, Role::fixed, {}, {}}});
    for (const double value : {0.01, 0.1, 0.3, 0.123456789, 0.7, 0.9, 0.98765}) {
        for (const double tiny : {1e-8, 3e-5, 0.00123}) {
            const Configuration configuration = {value - 0.5 > 0 ? value : -value, tiny, tiny, value};
            EXPECT_EQ(space.from_unit(space.to_unit(configuration)), configuration) << value << " " << tiny;
        }
    }
}

}  // namespace
}  // namespace stemma
