#include "core/suggest.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace stemma {
namespace {

TEST(EditDistance, CountsEachKindOfEdit) {
    EXPECT_EQ(edit_distance("", ""), 0U);
    EXPECT_EQ(edit_distance("", "abc"), 3U);
    EXPECT_EQ(edit_distance("lr", "lr"), 0U);
    EXPECT_EQ(edit_distance("momentum", "momentom"), 1U);
    EXPECT_EQ(edit_distance("momentum", "momntum"), 1U);
    EXPECT_EQ(edit_distance("momentum", "mmomentum"), 1U);
    EXPECT_EQ(edit_distance("momentum", "moemntum"), 1U);  // neighbors swapped
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
}

TEST(EditDistance, IsSymmetric) {
    EXPECT_EQ(edit_distance("optimiser", "optimzer"), edit_distance("optimzer", "optimiser"));
}

TEST(DidYouMean, FindsTheNearest) {
    const std::vector<std::string> known = {"learning_rate", "momentum", "lr"};
    EXPECT_EQ(did_you_mean("learning_rat", known), " (did you mean \"learning_rate\"?)");
    EXPECT_EQ(did_you_mean("momentun", known), " (did you mean \"momentum\"?)");
    EXPECT_EQ(did_you_mean("rl", known), " (did you mean \"lr\"?)");
}

TEST(DidYouMean, IsSilentWhenNothingIsNear) {
    const std::vector<std::string> known = {"learning_rate", "momentum"};
    EXPECT_EQ(did_you_mean("batch", known), "");
    EXPECT_EQ(did_you_mean("batch", {}), "");
}

}  // namespace
}  // namespace stemma
