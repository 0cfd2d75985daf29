#include "space/wide.hpp"

#include <gtest/gtest.h>

namespace stemma {
namespace {

Parameter parameter(const char* name, Domain domain) { return {name, std::move(domain), Role::fixed, {}, {}}; }

TEST(Wide, OnlyLinearRealsOverThreeDecadesSpanDecades) {
    EXPECT_TRUE(spans_decades({1e-5, 1, Scale::linear, {}}));
    EXPECT_TRUE(spans_decades({1e-3, 1, Scale::linear, {}}));
    EXPECT_FALSE(spans_decades({2e-3, 1, Scale::linear, {}}));
    EXPECT_FALSE(spans_decades({0, 1, Scale::linear, {}})) << "which decades?";
    EXPECT_FALSE(spans_decades({-1, 1, Scale::linear, {}}));
    EXPECT_FALSE(spans_decades({1e-5, 1, Scale::log, {}}));
    EXPECT_FALSE(spans_decades({1e-5, 1, Scale::linear, 1e-5}));
}

TEST(Wide, OnlySuchParametersGetOtherCoordinates) {
    const auto space = std::make_shared<const SearchSpace>(std::vector{
        parameter("lr", Real{1e-5, 1, Scale::linear, {}}), parameter("dropout", Real{0, 1, Scale::linear, {}})});
    const auto seen = with_model_scales(space);
    const Configuration small = seen->from_unit(std::vector{0.5, 0.5});
    EXPECT_LT(std::get<double>(small[0]), 0.02);
    EXPECT_EQ(small[1], Value(0.5));
    EXPECT_NO_THROW(space->validate(small));
    const auto narrow =
        std::make_shared<const SearchSpace>(std::vector{parameter("x", Real{0.1, 1, Scale::linear, {}})});
    EXPECT_EQ(with_model_scales(narrow), narrow);
}

}  // namespace
}  // namespace stemma
