#include "scheduler/rungs.hpp"

#include <gmock/gmock.h>

#include <limits>

#include "core/error.hpp"
#include "support/errors.hpp"

namespace stemma {
namespace {

using testing::ElementsAre;

TEST(Rungs, ArePowersOfEta) {
    EXPECT_THAT(rung_resources(1, 27, 3), ElementsAre(1, 3, 9, 27));
    EXPECT_THAT(rung_resources(1, 256, 4), ElementsAre(1, 4, 16, 64, 256));
    EXPECT_THAT(rung_resources(2, 18, 3, 1), ElementsAre(6, 18));
    EXPECT_THAT(rung_resources(5, 5, 3), ElementsAre(5));
}

TEST(Rungs, EndAtTheMaximumAlsoWhenItIsNoPower) {
    EXPECT_THAT(rung_resources(1, 10, 3), ElementsAre(1, 3, 9, 10));
    EXPECT_THAT(rung_resources(2, 3, 3), ElementsAre(2, 3));
}

TEST(Rungs, OfSynchronousBracketsShrinkFromTheMaximum) {
    EXPECT_THAT(halving_resources(1, 27, 3), ElementsAre(1, 3, 9, 27));
    EXPECT_THAT(halving_resources(1, 100, 3), ElementsAre(1, 3, 11, 33, 100));
    EXPECT_THAT(halving_resources(2, 50, 3), ElementsAre(5, 16, 50));
    EXPECT_THAT(halving_resources(1, 10, 4, 1), ElementsAre(10));
    EXPECT_THAT(halving_resources(2, 3, 3), ElementsAre(3));
    EXPECT_ERROR(halving_resources(1, 10, 4, 2), UserError, "min * eta^early_stopping_rate is beyond max = 10");
    const auto most = std::numeric_limits<Resource>::max();
    EXPECT_EQ(halving_resources(1, most, 2).size(), 63U);
    std::vector<Resource> rungs{3, 11, 33, 100};
    extend_halving(rungs, 500, 3);
    EXPECT_THAT(rungs, ElementsAre(3, 11, 33, 100, 300, 500));
}

TEST(Rungs, DoNotOverflow) {
    const auto most = std::numeric_limits<Resource>::max();

    const auto rungs = rung_resources(1, most, 2);

    EXPECT_EQ(rungs.size(), 64U);
    EXPECT_EQ(rungs[62], Resource{1} << 62);
    EXPECT_EQ(rungs.back(), most);
    EXPECT_THAT(rung_resources(1, most, most), ElementsAre(1, most));
    EXPECT_ERROR(rung_resources(1, most, most, 2), UserError, "is beyond max = 9223372036854775807");
}

TEST(Rungs, RefuseWhatMakesNoLadder) {
    EXPECT_ERROR(rung_resources(0, 9, 3), UserError, "got min = 0, max = 9, eta = 3, early_stopping_rate = 0");
    EXPECT_ERROR(rung_resources(10, 9, 3), UserError, "got min = 10, max = 9, eta = 3, early_stopping_rate = 0");
    EXPECT_ERROR(rung_resources(1, 9, 1), UserError, "got min = 1, max = 9, eta = 1, early_stopping_rate = 0");
    EXPECT_ERROR(rung_resources(1, 9, 3, -1), UserError, "got min = 1, max = 9, eta = 3, early_stopping_rate = -1");
    EXPECT_ERROR(rung_resources(1, 9, 3, 3), UserError, "is beyond max = 9: lower early_stopping_rate or raise max");
    EXPECT_ERROR(bracket_count(0, 9, 3), UserError, "got min = 0, max = 9, eta = 3");
}

TEST(Rungs, AsManyBracketsAsFit) {
    EXPECT_EQ(bracket_count(1, 81, 3), 5);
    EXPECT_EQ(bracket_count(1, 80, 3), 4);
    EXPECT_EQ(bracket_count(7, 7, 3), 1);
}

TEST(Rungs, AreExtendedOnTop) {
    std::vector<Resource> regular{1, 3, 9};
    extend_rungs(regular, 1, 81, 3);
    EXPECT_THAT(regular, ElementsAre(1, 3, 9, 27, 81));

    std::vector<Resource> irregular{3, 9, 10};
    extend_rungs(irregular, 1, 40, 3);
    EXPECT_THAT(irregular, ElementsAre(3, 9, 10, 27, 40));
}

}  // namespace
}  // namespace stemma
