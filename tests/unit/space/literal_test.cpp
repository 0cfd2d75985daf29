#include <gtest/gtest.h>

#include "space/parameter.hpp"

namespace stemma {
namespace {

TEST(Literal, ReadsAsInAJobFile) {
    EXPECT_EQ(to_string(Literal(true)), "true");
    EXPECT_EQ(to_string(Literal(false)), "false");
    EXPECT_EQ(to_string(Literal(std::int64_t{-12})), "-12");
    EXPECT_EQ(to_string(Literal(std::string("sgd"))), "sgd");
    EXPECT_EQ(to_string(Literal(0.1)), "0.1");
    EXPECT_EQ(to_string(Literal(1.0)), "1.0");
    EXPECT_EQ(to_string(Literal(1e-5)), "1e-05");
    EXPECT_EQ(to_string(Literal(1e30)), "1e+30");
}

}  // namespace
}  // namespace stemma
